"""How good the recognizer is, on test clips."""
