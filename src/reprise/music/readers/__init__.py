"""Files of scores to pieces, each format by the reader that is right most often, under guards."""
