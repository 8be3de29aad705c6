"""The report: what a destination has, as one HTML file that needs no network.

``facts`` says what is on it, ``gathering`` reads that from records, ``page`` writes it as HTML, and ``writing`` stores
the file. Nothing of it decides anything, and no raw file and no CSV is read.
"""
