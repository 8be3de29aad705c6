"""Why rows are missing: events and counts in, sentences out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.mapping.paths import parse_path
from personalize_assets.quality.causes import CauseFacts, causes, unidentified
from personalize_assets_tests.helpers.strategies import VALUES

END = 1_790_899_199
EVENT = {"event": "view", "userId": "u1", "properties": {"sku": "s1"}, "at": "2026-10-01T05:00:00Z"}


def dataset(where: dict[str, tuple[str, ...]] | None = None, each: str | None = None, **paths: str) -> Dataset:
    """Interactions whose USER_ID, ITEM_ID, TIMESTAMP and further columns have these paths."""
    found = {"USER_ID": "userId", "ITEM_ID": "properties.sku", "TIMESTAMP": "at", **paths}
    columns = tuple(
        Column(name, (path,), type="timestamp" if name == "TIMESTAMP" else "string", required=True)
        for name, path in found.items()
    )
    return Dataset("interactions", columns, where or {}, each)


def found(
    of: Dataset,
    events: Sequence[dict[str, Any]],
    rejected: Mapping[str, int] | None = None,
    *,
    rows: int | None = None,
    masked: Sequence[str] = (),
    **counts: Any,
) -> list[str]:
    """The causes where every event of the sample is one that was read, and each gives a row without ``rows``."""
    facts: dict[str, Any] = {"days": 1, "raw_files": 1, "read": len(events), "malformed": {}, "unreadable": 0, **counts}
    return causes(
        CauseFacts(
            dataset=of,
            rows=len(events) if rows is None else rows,
            rejected=rejected or {},
            sample=lambda: events,
            max_epoch_seconds=END,
            masked=[parse_path(path) for path in masked],
            **facts,
        )
    )


def test_where_nothing_is_missing_there_is_no_cause_and_no_file_is_read() -> None:
    def sample() -> list[dict[str, Any]]:
        raise AssertionError

    facts = CauseFacts(
        dataset=dataset({"event": ("view",)}),
        days=1,
        raw_files=1,
        read=10,
        malformed={},
        unreadable=0,
        rows=10,
        rejected={"missing:USER_ID": 2},
        sample=sample,
        max_epoch_seconds=END,
        masked=(),
    )

    assert causes(facts) == []


# what was read


def test_days_without_a_raw_file() -> None:
    assert found(dataset(), [], raw_files=0, days=2) == [
        "source: 2 days without a raw file; if there should be some, correct `uri`, `layout` or `start_date` of the "
        "source, or name other days with --days"
    ]


def test_files_without_an_event() -> None:
    assert found(dataset(), [], raw_files=3) == ["source: the 3 raw files of 1 day hold no event"]


def test_malformed_events_and_unreadable_files() -> None:
    assert found(dataset(), [EVENT] * 90, malformed={"malformed_json": 9}, unreadable=1, read=100, raw_files=5) == [
        "source: 9 of 100 events are malformed (malformed_json: 9); rejects/ has them",
        "source: 1 of 5 raw files are of no supported format; rejects/ says which, what they seem to be and what to do "
        "(reason `unreadable_file`)",
    ]


# where


CUT = (
    "the warehouse cuts texts at the width of their column (Segment's have 512); widen the column there, or load it as "
    "SUPER"
)


@pytest.mark.parametrize(
    ("lengths", "cause"),
    [
        ([512], "1 of 1 texts at `products` that are no JSON have 512 characters"),
        ([40, 1000, 1000, 30], "2 of 4 texts at `products` that are no JSON have 1,000 characters"),
        ([40, 40, 40], None),
        ([200, 300, 400, 500, 600], None),
        ([], None),
    ],
)
def test_texts_of_one_length_that_are_no_json_were_cut_by_a_warehouse(lengths: list[int], cause: str | None) -> None:
    causes = found(
        dataset(), [EVENT] * 99, malformed={"not_json:products": 1}, read=100, unparsed=lambda: {"products": lengths}
    )

    assert causes == ([f"source.parse: {cause}: {CUT}"] if cause else [])


def test_a_condition_whose_value_no_event_has_names_the_most_frequent_values() -> None:
    events = [{**EVENT, "event": name} for name in ("view", "view", "buy")]

    assert found(dataset({"event": ("Purchase", "Order")}), events, rows=0, read=3822) == [
        "`where` matched 0 of 3,822 events: no value of `event` is `Purchase` or `Order`; the most frequent `event` "
        "values are `view` (2), `buy` (1) in a sample of 3 events"
    ]


def test_a_value_that_differs_only_by_case_is_named_as_that() -> None:
    assert found(dataset({"event": ("View",)}), [EVENT], rows=0) == [
        "`where` matched 0 of 1 events: no value of `event` is `View`, which differ by case or space; the most "
        "frequent "
        "`event` values are `view` (1)"
    ]


def test_a_condition_on_a_path_that_no_event_has_names_the_field_of_a_like_name() -> None:
    assert found(dataset({"Event": ("view",)}), [EVENT], rows=0) == [
        "`where` matched 0 of 1 events: path `Event` is in no event; events have `event`"
    ]


def test_masked_values_are_not_shown() -> None:
    assert found(dataset({"event": ("Purchase",)}), [EVENT], rows=0, masked=["event"]) == [
        "`where` matched 0 of 1 events: no value of `event` is `Purchase`; its values are masked"
    ]


def test_conditions_that_no_event_satisfies_together() -> None:
    events = [{"event": "view", "kind": "app"}, {"event": "buy", "kind": "web"}]

    assert found(dataset({"event": ("view",), "kind": ("web",)}), events, rows=0) == [
        "`where` matched 0 of 2 events: of 2 events looked at, some satisfy each condition (`event` by 1, `kind` "
        "by 1), "
        "but 0 satisfy all of them"
    ]


# columns


def test_a_path_that_no_event_has_names_the_field_of_a_like_name() -> None:
    assert found(dataset(USER_ID="user_id"), [EVENT] * 4, {"missing:USER_ID": 4}) == [
        "USER_ID: path `user_id` is in no wanted event; events have `userId`; 4 of 4 rows are rejects (missing:USER_ID)"
    ]


def test_without_a_like_name_the_fields_that_could_be_the_user_are_named() -> None:
    assert found(dataset(USER_ID="who"), [EVENT] * 4, {"missing:USER_ID": 4}) == [
        "USER_ID: path `who` is in no wanted event; events have `userId`; 4 of 4 rows are rejects (missing:USER_ID)"
    ]


def test_without_any_likely_field_those_that_most_events_have_are_named() -> None:
    assert found(dataset(GENRE="genre"), [EVENT] * 4, {"missing:GENRE": 4}) == [
        "GENRE: path `genre` is in no wanted event; events have `at` or `event` or `properties.sku` or `userId`; 4 "
        "of 4 "
        "rows are rejects (missing:GENRE)"
    ]


def test_a_path_that_some_events_have_is_compared_with_fields_that_more_have() -> None:
    events = [{**EVENT, "userId": None, "user_id": f"u{n}"} for n in range(3)] + [EVENT]

    assert found(dataset(), events, {"missing:USER_ID": 3}) == [
        "USER_ID: of 4 wanted events looked at `userId` is in 1; of the others `user_id` is in 3; 3 of 4 rows are "
        "rejects "
        "(missing:USER_ID)"
    ]


def test_ids_in_the_elements_of_an_array_are_named_with_the_array() -> None:
    order = {**EVENT, "properties": {}, "products": [{"sku": "a"}, {"sku": "b"}]}

    assert found(dataset(), [EVENT, order, order], {"missing:ITEM_ID": 2}) == [
        "ITEM_ID: of 3 wanted events looked at `properties.sku` is in 1; of the others `each.sku (each: products)` "
        "is in "
        "2; 2 of 3 rows are rejects (missing:ITEM_ID)"
    ]


def test_values_that_count_as_missing_are_shown() -> None:
    events = [{**EVENT, "userId": text} for text in ("undefined", "undefined", " ", "u1")]

    assert found(structs.replace(dataset(), nulls=("undefined",)), events, {"missing:USER_ID": 3}) == [
        "USER_ID: of 4 wanted events looked at `userId` is in 1; values that count as missing: `undefined` (2), ` "
        "` (1); "
        "3 of 4 rows are rejects (missing:USER_ID)"
    ]


def test_a_path_through_an_array_is_explained() -> None:
    events = [{**EVENT, "products": [{"sku": "a"}, {"sku": "b"}]}] * 3

    assert found(dataset(ITEM_ID="products.sku"), events, {"bad_value:ITEM_ID": 3}) == [
        "ITEM_ID: `products.sku` cannot be used; `products` is an array: `each: products` makes a row of each element, "
        "and `each.sku` leads to the field of one; 3 of 3 rows are rejects (bad_value:ITEM_ID)"
    ]


def test_a_path_into_text_is_explained() -> None:
    events = [{**EVENT, "properties": '{"sku": "s1"}'}] * 3

    assert found(dataset(), events, {"missing:ITEM_ID": 3}) == [
        "ITEM_ID: path `properties.sku` is in no wanted event; `properties` is text there and no object; 3 of 3 "
        "rows are "
        "rejects (missing:ITEM_ID)"
    ]


def test_values_that_are_no_time_are_shown() -> None:
    events = [{**EVENT, "at": "yesterday"}] * 2 + [EVENT]

    assert found(dataset(), events, {"bad_timestamp": 2}) == [
        "TIMESTAMP: `at` holds what is no time, such as `yesterday` (2); "
        "docs/reference/mapping.md lists the forms that are read; 2 of 3 "
        "rows are rejects (bad_timestamp)"
    ]


def test_values_of_a_sample_are_counted_as_that() -> None:
    (cause,) = found(dataset(), [{**EVENT, "at": "yesterday"}], {"bad_timestamp": 50}, rows=50, read=60)

    assert cause.startswith("TIMESTAMP: `at` holds what is no time, such as `yesterday` (1) in a sample of 1 event; ")


def test_times_outside_the_range_are_shown() -> None:
    assert found(dataset(), [{**EVENT, "at": 12}], {"bad_timestamp": 1}) == [
        "TIMESTAMP: `at` holds times before 1990 or after the day that follows the file's arrival, such as `12` "
        "(1), read "
        "as 1970-01-01 00:00:12; map another field, or correct `layout` if the arrival day is wrong; 1 of 1 rows "
        "are rejects (bad_timestamp)"
    ]


def test_ids_that_are_too_long_are_shortened() -> None:
    events = [{**EVENT, "userId": "u" * 300}]

    assert found(dataset(), events, {"too_long:USER_ID": 1}) == [
        f"USER_ID: values of `userId` have more than 256 characters, such as `{'u' * 59}…` (1); 1 of 1 rows are "
        "rejects "
        "(too_long:USER_ID)"
    ]


def test_values_of_a_masked_path_are_counted_and_not_shown() -> None:
    events = [{**EVENT, "userId": "u" * 300}]

    assert found(dataset(), events, {"too_long:USER_ID": 1}, masked=["userId"]) == [
        "USER_ID: values of `userId` cannot be used; they are masked; 1 of 1 rows are rejects (too_long:USER_ID)"
    ]


def test_the_most_frequent_of_many_small_reasons_is_explained() -> None:
    rejected = {"missing:USER_ID": 3, "missing:ITEM_ID": 2}

    assert [text.partition(":")[0] for text in found(dataset(USER_ID="who"), [EVENT] * 20, rejected, rows=20)] == [
        "USER_ID"
    ]


# dedupe_by


def facts_of(dedupe_by: str | None, *events: dict[str, Any], each: str | None = None) -> CauseFacts:
    return CauseFacts(
        dataset=structs.replace(dataset({"event": ("view",)}, each), dedupe_by=dedupe_by),
        days=1,
        raw_files=1,
        read=len(events),
        malformed={},
        unreadable=0,
        rows=len(events),
        rejected={},
        sample=lambda: events,
        max_epoch_seconds=END,
        masked=(),
    )


def test_a_message_id_that_no_wanted_event_has_is_named_with_the_field_of_a_like_name() -> None:
    events = ({**EVENT, "messageId": "m1"}, {"event": "other", "mesageId": "m2"})

    assert unidentified(facts_of("mesageId", *events)) == (
        "dedupe_by: path `mesageId` is in no wanted event; events have `messageId`; only rows that are equal in every "
        "column count as repeats"
    )


@pytest.mark.parametrize(
    "facts",
    [
        facts_of(None, EVENT),
        facts_of("id"),
        facts_of("id", {"event": "other"}),
        facts_of("id", EVENT, {**EVENT, "id": 7}),
        facts_of("each.id", {**EVENT, "products": [{}, {"id": "p"}]}, each="products"),
    ],
    ids=["no dedupe_by", "no event", "no wanted event", "in one event", "in one element"],
)
def test_a_message_id_that_any_wanted_event_has_is_no_mistake(facts: CauseFacts) -> None:
    assert unidentified(facts) is None


ANY_EVENT = st.fixed_dictionaries(
    {},
    optional={
        "event": VALUES,
        "userId": VALUES,
        "products": st.one_of(st.lists(st.fixed_dictionaries({"sku": VALUES, "user_id": VALUES}), max_size=2), VALUES),
        "a.b": VALUES,
        "at": VALUES,
    },
)


@given(
    st.lists(ANY_EVENT, max_size=4),
    st.sampled_from(["userId", "each", "each.sku", "products.sku", "products[sku=a].x", "`a.b`.c", "none"]),
    st.sampled_from(["missing:ITEM_ID", "bad_value:ITEM_ID", "bad_timestamp", "too_long:USER_ID", "too_many_elements"]),
    st.sampled_from([None, "products", "event.x"]),
)
def test_whatever_the_events_are_causes_are_sentences(
    events: list[dict[str, Any]], item: str, reason: str, each: str | None
) -> None:
    where: dict[str, tuple[str, ...]] = {"event": ("view",), "each.sku": ("a",)} if each else {"event": ("view",)}
    of = dataset(where, each, ITEM_ID=item)

    for text in (*found(of, events, {reason: 3}, rows=3), *found(of, events, rows=0, read=9)):
        assert text == text.strip() != ""
