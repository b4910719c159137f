"""What people do with trained models and with folders of scores."""
