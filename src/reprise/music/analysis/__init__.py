"""What is measured of pieces: keys, copies, attributes."""
