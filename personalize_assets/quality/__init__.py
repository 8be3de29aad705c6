"""Checks as pure functions: facts in, ``Finding`` out. Without Dagster, and without reading anything but the facts.

``refusals`` has the rules for what Personalize refuses, ``advice`` those for what its guides or experience advise
against, ``daily`` those for single arrival days, ``csv_file`` those for the CSV in the destination.
``docs/reference/checks.md`` is made from these tables.
"""
