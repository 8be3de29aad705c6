"""The dataset group of the media team, in Python."""
