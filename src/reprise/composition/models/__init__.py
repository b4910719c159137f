"""Models of events: built, trained, saved and loaded."""
