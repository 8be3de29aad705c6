"""Arrow's rows as lines of JSON: text as it is, numbers with all their digits, times in ISO 8601."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_ESCAPES = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


@lru_cache(256)
def _constant(text: str) -> pa.Scalar:
    """Not made at import: pyarrow imports pandas with its first scalar, unless that is guarded against."""
    return pa.scalar(text, pa.large_string())


def lines_of(batch: pa.RecordBatch) -> bytes:
    """Each row as an object on a line of its own; a null cell is ``null``. Text must be UTF-8."""
    if not batch.num_rows:
        return b""
    if not batch.num_columns:
        return b"{}\n" * int(batch.num_rows)
    pieces: list[pa.Array | pa.Scalar] = []
    for number, (name, column) in enumerate(zip(batch.schema.names, batch.columns, strict=True)):
        pieces += [_constant(f"{',' if number else '{'}{_quoted(name)}:"), cells_of(column)]
    pieces.append(_constant("}\n"))
    lines = pc.binary_join_element_wise(*pieces, _constant(""), null_handling="replace", null_replacement="null")
    return _text_bytes(lines)


def cells_of(column: pa.Array) -> pa.Array:
    """The cells of a column as JSON in a ``large_string`` array; null stays null. Raises as ``check_times``."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _extension(column)
    if pa.types.is_dictionary(kind):
        return cells_of(column.dictionary_decode())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return quoted_texts(column.cast(pa.large_string()))
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return column.cast(pa.string()).cast(pa.large_string())
    if pa.types.is_float32(kind) or pa.types.is_float64(kind):
        finite = pc.if_else(pc.is_finite(column), column, pa.scalar(None, kind))  # JSON has no other numbers
        return finite.cast(pa.string()).cast(pa.large_string())
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_time(kind):
        check_times(column)
    if pa.types.is_timestamp(kind):
        return _timestamps(column)
    if pa.types.is_date(kind) or pa.types.is_decimal(kind) or pa.types.is_time(kind):
        return quoted_texts(column.cast(pa.string()).cast(pa.large_string()))
    if pa.types.is_null(kind):
        return pa.nulls(len(column), pa.large_string())
    return pa.array([None if value is None else encode(value) for value in to_values(column)], pa.large_string())


def check_times(column: pa.Array) -> None:
    """Raise ``ArrowInvalid`` for a time that has no text, as in the year 290,000: Arrow casts it to a remark."""
    bounds = pc.min_max(column)
    for bound in (bounds["min"], bounds["max"]):
        moment = pa.repeat(bound, 1)
        plain = moment.cast(pa.timestamp(column.type.unit)) if pa.types.is_timestamp(column.type) else moment
        text = plain.cast(pa.string())[0].as_py()
        if text is not None and text.startswith("<"):
            raise pa.ArrowInvalid(f"a {column.type}: {text.strip('<>')}")


def quoted_texts(column: pa.Array) -> pa.Array:
    """Texts (``large_string``) as JSON."""
    text = _text_bytes(column)
    if b'"' in text or b"\\" in text or _has_controls(text):
        for character, escape in _ESCAPES:
            column = pc.replace_substring(column, character, escape)
        if _has_controls(_text_bytes(column)):
            decoded = [None if text is None else _with_controls(text) for text in column.to_pylist()]
            column = pa.array(decoded, pa.large_string())
    quote = _constant('"')
    return pc.binary_join_element_wise(quote, column, quote, _constant(""))


def _has_controls(text: bytes) -> bool:
    return bool(text) and int(np.frombuffer(text, np.uint8).min()) < ord(" ")


def _with_controls(escaped: str) -> str:
    return "".join(f"\\u{ord(one):04x}" if one < " " else one for one in escaped)


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _text_bytes(column: pa.Array) -> bytes:
    """The bytes of all texts of a ``large_string`` array, one behind the other."""
    _, offsets, data = column.buffers()
    if data is None:
        return b""
    places = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1]
    return cast("bytes", data.slice(int(places[0]), int(places[-1] - places[0])).to_pybytes())


def _timestamps(column: pa.Array) -> pa.Array:
    """ISO 8601; with a zone as UTC and a ``Z``, without one as it is written, which means UTC."""
    zone = column.type.tz
    plain = column.cast(pa.timestamp(column.type.unit)) if zone else column
    text = plain.cast(pa.string()).cast(pa.large_string())
    end = _constant('Z"' if zone else '"')
    return pc.binary_join_element_wise(_constant('"'), text, end, _constant(""))


def _extension(column: pa.Array) -> pa.Array:
    """JSON stays text, to be parsed by ``source.parse``; anything else is what it is stored as."""
    if column.type.extension_name == "arrow.uuid":
        return pa.array([None if value is None else encode(value) for value in column.to_pylist()], pa.large_string())
    return cells_of(column.storage)


def to_values(column: pa.Array) -> list[Any]:
    """A nested column as Python values; times of nanoseconds lose what is below a microsecond."""
    kind = _coarse(column.type)
    coarse = column if kind == column.type else column.cast(kind, safe=False)
    return cast("list[Any]", coarse.to_pylist())


def _coarse(kind: pa.DataType) -> pa.DataType:
    """The type with microseconds for nanoseconds, which Python's times do not have."""
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        return pa.timestamp("us", kind.tz)
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_coarse(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_coarse(kind.value_type)))
    if pa.types.is_large_list(kind):
        return pa.large_list(kind.value_field.with_type(_coarse(kind.value_type)))
    if pa.types.is_map(kind):
        return pa.map_(kind.key_type, _coarse(kind.item_type))
    return kind


def encode(value: Any) -> str:
    """A value of Python as JSON."""
    return _encoder.encode(_plain(value)).decode()


def _plain(value: Any) -> Any:
    """A value that JSON has; numbers that it has not are null."""
    kind = type(value)
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is dict:
        return {_key(key): _plain(item) for key, item in value.items()}
    if kind is list and value and type(value[0]) is tuple:  # a map of Arrow
        return {_key(key): _plain(item) for key, item in value}
    if kind is list or kind is tuple:
        return [_plain(item) for item in value]
    if kind is int and not -(2**63) <= value < 2**64:
        return msgspec.Raw(str(value).encode())
    convert = _CONVERTED.get(kind)
    return convert(value) if convert else value


def _key(key: Any) -> str:
    return key if type(key) is str else str(_plain(key))


def _iso(moment: datetime) -> str:
    return moment.isoformat()


def _bytes_text(value: bytes) -> str:
    """Text if it is UTF-8, else Base64."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


_CONVERTED: dict[type, Callable[[Any], Any]] = {
    bytes: _bytes_text,
    datetime: _iso,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: lambda value: value.total_seconds(),
    Decimal: lambda value: format(value, "f"),
    UUID: str,
}
_encoder = msgspec.json.Encoder()
