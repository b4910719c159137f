"""Music from words: prompts, what they ask for, generators, and how well the music does what was asked."""
