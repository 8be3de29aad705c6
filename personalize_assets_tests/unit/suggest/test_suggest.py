"""`personalize-assets suggest`: from raw files to a config that runs, whoever wrote them and wherever they lie."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.cli import main
from personalize_assets.config import Config, load_config
from personalize_assets.engines import Engine
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.generate import generate
from personalize_assets.layouts import LAYOUTS
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.suggest import suggest
from personalize_assets_tests.helpers.groups import convert, export
from personalize_assets_tests.helpers.samples import SAMPLE_DATA

SAMPLES = SAMPLE_DATA
START = 1_790_812_800  # 2026-10-01T00:00:00Z


def suggested(source: Path | str, folder: Path) -> Config:
    """The config that comes out, loaded as a run would load it."""
    file = folder / "suggested.yaml"
    file.write_text(suggest(str(source), folder=folder))
    return load_config(file, {})


def mapping(source: Path | str, folder: Path) -> dict[str, Any]:
    """What was suggested for the datasets, as it stands in the file."""
    found: dict[str, Any] = yaml.safe_load(suggest(str(source), folder=folder))["datasets"]
    return found


def write(root: Path, events: Iterable[dict[str, Any]], key: str = "day=2026-10-01/a.json") -> Path:
    file = root / key
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    return root


def media(number: int) -> dict[str, Any]:
    return {
        "user_id": f"u{number % 7}",
        "video_id": f"v{number % 11}",
        "action": ("play", "skip", "like", "impression")[number % 4],
        "ts": START + number,
    }


# The samples and the generated sites


@pytest.fixture(scope="module", params=["sample segment", "sample firehose", *LAYOUTS])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A source, and the config that was written for it by hand."""
    kind, _, name = request.param.partition(" ")
    if name:
        return SAMPLES / name, SAMPLES / f"{name}.yaml"
    folder = tmp_path_factory.mktemp(kind)
    generate(folder / "raw", layout=kind, days=2, users=60, seed=5)
    written = yaml.safe_load((SAMPLES / "segment.yaml").read_text())
    written["source"] = {"uri": "raw", "layout": kind, "start_date": "2026-10-01"}
    written["destination"] = {"uri": "by-hand"}
    (folder / "by-hand.yaml").write_text(yaml.safe_dump(written, sort_keys=False))
    return folder / "raw", folder / "by-hand.yaml"


def test_the_place_and_the_mapping_are_those_written_by_hand(site: tuple[Path, Path], tmp_path: Path) -> None:
    source, by_hand = site

    found, wanted = suggested(source, tmp_path), load_config(by_hand, {})

    assert found.source.uri == wanted.source.uri
    assert found.source.layout == wanted.source.layout
    if found.source.layout != "flat":  # whose keys carry no day: it is that of the oldest event
        assert found.source.start_date == wanted.source.start_date
    assert found.conversion_datasets() == wanted.conversion_datasets()


def exports(config: Config, engine: Engine) -> dict[str, str]:
    """SHA-256 of the CSVs that a config comes to."""
    group = DatasetGroup(config)
    convert(group, engine, list(group.bytes_by_day()))
    export(group, engine)
    root = Path(group.destination.uri) / "exports"
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in root.glob("*.csv")}


@pytest.mark.slow
def test_the_exports_are_those_of_the_config_written_by_hand(
    site: tuple[Path, Path], tmp_path: Path, engine: Engine
) -> None:
    source, by_hand = site
    written = load_config(by_hand, {"PERSONALIZE__DESTINATION__URI": str(tmp_path / "by-hand")})

    found = exports(suggested(source, tmp_path), engine)

    assert sorted(found) == ["interactions.csv", "items.csv", "users.csv"]
    assert found == exports(written, engine)


# Other people's schemas


