"""Notes, theory, files of scores; no torch, nothing that sounds."""
