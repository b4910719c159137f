"""How pieces become events, tuples of small whole numbers, and events become pieces."""