def test_a_media_sites_plain_events(tmp_path: Path) -> None:
    source = write(tmp_path / "raw", map(media, range(200)))

    assert mapping(source, tmp_path) == {
        "interactions": {
            "where": {"action": ["like", "play"]},
            "columns": {"USER_ID": "user_id", "ITEM_ID": "video_id", "EVENT_TYPE": "action", "TIMESTAMP": "ts"},
        }
    }


@pytest.mark.slow
def test_a_suggestion_for_a_media_site_runs(tmp_path: Path, engine: Engine) -> None:
    source = write(tmp_path / "raw", map(media, range(200)))

    exports(suggested(source, tmp_path), engine)

    (out,) = (tmp_path / "data").iterdir()
    lines = (out / "exports/interactions.csv").read_text().splitlines()
    assert lines[:3] == [
        "USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP",
        f"u0,v0,play,{START}",
        f"u2,v2,like,{START + 2}",
    ]
    assert len(lines) == 1 + 100


def test_the_events_of_awss_own_conversion_sample(tmp_path: Path) -> None:
    def event(number: int) -> dict[str, Any]:
        item = number * 7 % 30
        who = {"type": "useritem", "ITEM_ID": item, "USER_ID": number % 5, "EVENT_TYPE": "click"}
        return {**who, "EVENT_VALUE": item, "TIMESTAMP": START + number}

    key = "useritem/2026/10/01/00/a.json"
    source = write(tmp_path / "bucket", map(event, range(60)), key)

    found = yaml.safe_load(suggest(str(source), folder=tmp_path))

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


