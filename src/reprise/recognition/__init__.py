"""The instrument recognizer: model, training, evaluation, use."""
