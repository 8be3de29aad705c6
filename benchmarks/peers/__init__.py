"""What one would write without this project: scripts that make the interactions of the Segment sample.

``python -m benchmarks.peers.<name> RAW_FOLDER OUT.csv``, where RAW_FOLDER is a config's ``source.uri``. They follow the
interactions of ``sample_data/segment.yaml``: the wanted events, a row per element of ``properties.products`` or else
one for the event, each message and position once, ordered by time and then by all columns. They handle only the forms
of values in these files, and keep neither rejects nor accounting.
"""
