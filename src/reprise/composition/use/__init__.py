"""What people do with trained composers and with folders of scores."""
