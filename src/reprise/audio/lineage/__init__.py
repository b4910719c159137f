"""Where sounds come from: the samples of sound fonts, and which of them two fonts have in common."""
