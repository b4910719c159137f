"""A model that sees the notes that stand ahead of it: what is given, how it is seen, the network, how it is taught."""
