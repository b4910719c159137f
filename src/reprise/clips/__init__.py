"""Random multi-instrument clips: composed, rendered, turned into spectrograms."""
