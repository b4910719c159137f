"""Prompts, and what they ask for."""