def test_records_of_users_and_items_beside_the_interactions_become_their_datasets(tmp_path: Path) -> None:
    clicks = [
        {"type": "useritem", "ITEM_ID": n % 30, "USER_ID": n % 9, "EVENT_TYPE": "click", "TIMESTAMP": START + n}
        for n in range(90)
    ]
    people = [{"type": "user", "USER_ID": n, "AGE": 20 + n, "GENDER": "fm"[n % 2]} for n in range(9)]
    films = [{"type": "item", "ITEM_ID": n, "GENRES": ["Drama", "Crime"][: 1 + n % 2]} for n in range(30)]

    found = mapping(write(tmp_path / "raw", [*clicks, *people, *films]), tmp_path)

    assert found["users"] == {
        "where": {"type": ["user"]},
        "columns": {
            "USER_ID": "USER_ID",
            "GENDER": {"path": "GENDER", "categorical": True},
            "AGE": {"path": "AGE", "type": "long"},
        },
    }
    assert found["items"] == {
        "where": {"type": ["item"]},
        "columns": {"ITEM_ID": "ITEM_ID", "GENRES": {"path": "GENRES", "categorical": True}},
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

    found = mapping(write(tmp_path / "raw", map(event, range(300))), tmp_path)

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

    found = mapping(write(tmp_path / "raw", map(event, range(120))), tmp_path)

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

    assert mapping(write(tmp_path / "raw", events), tmp_path)["interactions"]["columns"] == {
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

    found = mapping(write(tmp_path / "raw", events), tmp_path)

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

    text = suggest(str(write(tmp_path / "raw", events)), folder=tmp_path)

    assert "in 67% of the wanted events, the rest become rejects (missing:USER_ID); or visitorId" in text
    assert yaml.safe_load(text)["datasets"]["interactions"]["columns"]["USER_ID"] == "memberId"


def test_events_without_a_name_are_all_wanted(tmp_path: Path) -> None:
    events = [{"user": f"u{n % 5}", "item": f"i{n % 7}", "time": START + n} for n in range(50)]

    assert mapping(write(tmp_path / "raw", events), tmp_path) == {
        "interactions": {"columns": {"USER_ID": "user", "ITEM_ID": "item", "TIMESTAMP": "time"}}
    }


def test_an_sku_that_names_variants_gives_way_to_the_product(tmp_path: Path) -> None:
    events = [
        {"event": "Ordered", "userId": f"u{n % 5}", "timestamp": START + n,
         "properties": {"product_id": f"p{n % 10}", "sku": f"p{n % 10}-{n % 3}"}}
        for n in range(120)
    ]  # fmt: skip

    columns = mapping(write(tmp_path / "raw", events), tmp_path)["interactions"]["columns"]

    assert columns["ITEM_ID"] == "properties.product_id"


NAMES = st.sampled_from(
    ["userId", "user_id", "sku", "item_id", "video id", "event", "type", "timestamp", "ts", "price", "traits",
     "products", "properties", "messageId", "category", "each", "plan", "timeStamp",
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
    source = write(folder / "raw", events)

    try:
        config = suggested(source, folder)
    except PersonalizeAssetsError as error:
        assert re.search(r"no field of \d+ events looks like the (user|item|time): found", str(error))  # noqa: PT017
    else:
        assert set(config.datasets.interactions.columns) >= {"USER_ID", "ITEM_ID", "TIMESTAMP"}


def test_traits_beyond_what_personalize_takes_are_offered_only(tmp_path: Path) -> None:
    def event(number: int) -> dict[str, Any]:
        traits = {f"trait{n:02}": "ab"[number % 2] for n in range(30)} | {"timestamp": "ab"[number % 2]}
        return {"user": {"id": f"u{number % 5}", **traits}, "item": f"i{number % 7}", "time": START + number}

    text = suggest(str(write(tmp_path / "raw", map(event, range(50)))), folder=tmp_path)

    assert len(yaml.safe_load(text)["datasets"]["users"]["columns"]) == 1 + 25
    assert "# TRAIT_29: {path: user.trait29, categorical: true}  # Personalize takes 25 columns at most" in text


# What it says


def test_the_reasons_stand_beside_what_was_chosen_and_what_else_was_possible(tmp_path: Path) -> None:
    text = suggest(str(SAMPLES / "segment"), folder=tmp_path)

    for told in (
        "# Left out: Product List Viewed (",
        "items were shown, nobody chose one.",
        "mostly the page that Product Clicked opens, which is counted already.",
        "the rest become rejects (missing:USER_ID); or anonymousId",
        "or properties.product_id, each.product_id",
        "or receivedAt, originalTimestamp, sentAt",
        "# Left out as personal data: traits.email, traits.name.",
        "# INVITED_USER: {path: 'traits.`Invited User?`', categorical: true}  # true or false;",
    ):
        assert told in text


def test_the_page_on_suggest_shows_what_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    repo = SAMPLES.parent
    monkeypatch.chdir(repo)

    assert f"```yaml\n{suggest('sample_data/segment')}```" in (repo / "docs/suggest.md").read_text()


def test_no_value_of_a_person_is_written_into_the_file(tmp_path: Path) -> None:
    text = suggest(str(SAMPLES / "segment"), folder=tmp_path)

    assert "@example.com" not in text


def test_the_same_files_give_the_same_text(tmp_path: Path) -> None:
    source = write(tmp_path / "raw", map(media, range(100)))

    assert suggest(str(source), folder=tmp_path) == suggest(str(source), folder=tmp_path)


def test_a_value_cannot_break_out_of_its_comment(tmp_path: Path) -> None:
    events = [
        {"event": "Ordered\n  engine: glue", "user": f"u{n % 5}", "item": f"i{n % 7}\nengine:glue", "time": START + n}
        for n in range(50)
    ]

    found = suggested(write(tmp_path / "raw", events), tmp_path)

    assert found.engine == "sail"
    assert found.datasets.interactions.where == {"event": ("Ordered\n  engine: glue",)}


# Where files lie


@pytest.mark.parametrize(
    ("key", "named", "uri", "layout"),
    [
        ("logs/web/2026/10/01/13/a", "logs", "logs/web", "firehose"),
        ("2026/10/01/a", "2026/10", "", "firehose"),
        ("segment-logs/web/1790812800000/a", "segment-logs/web", "", "segment"),
        ("x/rudder-logs/web/2026-10-01/a", "", "x", "rudderstack"),
        ("raw/year=2026/month=10/day=1/a", "", "raw", "hive"),
        ("2026-10-01/a", "", "", "flat"),
    ],
)
def test_the_layout_is_found_from_whichever_folder_on(
    key: str, named: str, uri: str, layout: str, tmp_path: Path
) -> None:
    root = write(tmp_path / "top", map(media, range(40)), key)

    source = suggested(root / named, tmp_path).source

    assert (source.uri, source.layout) == (str(root / uri) if uri else str(root), layout)
    assert source.start_date.isoformat() == "2026-10-01"


def test_other_streams_beside_the_largest_are_told_of(tmp_path: Path) -> None:
    for number in range(5):
        write(tmp_path / "top", map(media, range(20)), f"web/2026/10/0{number + 1}/a")
    write(tmp_path / "top", map(media, range(20)), "app/2026/10/01/a")

    text = suggest(str(tmp_path / "top"), folder=tmp_path)

    assert yaml.safe_load(text)["source"]["uri"] == "top/web"
    assert f"# Other files look like: {tmp_path}/top/app (firehose)" in text


def test_a_source_in_s3_is_looked_at_there(bucket: str, tmp_path: Path) -> None:
    body = "".join(json.dumps(media(number)) + "\n" for number in range(60)).encode()
    boto3.client("s3").put_object(Bucket=bucket, Key="in/2026/10/01/13/stream-1", Body=body)

    done = CliRunner().invoke(
        main, ["suggest", "--source", f"s3://{bucket}", "--destination", f"s3://{bucket}/out"], catch_exceptions=False
    )

    assert done.exit_code == 0, done.output
    found = yaml.safe_load(done.stdout)
    assert found["source"] == {
        "uri": f"s3://{bucket}/in",
        "layout": "firehose",
        "start_date": found["source"]["start_date"],
    }
    assert found["destination"] == {"uri": f"s3://{bucket}/out"}
    assert found["datasets"]["interactions"]["columns"]["ITEM_ID"] == "video_id"


def test_a_destination_never_lies_in_the_source(tmp_path: Path) -> None:
    source = write(tmp_path / "data", map(media, range(40)))

    assert suggested(source, tmp_path).destination.uri == f"{tmp_path}/data-personalize"


# The command


def test_the_command_writes_a_file_that_loads(tmp_path: Path) -> None:
    write(tmp_path / "raw", map(media, range(40)))
    output = tmp_path / "personalize.yaml"

    done = CliRunner().invoke(main, ["suggest", "--source", str(tmp_path / "raw"), "--output", str(output)])

    assert done.exit_code == 0, done.output
    assert done.stdout == f"Wrote {output}; read it, then: personalize-assets run --config {output}\n"
    assert load_config(output, {}).source.uri == str(tmp_path / "raw")


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
    ("change", "told"),
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
    change: Callable[[dict[str, Any]], Any], told: str, tmp_path: Path
) -> None:
    events = [media(number) for number in range(40)]
    for event in events:
        change(event)
    source = write(tmp_path / "raw", events)

    error = refused("--source", str(source))

    assert error.startswith(f"Error: {source}: no field of 40 events {told}")
    assert "Write the mapping by hand, as in sample_data/segment.yaml" in error


def test_a_time_that_cannot_be_read_is_shown(tmp_path: Path) -> None:
    events = [{**media(number), "ts": "2026-10-01 10:00:00 UTC+1"} for number in range(40)]

    error = refused("--source", str(write(tmp_path / "raw", events)))

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
        "objects, plain or gzip\n"
    )


def test_a_destination_in_the_source_is_refused_as_in_any_config(tmp_path: Path) -> None:
    source = write(tmp_path / "raw", map(media, range(40)))

    with pytest.raises(PersonalizeAssetsError, match="write to a place apart from it"):
        suggest(str(source), str(source / "out"), tmp_path)
