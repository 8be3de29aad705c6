"""How a multipart upload is put together: within S3's limits, in order, and with as little sent as can be."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.storage.multipart_plan import Piece, Span, plan

MB = 1024**2
GB = 1024**3
LEAST, MOST = 5 * MB, 5 * GB


def sent(*spans: tuple[int, int, int]) -> Piece:
    return Piece(tuple(Span(*span) for span in spans), copied=False)


def copied(part: int, first: int, end: int) -> Piece:
    return Piece((Span(part, first, end),), copied=True)


def test_a_large_part_is_copied_but_for_what_fills_the_headers_piece() -> None:
    assert plan(10, [20 * MB]) == [sent((0, 0, LEAST - 10)), copied(0, LEAST - 10, 20 * MB)]


def test_without_a_header_a_part_of_5_mb_is_copied_whole() -> None:
    assert plan(0, [LEAST, LEAST]) == [copied(0, 0, LEAST), copied(1, 0, LEAST)]


def test_a_part_one_byte_short_of_5_mb_takes_that_byte_from_the_next() -> None:
    assert plan(0, [LEAST - 1, 10 * MB]) == [sent((0, 0, LEAST - 1), (1, 0, 1)), copied(1, 1, 10 * MB)]


def test_a_part_whose_rest_would_be_too_small_to_copy_is_sent_whole() -> None:
    assert plan(10, [2 * LEAST - 11]) == [sent((0, 0, 2 * LEAST - 11))]
    assert plan(10, [2 * LEAST - 10]) == [sent((0, 0, LEAST - 10)), copied(0, LEAST - 10, 2 * LEAST - 10)]


def test_small_neighbours_are_sent_together() -> None:
    assert plan(0, [2 * MB] * 4) == [sent((0, 0, 2 * MB), (1, 0, 2 * MB), (2, 0, 2 * MB)), sent((3, 0, 2 * MB))]


def test_a_small_last_part_is_a_piece_of_its_own() -> None:
    assert plan(0, [LEAST, 1]) == [copied(0, 0, LEAST), sent((1, 0, 1))]


def test_empty_parts_are_no_pieces() -> None:
    assert plan(0, [0, LEAST, 0, 0]) == [copied(1, 0, LEAST)]


def test_a_part_over_256_mb_is_copied_in_even_ranges_side_by_side() -> None:
    assert plan(0, [600 * MB]) == [copied(0, number * 200 * MB, (number + 1) * 200 * MB) for number in range(3)]


@pytest.mark.parametrize(
    ("parts", "pieces"),
    [([6 * MB] * 10_000, 10_000), ([6 * MB] * 10_001, 5001), ([400 * GB], 1600), ([600_000] * 100_000, 5556)],
    ids=["as many as may be", "one more", "one of 400 GB", "many small ones"],
)
def test_there_are_never_more_than_10000_pieces(parts: Sequence[int], pieces: int) -> None:
    assert len(plan(0, parts)) == pieces


SIZES = st.one_of(
    st.integers(0, 3 * LEAST),
    st.sampled_from([0, 1, LEAST - 1, LEAST, LEAST + 1, 2 * LEAST - 1, 2 * LEAST, MOST - 1, MOST, MOST + 1, 80 * GB]),
)


@given(st.sampled_from([0, 1, 50, LEAST, LEAST + 1]), st.lists(SIZES, max_size=12))
def test_every_byte_is_in_one_piece_in_order_and_within_the_limits(header: int, parts: list[int]) -> None:
    pieces = plan(header, parts)

    whole = [(part, first) for part, size in enumerate(parts) for first in (0, size)]
    ends = [(span.part, end) for piece in pieces for span in piece.spans for end in (span.first, span.end)]
    # Spans follow one another without a gap: what is left of their ends are those of the parts that are not empty.
    joints = {end for end in ends if ends.count(end) == 2}
    assert [end for end in ends if end not in joints] == [(part, at) for part, at in whole if parts[part]]
    assert ends == sorted(ends)
    sizes = [piece.bytes + (0 if number else header) for number, piece in enumerate(pieces)]
    assert sum(sizes) == header + sum(parts)
    assert all(LEAST <= size <= MOST for size in sizes[:-1])
    assert all(0 < size <= MOST for size in sizes[-1:])
    assert all(len(piece.spans) == 1 for piece in pieces if piece.copied)
    assert not (header and pieces[0].copied)


@given(st.integers(0, 100), st.lists(SIZES, max_size=12))
def test_what_is_sent_is_less_than_15_mb_a_piece(header: int, parts: list[int]) -> None:
    assert all(piece.bytes < 3 * LEAST for piece in plan(header, parts) if not piece.copied)
