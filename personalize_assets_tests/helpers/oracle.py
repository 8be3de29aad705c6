"""An oracle: what design §5 makes of a source and a config. Simple and slow on purpose, no code of the package in it.

It takes the config as a plain mapping in its long form (see `test_oracle.py`) and reads every file whole.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

_SKIPPED = " \t\r\n,"
_BREAKS = re.compile("\r\n|[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:Z|([+-])(\d\d):?(\d\d))?)?", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NANOS = 10**9
_1990 = 631_152_000
_IDS = ("USER_ID", "ITEM_ID", "ACTION_ID")
_EVENTS = ("interactions", "action_interactions")
_KEYS = {"users": "USER_ID", "items": "ITEM_ID", "actions": "ACTION_ID"}
_TIMES = ("TIMESTAMP", "CREATION_TIMESTAMP", "EXPIRATION_TIMESTAMP")
_RANGES = {("actions", "VALUE"): (1, 10), ("actions", "REPEAT_FREQUENCY"): (1, 30)}


class Bad(Exception):
    """A value that cannot become the type asked for."""


@dataclass
class Expected:
    """What must come out: the CSVs, what was read, and of each dataset rows, kept, rejected and dropped by reason,
    duplicates.
    """

    csv: dict[str, bytes] = field(default_factory=dict)
    read: dict[str, Any] = field(default_factory=dict)
    datasets: dict[str, dict[str, Any]] = field(default_factory=dict)


def expected(source: Path, config: dict[str, Any]) -> Expected:
    layout, start = config["source"]["layout"], date.fromisoformat(str(config["source"]["start_date"]))
    datasets = config["datasets"]
    counts: Counter[str] = Counter()
    malformed: Counter[str] = Counter()
    kept: dict[str, list[dict[str, Any]]] = {name: [] for name in datasets}
    totals: dict[str, Counter[str]] = {name: Counter() for name in datasets}
    rejected: dict[str, Counter[str]] = {name: Counter() for name in datasets}
    dropped: dict[str, Counter[str]] = {name: Counter() for name in datasets}
    for file in sorted(path for path in source.rglob("*") if path.is_file()):
        day = arrival_day(file.relative_to(source).as_posix(), layout, start)
        if day is None:
            continue
        end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=2)
        latest = datetime.now(UTC) + timedelta(days=1) if layout == "flat" else end
        for reason, event, raw in pieces(text_of(file)):
            if reason:
                lines = [line for line in raw.split("\n") if line.strip(_SKIPPED)]
                malformed[reason] += len(lines) if reason == "malformed_json" else 1
                counts["read"] += len(lines) if reason == "malformed_json" else 1
                continue
            counts["read"] += 1
            wanting = [name for name, dataset in datasets.items() if wants(dataset, event)]
            counts["wanted" if wanting else "not_wanted"] += 1
            for name in wanting:
                for row, why, lost in rows_of(
                    name, datasets[name], datasets, event, (latest - _EPOCH) // timedelta(seconds=1)
                ):
                    totals[name]["rows"] += 1
                    if why:
                        rejected[name][why] += 1
                    else:
                        row["day"] = day
                        kept[name].append(row)
                        dropped[name].update(lost)
    found = Expected(read={**{k: counts[k] for k in ("read", "wanted", "not_wanted")}, "malformed": dict(malformed)})
    for name, dataset in datasets.items():
        columns = list(dataset["columns"])
        rows = once(kept[name], columns) if name in _EVENTS else latest_per_id(name, kept[name], dataset)
        lines = [",".join(cell(row[column]) for column in columns) for row in rows]
        found.csv[name] = "".join(line + "\n" for line in [",".join(columns), *lines]).encode()
        found.datasets[name] = {
            "rows": totals[name]["rows"],
            "kept": len(kept[name]),
            "rejected": dict(rejected[name]),
            "dropped": dict(dropped[name]),
            "duplicates": len(kept[name]) - len(rows),
        }
    return found


def arrival_day(key: str, layout: str, start: date) -> date | None:
    parts = key.split("/")
    if any(part[0] in "._" for part in parts) or parts[-1] == "dummy-object.txt":
        return None
    if layout == "flat":
        return start
    if layout == "segment":
        return datetime.fromtimestamp(int(parts[2]) / 1000, UTC).date()
    if layout == "rudderstack":
        return date.fromisoformat(parts[2])
    if layout == "firehose":
        return date(*map(int, parts[:3]))
    return date.fromisoformat(parts[0].removeprefix("day="))


# Framing


def text_of(file: Path) -> str:
    data = file.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    return data.decode("utf-8").removeprefix("\ufeff")


def _refuse(word: str) -> Any:
    raise ValueError(word)


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def pieces(text: str) -> list[tuple[str, Any, str]]:
    """Each object, other value and broken stretch: the reason it is malformed or nothing, the value, its text."""
    found: list[tuple[str, Any, str]] = []
    at, in_array = 0, False
    while at < len(text):
        if text[at] in _SKIPPED:
            at += 1
        elif text[at] == "[" and not in_array:
            at, in_array = at + 1, True
        elif text[at] == "]" and in_array:
            at, in_array = at + 1, False
        else:
            try:
                value, end = _DECODER.raw_decode(text, at)
                found.append(("" if isinstance(value, dict) else "not_an_object", value, text[at:end]))
            except ValueError:
                end = text.find("\n{", at) + 1 or len(text)
                found.append(("malformed_json", None, text[at:end]))
            at = end
    return found


# Mapping


def wants(dataset: dict[str, Any], event: Any) -> bool:
    for path, values in (dataset.get("where") or {}).items():
        value = lookup(event, path)
        if isinstance(value, dict | list) or value is None or as_text(value) not in values:
            return False
    return True


def steps(path: str) -> list[str]:
    return [quoted or plain for quoted, plain in re.findall(r"`([^`]*)`|([^.`]+)", path)]


def lookup(value: Any, path: str) -> Any:
    for step in steps(path):
        value = _step(value, step)
    return value


def _step(value: Any, step: str) -> Any:
    if isinstance(value, list):
        return [_step(element, step) for element in value]
    return value.get(step) if isinstance(value, dict) else None


def each_of(value: Any, names: list[str]) -> list[Any]:
    """What `each` gives rows of: elements of an array, also of arrays within it, or the values of an object."""
    if not names:
        return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if isinstance(value, list):
        return [found for element in value for found in each_of(element, names)]
    return each_of(value.get(names[0]), names[1:]) if isinstance(value, dict) else []


def rows_of(name: str, dataset: dict[str, Any], datasets: dict[str, Any], event: Any, max_seconds: int) -> list[Any]:
    elements = each_of(event, steps(dataset["each"])) if dataset.get("each") else []
    if not elements:
        elements = [None]
    return [
        _row(name, dataset, datasets, event, position, element, max_seconds)
        for position, element in enumerate(elements)
    ]


def _row(
    name: str,
    dataset: dict[str, Any],
    datasets: dict[str, Any],
    event: Any,
    position: int,
    element: Any,
    max_seconds: int,
) -> tuple[dict[str, Any], str, list[str]]:
    """A row, or the reason of its reject; and why it lacks values."""
    row: dict[str, Any] = {}
    lost: list[str] = []
    times = datasets["interactions"]["columns"]["TIMESTAMP"]["path"]
    if name not in _EVENTS:
        times = [*times, dataset.get("event_time") or times[0]]
    for column, mapping in dataset["columns"].items():
        kind = mapping.get("type", "timestamp" if column in _TIMES else "string")
        needed = mapping.get("required", column in (*_IDS, "EVENT_TYPE", "TIMESTAMP"))
        value, is_ranged = mapping.get("constant"), column == "TIMESTAMP"
        for path in mapping.get("path", []):
            start, rest = (element, path.removeprefix("each.")) if path.startswith("each.") else (event, path)
            start, rest = (element, "") if path == "each" else (start, rest)
            value = None if is_nothing(value) else value
            if value is None and (value := lookup(start, rest)) is not None:
                is_ranged = column == "TIMESTAMP" or path in times
        why = ""
        try:
            row[column] = convert(column, kind, value, mapping, max_seconds if is_ranged else None)
        except Bad:
            row[column], why = None, "bad_timestamp" if column == "TIMESTAMP" else f"bad_value:{column}"
        least, greatest = _RANGES.get((name, column), (None, None))
        if least is not None and row[column] is not None and not least <= row[column] <= greatest:
            row[column], why = None, f"out_of_range:{column}"
        limit = 256 if column in _IDS else 1000
        if kind == "string" and not mapping.get("textual") and row[column] and len(row[column]) > limit:
            row[column], why = longest(row[column], limit) if column == "IMPRESSION" else None, f"too_long:{column}"
        if needed and row[column] is None:
            return row, why or f"missing:{column}", []
        lost += [why] if why else []
    by = dataset.get("dedupe_by")
    if name in _EVENTS:
        message = text_or_nothing(lookup(event, by)) if by else None
        row["dedupe"] = None if message is None else (message, position)
    else:
        time = dataset.get("event_time") or datasets["interactions"]["columns"]["TIMESTAMP"]["path"][0]
        by = dataset.get("message_id") or by or datasets["interactions"].get("dedupe_by")
        row["time"] = event_nanos(lookup(event, time), max_seconds)
        row["message"] = text_or_nothing(lookup(event, by)) if by else None
    return row, "", lost


def longest(impression: str, limit: int) -> str | None:
    """The first ids of an impression, as many as fit."""
    ids = impression.split("|")
    while len("|".join(ids)) > limit:
        ids.pop()
    return "|".join(ids) or None


def is_nothing(value: Any) -> bool:
    """Whether a value is null, for which the next path is asked: also a blank text, and an array of such alone."""
    if isinstance(value, list):
        return all(is_nothing(element) for element in value)
    return value is None or (isinstance(value, str) and not value.replace("\0", "").strip())


def convert(column: str, kind: str, value: Any, mapping: dict[str, Any], max_seconds: int | None) -> Any:
    if is_nothing(value):
        return None
    if isinstance(value, list):
        if column in (*_IDS, "EVENT_TYPE") or kind != "string":
            raise Bad
        texts = [as_text(element) for element in flat(value) if not is_nothing(element)]
        return mapping.get("separator", "|").join(mapping.get("map", {}).get(text, text) for text in texts) or None
    if mapping.get("map") and not isinstance(value, dict) and (text := as_text(value)) in mapping["map"]:
        value = mapping["map"][text]
    if kind == "string":
        return one_line(as_text(value)) if column in _IDS else as_text(value)
    if kind == "timestamp":
        nanos = to_nanos(value)
        return (nanos if max_seconds is None else in_range(nanos, max_seconds)) // _NANOS
    return to_boolean(value) if kind == "boolean" else to_number(kind, value)


def flat(value: Any) -> list[Any]:
    return [inner for element in value for inner in flat(element)] if isinstance(value, list) else [value]


def as_text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise Bad
    if isinstance(value, bool):
        return str(value).lower()
    return plain(value) if isinstance(value, float) else str(value)


def text_or_nothing(value: Any) -> str | None:
    if is_nothing(value) or isinstance(value, dict):
        return None
    elements = flat(value) if isinstance(value, list) else [value]
    return "|".join(as_text(element) for element in elements if not is_nothing(element))


def plain(number: float) -> str:
    text = format(Decimal(repr(number)), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def to_decimal(value: Any) -> Decimal:
    if isinstance(value, bool | dict | list) or (isinstance(value, str) and not _NUMBER.fullmatch(value.strip())):
        raise Bad
    try:
        return Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation as error:
        raise Bad from error


def to_number(kind: str, value: Any) -> int | float:
    number = to_decimal(value)
    if kind in ("float", "double"):
        if abs(float(number)) == float("inf"):
            raise Bad
        return float(number)
    bits = 31 if kind == "int" else 63
    if number != number.to_integral_value() or not -(2**bits) <= number < 2**bits:
        raise Bad
    return int(number)


def to_boolean(value: Any) -> bool:
    text = "" if isinstance(value, float) else as_text(value).strip().lower()
    if text not in ("true", "false", "1", "0"):
        raise Bad
    return text in ("true", "1")


# Timestamps


def to_nanos(value: Any) -> int:
    match = _ISO.fullmatch(value.strip()) if isinstance(value, str) else None
    if match:
        day, hour, minute, second, fraction, sign, offset_hours, offset_minutes = match.groups()
        try:
            local = datetime.fromisoformat(f"{day}T{hour or '00'}:{minute or '00'}:{second or '00'}+00:00")
        except ValueError as error:
            raise Bad from error
        offset = int(offset_hours or 0) * 3600 + int(offset_minutes or 0) * 60
        seconds = (local - _EPOCH) // timedelta(seconds=1) - (-offset if sign == "-" else offset)
        return seconds * _NANOS + int((fraction or "0")[:9].ljust(9, "0"))
    number = to_decimal(value)
    for digits in (0, 3, 6, 9):
        if abs(number) < 10 ** (11 + digits):
            return int((number.scaleb(9 - digits)) // 1)
    raise Bad


def event_nanos(value: Any, max_seconds: int) -> int:
    """The nanoseconds of an event; an event without a readable time counts as the oldest."""
    try:
        return -1 if value is None else in_range(to_nanos(value), max_seconds)
    except Bad:
        return -1


def in_range(nanos: int, max_seconds: int) -> int:
    """Whole seconds, rounded down; refused before 1990 and after ``max_seconds``."""
    if not _1990 <= nanos // _NANOS <= max_seconds:
        raise Bad
    return nanos


# Exports


def sortable(value: Any) -> tuple[Any, ...]:
    if value is None:
        return (0,)
    return (1, value.encode()) if isinstance(value, str) else (1, value)


def once(rows: list[dict[str, Any]], columns: list[str]) -> list[dict[str, Any]]:
    """Each row once, in the order of the export, of which the first of equals stays."""
    rows = sorted(rows, key=lambda row: (row["TIMESTAMP"], [sortable(row[column]) for column in columns]))
    firsts: dict[Any, dict[str, Any]] = {}
    for row in rows:
        key = row["dedupe"] or ("as a whole", *(row[column] for column in columns))
        firsts.setdefault(key, row)
    return list(firsts.values())


def latest_per_id(name: str, rows: list[dict[str, Any]], dataset: dict[str, Any]) -> list[dict[str, Any]]:
    id_column = _KEYS[name]
    by_id: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_id.setdefault(row[id_column], []).append(row)
    found = []
    for id in sorted(by_id, key=str.encode):
        merged = {}
        for column, mapping in dataset["columns"].items():
            known = [
                (row["time"], row["day"], sortable(row["message"]), row[column])
                for row in by_id[id]
                if row[column] is not None
            ]
            known.sort(key=lambda one: (*one[:3], sortable(one[3])))
            merged[column] = known[0 if mapping.get("keep") == "first" else -1][3] if known else None
        found.append(merged)
    return found


def one_line(text: str) -> str:
    return str(_BREAKS.sub(" ", text.replace("\0", "")))


def cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, float):
        return plain(value)
    text = one_line(value)
    if any(mark in text for mark in ',"\\'):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text
