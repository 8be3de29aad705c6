"""Annotated types of single values, whatever key they belong to; each refusal says what to write instead.

What does not belong here: anything that looks at two keys (``models`` within one mapping, ``validation`` across them).
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
from pydantic import AfterValidator, BeforeValidator, PlainSerializer, PlainValidator, ValidationInfo
from pydantic_core import PydanticKnownError

from personalize_assets.config.errors import format_value
from personalize_assets.conversion import contract
from personalize_assets.conversion.mapping import values
from personalize_assets.conversion.mapping.paths import is_relative_to_each, parse_path
from personalize_assets.conversion.mapping.where import bound
from personalize_assets.conversion.reading.formats.settings import FORMATS
from personalize_assets.layouts import WHAT_TO_WRITE, layout

ENGINES: tuple[str, ...] = ("arrow", "local", "spark", "glue", "emr-serverless")
"""Names of the engines; ``engines.make_engine`` makes one of each."""
ENGINES_ON_SPARK: tuple[str, ...] = ("local", "spark", "emr-serverless")
"""Those that take ``spark_config``."""
ENGINES_IN_AWS: tuple[str, ...] = ("glue", "emr-serverless")
"""Those whose jobs run elsewhere: they reach no folder of this machine and none of its variables."""
WORKER_VCPUS: Mapping[str, int] = {
    "G.1X": 4, "G.2X": 8, "G.4X": 16, "G.8X": 32, "G.12X": 48, "G.16X": 64,
    "R.1X": 4, "R.2X": 8, "R.4X": 16, "R.8X": 32,
}  # fmt: skip
"""vCPUs of each worker type for Spark (AWS Glue guide, page "Worker types"); Z.2X is for Ray."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_QUOTED_NAME = re.compile(r"`(?:[^`]|``)+`")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/{1,2}")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_QUEUE_URL = re.compile(r"https?://[^/\s]+/\S+")
_GROUP_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", re.ASCII)  # API CreateDatasetGroup, `name`
_REMOTE = re.compile(r"sc://[^/;\s]+(?:/.*)?")
_OWNER = re.compile(r"team:[A-Za-z0-9][A-Za-z0-9_-]*|[^@\s]+@[^@\s]+\.[^@\s]+", re.ASCII)
# Narrower than the API's pattern (any text of 1 to 255 characters): it is part of URLs and of ARNs in policies.
_JOB_NAME = re.compile(r"[A-Za-z0-9._-]{1,255}", re.ASCII)
SWITCHES: Mapping[str, bool] = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
_USE_CASES = tuple(case.name for cases in contract.USE_CASES.values() for case in cases)


@dataclass(frozen=True)
class Form:
    """How a value is written, in words for the reference of the keys; pydantic leaves it alone."""

    text: str


@dataclass(frozen=True, slots=True)
class OneOf(BeforeValidator):
    """A validator that takes some names alone."""

    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AtLeast(BeforeValidator):
    """A validator that takes numbers from ``least`` on."""

    least: int = 0


def one_of(allowed: tuple[str, ...], kind: str) -> OneOf:
    """One of some names; ``kind`` is what one is called in a refusal, with its article."""

    def check(value: object) -> object:
        if value in allowed:
            return value
        raise ValueError(f"{format_value(value)} is not {kind}; use one of {', '.join(allowed)}")

    return OneOf(check, allowed=allowed)


def at_least(least: int) -> AtLeast:
    """A finite number from ``least`` on. Text that holds one is taken as well: the environment has nothing else."""

    def check(value: object) -> object:
        try:
            number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
        except ValueError:
            number = None
        if number is None or not least <= number < float("inf"):
            raise ValueError(f"{format_value(value)} is not a number from {least} on; write one, as {least + 1}")
        return value

    return AtLeast(check, least=least)


def _switch(value: object) -> bool:
    found = SWITCHES.get(str(value).lower()) if isinstance(value, bool | str) else None
    if found is None:
        raise ValueError(f"found {format_value(value)}; write on or off, or a mapping with the key `on` and others")
    return found


def _clock(value: object) -> object:
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return value
    raise ValueError(f"{format_value(value)} is not a time of day; write it as 04:00 (UTC)")


def _queue_url(value: object) -> object:
    if isinstance(value, str) and _QUEUE_URL.fullmatch(value):
        return value
    example = "https://sqs.eu-central-1.amazonaws.com/123456789012/raw-events"
    raise ValueError(f"{format_value(value)} is not a queue's URL; write it in full, as {example}")


def _endpoint(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError(f"{value!r} is not a URL; write it as http://127.0.0.1:9000, or leave it out for AWS itself")
    return value.rstrip("/")


@cache
def _services() -> frozenset[str]:
    from botocore.loaders import Loader  # reads the names of folders: only where a config has any endpoint

    return frozenset(Loader().list_available_services("service-2"))


def _service(value: str) -> str:
    name = value.lower().replace("_", "-")  # a variable's name holds no "-"
    if name in _services():
        return name
    near = difflib.get_close_matches(name, _services(), n=3)
    meant = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    raise ValueError(f"{value!r} is not a service of AWS; {meant}use boto3's names, as s3, personalize, glue")


def _uri(value: str, info: ValidationInfo) -> str:
    scheme = _SCHEME.match(value)
    if scheme and scheme.group() != "s3://":
        raise ValueError(f"{value!r} is neither a folder nor in S3; write a folder's path or s3://bucket/prefix")
    if scheme:
        if not value.removeprefix("s3://").partition("/")[0]:
            raise ValueError(f"{value!r} names no bucket; write s3://bucket/prefix")
        # Two slashes end a prefix whose last folder has an empty name, as Firehose's prefix `logs//` makes it.
        return value if value.endswith("//") else value.removesuffix("/")
    if not value.strip():
        raise ValueError("found an empty text; write a folder's path or s3://bucket/prefix")
    folder = (info.context or {}).get("folder", "")
    # Not Path.resolve: a folder reached through a link keeps the name the user gave it.
    return os.path.normpath(Path(folder, Path(value).expanduser()).absolute())


