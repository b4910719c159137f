"""Notes and theory; no torch, no audio."""
