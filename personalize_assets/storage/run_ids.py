"""The ids of engine runs, which are part of the names of all files that a run writes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import uuid4

# Ids of older versions have no microseconds.
RUN_ID = re.compile(r"\d{8}T\d{6}(?:\d{6})?-[0-9a-f]{6}")


def new_run_id() -> str:
    """A name for the files of one engine run; names sort by time (UTC), which they have to the microsecond."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{uuid4().hex[:6]}"
