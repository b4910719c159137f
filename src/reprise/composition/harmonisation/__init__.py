"""How well melodies are harmonised and bars filled in, beside a floor, Bach's own second settings, and controls."""
