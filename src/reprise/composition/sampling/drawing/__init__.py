"""Events drawn from a model, one after another."""
