"""Training the recognizer on stems that are mixed anew."""
