"""What every stage of the pipeline shares; it knows nothing of music."""
