"""What a sample of ids says about all of them."""

from __future__ import annotations

import msgspec
import pyarrow as pa
import pytest

from personalize_assets.conversion.export import id_sketch
from personalize_assets.conversion.export.id_sketch import IdSketch


def sketch(*ids: str | None) -> IdSketch:
    made = IdSketch.of(pa.array(ids, pa.string()))
    return msgspec.json.decode(msgspec.json.encode(made), type=IdSketch)  # as it travels


def test_few_ids_are_counted_exactly_and_compared_exactly() -> None:
    users, known = sketch("a", "a", "b", "c", None), sketch("b", "c", "d", "e", "f")

    assert (users.distinct, users.with_at_least(2), users.is_sample) == (3, 1, False)
    assert (users.missing_in(known), known.missing_in(users)) == (1, 3)


def test_sketches_of_parts_add_up_to_that_of_the_whole() -> None:
    parts = [sketch("a", "a", "b"), sketch("b", "c"), sketch()]

    assert sum(parts, IdSketch()) == sketch("a", "a", "b", "b", "c")


def test_a_sketch_of_nothing_has_no_ids() -> None:
    nothing = IdSketch()

    assert (nothing.distinct, nothing.with_at_least(1), nothing.histogram()) == (0, 0, {})
    assert (nothing.missing_in(sketch("a")), sketch("a").missing_in(nothing)) == (0, 1)


def test_ids_are_counted_by_how_often_they_occur_in_classes_that_double() -> None:
    assert sketch(*"a" * 5, *"bb", *"ccc", "d").histogram() == {"1": 1, "2-3": 2, "4-7": 1}


def test_figures_of_a_sample_are_right_within_a_few_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_sketch, "SAMPLE", 4096)
    whole = IdSketch()
    for start in range(0, 60_000, 20_000):  # 60,000 users in three parts; every third of them comes twice
        ids = [f"u{n}" for n in range(start, start + 20_000)]
        whole += sketch(*ids, *ids[::3])
    known = sketch(*(f"u{n}" for n in range(45_000)))

    assert whole.is_sample
    assert whole.distinct == pytest.approx(60_000, rel=0.05)
    assert whole.with_at_least(2) == pytest.approx(20_000, rel=0.08)
    assert whole.missing_in(known) == pytest.approx(15_000, rel=0.1)
    assert known.missing_in(whole) == 0


def test_the_most_frequent_ids_are_named() -> None:
    whole = sketch(*["robot"] * 500, *(f"u{n}" for n in range(1000)))
    whole += sketch(*["robot"] * 400, *(f"v{n}" for n in range(1000)))

    assert next(iter(whole.frequent.items())) == ("robot", 900)
    assert len(whole.frequent) == 50
