"""The generator: the same for a seed, and as awkward as a real bucket."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from personalize_assets.generate import generate
from personalize_assets.layouts import LAYOUTS, layout
from personalize_assets_tests.helpers.samples import SAMPLE_DATA

START = date(2026, 10, 1)
WANTED = {"Product Clicked", "Product Added", "Order Completed"}

Event = dict[str, Any]


def tree(root: Path) -> dict[str, bytes]:
    """Key → bytes of every file under a folder."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def plain(content: bytes) -> bytes:
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


def objects(content: bytes) -> Iterator[Event]:
    """The whole JSON objects of a file, however they are framed; after a broken one, on from the next line."""
    text, decoder, at = plain(content).decode(), json.JSONDecoder(), 0
    while (at := text.find("{", at)) >= 0:
        try:
            found, at = decoder.raw_decode(text, at)
            yield found
        except ValueError:
            at = text.find("\n", at)
            if at < 0:
                return


def story(root: Path, name: str = "segment") -> list[tuple[date, str, Event]]:
    """Every whole event with the day and the key it arrived under."""
    keys = layout(name, START)
    days = {key: keys.day_of(key) for key in tree(root)}
    return [
        (day, key, event) for key, content in tree(root).items() if (day := days[key]) for event in objects(content)
    ]


def lines(root: Path) -> list[bytes]:
    return [
        line for key, content in tree(root).items() if "dummy-object" not in key for line in plain(content).splitlines()
    ]


