"""From a corpus of scores to new music: encodings, composers, likelihood, sampling, measures."""
