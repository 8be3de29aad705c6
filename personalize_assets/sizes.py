"""Amounts of bytes as people read them: in Dagster's UI and in the report."""

from __future__ import annotations


def format_size(size: int) -> str:
    """Bytes in the largest unit of a thousand that leaves a digit before the point: ``12.3 MB``."""
    number, unit = float(size), "bytes"
    for larger in ("KB", "MB", "GB", "TB"):
        if number < 1000:
            break
        number, unit = number / 1000, larger
    return f"{size:,} bytes" if unit == "bytes" else f"{number:.1f} {unit}"