def event_day(event: Event) -> date:
    """The UTC day of an event's `timestamp`, in any of its forms."""
    time = event["timestamp"]
    if isinstance(time, int):
        return datetime.fromtimestamp(time / 1000 if time > 10**11 else time, UTC).date()
    return datetime.fromisoformat(time).astimezone(UTC).date()


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven days of 500 users in the layout `segment`."""
    root = tmp_path_factory.mktemp("week") / "segment"
    generate(root, layout="segment", days=7, users=500, seed=5)
    return root


@pytest.fixture(scope="module")
def events(week: Path) -> list[Event]:
    return [event for _, _, event in story(week)]


# The same again


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_same_arguments_give_the_same_bytes(name: str, tmp_path: Path) -> None:
    generate(tmp_path / "one", layout=name, days=2, users=60, seed=3)
    generate(tmp_path / "two", layout=name, days=2, users=60, seed=3)

    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_another_seed_gives_other_events(tmp_path: Path) -> None:
    generate(tmp_path / "one", layout="segment", days=1, users=60, seed=3)
    generate(tmp_path / "two", layout="segment", days=1, users=60, seed=4)

    ids = [{event["messageId"] for _, _, event in story(tmp_path / seed)} for seed in ("one", "two")]
    assert not ids[0] & ids[1]


def test_one_seed_tells_the_same_story_in_every_layout(tmp_path: Path) -> None:
    stories = []
    for name in LAYOUTS:
        generate(tmp_path / name, layout=name, days=2, users=60, seed=3)
        stories.append(
            Counter((event["messageId"], event.get("event")) for _, _, event in story(tmp_path / name, name))
        )

    assert stories[0]
    assert all(other == stories[0] for other in stories)


@pytest.mark.parametrize(("name", "days", "users"), [("segment", 7, 300), ("firehose", 2, 750)])
def test_the_committed_sample_is_what_its_command_gives(name: str, days: int, users: int, tmp_path: Path) -> None:
    generate(tmp_path / name, layout=name, days=days, users=users, seed=1)

    made = {key: plain(content) for key, content in tree(tmp_path / name).items()}
    assert made == {key: plain(content) for key, content in tree(SAMPLE_DATA / name).items()}


@pytest.mark.parametrize(("name", "days", "users"), [("segment", 7, 300), ("firehose", 2, 750)])
def test_the_readme_of_the_sample_names_its_command(name: str, days: int, users: int) -> None:
    command = f"generate --layout {name} --days {days} --users {users} --seed 1 sample_data/{name}\n"

    assert command in (SAMPLE_DATA / "README.md").read_text()


# The samples


def test_the_sample_data_is_smaller_than_two_megabytes() -> None:
    assert sum(map(len, tree(SAMPLE_DATA).values())) < 2_000_000


@pytest.mark.parametrize("name", ["segment", "firehose"])
def test_a_sample_satisfies_the_minimums_of_personalize(name: str) -> None:
    unique = {
        event["messageId"]: str(event["userId"])
        for _, _, event in story(SAMPLE_DATA / name, name)
        if event.get("event") in WANTED and event.get("userId") and event["properties"].get("sku")
    }

    assert len(unique) >= 1000
    assert sum(count >= 2 for count in Counter(unique.values()).values()) >= 25


@pytest.mark.parametrize("name", ["segment", "firehose"])
def test_the_config_of_a_sample_points_at_it(name: str) -> None:
    config = yaml.safe_load((SAMPLE_DATA / f"{name}.yaml").read_text())

    assert config["source"] == {"uri": name, "layout": name, "start_date": START}
    assert config["destination"] == {"uri": f"../data/{name}"}


# Keys and files


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name != "flat"])
def test_every_day_has_files_and_no_file_lies_outside_the_range(name: str, tmp_path: Path) -> None:
    generate(tmp_path / name, layout=name, days=3, users=100, seed=3)

    keys = layout(name, START)
    days = {keys.day_of(key) for key in tree(tmp_path / name) if "dummy-object" not in key}
    assert days == {START + timedelta(days=n) for n in range(3)}


def test_the_start_can_be_another_day(tmp_path: Path) -> None:
    generate(tmp_path / "hive", layout="hive", days=1, users=60, seed=3, start=date(2024, 2, 29))

    assert {key.split("/")[0] for key in tree(tmp_path / "hive")} == {"day=2024-02-29"}


def test_segment_files_come_from_three_sources_beside_the_object_that_tested_the_bucket(week: Path) -> None:
    keys = tree(week).keys()

    assert "segment-logs/dummy-object.txt" in keys
    assert {key.split("/")[1] for key in keys if key.endswith(".gz")} == {"website-prod", "android-prod", "ios-prod"}


def test_firehose_records_are_glued_and_some_files_are_not_compressed(tmp_path: Path) -> None:
    generate(tmp_path / "f", layout="firehose", days=1, users=400, seed=3)

    contents = list(tree(tmp_path / "f").values())
    assert {content.startswith(b"\x1f\x8b") for content in contents} == {True, False}
    assert any(b"}{" in plain(content) for content in contents)
    assert any(b'{\n  "' in plain(content) for content in contents)  # one wrapped over lines


def test_rudderstack_events_carry_its_own_fields_and_local_zones(tmp_path: Path) -> None:
    generate(tmp_path / "r", layout="rudderstack", days=1, users=100, seed=3)

    events = [event for _, _, event in story(tmp_path / "r", "rudderstack")]
    assert all("rudderId" in event and "request_ip" in event for event in events)
    assert any(event["originalTimestamp"].endswith("+02:00") for event in events)


def test_hive_files_are_plain_lines_and_flat_ones_are_mixed(tmp_path: Path) -> None:
    generate(tmp_path / "hive", layout="hive", days=1, users=100, seed=3)
    generate(tmp_path / "flat", layout="flat", days=2, users=100, seed=3)

    assert {Path(key).suffixes[-1] for key in tree(tmp_path / "hive")} == {".json"}
    assert {Path(key).suffixes[-1] for key in tree(tmp_path / "flat")} == {".json", ".gz"}


def test_what_is_returned_is_what_lies_there(tmp_path: Path) -> None:
    made = generate(tmp_path / "s", layout="segment", days=3, users=300, seed=3)

    files = tree(tmp_path / "s")
    assert made.files == len(files)
    assert made.bytes == sum(map(len, files.values()))
    assert made.events == len(story(tmp_path / "s"))
    assert made.events + made.broken == len(lines(tmp_path / "s"))


def test_a_file_that_is_full_is_followed_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("personalize_assets.generate.file_writer.MAX_EVENTS_PER_FILE", 10)
    generate(tmp_path / "hive", layout="hive", days=1, users=100, seed=3)

    counts = [len(content.splitlines()) for content in tree(tmp_path / "hive").values()]
    assert len(counts) > 2
    assert max(counts) == 10


# What is in them


def test_an_event_has_the_fields_of_the_segment_spec(events: list[Event]) -> None:
    fields = {"anonymousId", "channel", "context", "integrations", "messageId", "originalTimestamp", "projectId"}
    fields |= {"receivedAt", "sentAt", "timestamp", "type", "version", "writeKey"}

    assert all(fields <= event.keys() for event in events)


def test_people_register_and_then_identify_themselves(events: list[Event]) -> None:
    times: dict[str, dict[str, str]] = {}
    for event in events:
        name: str = event.get("event") or "identify"
        first = times.setdefault(event["anonymousId"], {})
        first[name] = min(first.get(name, "9"), event["originalTimestamp"])
    funnels = [seen for seen in times.values() if "Signup Success" in seen]

    assert funnels
    for seen in funnels:
        assert seen["Page Viewed"] < seen["Signup Clicked"] < seen["Signup Success"] < seen["identify"]


def test_traits_have_awkward_names_and_mixed_types(events: list[Event]) -> None:
    traits = [event["traits"] for event in events if event["type"] == "identify"]

    assert all({"email", "Invited User?", "createdAt"} <= t.keys() for t in traits)
    assert {type(t["Favorite Departments"]) for t in traits} == {list, str}
    assert {str, float} <= {type(t["lifetime_value"]) for t in traits}


def test_traits_of_a_user_change_with_time(events: list[Event]) -> None:
    seen: dict[str, set[str]] = {}
    for event in events:
        if event["type"] == "identify":
            seen.setdefault(event["userId"], set()).add(str(event["traits"]["lifetime_value"]))

    assert any(len(values) > 1 for values in seen.values())


def test_orders_name_one_item_at_the_top_level_or_list_their_items(events: list[Event]) -> None:
    orders = [event["properties"] for event in events if event.get("event") == "Order Completed"]
    lists = [order["products"] for order in orders if "products" in order]

    assert all(("sku" in order) != ("products" in order) for order in orders)
    assert 0.35 < len(lists) / len(orders) < 0.65
    assert {len(products) for products in lists} >= {1, 2}
    assert all(1 <= len(products) <= 5 for products in lists)


@pytest.mark.parametrize("name", ["Product Viewed", "Product Clicked", "Product Added"])
def test_product_events_carry_a_sku_at_the_top_level(name: str, events: list[Event]) -> None:
    skus = [event["properties"]["sku"] for event in events if event.get("event") == name]

    assert skus
    assert all(sku.startswith("SKU-") for sku in skus)


def test_some_events_have_no_item(events: list[Event]) -> None:
    names = {event.get("event") for event in events if "sku" not in event.get("properties", {})}

    assert {"Email Delivered", "Email Opened", "Email Clicked", "Page Viewed", "Product List Viewed"} <= names


def test_some_wanted_events_come_before_login_with_a_null_user_or_none(events: list[Event]) -> None:
    anonymous = [event for event in events if event.get("event") in WANTED and not event.get("userId")]

    assert {"userId" in event for event in anonymous} == {True, False}


@pytest.mark.parametrize("mark", ['"', ",", "\\", "ä", "🌿", "\n"])
def test_some_names_hold_marks_that_a_csv_has_to_quote(mark: str, events: list[Event]) -> None:
    assert any(mark in event.get("properties", {}).get("name", "") for event in events)


def test_timestamps_come_in_several_forms(events: list[Event]) -> None:
    times = [event["timestamp"] for event in events]
    texts = [time for time in times if isinstance(time, str)]

    assert {len(str(time)) for time in times if isinstance(time, int)} == {10, 13}
    assert any(text.endswith("+02:00") for text in texts)
    assert any(text.endswith("Z") and "." not in text for text in texts)
    assert sum(len(text) == len("2026-10-01T10:11:12.123Z") for text in texts) > 0.9 * len(times)


def test_a_few_user_ids_and_prices_have_the_other_type(events: list[Event]) -> None:
    assert {type(event.get("userId")) for event in events} == {str, int, type(None)}
    prices = [event["properties"]["price"] for event in events if event.get("event") == "Product Clicked"]
    assert {type(price) for price in prices} == {str, float}


def test_messages_repeat_in_the_same_file_in_another_and_on_a_later_day(week: Path) -> None:
    places: dict[str, list[tuple[date, str]]] = {}
    for day, key, event in story(week):
        places.setdefault(event["messageId"], []).append((day, key))
    repeated = [seen for seen in places.values() if len(seen) > 1]

    assert 0.005 < len(repeated) / len(places) < 0.03
    assert any(len({key for _, key in seen}) == 1 for seen in repeated)
    assert any(len({key for _, key in seen}) > 1 for seen in repeated)
    assert any(len({day for day, _ in seen}) > 1 for seen in repeated)


def test_repeats_are_the_same_bytes_or_differ_in_the_time_of_receipt_alone(events: list[Event]) -> None:
    first: dict[str, Event] = {}
    differences = set()
    for event in events:
        before = first.setdefault(event["messageId"], event)
        differences.add(frozenset(field for field in event if event[field] != before[field]))

    assert differences == {frozenset(), frozenset({"receivedAt"})}


def test_late_files_hold_only_events_of_the_three_days_before(week: Path) -> None:
    files: dict[tuple[date, str], set[int]] = {}
    for day, key, event in story(week):
        files.setdefault((day, key), set()).add((day - event_day(event)).days)
    late = [ages for ages in files.values() if 0 not in ages]

    assert late
    assert set().union(*late) <= {1, 2, 3}


def test_no_event_is_later_than_its_arrival_day(week: Path) -> None:
    assert all(event_day(event) <= day for day, _, event in story(week))


def test_about_one_line_in_a_thousand_is_cut_off_or_garbage_or_no_object(week: Path) -> None:
    def kind(line: bytes) -> str:
        try:
            return type(json.loads(line)).__name__
        except ValueError:
            return "cut off" if line.startswith(b"{") else "garbage"

    kinds = Counter(kind(line) for line in lines(week))
    broken = kinds.total() - kinds["dict"]

    assert 0.0005 < broken / kinds.total() < 0.002
    assert {"cut off", "garbage"} < kinds.keys() - {"dict"}


def test_a_few_items_and_users_make_most_of_it(events: list[Event]) -> None:
    wanted = [event for event in events if event.get("event") in ("Product Clicked", "Product Added")]
    for counts in (
        Counter(event["properties"]["sku"] for event in wanted),
        Counter(event["userId"] for event in wanted if event.get("userId")),
    ):
        top_fifth = counts.most_common(len(counts) // 5)
        assert sum(count for _, count in top_fifth) > 0.4 * counts.total()


def test_a_user_gives_four_to_six_interactions_a_week(events: list[Event]) -> None:
    wanted = {event["messageId"] for event in events if event.get("event") in WANTED and event.get("userId")}

    assert 4 * 500 <= len(wanted) <= 6 * 500


# What it refuses


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"days": 0}, "days: 0 is too few; give 1 or more"),
        ({"users": -1}, "users: -1 is too few; give 1 or more"),
        ({"layout": "csv"}, "layout: 'csv' is not a layout; use one of segment, rudderstack, firehose, hive, flat"),
    ],
)
def test_an_argument_out_of_range_is_refused_before_anything_is_written(
    wrong: dict[str, Any], message: str, tmp_path: Path
) -> None:
    arguments: dict[str, Any] = {"layout": "segment", "days": 1, "users": 1, "seed": 1} | wrong

    with pytest.raises(ValueError, match=re.escape(message)):
        generate(tmp_path / "out", **arguments)

    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")

    with pytest.raises(ValueError, match="is not an empty folder; remove it or name a new one"):
        generate(tmp_path, layout="segment", days=1, users=1, seed=1)

    assert tree(tmp_path) == {"mine.txt": b"keep"}


@pytest.mark.parametrize("name", LAYOUTS)
def test_one_user_and_one_day_are_enough(name: str, tmp_path: Path) -> None:
    assert generate(tmp_path / name, layout=name, days=1, users=1, seed=1).days == 1
