"""Masked fields of events, and the columns that are made of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.mapping.masking import (
    Mask,
    event_paths,
    hashed_paths,
    masked_columns,
    masked_profile,
)
from personalize_assets.conversion.spec import Blamed, DayProfile, ExportProfile, IdProfile

EVENT = {
    "userId": 7,
    "traits": {"email": "a@b.example", "name": None},
    "products": [{"sku": "s", "note": "to Ann"}, {"sku": "t"}, "Ann"],
}


@pytest.mark.parametrize(
    ("paths", "shown"),
    [
        (["traits.email"], {**EVENT, "traits": {"email": "***", "name": None}}),
        (["traits"], {**EVENT, "traits": "***"}),
        (["traits.name", "nobody", "traits.email.domain"], {**EVENT, "traits": {"email": "***", "name": None}}),
        (["userId.x"], {**EVENT, "userId": "***"}),
        (["products.note"], {**EVENT, "products": [{"sku": "s", "note": "***"}, {"sku": "t"}, "***"]}),
        (["products"], {**EVENT, "products": "***"}),
    ],
)
def test_a_masked_value_is_replaced_wherever_its_path_leads(paths: list[str], shown: dict[str, Any]) -> None:
    mask = Mask(paths)

    assert mask.event(EVENT) == shown
    assert json.loads(mask.raw(json.dumps(EVENT).encode()) or "") == shown
    assert EVENT["userId"] == 7, "the event itself stays as it is"


@pytest.mark.parametrize(
    "raw",
    [b'{"email":"ann@b.example"', b'"ann@b.example"', b'[{"email":"ann"}]', b'{"email":"ann\xff"}', b"ann", b""],
)
def test_nothing_is_shown_of_what_is_no_event(raw: bytes) -> None:
    assert Mask(["email"]).raw(raw) is None


def test_a_key_that_is_there_twice_hides_nothing() -> None:
    assert Mask(["email"]).raw(b'{"email":"ann","x":1,"email":"ann"}') == '{"email":"***","x":1}'


def test_numbers_of_any_size_and_deep_events_are_written_anew() -> None:
    deep = b'{"a":' * 399 + b'{"email":"ann"}' + b"}" * 399

    assert Mask(["email"]).raw(b'{"email":"ann","n":' + b"9" * 40 + b',"m":1e999}') == (
        '{"email":"***","n":' + "9" * 40 + ',"m":null}'
    )
    assert Mask([".".join(["a"] * 399) + ".email"]).raw(deep) == deep.replace(b"ann", b"***").decode()


NAMES = st.sampled_from(["a", "b", "c"])
SECRETS = st.just("secret")
TREES = st.recursive(
    st.one_of(SECRETS, st.none(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
)


@given(st.dictionaries(NAMES, TREES), st.lists(NAMES, min_size=1, max_size=3))
def test_nothing_below_a_masked_path_is_left_in_any_event(event: dict[str, Any], path: list[str]) -> None:
    shown = Mask([".".join(path)]).event(event)

    def found(value: Any, steps: list[str]) -> bool:
        if isinstance(value, list):
            return any(found(element, steps) for element in value)
        if isinstance(value, dict) and steps:
            return found(value.get(steps[0]), steps[1:])
        return "secret" in json.dumps(value)

    assert not found(shown, path)


def test_a_column_of_what_is_masked_is_for_no_preview() -> None:
    columns = (
        Column("ITEM_ID", ("each.sku", "sku"), hash=True),
        Column("NOTE", ("each.note",)),
        Column("ALL", ("products",)),
        Column("CITY", ("traits.city",)),
        Column("PRICE", ("price",)),
    )

    shown = masked_columns(Dataset("items", columns, where={}, each="products"), ["products.note", "traits", "sku"])

    assert shown == {"NOTE", "ALL", "CITY"}


def test_the_paths_of_hashed_columns_start_at_the_event() -> None:
    columns = (Column("ITEM_ID", ("each.sku", "sku"), hash=True), Column("X", ("x",)))

    assert hashed_paths(Dataset("items", columns, where={}, each="a.`b c`")) == ["a.`b c`[*=*].sku", "sku"]


def test_the_paths_of_any_columns_start_at_the_event() -> None:
    columns = (Column("USER_ID", ("user", "each.user")), Column("X", ("x",)))

    assert event_paths(Dataset("interactions", columns, where={}, each="a"), {"USER_ID"}) == ["user", "a[*=*].user"]


def test_a_mask_of_no_path_is_false() -> None:
    assert (bool(Mask([])), bool(Mask(["a"]))) == (False, True)


# -- profiles --------------------------------------------------------------------------------------------------------

NOW = 1_790_812_800  # 2026-10-01T00:00:00Z
ROW = {"USER_ID": "ann", "EVENT_TYPE": "bought pills", "NOTE": None, "TIMESTAMP": NOW}


def ids(distinct: int, frequent: dict[str, int]) -> IdProfile:
    return IdProfile(distinct=distinct, estimated=False, with_two=1, histogram={"1": 1}, frequent=frequent)


PROFILE = ExportProfile(
    rows=3,
    nulls={"USER_ID": 0, "NOTE": 1},
    max_chars={"USER_ID": 3},
    first={"TIMESTAMP": NOW, "BORN": 1},
    last={"TIMESTAMP": NOW + 9, "BORN": 2},
    blamed={"time:TIMESTAMP": Blamed(rows=1, shown=(ROW,))},
    categories={},
    ids={"USER_ID": ids(2, {"ann": 2, "bob": 1}), "ITEM_ID": ids(1, {"i1": 3})},
    preview=(ROW,),
    events={"bought pills": 2, "view": 1},
)


def test_the_profile_of_an_export_keeps_its_counts_and_no_masked_value() -> None:
    row = {"USER_ID": "***", "EVENT_TYPE": "***", "NOTE": None, "TIMESTAMP": NOW}

    assert masked_profile(PROFILE, {"USER_ID", "EVENT_TYPE", "NOTE", "BORN"}) == structs.replace(
        PROFILE,
        first={"TIMESTAMP": NOW},
        last={"TIMESTAMP": NOW + 9},
        blamed={"time:TIMESTAMP": Blamed(rows=1, shown=(row,))},
        ids={"USER_ID": ids(2, {"*** 1": 2, "*** 2": 1}), "ITEM_ID": ids(1, {"i1": 3})},
        preview=(row,),
        events={"*** 1": 2, "view": 1},
    )


def test_names_that_are_alike_are_counted_but_not_shown() -> None:
    groups = (("Paid", "paid"), ("a", "A"))
    profile = structs.replace(PROFILE, alike={"EVENT_TYPE": groups, "COLOUR": groups})

    assert masked_profile(profile, {"EVENT_TYPE"}).alike == {"EVENT_TYPE": (("***", "***"),) * 2, "COLOUR": groups}


def test_the_profile_of_a_day_keeps_no_masked_value() -> None:
    day = DayProfile(nulls={"USER_ID": 0}, events={"Paid": 2}, hours={"7": 2}, times=(NOW, NOW), preview=(ROW,))

    assert masked_profile(day, {"EVENT_TYPE", "TIMESTAMP"}) == structs.replace(
        day, events={"*** 1": 2}, times=(), preview=({**ROW, "EVENT_TYPE": "***", "TIMESTAMP": "***"},)
    )


def test_a_profile_that_is_masked_already_and_one_of_nothing_masked_stay_as_they_are() -> None:
    masked = masked_profile(PROFILE, {"USER_ID", "EVENT_TYPE"})

    assert masked_profile(masked, {"USER_ID", "EVENT_TYPE"}) == masked
    assert masked_profile(PROFILE, set()) == PROFILE


def test_a_pick_masks_every_element_that_it_could_lead_to() -> None:
    event = {"params": [{"key": "id", "value": 1}, {"key": "page", "value": 2}, {"key": "id", "value": {"s": 3}}]}

    assert Mask(["params[key=id].value"]).event(event) == {
        "params": [{"key": "id", "value": "***"}, {"key": "page", "value": 2}, {"key": "id", "value": "***"}]
    }
    assert Mask(["params[key=page]"]).event(event)["params"][1] == {"key": "***", "value": "***"}


def test_a_column_of_a_pick_is_masked_with_the_array_or_any_field_of_its_elements() -> None:
    dataset = Dataset("items", (Column("ITEM_ID", ("params[key=id].value",)), Column("PAGE", ("page",))), {})

    for masked in ("params", "params.value", "params[key=page].value"):
        assert masked_columns(dataset, [masked]) == {"ITEM_ID"}


def test_a_hashed_field_of_the_elements_is_masked_in_arrays_and_in_objects() -> None:
    dataset = Dataset("users", (Column("USER_ID", ("each.email",), hash=True),), {}, "items")
    mask = Mask(hashed_paths(dataset))

    assert mask.event({"items": [{"email": "a@b.example"}, "c@d.example"]}) == {"items": [{"email": "***"}, "***"]}
    assert mask.event({"items": {"p1": {"email": "a@b.example"}, "p2": "c@d.example"}}) == {
        "items": {"p1": {"email": "***"}, "p2": "***"}
    }


def test_elements_that_are_hashed_themselves_are_masked_as_a_whole() -> None:
    dataset = Dataset("users", (Column("USER_ID", ("each",), hash=True),), {}, "ids")

    assert Mask(hashed_paths(dataset)).event({"ids": ["a", "b"]}) == {"ids": "***"}
