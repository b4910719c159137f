"""Files of scores to pieces, each format by a reader of its own that counts what it reads."""
