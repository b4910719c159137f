"""A package, since other legs have tests of the same names."""
