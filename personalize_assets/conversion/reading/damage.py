"""What ends the reading of a file early: damage, a limit, or a format that is not read; and these limits."""

from __future__ import annotations

from personalize_assets.conversion.reading.file_formats import UNREADABLE_FILE

MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
"""What any packed file may unpack to, however small it is."""
MAX_UNPACKED_RATIO = 200
"""How many times its size a larger packed file may unpack to."""
UNPACKED_TOO_LARGE = "unpacked_too_large"


class TruncatedStream(Exception):
    """Raised by an iterator of blocks where the bytes can no longer be unpacked: a file is cut off or damaged.

    ``reason`` and ``text`` are those of the reject; ``text`` may be empty.
    """

    reason = "malformed_json"

    def __init__(self, text: str = "") -> None:
        """Take what is damaged."""
        super().__init__(text)
        self.text = text


class UnpackedTooLarge(TruncatedStream):
    """Raised where a packed file unpacks to more than ``max_unpacked_bytes``: the rest of it is not read."""

    reason = UNPACKED_TOO_LARGE


class UnreadableFormat(TruncatedStream):
    """Raised instead of the first block of a text that holds no events. ``text`` describes it and what to do."""

    reason = UNREADABLE_FILE

    def __init__(self, format: str, size: int, advice: str) -> None:
        """Take what the file seems to be, its stored size in bytes, and what to do."""
        super().__init__(f"{format} of {size:,} bytes: {advice}")


def max_unpacked_bytes(stored: int) -> int:
    """How much a packed file of ``stored`` bytes may unpack to.

    gzip makes text at most 1,032 times smaller; events, which differ in ids and times, 5 to 50 times.
    """
    return max(MAX_UNPACKED_BYTES, MAX_UNPACKED_RATIO * stored)


class Allowance:
    """How many bytes may still be unpacked on one level of a file, counted over all members of an archive."""

    def __init__(self, stored: int) -> None:
        """Begin for a file of ``stored`` bytes."""
        self.left = max_unpacked_bytes(stored)
