"""Hashes of many texts at once: the same for the same text, whatever stands beside it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.conversion.export.text_hash import distinct, mixed, text_hashes

# Text that Arrow can hold: UTF-8 has no surrogates.
TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), max_size=20)


def hashes(*texts: str) -> list[int]:
    return [int(found) for found in text_hashes(pa.array(texts, pa.string()))]


@given(TEXTS, st.integers(0, 5), st.integers(0, 20))
def test_a_text_has_one_hash_in_any_array_slice_or_chunk(texts: list[str], cut: int, chunk: int) -> None:
    alone = [hashes(text)[0] for text in texts]

    array = pa.array(texts, pa.string())
    chunked = pa.chunked_array([array.slice(0, chunk), array.slice(chunk)])

    assert text_hashes(array).tolist() == alone
    assert text_hashes(array.slice(cut)).tolist() == alone[cut:]
    assert text_hashes(chunked).tolist() == alone


@given(TEXTS)
def test_different_texts_have_different_hashes(texts: list[str]) -> None:
    assert len(set(hashes(*texts))) == len(set(texts))


def test_texts_that_differ_only_by_zero_bytes_at_the_end_differ() -> None:
    assert len(set(hashes("", "\0", "\0\0", "a", "a\0", "abcdefgh", "abcdefgh\0"))) == 7


def test_no_text_has_no_hash() -> None:
    assert hashes() == []


def test_hashes_are_the_same_in_every_process_and_release() -> None:
    assert hashes("", "a", "abcdefgh", "ümlaut 9") == [
        0x0000000000000000,
        0xD152D8F5686FED1E,
        0x0CC1D9F5596C9015,
        0x9ADA426A7B6E77BC,
    ]


def test_ids_that_hardly_differ_have_hashes_of_which_every_bit_is_even() -> None:
    numbers = text_hashes(pa.array([str(number) for number in range(20_000)]))

    assert len(np.unique(numbers)) == 20_000
    shares = [float(((numbers >> np.uint64(bit)) & np.uint64(1)).mean()) for bit in range(64)]
    assert all(abs(share - 0.5) < 0.02 for share in shares)


def test_mixing_keeps_numbers_apart() -> None:
    assert len(np.unique(mixed(np.arange(10_000, dtype=np.uint64)))) == 10_000


def test_distinct_hashes_come_in_order_and_each_once() -> None:
    assert distinct(np.array([2**63, 5, 2**63, 1, 5], np.uint64)).tolist() == [1, 5, 2**63]
    assert distinct(np.empty(0, np.uint64)).tolist() == []
