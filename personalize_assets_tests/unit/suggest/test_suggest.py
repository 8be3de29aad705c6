"""From raw files to a config that loads: other people's schemas, refusals, and the command."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.cli import main
from personalize_assets.config import Config, load_config
from personalize_assets.config.loading import parse_yaml
from personalize_assets.conversion.mapping.paths import parse_path
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.suggest import suggest, suggest_config
from personalize_assets_tests.helpers.sites import (
    SITES,
    START,
    make_site,
    media_event,
    suggested,
    suggested_datasets,
    suggested_values,
    write_events,
)


@pytest.fixture(scope="module", params=SITES)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A source, and the config that was written for it by hand."""
    return make_site(request.param, tmp_path_factory.mktemp("site"))


def test_the_place_and_the_mapping_are_those_written_by_hand(site: tuple[Path, Path], tmp_path: Path) -> None:
    source, by_hand = site

    found, wanted = suggested(source, tmp_path), load_config(by_hand, {})

    assert found.source.uri == wanted.source.uri
    assert found.source.layout == wanted.source.layout
    if found.source.layout != "flat":  # whose keys carry no day: it is that of the oldest event
        assert found.source.start_date == wanted.source.start_date
    assert found.conversion_datasets() == wanted.conversion_datasets()


def test_a_media_sites_plain_events(tmp_path: Path) -> None:
    source = write_events(tmp_path / "raw", map(media_event, range(200)))

    assert suggested_datasets(source, tmp_path) == {
        "interactions": {
            "where": {"action": ["like", "play"]},
            "columns": {"USER_ID": "user_id", "ITEM_ID": "video_id", "EVENT_TYPE": "action", "TIMESTAMP": "ts"},
        }
    }


def test_the_events_of_awss_own_conversion_sample(tmp_path: Path) -> None:
    def event(number: int) -> dict[str, Any]:
        item = number * 7 % 30
        who = {"type": "useritem", "ITEM_ID": item, "USER_ID": number % 5, "EVENT_TYPE": "click"}
        return {**who, "EVENT_VALUE": item, "TIMESTAMP": START + number}

    key = "useritem/2026/10/01/00/a.json"
    source = write_events(tmp_path / "bucket", map(event, range(60)), key)

    found = suggested_values(source, tmp_path)

    assert found["source"]["uri"] == "bucket/useritem"
    assert found["source"]["layout"] == "firehose"
    assert found["datasets"]["interactions"] == {
        "where": {"EVENT_TYPE": ["click"]},
        "columns": {
            "USER_ID": "USER_ID",
            "ITEM_ID": "ITEM_ID",
            "EVENT_TYPE": "EVENT_TYPE",
            "EVENT_VALUE": {"path": "EVENT_VALUE", "type": "float"},
            "TIMESTAMP": "TIMESTAMP",
        },
    }


def test_events_like_google_analytics_with_microseconds_and_items_in_an_array(tmp_path: Path) -> None:
    def event(number: int) -> dict[str, Any]:
        items = [{"item_id": f"i{(number + n) % 17}", "item_category": "abc"[n], "price": 1.5 + n} for n in range(2)]
        return {
            "event_name": ("select_item", "view_item", "purchase", "remove_from_cart", "scroll")[number % 5],
            "event_timestamp": (START + number) * 1_000_000,
            "user_pseudo_id": f"{number % 13}.{number % 13}",
            "user_id": None if number % 4 == 0 else f"u{number % 13}",
            "items": items if number % 5 < 4 else [],
        }

    found = suggested_datasets(write_events(tmp_path / "raw", map(event, range(300))), tmp_path)

    assert found == {
        "interactions": {
            "where": {"event_name": ["purchase", "select_item"]},
            "each": "items",
            "columns": {
                "USER_ID": "user_id",
                "ITEM_ID": "each.item_id",
                "EVENT_TYPE": "event_name",
                "EVENT_VALUE": {"path": "each.price", "type": "float"},
                "TIMESTAMP": "event_timestamp",
            },
        },
        "items": {
            "where": {"event_name": ["purchase", "select_item"]},
            "each": "items",
            "columns": {
                "ITEM_ID": "each.item_id",
                "CATEGORY_L1": {"path": "each.item_category", "categorical": True},
                "PRICE": {"path": "each.price", "type": "float"},
            },
        },
    }


