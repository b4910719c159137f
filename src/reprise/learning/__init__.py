"""What training and measuring any model shares, and the summary of all figures."""
