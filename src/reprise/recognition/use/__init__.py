"""What people do with the trained recognizer: recordings of their own."""
