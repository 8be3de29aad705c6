"""Times and ids as text, fast and the same on every machine. Milliseconds are since 1970 (UTC)."""

from datetime import UTC, datetime
from functools import lru_cache
from random import Random

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

_SECONDS = [f":{second:02d}" for second in range(60)]
_FRACTIONS = [f".{ms:03d}" for ms in range(1000)]


def iso_text(ms: int, offset_h: int | None = None) -> str:
    """A time as `2026-10-01T10:11:12.123Z`, or with an offset in hours as `2026-10-01T12:11:12.123+02:00`."""
    seconds, ms = divmod(ms, 1000)
    zone = "Z" if offset_h is None else f"{offset_h:+03d}:00"
    return _to_minute(seconds // 60, offset_h) + _SECONDS[seconds % 60] + _FRACTIONS[ms] + zone


def iso_text_in_seconds(ms: int) -> str:
    """A time in whole seconds, rounded down: `2026-10-01T10:11:12Z`."""
    return _to_minute(ms // 60_000, None) + _SECONDS[ms // 1000 % 60] + "Z"


def uuid_text(rng: Random) -> str:
    """A version 4 UUID from a random generator with a seed."""
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


@lru_cache(maxsize=50_000)
def _to_minute(minutes: int, offset_h: int | None) -> str:
    return datetime.fromtimestamp((minutes + (offset_h or 0) * 60) * 60, UTC).strftime("%Y-%m-%dT%H:%M")