def _uris(value: object, info: ValidationInfo) -> object:
    if isinstance(value, str):
        return _uri(value, info)
    if not isinstance(value, list | tuple):
        raise PydanticKnownError("string_type")
    if not value or not all(isinstance(uri, str) for uri in value):
        raise ValueError("found a list without texts; write at least one folder's path or s3://bucket/prefix")
    uris = tuple(dict.fromkeys(_uri(uri, info) for uri in value))
    return uris[0] if len(uris) == 1 else uris


def _day(value: object) -> object:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is not a day: {error}; write it as 2026-10-01") from None
    if type(value) is date:
        return value
    raise ValueError(f"{format_value(value)} is not a day; write it as 2026-10-01")


def _layout(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError(f"{format_value(value)} is not a layout; use {WHAT_TO_WRITE}")
    layout(value, date.min)  # raises what is wrong, and what to write
    return value


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
    raise ValueError(f"found {format_value(value)}; write a number of workers from 2, one of which is the driver's")


def _spark_settings(value: object) -> object:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"found {format_value(value)}; write a mapping, as {{spark.executor.memory: 4g}}")
    settings: dict[str, str] = {}
    for name, setting in value.items():
        if name != "remote" and not (str(name).startswith("spark.") and len(str(name)) > len("spark.")):
            whole = "; write names as a whole, as spark.executor.memory: 4g" if isinstance(setting, Mapping) else ""
            raise ValueError(
                f"{name!r} is not a setting of Spark, which begin with spark.{whole or '; correct its name'}"
            )
        try:
            settings["spark.remote" if name == "remote" else str(name)] = _text(setting)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    remote = settings.get("spark.remote")
    if remote is not None and not _REMOTE.fullmatch(remote):
        raise ValueError(f"remote: {remote!r} is not a Spark Connect server; write sc://host or sc://host:15002")
    return settings


def _owner(value: str) -> str:
    if not _OWNER.fullmatch(value):
        raise ValueError(f"{value!r} is no owner; write a team as team:data, or a person's email address")
    return value


def _path(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"found {format_value(value)}; write the path of a field, as properties.sku")
    parse_path(value)
    return value


def _event_path(value: object) -> str:
    path = _path(value)
    if is_relative_to_each(path):
        raise ValueError(
            f"{path!r} starts at an element of `each`, which only columns, where and dedupe_by can; write a path of "
            "the event"
        )
    return path


