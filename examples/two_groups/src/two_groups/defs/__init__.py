"""What `dg` loads: a folder a dataset group, and the assets of this project."""
