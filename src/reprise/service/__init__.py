"""The web service: music over HTTP."""
