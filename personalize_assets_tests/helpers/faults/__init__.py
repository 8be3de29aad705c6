"""Faults on purpose, and what must hold after each: kills, overlaps, full disks, broken requests (``make faults``)."""