def test_nested_objects_name_their_ids_plainly(tmp_path: Path) -> None:
    def event(number: int) -> dict[str, Any]:
        return {
            "id": f"e{number}",
            "user": {"id": f"u{number % 5}", "plan": ("free", "paid")[number % 5 % 2]},
            "article": {"id": 100 + number % 9, "section": ("sports", "politics")[number % 2]},
            "verb": "read",
            "occurredAt": datetime.fromtimestamp(START + number, UTC).isoformat(),
        }

    found = suggested_datasets(write_events(tmp_path / "raw", map(event, range(120))), tmp_path)

    assert found["interactions"] == {
        "where": {"verb": ["read"]},
        "dedupe_by": "id",
        "columns": {"USER_ID": "user.id", "ITEM_ID": "article.id", "EVENT_TYPE": "verb", "TIMESTAMP": "occurredAt"},
    }
    assert found["users"] == {"columns": {"USER_ID": "user.id", "PLAN": {"path": "user.plan", "categorical": True}}}
    assert found["items"]["columns"] == {
        "ITEM_ID": "article.id",
        "CATEGORY_L1": {"path": "article.section", "categorical": True},
    }


def test_a_rating_is_the_value_of_an_event(tmp_path: Path) -> None:
    events = [{"userId": n % 5, "movieId": n % 7, "rating": n % 9 / 2, "timestamp": START + n} for n in range(50)]

    assert suggested_datasets(write_events(tmp_path / "raw", events), tmp_path)["interactions"]["columns"] == {
        "USER_ID": "userId",
        "ITEM_ID": "movieId",
        "EVENT_VALUE": {"path": "rating", "type": "float"},
        "TIMESTAMP": "timestamp",
    }


def test_segments_video_events_count_what_was_watched(tmp_path: Path) -> None:
    names = ("Content Started", "Content Playing", "Content Completed", "Ad Started", "Playback Paused")
    events = [
        {"event": f"Video {names[n % 5]}", "userId": f"u{n % 5}", "timestamp": START + n,
         "properties": {"asset_id": f"a{n % 7}", "genre": "dc"[n % 2], "total_length": 600 + n % 7}}
        for n in range(100)
    ]  # fmt: skip

    found = suggested_datasets(write_events(tmp_path / "raw", events), tmp_path)

    assert found["interactions"]["where"] == {"event": ["Video Content Completed", "Video Content Started"]}
    assert found["items"]["columns"] == {
        "ITEM_ID": "properties.asset_id",
        "GENRES": {"path": "properties.genre", "categorical": True},
        "DURATION": {"path": "properties.total_length", "type": "float"},
    }


def test_a_member_is_preferred_to_the_visit_though_not_all_have_logged_in(tmp_path: Path) -> None:
    events = [
        {"visitorId": f"v{n % 30}", "memberId": f"m{n % 9}" if n % 3 else "", "articleId": n % 7, "ts": START + n}
        for n in range(90)
    ]

    text = suggest(str(write_events(tmp_path / "raw", events)), folder=tmp_path)

    assert "in 67% of the wanted events, the rest become rejects (missing:USER_ID); or visitorId" in text
    assert parse_yaml(text, "suggested.yaml")["datasets"]["interactions"]["columns"]["USER_ID"] == "memberId"


