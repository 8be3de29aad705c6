"""What one would write without this project: one script each, which makes the interactions of the Segment sample.

``python -m benchmarks.peers.<name> RAW_FOLDER OUT.csv``. RAW_FOLDER is what a config calls ``source.uri``. What
``sample_data/segment.yaml`` says of the interactions is what they do: the wanted events, a row an element of
``properties.products`` or else one for the event, each message and position once, in order of time and then of all
columns. They know the forms that values take in these files and no others; they keep no rejects and no books.
"""
