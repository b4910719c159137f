"""New music drawn from a trained model."""
