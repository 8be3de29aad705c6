"""The ids of engine runs, which are part of the names of all files that a run writes."""

from __future__ import annotations

import re
import time
from uuid import uuid4

RUN_ID = re.compile(r"\d{8}T\d{6}-[0-9a-f]{6}")


def new_run_id() -> str:
    """A name for the files of one engine run; names sort by time."""
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{uuid4().hex[:6]}"
