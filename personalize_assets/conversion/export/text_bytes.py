"""The bytes of an Arrow string array, for work that is faster on bytes than on texts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def text_bytes(texts: pa.Array) -> pa.Buffer:
    """The texts in UTF-8, one behind the other, without a copy; what is stored where there is none is among them."""
    _, offsets, data = texts.buffers()
    if data is None:
        return pa.py_buffer(b"")
    first, last = np.frombuffer(offsets, np.int32, len(texts) + 1, texts.offset * 4)[[0, -1]].tolist()
    return data.slice(first, last - first)


class ByteFacts(NamedTuple):
    """What is known of the bytes of many texts, at the cost of one look at them.

    Attributes:
        least: The least byte; 255 without any.
        greatest: The greatest byte; 0 without any. Below 128, all texts are ASCII.
        shortest: The fewest bytes of a text that is not null; 0 without any.
        longest: The most.
    """

    least: int
    greatest: int
    shortest: int
    longest: int


def byte_facts(texts: pa.Array) -> ByteFacts:
    """Look at the bytes of a string array; those that are stored where there is no text count as well."""
    sizes = pc.min_max(pc.binary_length(texts)).as_py()
    characters = np.frombuffer(text_bytes(texts), np.uint8)
    least, greatest = (int(characters.min()), int(characters.max())) if len(characters) else (255, 0)
    return ByteFacts(least, greatest, sizes["min"] or 0, sizes["max"] or 0)
