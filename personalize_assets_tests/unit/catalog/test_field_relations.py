"""How the values of two fields go together."""

from __future__ import annotations

from typing import Any

from personalize_assets.catalog.field_relations import agree, is_determined_by, parent_name, spellings
from personalize_assets.catalog.observed_fields import Observed


def determined(*events: dict[str, Any]) -> bool:
    observed = Observed(events)
    return is_determined_by(observed, observed.fields["kind"], observed.fields["item"])


def test_a_kind_that_each_item_has_one_of_is_determined_by_it() -> None:
    assert determined(*({"item": n % 6, "kind": "ab"[n % 6 % 2]} for n in range(36)))


def test_a_kind_that_differs_within_items_is_not() -> None:
    assert not determined(*({"item": n % 6, "kind": "ab"[n % 5 % 2]} for n in range(36)))


def test_a_constant_is_not() -> None:
    assert not determined(*({"item": n % 6, "kind": "a"} for n in range(36)))


def test_without_repeats_nothing_is_known() -> None:
    assert not determined(*({"item": n, "kind": "ab"[n % 2]} for n in range(36)))


def agreed(*events: dict[str, Any]) -> bool | None:
    observed = Observed(events)
    return agree(observed, observed.fields["a"], observed.fields["b"])


def test_fields_agree_if_nine_of_ten_events_have_the_same_value() -> None:
    same = [{"a": n, "b": str(n)} for n in range(9)]

    assert agreed(*same, {"a": 1, "b": 2}) is True
    assert agreed(*same, {"a": 1, "b": 2}, {"a": 1, "b": 3}) is False


def test_of_fields_that_are_never_together_nothing_is_known() -> None:
    assert agreed({"a": 1}, {"b": 1}) is None


def spelled(*events: dict[str, Any]) -> list[str]:
    """The further spellings of the field `userId`."""
    observed = Observed(events)
    found = spellings(observed, observed.fields["userId"], list(observed), set(range(len(events))))
    return [seen.path for seen in found]


def test_names_of_one_object_that_differ_by_case_and_punctuation_are_spellings() -> None:
    assert spelled({"userId": "a"}, {"user_id": "b"}, {"USERID": "c"}, {"user": "d"}) == ["USERID", "user_id"]


def test_a_spelling_that_adds_no_event_is_left_out() -> None:
    assert spelled({"userId": "a", "user_id": "a"}) == []


def test_an_id_within_an_object_is_a_spelling_if_the_values_agree() -> None:
    assert spelled({"userId": "a", "user": {"id": "a"}}, {"user": {"id": "b"}}) == ["user.id"]
    assert spelled({"userId": "a", "user": {"id": "x"}}, {"user": {"id": "b"}}) == []


def test_the_name_of_the_object_around_a_field() -> None:
    observed = Observed([{"a": {"b c": {"d": 1}}, "e": 1}])

    assert [parent_name(observed.fields[path]) for path in ("a.`b c`.d", "e")] == ["b c", ""]
