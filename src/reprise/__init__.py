"""Reprise: one reproducible pipeline for machine learning on music."""
