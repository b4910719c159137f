"""From a corpus of scores to new music: encodings, models, likelihood, sampling, measures."""
