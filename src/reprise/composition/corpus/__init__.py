"""The pieces that composers are trained and measured on."""
