"""The Dagster shell: assets, checks, sensors and schedules around ``pipeline`` and ``quality``, which do the work.

What an event or a row is, and what a stage reads and writes, is not decided here.
"""