def _one_or_several(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _paths(value: object) -> tuple[object, ...]:
    if isinstance(value, str) and "," in _QUOTED_NAME.sub("", value):
        raise ValueError(
            f"{value!r} is one path with a comma in it, not several; write a list, as [a, b], or quote the name that "
            "holds the comma with backticks"
        )
    return _one_or_several(value)


def _at_least_one_path(value: object) -> tuple[object, ...]:
    paths = _paths(value)
    if not paths:
        raise ValueError("found an empty list; write at least one path")
    return paths


def _scalar(value: object) -> object:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise ValueError(f"found {format_value(value)}; write a text, a number, true or false")


def _text(value: object) -> str:
    text = values.to_text(_scalar(value))
    if text is None:
        raise ValueError(f"found {format_value(value)}, which is null in an event and equals nothing; write a value")
    return text


def _wanted(value: object) -> contract.Wanted:
    if isinstance(value, contract.Condition):
        return value
    if isinstance(value, Mapping):
        return _condition(value)
    wanted = _one_or_several(value)
    if not wanted:
        raise ValueError("found an empty list, which wants no event; write at least one value")
    return tuple(dict.fromkeys(map(_text, wanted)))


def _condition(written: Mapping[str, object]) -> contract.Condition:
    known = ("not", "min", "max", "exists")
    unknown = [str(key) for key in written if key not in known]
    if unknown or not written:
        found = f"the unknown key {unknown[0]}" if unknown else "an empty mapping"
        raise ValueError(f"found {found}; write a list of values, or a mapping with {', '.join(known)}")
    for key in ("min", "max"):
        if key in written:
            try:
                bound(_text(written[key]))
            except ValueError as error:
                raise ValueError(f"{key}: {error}; write one, as 10 or 2026-10-01") from None
    if "not" in written and not _one_or_several(written["not"]):
        raise ValueError("not: found an empty list, which refuses nothing; write at least one value")
    if "min" in written and "max" in written:
        _check_order(_text(written["min"]), _text(written["max"]))
    exists = SWITCHES.get(_text(written["exists"]).lower()) if "exists" in written else None
    if "exists" in written and exists is None:
        raise ValueError(f"exists: found {format_value(written['exists'])}; write true or false")
    return contract.Condition(
        none_of=_texts(written.get("not", ())),
        min=_text(written["min"]) if "min" in written else None,
        max=_text(written["max"]) if "max" in written else None,
        exists=exists,
    )


def _check_order(least: str, most: str) -> None:
    """Refuse a range that no value can be in."""
    (first, reads_first), (last, reads_last) = bound(least), bound(most)
    if reads_first is not reads_last:
        raise ValueError(f"min is {least!r} and max is {most!r}: one is a time and one a number; write two alike")
    if first > last:
        raise ValueError(f"min is {least!r}, which is more than max, {most!r}; no value is wanted then")


def _texts(value: object) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(_text, _one_or_several(value))))


def _delimiter(value: object) -> str:
    if isinstance(value, str) and value and value.isascii() and not set(value) & set('\r\n"'):
        return value
    raise ValueError(f"{format_value(value)} is not a delimiter; write one, as ',', '|', \"\\t\" or '::'")


def _character(value: object) -> str:
    if isinstance(value, str) and len(value) == 1 and value.isascii() and value not in "\r\n":
        return value
    raise ValueError(f"{format_value(value)} is not one character; write one, or null")


def _column_names(value: object) -> tuple[str, ...]:
    names = tuple(value) if isinstance(value, list | tuple) else ()
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"found {format_value(value)}; write the names of all columns, as [user, item, rating]")
    if len(set(names)) < len(names):
        raise ValueError(f"found {format_value(value)}, in which a name is twice; write another name for one of them")
    return names


def _cells(value: object) -> tuple[str, ...]:
    cells = tuple(value) if isinstance(value, list | tuple) else (value,)
    if not all(isinstance(cell, str) for cell in cells):
        raise ValueError(f"found {format_value(value)}; write the texts of empty cells, as ['', NULL]")
    return tuple(dict.fromkeys(map(str, cells)))


