"""What one value in the config may be, whatever key it stands under; each refusal says what to write instead."""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from personalize_assets.config.errors import shown
from personalize_assets.conversion import contract
from personalize_assets.conversion.mapping import values
from personalize_assets.conversion.mapping.paths import is_relative_to_each, parse_path
from personalize_assets.layouts import LAYOUTS

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/{1,2}")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_QUEUE_URL = re.compile(r"https?://[^/\s]+/\S+")
_GROUP_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", re.ASCII)  # API CreateDatasetGroup, `name`
_OWNER = re.compile(r"team:[A-Za-z0-9][A-Za-z0-9_-]*|[^@\s]+@[^@\s]+\.[^@\s]+", re.ASCII)
# Narrower than the API's pattern (any text of 1 to 255 characters): it is part of URLs and of ARNs in policies.
_JOB_NAME = re.compile(r"[A-Za-z0-9._-]{1,255}", re.ASCII)


def one_of(allowed: tuple[str, ...], kind: str) -> BeforeValidator:
    def check(value: object) -> object:
        if value in allowed:
            return value
        raise ValueError(f"{shown(value)} is not {kind}; use one of {', '.join(allowed)}")

    return BeforeValidator(check)


def at_least(least: int) -> BeforeValidator:
    """A number; one in the environment is text."""

    def check(value: object) -> object:
        try:
            number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
        except ValueError:
            number = None
        if number is None or not least <= number < float("inf"):
            raise ValueError(f"{shown(value)} is not a number from {least} on; write one, as {least + 1}")
        return value

    return BeforeValidator(check)


def _switch(value: object) -> bool:
    text = str(value).lower()
    if isinstance(value, bool | str) and text in ("on", "true", "off", "false"):
        return text in ("on", "true")
    raise ValueError(f"found {shown(value)}; write on or off, or a mapping with the key `on` and others")


def _clock(value: object) -> object:
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return value
    raise ValueError(f"{shown(value)} is not a time of day; write it as 04:00 (UTC)")


def _queue_url(value: object) -> object:
    if isinstance(value, str) and _QUEUE_URL.fullmatch(value):
        return value
    meant = "as https://sqs.eu-central-1.amazonaws.com/123456789012/raw-events"
    raise ValueError(f"{shown(value)} is not a queue's URL; write it in full, {meant}")


def _uri(value: str, info: ValidationInfo) -> str:
    """An absolute folder, or `s3://bucket/prefix` without a slash at the end."""
    scheme = _SCHEME.match(value)
    if scheme and scheme.group() != "s3://":
        raise ValueError(f"{value!r} is neither a folder nor in S3; write a folder's path or s3://bucket/prefix")
    if scheme:
        if not value.removeprefix("s3://").partition("/")[0]:
            raise ValueError(f"{value!r} names no bucket; write s3://bucket/prefix")
        return value.rstrip("/")
    if not value.strip():
        raise ValueError("found an empty text; write a folder's path or s3://bucket/prefix")
    folder = (info.context or {}).get("folder", "")
    # Not Path.resolve: a folder reached through a link keeps the name the user gave it.
    return os.path.normpath(Path(folder, Path(value).expanduser()).absolute())


def _day(value: object) -> object:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is not a day: {error}; write it as 2026-10-01") from None
    if type(value) is date:
        return value
    raise ValueError(f"{shown(value)} is not a day; write it as 2026-10-01")


def _group_name(value: str) -> str:
    if not _GROUP_NAME.fullmatch(value):
        rule = "use 1 to 63 letters, digits, '-' and '_', with a letter or digit first"
        raise ValueError(f"{value!r} is not a dataset group's name; {rule} (Personalize API, CreateDatasetGroup)")
    return value


def _job_name(value: str) -> str:
    if not _JOB_NAME.fullmatch(value):
        raise ValueError(f"{value!r} is not a Glue job's name; use 1 to 255 letters, digits, '-', '_' and '.'")
    return value


def _workers(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit():  # from the environment
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 2:
        return value
    raise ValueError(f"found {shown(value)}; write a number of workers from 2, one of which is the driver's")


def _path(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError(f"found {shown(value)}; write the path of a field, as properties.sku")
    parse_path(value)
    return value


def _event_path(value: object) -> object:
    if _path(value) and is_relative_to_each(str(value)):
        raise ValueError(f"{value!r} starts at an element of `each`, which only columns can; write a path of the event")
    return value


def _listed(value: object) -> object:
    if isinstance(value, list | tuple) and not value:
        raise ValueError("found an empty list; write at least one path")
    return value if isinstance(value, list | tuple) else (value,)


def _paths(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


def _scalar(value: object) -> object:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise ValueError(f"found {shown(value)}; write a text, a number, true or false")


def _text(value: object) -> str:
    """A wanted value as events are compared with it: `true` and `0.5` are text like any other."""
    text = values.to_text(_scalar(value))
    if text is None:
        raise ValueError(f"found {shown(value)}, which is null in an event and equals nothing; write a value")
    return text


def _wanted(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple) and not value:
        raise ValueError("found an empty list, which wants no event; write at least one value")
    return tuple(dict.fromkeys(_text(v) for v in (value if isinstance(value, list | tuple) else [value])))


def _owner(value: str) -> str:
    if not _OWNER.fullmatch(value):
        raise ValueError(f"{value!r} is no owner; write a team as team:data, or a person's email address")
    return value


Uri = Annotated[str, AfterValidator(_uri)]
Day = Annotated[date, BeforeValidator(_day)]
"""A UTC day, written as 2026-10-01."""
Owner = Annotated[str, AfterValidator(_owner)]
"""As Dagster wants it: ``team:data`` or an email address."""
GroupName = Annotated[str, AfterValidator(_group_name)]
JobName = Annotated[str, AfterValidator(_job_name)]
Workers = Annotated[int, BeforeValidator(_workers)]
"""Of a Glue job; the smallest is two (API CreateJob)."""
LayoutName = Annotated[str, one_of(LAYOUTS, "a layout")]
_USE_CASES = tuple(case.name for cases in contract.USE_CASES.values() for case in cases)
UseCaseName = Annotated[str, one_of(_USE_CASES, "a use case")]
Switch = Annotated[bool, BeforeValidator(_switch)]
"""`on` or `off`, also as the texts that the environment has."""
Clock = Annotated[str, BeforeValidator(_clock)]
"""A time of day in UTC, as 04:00."""
QueueUrl = Annotated[str, BeforeValidator(_queue_url)]
EventPath = Annotated[str, BeforeValidator(_event_path)]
"""A path that starts at the event."""
ColumnPaths = Annotated[tuple[Annotated[str, BeforeValidator(_path)], ...], BeforeValidator(_listed)]
"""One path or several, which may start at an element of `each`."""
Paths = Annotated[tuple[EventPath, ...], BeforeValidator(_paths)]
"""Any number of paths that start at the event; one may stand alone."""
Scalar = Annotated[str | int | float | bool | None, BeforeValidator(_scalar)]
Text = Annotated[str, BeforeValidator(_text)]
"""A value as events are compared with it."""
Wanted = Annotated[tuple[str, ...], BeforeValidator(_wanted)]
"""One such value or several, each once."""
