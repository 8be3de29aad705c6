"""Faults on purpose: kills, overlaps, full disks and broken requests, and what must hold after each (``make faults``)."""
