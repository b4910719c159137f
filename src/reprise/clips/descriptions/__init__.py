"""What can be said of a clip: attributes, assertions, and captions that put them into words."""