def test_events_without_a_name_are_all_wanted(tmp_path: Path) -> None:
    events = [{"user": f"u{n % 5}", "item": f"i{n % 7}", "time": START + n} for n in range(50)]

    assert suggested_datasets(write_events(tmp_path / "raw", events), tmp_path) == {
        "interactions": {"columns": {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": "time"}}
    }


def test_an_sku_that_names_variants_gives_way_to_the_product(tmp_path: Path) -> None:
    events = [
        {"event": "Ordered", "userId": f"u{n % 5}", "timestamp": START + n,
         "properties": {"product_id": f"p{n % 10}", "sku": f"p{n % 10}-{n % 3}"}}
        for n in range(120)
    ]  # fmt: skip

    columns = suggested_datasets(write_events(tmp_path / "raw", events), tmp_path)["interactions"]["columns"]

    assert columns["ITEM_ID"] == "properties.product_id"


NAMES = st.sampled_from(
    ["userId", "user_id", "sku", "item_id", "video id", "event", "type", "timestamp", "ts", "price", "traits",
     "products", "properties", "messageId", "category", "each", "plan", "timeStamp", "attributes", "profile", "user",
     "distinct_id", "id", "0", "key", "value", "item_ids", "before", "action",
     "a.b", "größe", "\x00\x1b", "Plan", "PLAN?"]
)  # fmt: skip
LEAVES = st.one_of(
    st.sampled_from(
        ["u1", "u2", "Ordered", "Clicked\x00", "a: b # c", "2026-10-01T10:00:00Z", "{x}", "\u2028", "", "1e999"]
    ),
    st.sampled_from([START, START * 1000, 1, 2.5, 10**30, -1, True, None]),
    st.text(max_size=3),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=8,
)
EVENT = st.fixed_dictionaries(
    {"user": st.sampled_from(["u1", "u2"]), "item": st.sampled_from(["i1", "i2", 3]), "time": st.just(START)},
    optional={"event": LEAVES, "properties": TREES, "products": TREES, "traits": TREES, "type": LEAVES, "sku": LEAVES},
)


@given(st.lists(st.one_of(EVENT, EVENT, st.dictionaries(NAMES, TREES, max_size=6)), min_size=1, max_size=8))
def test_whatever_the_events_a_config_that_loads_comes_out_or_an_error_that_names_what_is_missing(
    tmp_path_factory: pytest.TempPathFactory, events: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    source = write_events(folder / "raw", events)

    try:
        config = suggested(source, folder)
    except PersonalizeAssetsError as error:
        assert re.search(r"no field of \d+ events looks like the (user|item|time): found", str(error))  # noqa: PT017
    else:
        columns = config.datasets.interactions.columns
        assert set(columns) >= {"USER_ID", "ITEM_ID", "TIMESTAMP"}
        users, items = columns["USER_ID"].path or (), columns["ITEM_ID"].path or ()
        assert not set(users) & set(items)
        assert not objects_of(items) & objects_of(traits_of(config))


def traits_of(config: Config) -> list[str]:
    """The paths of what describes users."""
    found = config.datasets.users.columns if config.datasets.users else {}
    return [path for name, column in found.items() if name != "USER_ID" for path in column.path or ()]


def objects_of(paths: Iterable[str]) -> set[tuple[str, ...]]:
    """The objects that hold the fields at these paths; the event itself is left out."""
    return {parse_path(path)[:-1] for path in paths} - {()}


def test_the_same_files_give_the_same_text(tmp_path: Path) -> None:
    source = write_events(tmp_path / "raw", map(media_event, range(100)))

    assert suggest(str(source), folder=tmp_path) == suggest(str(source), folder=tmp_path)


def test_a_destination_is_never_inside_the_source(tmp_path: Path) -> None:
    source = write_events(tmp_path / "data", map(media_event, range(40)))

    assert suggested(source, tmp_path).destination.uri == f"{tmp_path}/data-personalize"


def test_the_command_writes_a_file_that_loads(tmp_path: Path) -> None:
    write_events(tmp_path / "raw", map(media_event, range(40)))
    output = tmp_path / "personalize.yaml"

    done = CliRunner().invoke(main, ["suggest", "--source", str(tmp_path / "raw"), "--output", str(output)])

    assert done.exit_code == 0, done.output
    assert done.stdout == f"Wrote {output}; read it, then: personalize-assets run --config {output}\n"
    assert load_config(output, {}).source.uri == str(tmp_path / "raw")


def noted(tmp_path: Path, events: list[dict[str, Any]]) -> list[str]:
    """The notes of the command, which are in the config as well."""
    source = write_events(tmp_path / "raw", events)
    done = CliRunner().invoke(main, ["suggest", "--source", str(source), "--destination", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    notes = [line.removeprefix("Note: ") for line in done.stderr.splitlines()]
    in_config = " ".join(line.strip().removeprefix("# ") for line in done.stdout.splitlines())
    assert all(note in in_config for note in notes)
    return notes


def test_wanted_events_without_an_item_are_named_with_the_reason(tmp_path: Path) -> None:
    events = [media_event(number) for number in range(40)]
    del events[0]["video_id"]
    events[4]["video_id"] = ""

    assert noted(tmp_path, events) == [
        "No item in 2 of 10 events called play: `video_id` is empty (1); none of the item's fields is there (1); they "
        "become rejects (missing:ITEM_ID)."
    ]


def test_events_whose_item_no_path_reaches_are_named(tmp_path: Path) -> None:
    orders = [{"user_id": "u1", "action": "order", "ts": START, "products": '[{"sku": "s1"}]'}] * 5

    assert noted(tmp_path, [*map(media_event, range(40)), *orders]) == [
        "No item in order (5): `products` is text that holds JSON (sku), which `source.parse: [products]` decodes. "
        "They are not wanted."
    ]


def test_events_that_spell_their_name_otherwise_are_named(tmp_path: Path) -> None:
    events = [media_event(number) for number in range(40)]
    for event in events[:8]:
        event["Action"] = event.pop("action")

    assert noted(tmp_path, events) == [
        "8 events have their name in `Action` and not in `action`. `where` takes one path, so they are not wanted; "
        "convert them with a config of their own."
    ]


def test_spellings_of_the_events_name_are_taken_together_where_all_events_are_wanted(tmp_path: Path) -> None:
    events = [
        {
            ("event", "Event")[n % 2]: ("view", "buy")[n % 3 % 2],
            "userId": f"u{n % 7}",
            "itemId": f"i{n % 5}",
            "ts": START,
        }
        for n in range(60)
    ]

    found = suggested_datasets(write_events(tmp_path / "raw", events), tmp_path)["interactions"]

    assert "where" not in found
    assert found["columns"]["EVENT_TYPE"] == ["Event", "event"]


def test_a_price_that_is_no_number_is_named(tmp_path: Path) -> None:
    events = [{**media_event(number), "price": f"${number}.50"} for number in range(40)]

    assert noted(tmp_path, events) == [
        "`price` could be EVENT_VALUE, but too few of its values are numbers: '$0.50' is none."
    ]


def test_words_for_a_missing_id_become_nulls(tmp_path: Path) -> None:
    events = [media_event(number) for number in range(40)]
    events[0]["user_id"] = "undefined"

    found = suggested(write_events(tmp_path / "raw", events), tmp_path)

    assert found.nulls == ("undefined",)


def test_spellings_of_ids_become_lists_of_paths(tmp_path: Path) -> None:
    events = [
        {
            ("userId", "userid", "user_id")[n % 3]: f"u{n % 7}",
            ("itemId", "item_id")[n % 2]: f"i{n % 5}",
            "ts": START + n,
        }
        for n in range(60)
    ]

    columns = suggested_datasets(write_events(tmp_path / "raw", events), tmp_path)["interactions"]["columns"]

    assert columns == {"USER_ID": ["userId", "user_id", "userid"], "ITEM_ID": ["itemId", "item_id"], "TIMESTAMP": "ts"}


def refused(*arguments: str) -> str:
    done = CliRunner().invoke(main, ["suggest", *arguments])
    assert (done.exit_code, done.stdout) == (1, "")
    return done.stderr


def test_a_file_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    output = tmp_path / "personalize.yaml"
    output.write_text("mine")

    error = refused("--source", str(tmp_path), "--output", str(output))

    assert error == f"Error: {output} already exists; name a new file, or remove it first\n"
    assert output.read_text() == "mine"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda event: event.pop("video_id"),
            "looks like the item: found action, ts, user_id; wanted one called like sku",
        ),
        (lambda event: event.pop("user_id"), "looks like the user: found action, ts, video_id; wanted one called like"),
        (lambda event: event.update(ts="soon"), "looks like the time: found action, ts, user_id, video_id; wanted one"),
    ],
)
def test_what_cannot_be_found_is_named_with_the_fields_that_are_there(
    change: Callable[[dict[str, Any]], Any], message: str, tmp_path: Path
) -> None:
    events = [media_event(number) for number in range(40)]
    for event in events:
        change(event)
    source = write_events(tmp_path / "raw", events)

    error = refused("--source", str(source))

    assert error.startswith(f"Error: {source}: no field of 40 events {message}")
    assert "Write the mapping by hand, as in sample_data/segment.yaml" in error


def test_a_time_that_cannot_be_read_is_shown(tmp_path: Path) -> None:
    events = [{**media_event(number), "ts": "2026-10-01 10:00:00 UTC+1"} for number in range(40)]

    error = refused("--source", str(write_events(tmp_path / "raw", events)))

    assert (
        "with ISO 8601 or epoch values (not ts: '2026-10-01 10:00:00 UTC+1', which is no form that is read)." in error
    )


def test_a_folder_without_files_is_named(tmp_path: Path) -> None:
    assert refused("--source", str(tmp_path)) == (
        f"Error: {tmp_path} holds no raw files; name the folder or s3://bucket/prefix of events\n"
    )


def test_a_source_that_is_neither_a_folder_nor_in_s3_is_named() -> None:
    assert refused("--source", "gs://bucket") == (
        "Error: source: 'gs://bucket' is neither a folder nor in S3; write a folder's path or s3://bucket/prefix\n"
    )


def test_files_without_events_are_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing here\n")

    assert refused("--source", str(tmp_path)) == (
        f"Error: {tmp_path}: no event was found in the beginnings of 1 files, as notes.txt; wanted files of JSON "
        "objects, or of rows: CSV, Parquet, ORC, Avro\n"
    )


def test_files_of_another_format_are_named_with_it(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + bytes(20) + b"PAR1")

    assert refused("--source", str(tmp_path)) == (
        f"Error: {tmp_path}: no event was found in the beginnings of 1 files, as a.parquet (a Parquet file that "
        "is damaged or empty); wanted files of JSON objects, or of rows: CSV, Parquet, ORC, Avro\n"
    )


def test_a_field_that_was_not_found_may_be_in_another_stream(tmp_path: Path) -> None:
    root = tmp_path / "raw"
    for day in (1, 2):
        write_events(root, [{"id": f"u{n}", "tier": "a"} for n in range(4)], f"crm/day=2026-10-0{day}/a.json")
    write_events(root, map(media_event, range(8)), "web/2026/10/01/a.json")

    assert (
        f"These are events of {root}/crm; name another stream if they are in one: {root}/web (firehose). Write"
        in refused("--source", str(root))
    )


def test_a_field_that_was_not_found_may_be_where_no_path_leads(tmp_path: Path) -> None:
    events = [{"user_id": "u1", "ts": START, "item_ids": ["a", "b"]}] * 3

    assert (
        "It may be within these: `item_ids` is an array of plain ids and not of objects, which `each: item_ids` with "
        "ITEM_ID: each reads. Write the mapping by hand"
    ) in refused("--source", str(write_events(tmp_path / "raw", events)))


def test_a_destination_in_the_source_is_refused_as_in_any_config(tmp_path: Path) -> None:
    source = write_events(tmp_path / "raw", map(media_event, range(40)))

    with pytest.raises(PersonalizeAssetsError, match="write to a place apart from it"):
        suggest(str(source), str(source / "out"), tmp_path)


# Events of a warehouse that Segment fills


def warehouse_rows(products: Callable[[int], str]) -> list[dict[str, Any]]:
    """Rows of two tables of Segment's, as they are unloaded."""
    rows = []
    for number in range(100):
        slug, name = ("product_viewed", "Product Viewed") if number % 2 else ("order_completed", "Order Completed")
        rows.append(
            {
                "id": f"m{number}",
                "user_id": f"u{number % 17}",
                "event": slug,
                "event_text": name,
                "received_at": f"2026-10-01 10:00:{number % 60:02}",
                "timestamp": f"2026-10-01 09:59:{number % 60:02}",
                **({"sku": f"p{number % 13}"} if number % 2 else {"products": products(number)}),
            }
        )
    return rows


def test_the_events_of_a_warehouse_are_named_by_their_text_and_not_by_their_table(tmp_path: Path) -> None:
    source = write_events(tmp_path / "raw", warehouse_rows(lambda number: "[]"))

    interactions = suggested_datasets(source, tmp_path)["interactions"]

    assert interactions["columns"]["EVENT_TYPE"] == "event_text"
    assert interactions["where"] == {"event_text": ["Product Viewed"]}


def test_texts_that_a_warehouse_has_cut_are_warned_of(tmp_path: Path) -> None:
    source = write_events(tmp_path / "raw", warehouse_rows(lambda number: "x" * (512 if number < 6 else 40)))

    notes = suggest_config(str(source), None, tmp_path).notes

    assert notes[0] == (
        "`products` has 3 texts of exactly 512 characters and none longer: a warehouse that Segment fills cuts texts "
        "there, and JSON that was cut cannot be read. Widen the column, or load it as SUPER "
        "(docs/how-to/warehouses.md)."
    )


def test_traits_of_users_are_taken_out_of_texts_beside_those_with_the_items(tmp_path: Path) -> None:
    def event(number: int) -> dict[str, Any]:
        own = {"properties": f'{{"sku": "p{number % 13}"}}'} if number % 3 else {"traits": f'{{"age": {number % 40}}}'}
        name = "View" if number % 3 else None
        return {"user_id": f"u{number % 17}", "event": name, "timestamp": f"2026-10-01 10:00:{number % 60:02}", **own}

    source = write_events(tmp_path / "raw", map(event, range(200)))

    found = suggested_values(source, tmp_path)

    assert found["source"]["parse"] == ["properties", "traits"]
    assert found["datasets"]["users"]["columns"]["AGE"] == {"path": "traits.age", "type": "long"}


def test_long_texts_of_any_length_are_not_warned_of(tmp_path: Path) -> None:
    source = write_events(tmp_path / "raw", warehouse_rows(lambda number: "x" * (500 + number)))

    assert not [note for note in suggest_config(str(source), None, tmp_path).notes if "exactly 512" in note]