Uri = Annotated[str, Form("a folder, or `s3://bucket/prefix`"), AfterValidator(_uri)]
"""An absolute folder, or ``s3://bucket/prefix`` without a slash at the end, unless it ends with two.

A relative folder starts at the validation context's ``folder``, by default the working folder.
"""
Uris = Annotated[
    str | tuple[str, ...], Form("a folder or `s3://bucket/prefix`, or a list of them"), BeforeValidator(_uris)
]
"""One such URI, or several."""
Day = Annotated[date, Form("a day (UTC), as `2026-10-01`"), BeforeValidator(_day)]
"""A UTC day, written as 2026-10-01."""
Clock = Annotated[str, Form('a time of day (UTC), as `"04:00"`'), BeforeValidator(_clock)]
"""A time of day in UTC, as 04:00."""
Switch = Annotated[bool, Form("`on` or `off`"), BeforeValidator(_switch)]
"""``on`` or ``off``, which YAML 1.2 reads as text, or true and false."""
LayoutName = Annotated[str, Form("a name of a layout, or a pattern of keys"), BeforeValidator(_layout)]
"""A name of ``layouts.LAYOUTS``, or a pattern of keys."""
FormatName = Annotated[str, one_of(FORMATS, "a format")]
Delimiter = Annotated[str, Form("one character, or several in a file without quotes"), BeforeValidator(_delimiter)]
"""What is between two cells of a CSV: one character, or several in a file without quotes."""
Character = Annotated[str, Form("one character, or `null`"), BeforeValidator(_character)]
ColumnNames = Annotated[tuple[str, ...], Form("a list of names"), BeforeValidator(_column_names)]
"""The names of all columns, each once."""
Cells = Annotated[tuple[str, ...], Form("a text, or a list of texts"), BeforeValidator(_cells)]
"""Texts of cells; one may be written without its list."""


def _no_sail(value: object) -> object:
    if value == "sail":
        raise ValueError("'sail' has been replaced by 'arrow', which needs no server and no Java; write arrow instead")
    return value


EngineName = Annotated[str, one_of(ENGINES, "an engine"), BeforeValidator(_no_sail)]
GroupName = Annotated[str, Form("1 to 63 letters, digits, `-` and `_`"), AfterValidator(_group_name)]
Owner = Annotated[str, Form("`team:data`, or an email address"), AfterValidator(_owner)]
"""As Dagster takes it: ``team:data`` or an email address."""
UseCaseName = Annotated[str, one_of(_USE_CASES, "a use case")]
JobName = Annotated[str, Form("1 to 255 letters, digits, `-`, `_` and `.`"), AfterValidator(_job_name)]
Workers = Annotated[int, Form("a number from 2 on"), BeforeValidator(_workers)]
"""Workers of a Glue job; the smallest number is two (API CreateJob)."""
WorkerType = Annotated[str, one_of(tuple(WORKER_VCPUS), "a worker type")]
SparkSettings = Annotated[
    dict[str, str], Form("a mapping, as `{spark.executor.memory: 4g}`"), BeforeValidator(_spark_settings)
]
"""Settings of Spark by name, as text; ``remote`` is short for ``spark.remote``."""
ServiceName = Annotated[str, Form("boto3's name of a service"), AfterValidator(_service)]
"""The name of a service as boto3 has it, as ``redshift-data``."""
Endpoint = Annotated[str, Form("a URL"), AfterValidator(_endpoint)]
"""The URL of a service that speaks S3, or of AWS's emulator, without a slash at the end."""
QueueUrl = Annotated[str, Form("the URL of a queue"), BeforeValidator(_queue_url)]
EventPath = Annotated[str, Form("a path, as `properties.sku`"), BeforeValidator(_event_path)]
"""A path that starts at the event."""
EventPaths = Annotated[tuple[EventPath, ...], Form("a path, or a list of paths"), BeforeValidator(_paths)]
"""Any number of paths that start at the event; one may be written without its list."""
AnyPath = Annotated[str, Form("a path, as `properties.sku` or `each.sku`"), BeforeValidator(_path)]
"""A path that starts at the event or, as ``each.…``, at an element of ``each``."""
ColumnPaths = Annotated[tuple[AnyPath, ...], Form("a path, or a list of paths"), BeforeValidator(_at_least_one_path)]
"""One such path or several; one may be written without its list."""
Scalar = Annotated[
    str | int | float | bool | None, Form("a text, a number, `true` or `false`"), BeforeValidator(_scalar)
]
Text = Annotated[str, Form("a text"), BeforeValidator(_text)]
"""A value as text, in the form in which the values of events are compared: ``true``, ``0.5``."""
Wanted = Annotated[
    contract.Wanted,
    Form("a value, a list of values, or a condition"),
    PlainValidator(_wanted),
    PlainSerializer(msgspec.to_builtins),
]
"""One such text or several, each once, or a condition as a mapping."""
Texts = Annotated[tuple[str, ...], Form("a text, or a list of texts"), BeforeValidator(_texts)]
"""Any number of such texts, each once; one may be written without its list."""
