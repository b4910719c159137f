"""Measures of style: what a musician hears at once, one number each."""
