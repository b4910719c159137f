"""Pieces to files."""
