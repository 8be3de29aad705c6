"""Months of the calendar (UTC), by which exported rows are kept between exports; numbered from 1970-01 on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def months_of(seconds: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The month of each second since the epoch."""
    return seconds.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)


def month_of(second: int) -> int:
    """The month of a second since the epoch."""
    return int(months_of(np.array([second], np.int64))[0])


def first_second(month: int) -> int:
    """The first second of a month, since the epoch."""
    return int(np.datetime64(month, "M").astype("datetime64[s]").astype(np.int64))


def month_name(month: int) -> str:
    """As in ISO 8601, for example ``2026-10``."""
    return str(np.datetime64(month, "M"))


def month_number(name: str) -> int:
    """The month of a name such as ``2026-10``; of a date, the month it is in."""
    return int(np.datetime64(name, "M").astype(np.int64))


def starts_within(first: int, last: int) -> npt.NDArray[np.int64]:
    """The first seconds of the months that begin after ``first`` and not after ``last`` (both seconds)."""
    months = np.arange(month_of(first) + 1, month_of(last) + 1)
    return months.astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)
