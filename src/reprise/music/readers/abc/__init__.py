"""ABC tunes and tune books."""
