"""Ranking of fields, and words about them."""

from __future__ import annotations

from personalize_assets.catalog.field_ranking import count_of, depth_penalty, example, ranked, share, share_of
from personalize_assets.catalog.observed_fields import Observed

OBSERVED = Observed([{"a": 1, "b": {"c": "x" * 50}, "context": {"d": 1}}, {"a": 2}])


def test_the_best_come_first_and_fields_far_below_them_are_left_out() -> None:
    scores = {"a": 10.0, "b.c": 4.1, "context.d": 4.0}

    found = ranked(OBSERVED, lambda seen: scores.get(seen.path, 0))

    assert [seen.path for seen in found] == ["a", "b.c"]


def test_no_field_without_a_score_is_ranked() -> None:
    assert ranked(OBSERVED, lambda seen: 0) == []


def test_deeper_fields_lose_and_those_of_the_context_most() -> None:
    assert [depth_penalty(OBSERVED.fields[path]) for path in ("a", "b.c", "context.d")] == [0, 5, 25]


def test_shares_are_of_all_events_or_of_the_wanted_ones() -> None:
    assert (share(OBSERVED.fields["b.c"], OBSERVED), share_of({0}, {0, 1, 2, 3}), share_of({0}, set())) == (
        0.5,
        0.25,
        0,
    )


def test_a_count_is_in_the_plural_unless_it_is_one() -> None:
    assert (count_of(1, "user"), count_of(1000, "user")) == ("1 user", "1,000 users")


def test_an_example_is_short() -> None:
    assert example(OBSERVED.fields["b.c"]) == "x" * 39 + "…"
