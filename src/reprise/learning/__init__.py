"""What training and measuring any model shares; it knows nothing of music."""
