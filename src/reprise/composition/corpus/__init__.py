"""The pieces that models are trained and measured on."""
