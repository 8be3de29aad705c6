"""Bytes of raw files to JSON events, on a fast and an exact path."""
