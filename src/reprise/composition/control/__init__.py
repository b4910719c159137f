"""How far a composer that takes orders does what it is told."""
