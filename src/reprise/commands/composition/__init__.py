"""The commands about scores: music composed, harmonised, filled in and measured."""
