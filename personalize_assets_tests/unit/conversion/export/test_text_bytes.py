"""The bytes that a string array holds."""

from __future__ import annotations

import pyarrow as pa
import pytest

from personalize_assets.conversion.export.text_bytes import ByteFacts, byte_facts, text_bytes


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (pa.array(["a", "ü", None, ""], pa.string()), "aü"),
        (pa.array(["left", "b", "c", "right"], pa.string()).slice(1, 2), "bc"),
        (pa.array(["a"], pa.string()).slice(1), ""),
        (pa.array([], pa.string()), ""),
        (pa.nulls(3, pa.string()), ""),
    ],
)
def test_the_bytes_are_those_of_the_texts_of_the_array_alone(texts: pa.Array, found: str) -> None:
    assert text_bytes(texts).to_pybytes() == found.encode()


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (pa.array(["ab", None, "~"], pa.string()), ByteFacts(ord("a"), ord("~"), 1, 2)),
        (pa.array(["a b", ""], pa.string()), ByteFacts(ord(" "), ord("b"), 0, 3)),
        (pa.array(["ü"], pa.string()), ByteFacts(0xBC, 0xC3, 2, 2)),
        (pa.nulls(2, pa.string()), ByteFacts(255, 0, 0, 0)),
    ],
)
def test_facts_are_those_of_all_texts(texts: pa.Array, found: ByteFacts) -> None:
    assert byte_facts(texts) == found
