"""What nobody is to see: hashed columns, and masked fields in rejects and samples."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from personalize_assets.pipeline.pipeline import Pipeline

from personalize_assets.cli import main
from personalize_assets.config import Config, ConfigError, load_config
from personalize_assets.conversion.contract import Column, Dataset
from personalize_assets.conversion.mapping.event_mapper import Mapping
from personalize_assets.conversion.mapping.hashing import KEY, digest, with_key
from personalize_assets.conversion.mapping.masking import Mask, hashed_paths, masked_columns, masked_profile
from personalize_assets.definitions import build_definitions
from personalize_assets.engines import Engine
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.quality.evaluate import judge_file, judge_in_force
from personalize_assets_tests.helpers.csv_reader import read_csv
from personalize_assets_tests.helpers.groups import NO_CONTEXT
from personalize_assets_tests.helpers.samples import REPO

DAY, NEXT_DAY = date(2026, 10, 1), date(2026, 10, 2)
NOW = 1_790_812_800  # 2026-10-01T00:00:00Z
SECRET = "correct horse battery staple"
OTHER_SECRET = "incorrect horse battery staple"


def hashed(text: str, key: str = SECRET) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def value(column: Column, found: Any) -> Any:
    """What a column makes of a value of an event, or the reason for the reject."""
    dataset = Dataset("interactions", (column,), where={})
    (row,) = Mapping(dataset).rows({"a": found}, NOW)
    return row.reason or row.values[0]


def column(name: str = "X", **options: Any) -> Column:
    return Column(name, ("a",), hash=True, hash_key=SECRET, **options)


# A hashed value


def test_a_hash_is_hmac_sha_256_of_the_text_in_hexadecimal() -> None:
    assert value(column(), "u1") == hashed("u1")
    # RFC 4231, test case 2.
    assert digest("Jefe")("what do ya want for nothing?") == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_a_number_is_hashed_as_the_text_that_it_would_be() -> None:
    assert value(column(), 17) == value(column(), "17") == hashed("17")


@pytest.mark.parametrize("nothing", [None, "", [], [None, ""]])
def test_null_and_empty_stay_null(nothing: Any) -> None:
    assert value(column(), nothing) is None
    assert value(column("USER_ID", required=True), nothing) == "missing:USER_ID"


def test_each_element_of_an_array_is_hashed_by_itself() -> None:
    assert value(column(), ["a", None, "b"]) == f"{hashed('a')}|{hashed('b')}"
    assert value(column("USER_ID", required=True), ["a"]) == "bad_value:USER_ID"


def test_a_renamed_value_is_hashed_by_its_new_name() -> None:
    assert value(column(map={"x": "y"}), "x") == hashed("y")


def test_ids_that_are_one_in_a_csv_are_one_hash() -> None:
    assert value(column("USER_ID"), "a\r\nb") == value(column("USER_ID"), "a b") == hashed("a b")


def test_a_long_id_is_not_too_long_as_a_hash() -> None:
    assert value(column("USER_ID"), "x" * 300) == hashed("x" * 300)


def test_hashes_that_are_too_long_together_are_a_reject() -> None:
    assert value(column(), [str(number) for number in range(16)]) == "too_long:X"


def test_a_column_that_is_to_be_hashed_is_never_written_without_a_key() -> None:
    with pytest.raises(ValueError, match="column X is to be hashed, but has no key"):
        Mapping(Dataset("interactions", (Column("X", ("a",), hash=True),), where={}))


def test_the_key_is_shown_nowhere() -> None:
    assert SECRET not in repr(column())
    assert SECRET not in repr(Dataset("interactions", (column(),), where={}))


# Mask

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


ROW = {"USER_ID": "ann", "EVENT_TYPE": "bought pills", "NOTE": None, "TIMESTAMP": NOW}
PROFILE = {
    "rows": 3,
    "nulls": {"USER_ID": 0, "NOTE": 1},
    "first": {"TIMESTAMP": NOW, "BORN": 1},
    "last": {"TIMESTAMP": NOW + 9, "BORN": 2},
    "blamed": {"time:TIMESTAMP": {"rows": 1, "shown": [ROW]}},
    "events": {"bought pills": 2, "view": 1},
    "ids": {"USER_ID": {"distinct": 2, "frequent": {"ann": 2, "bob": 1}}, "ITEM_ID": {"frequent": {"i1": 3}}},
    "preview": [ROW],
}


def test_the_profile_of_an_export_keeps_its_counts_and_shows_no_masked_value() -> None:
    row = {"USER_ID": "***", "EVENT_TYPE": "***", "NOTE": None, "TIMESTAMP": NOW}

    assert masked_profile(PROFILE, {"USER_ID", "EVENT_TYPE", "NOTE", "BORN"}) == {
        "rows": 3,
        "nulls": {"USER_ID": 0, "NOTE": 1},
        "first": {"TIMESTAMP": NOW},
        "last": {"TIMESTAMP": NOW + 9},
        "blamed": {"time:TIMESTAMP": {"rows": 1, "shown": [row]}},
        "events": {"*** 1": 2, "view": 1},
        "ids": {"USER_ID": {"distinct": 2, "frequent": {"*** 1": 2, "*** 2": 1}}, "ITEM_ID": {"frequent": {"i1": 3}}},
        "preview": [row],
    }


def test_the_profile_of_a_day_shows_no_masked_value() -> None:
    day = {"nulls": {"USER_ID": 0}, "events": {"Paid": 2}, "hours": {"7": 2}, "times": [NOW, NOW], "preview": [ROW]}

    shown = masked_profile(day, {"EVENT_TYPE", "TIMESTAMP"})

    assert shown == {
        **day,
        "events": {"*** 1": 2},
        "times": [],
        "preview": [{**ROW, "EVENT_TYPE": "***", "TIMESTAMP": "***"}],
    }


def test_a_profile_that_is_masked_already_and_one_of_nothing_masked_stay_as_they_are() -> None:
    masked = masked_profile(PROFILE, {"USER_ID", "EVENT_TYPE"})

    assert masked_profile(masked, {"USER_ID", "EVENT_TYPE"}) == masked
    assert masked_profile(PROFILE, set()) == PROFILE


# The whole way


def config(folder: Path, **changes: Any) -> Config:
    hidden = {"path": "user", "hash": True}
    written = {
        "source": {"uri": "raw", "layout": "hive", "start_date": "2026-10-01"},
        "destination": {"uri": "out"},
        "dataset_group": {"name": "shop"},
        "mask": ["traits.email"],
        "datasets": {
            "interactions": {
                "where": {"event": "Clicked"},
                "columns": {"USER_ID": hidden, "ITEM_ID": ["sku"], "TIMESTAMP": "at"},
            },
            "users": {
                "where": {"event": "Told"},
                "columns": {"USER_ID": hidden, "CITY": {"path": "traits.city", "categorical": True, "hash": True}},
            },
        },
        **changes,
    }
    file = folder / "personalize.yaml"
    file.write_text(yaml.safe_dump(written, sort_keys=False))
    return load_config(file, {})


EVENTS = [
    {"event": "Clicked", "user": "ann", "sku": "s1", "at": NOW},
    {"event": "Clicked", "user": 17, "sku": "s2", "at": NOW},
    {"event": "Clicked", "user": "ann-rejected", "at": NOW, "traits": {"email": "ann@b.example"}},
    {"event": "Told", "user": "ann", "at": NOW, "traits": {"city": "Ulm", "email": "ann@b.example"}},
]
BROKEN = '{"event": "Clicked", "user": "ann-broken"'


@pytest.fixture
def events(tmp_path: Path) -> None:
    for day in (DAY, NEXT_DAY):
        folder = tmp_path / f"raw/day={day}"
        folder.mkdir(parents=True)
        (folder / "a.json").write_text("".join(json.dumps(event) + "\n" for event in EVENTS) + BROKEN + "\n")


def convert(pipeline: Pipeline, engine: Engine, *days: date) -> dict[str, Any]:
    pipeline.catalog(days)
    spec = pipeline.convert_spec(days, list(pipeline.datasets))
    pipeline.commit_convert(days, spec, engine.run(NO_CONTEXT, spec))
    return spec


def export(pipeline: Pipeline, engine: Engine, *names: str) -> None:
    spec, inputs = pipeline.export_spec(names or ("users", "interactions_csv", "users_csv"))
    pipeline.commit_export(spec, inputs, engine.run(NO_CONTEXT, spec))


def rejects(folder: Path) -> list[dict[str, Any]]:
    files = sorted(folder.glob("out/rejects/day=2026-10-01/*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def everything_written(folder: Path) -> str:
    files = [file for file in (folder / "out").rglob("*") if file.is_file()]
    assert {file.suffix for file in files} >= {".csv", ".json", ".jsonl", ".parquet"}
    return "\n".join(
        json.dumps(pq.read_table(file).to_pylist()) if file.suffix == ".parquet" else file.read_text() for file in files
    )


@pytest.mark.usefixtures("events")
def test_the_same_user_has_the_same_hash_in_both_exports_and_nothing_tells_who(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, SECRET)
    pipeline = Pipeline(config(tmp_path))

    spec = convert(pipeline, engine, DAY)
    export(pipeline, engine)

    _, interactions = read_csv(tmp_path / "out/exports/interactions.csv")
    assert sorted(interactions) == sorted(
        [[hashed("17"), "s2", str(NOW)], [hashed("ann"), "s1", str(NOW)]],
        key=str,
    )
    _, users = read_csv(tmp_path / "out/exports/users.csv")
    assert users == [[hashed("ann"), hashed("Ulm")]]
    assert [reject["reason"] for reject in rejects(tmp_path)] == ["missing:ITEM_ID", "malformed_json"]
    assert [reject["raw"] for reject in rejects(tmp_path)] == [
        '{"event":"Clicked","user":"***","at":1790812800,"traits":{"email":"***"}}',
        None,
    ]
    written = everything_written(tmp_path)
    assert [word for word in ("ann", "Ulm", SECRET) if word in written] == []
    assert SECRET not in json.dumps(spec)


def shop_of_kinds(folder: Path, mask: list[str], *, is_hashed: bool = False) -> Pipeline:
    """Eleven kinds of events, one more than Personalize takes; what a shop sells tells who buys it."""
    columns = {
        "USER_ID": {"path": "user", "hash": is_hashed},
        "ITEM_ID": "sku",
        "EVENT_TYPE": "kind",
        "TIMESTAMP": "at",
    }
    return Pipeline(config(folder, mask=mask, datasets={"interactions": {"columns": columns}}))


@pytest.fixture
def kinds(tmp_path: Path) -> None:
    events = [{"user": f"ann{n}", "sku": f"pills{n}", "kind": f"paid{n:02d}", "at": NOW} for n in range(11)]
    folder = tmp_path / f"raw/day={DAY}"
    folder.mkdir(parents=True)
    rejected = {"user": "ann", "kind": "paid", "at": NOW}
    (folder / "a.json").write_text("".join(json.dumps(event) + "\n" for event in [*events, rejected]))


@pytest.mark.usefixtures("kinds")
def test_commits_manifests_and_reports_show_no_masked_column(tmp_path: Path, engine: Engine) -> None:
    pipeline = shop_of_kinds(tmp_path, ["sku", "kind", "at"])
    reports = []

    class Kept(Engine):
        def run(self, context: Any, spec: dict[str, Any]) -> dict[str, Any]:
            reports.append(engine.run(context, spec))
            return reports[-1]

    convert(pipeline, Kept(), DAY)
    export(pipeline, Kept(), "interactions_csv")

    commit = pipeline.destination.day_commit("interactions", DAY.isoformat())
    manifest = pipeline.destination.manifest("interactions")
    assert commit is not None
    assert manifest is not None
    shown = {"USER_ID": "ann0", "ITEM_ID": "***", "EVENT_TYPE": "***", "TIMESTAMP": "***"}
    assert (commit["profile"]["preview"][0], manifest["profile"]["preview"][0]) == (shown, shown)
    assert commit["profile"]["events"] == manifest["profile"]["events"] == {f"*** {n}": 1 for n in range(1, 12)}
    assert manifest["profile"]["ids"]["ITEM_ID"]["frequent"] == {f"*** {n}": 1 for n in range(1, 6)}
    written = json.dumps([reports, commit, manifest])
    assert [word for word in ("pills", "paid", str(NOW)) if word in written] == []
    assert (tmp_path / "out/exports/interactions.csv").read_text().count("pills") == 11, "the files hold all"


@pytest.mark.usefixtures("kinds")
@pytest.mark.parametrize(("mask", "is_hashed"), [(["sku", "kind", "user"], False), (["sku", "kind"], True)])
def test_what_was_made_before_it_was_masked_or_hashed_is_shown_masked(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch, mask: list[str], is_hashed: bool
) -> None:
    monkeypatch.setenv(KEY, SECRET)
    before = shop_of_kinds(tmp_path, [])
    convert(before, engine, DAY)
    export(before, engine, "interactions_csv")
    file = tmp_path / "out/exports/interactions.csv"
    file.write_text(file.read_text().replace(f",{NOW}\n", ",soon\n", 1) + "ann,pills\n")
    after = shop_of_kinds(tmp_path, mask, is_hashed=is_hashed)

    judged = [*judge_in_force(after, "interactions"), *judge_file(after, "interactions")]
    finished, _ = after.finished([DAY], ["interactions"])
    rejects = after.first_rejects("interactions", DAY.isoformat(), 5)

    rows = {rule.name: list(finding.rows) for rule, finding in judged if not finding.passed and finding.rows}
    assert rows == {
        "event_types_and_metadata_columns_are_at_most_10": [
            {"EVENT_TYPE": f"*** {number}", "rows": 1} for number in range(7, 12)
        ],
        "every_record_is_one_line": [{"line": 13, "problem": "2 cells instead of 4", "text": "***"}],
        "every_value_reads_as_its_type": [
            {"line": 2, "problem": "TIMESTAMP is no timestamp as Personalize reads it", "text": "soon"}
        ],
    }
    assert [row["raw"] for row in rejects] == [f'{{"user":"***","kind":"***","at":{NOW}}}']
    days = finished["interactions"]
    assert (days == {}) is is_hashed, "with a hash the day is another"
    assert [day["profile"]["preview"][0] for day in days.values()] == (
        [] if is_hashed else [{"USER_ID": "***", "ITEM_ID": "***", "EVENT_TYPE": "***", "TIMESTAMP": NOW}]
    )
    said = json.dumps([[finding.observed, finding.allowed] for _, finding in judged])
    assert [word for word in ("ann", "pills", "paid") if word in said] == []


@pytest.mark.usefixtures("events")
def test_tasks_in_processes_of_their_own_hash_and_mask_the_same(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, SECRET)
    monkeypatch.setattr("personalize_assets.conversion.convert.planner._SMALLEST_TASK_BYTES", 1)
    pipeline = Pipeline(config(tmp_path))

    convert(pipeline, engine, DAY, NEXT_DAY)
    export(pipeline, engine)

    assert len({file.name for file in tmp_path.glob("out/filtered_interactions/*/*.parquet")}) > 1, "several tasks"
    _, users = read_csv(tmp_path / "out/exports/users.csv")
    assert users == [[hashed("ann"), hashed("Ulm")]]
    assert "ann" not in everything_written(tmp_path)


@pytest.mark.usefixtures("events")
def test_the_definitions_load_without_the_key_and_a_run_fails_with_what_to_do(tmp_path: Path) -> None:
    job = build_definitions(config(tmp_path)).resolve_implicit_global_asset_job_def()

    with pytest.raises(dg.Failure) as raised:
        job.execute_in_process(
            instance=dg.DagsterInstance.ephemeral(),
            partition_key="2026-10-01",
            asset_selection=[dg.AssetKey("raw_event_catalog"), dg.AssetKey("filtered_interactions")],
        )

    assert (raised.value.description or "").startswith(f"datasets.interactions: {KEY} is not set")
    assert raised.value.allow_retries is False


@pytest.mark.usefixtures("events")
def test_without_a_mask_or_a_hash_rejects_are_as_they_came(tmp_path: Path, engine: Engine) -> None:
    plain = {
        "interactions": {
            "where": {"event": "Clicked"},
            "columns": {"USER_ID": "user", "ITEM_ID": "sku", "TIMESTAMP": "at"},
        }
    }

    convert(Pipeline(config(tmp_path, mask=[], datasets=plain)), engine, DAY)

    assert [reject["raw"] for reject in rejects(tmp_path)] == [json.dumps(EVENTS[2]), BROKEN]


@pytest.mark.parametrize(
    ("key", "found"),
    [(None, "is not set, but columns with `hash: true` need it"), ("short", "has 5 characters, wanted at least 16")],
)
@pytest.mark.usefixtures("events")
def test_without_a_key_nothing_runs(
    key: str | None, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if key:
        monkeypatch.setenv(KEY, key)
    pipeline = Pipeline(config(tmp_path))
    pipeline.catalog([DAY])
    error = (
        f"datasets.interactions: {KEY} {found}; set it to a secret of your own, the same for all runs, as "
        "`openssl rand -hex 32` makes one"
    )

    with pytest.raises(PersonalizeAssetsError) as raised:
        pipeline.convert_spec([DAY], ["interactions"])
    done = CliRunner().invoke(main, ["run", "--config", str(tmp_path / "personalize.yaml")])

    assert str(raised.value) == error
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"Error: {error}\n")


def test_a_job_that_was_sent_without_its_key_does_nothing() -> None:
    with pytest.raises(ValueError, match=f"{KEY} is not set"):
        with_key([Dataset("interactions", (Column("X", ("a",), hash=True),), where={})])


@pytest.mark.usefixtures("events")
def test_days_of_two_keys_are_not_exported_together(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = Pipeline(config(tmp_path))
    monkeypatch.setenv(KEY, SECRET)
    convert(pipeline, engine, DAY)
    export(pipeline, engine, "users")
    monkeypatch.setenv(KEY, OTHER_SECRET)
    convert(pipeline, engine, NEXT_DAY)
    what_to_do = f"different values of {KEY}; with one key, materialize all days again, and then users and items"

    with pytest.raises(PersonalizeAssetsError) as raised:
        export(pipeline, engine, "interactions_csv")

    assert str(raised.value) == (
        "filtered_interactions of 2026-10-01 and filtered_interactions of 2026-10-02 were hashed with " + what_to_do
    )
    convert(pipeline, engine, DAY)
    with pytest.raises(PersonalizeAssetsError) as raised:
        export(pipeline, engine, "users_csv")
    assert str(raised.value) == "filtered_interactions of 2026-10-01 and users were hashed with " + what_to_do
    monkeypatch.delenv(KEY)
    export(pipeline, engine)  # needs no key


# What a config may say


def problems(folder: Path, **changes: Any) -> str:
    with pytest.raises(ConfigError) as raised:
        config(folder, **changes)
    return str(raised.value)


def interactions(**columns: Any) -> dict[str, Any]:
    base = {"USER_ID": "user", "ITEM_ID": "sku", "TIMESTAMP": "at"}
    return {"interactions": {"columns": {**base, **columns}}}


def test_an_id_is_hashed_in_all_datasets_or_in_none(tmp_path: Path) -> None:
    datasets = {
        **interactions(USER_ID={"path": "user", "hash": True}),
        "users": {"columns": {"USER_ID": "user", "AGE": {"path": "age", "type": "int"}}},
    }

    assert (
        "datasets.users.columns.USER_ID.hash: missing, but datasets.interactions hashes USER_ID; the same id must be "
        "hashed in both or in neither" in problems(tmp_path, datasets=datasets)
    )


def test_only_text_can_be_hashed(tmp_path: Path) -> None:
    datasets = interactions(AGE={"path": "age", "type": "int", "hash": True})

    assert (
        "datasets.interactions.columns.AGE.hash: true, but the type is int; only text can be hashed: remove one of the "
        "two" in problems(tmp_path, datasets=datasets)
    )


def test_glue_has_no_key(tmp_path: Path) -> None:
    assert (
        "datasets.users.columns.USER_ID.hash: true, but the key does not leave this machine, and so not to Glue; use "
        "engine local or sail" in problems(tmp_path, engine="glue")
    )


def test_a_hashed_field_is_no_message_id(tmp_path: Path) -> None:
    datasets = interactions(USER_ID={"path": "user", "hash": True})
    datasets["interactions"]["dedupe_by"] = "user"

    assert (
        "datasets.interactions.dedupe_by: 'user', which USER_ID hashes, but daily files keep it as it is; name another "
        "path" in problems(tmp_path, datasets=datasets)
    )


def test_a_mask_is_a_path_or_several(tmp_path: Path) -> None:
    assert config(tmp_path, mask="traits").mask == ("traits",)
    assert config(tmp_path, mask=["traits", "a.`b c`"]).mask == ("traits", "a.`b c`")
    assert "mask" in problems(tmp_path, mask=["a..b"])


def test_the_fields_of_hashed_columns_are_masked_too(tmp_path: Path) -> None:
    assert Pipeline(config(tmp_path)).masked == ("traits.email", "user", "traits.city")
    each = Dataset(
        "items", (Column("ITEM_ID", ("each.sku", "sku"), hash=True), Column("X", ("x",))), where={}, each="a.`b c`"
    )
    assert hashed_paths(each) == ["a.`b c`.sku", "sku"]


def test_the_config_of_the_page_on_privacy_loads(tmp_path: Path) -> None:
    page = (REPO / "docs/privacy.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    place = (
        "source: {uri: raw, layout: hive, start_date: 2026-10-01}\ndestination: {uri: out}\ndataset_group: {name: x}\n"
    )
    (tmp_path / "personalize.yaml").write_text(place + example)

    pipeline = Pipeline(load_config(tmp_path / "personalize.yaml", {}))

    assert pipeline.masked == ("traits.email", "traits.name", "context.ip", "userId")
