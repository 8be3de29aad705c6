"""Hashed columns, and masked fields in rejects, samples, profiles and checks."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import msgspec
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner

from personalize_assets.cli import main
from personalize_assets.config import Config, ConfigError, load_config
from personalize_assets.conversion.mapping.hashing import KEY
from personalize_assets.conversion.progress import OnProgress
from personalize_assets.conversion.spec import Report, Spec, encode
from personalize_assets.definitions import build_definitions
from personalize_assets.engines import Engine
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.judging.check_facts import judge_current_export, judge_file
from personalize_assets.pipeline.catalog import catalog_days
from personalize_assets.pipeline.convert import finished_days, first_rejects, plan_convert
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.quality.rule import Finding, Rule
from personalize_assets_tests.helpers import groups
from personalize_assets_tests.helpers.csv_reader import read_csv
from personalize_assets_tests.helpers.samples import REPO
from personalize_assets_tests.helpers.stored import commits

DAY, NEXT_DAY = date(2026, 10, 1), date(2026, 10, 2)
NOW = 1_790_812_800  # 2026-10-01T00:00:00Z
SECRET = "correct horse battery staple"
OTHER_SECRET = "incorrect horse battery staple"


def hashed(text: str, key: str = SECRET) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


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


def convert(group: DatasetGroup, engine: Engine, *days: date) -> None:
    groups.convert(group, engine, days)


def export(group: DatasetGroup, engine: Engine, *names: str) -> None:
    groups.export(group, engine, *(names or ("users", "interactions_csv", "users_csv")))


def rejects(folder: Path) -> list[dict[str, Any]]:
    files = sorted(folder.glob("out/rejects/day=2026-10-01/*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def everything_written(folder: Path) -> str:
    files = [file for file in (folder / "out").rglob("*") if file.is_file()]
    assert {file.suffix for file in files} >= {".csv", ".json", ".jsonl", ".parquet"}
    return "\n".join(
        json.dumps(pq.read_table(file).to_pylist()) if file.suffix == ".parquet" else file.read_text(errors="replace")
        for file in files
    )


@pytest.mark.usefixtures("events")
def test_the_same_user_has_the_same_hash_in_both_exports_and_nothing_tells_who(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, SECRET)
    group = DatasetGroup(config(tmp_path))

    convert(group, engine, DAY)
    export(group, engine)

    _, interactions = read_csv(tmp_path / "out/exports/latest/interactions.csv")
    assert sorted(interactions) == sorted(
        [[hashed("17"), "s2", str(NOW)], [hashed("ann"), "s1", str(NOW)]],
        key=str,
    )
    _, users = read_csv(tmp_path / "out/exports/latest/users.csv")
    assert users == [[hashed("ann"), hashed("Ulm")]]
    assert [reject["reason"] for reject in rejects(tmp_path)] == ["missing:ITEM_ID", "malformed_json"]
    assert [reject["raw"] for reject in rejects(tmp_path)] == [
        '{"event":"Clicked","user":"***","at":1790812800,"traits":{"email":"***"}}',
        None,
    ]
    written = everything_written(tmp_path)
    assert [word for word in ("ann", "Ulm", SECRET) if word in written] == []
    assert SECRET not in encode(plan_convert(group, [DAY], list(group.datasets))).decode()


def shop_of_kinds(folder: Path, mask: list[str], *, is_hashed: bool = False) -> DatasetGroup:
    """Eleven kinds of events, one more than Personalize takes; what a shop sells may reveal who buys it."""
    columns = {
        "USER_ID": {"path": "user", "hash": is_hashed},
        "ITEM_ID": "sku",
        "EVENT_TYPE": "kind",
        "TIMESTAMP": "at",
    }
    return DatasetGroup(config(folder, mask=mask, datasets={"interactions": {"columns": columns}}))


@pytest.fixture
def kinds(tmp_path: Path) -> None:
    events = [{"user": f"ann{n}", "sku": f"pills{n}", "kind": f"paid{n:02d}", "at": NOW} for n in range(11)]
    folder = tmp_path / f"raw/day={DAY}"
    folder.mkdir(parents=True)
    rejected = {"user": "ann", "kind": "paid", "at": NOW}
    (folder / "a.json").write_text("".join(json.dumps(event) + "\n" for event in [*events, rejected]))


@pytest.mark.usefixtures("kinds")
def test_commits_manifests_and_reports_show_no_masked_column(tmp_path: Path, engine: Engine) -> None:
    group = shop_of_kinds(tmp_path, ["sku", "kind", "at"])
    reports = []

    class Kept(Engine):
        def run(self, context: Any, spec: Spec, on_progress: OnProgress | None = None) -> Report:
            reports.append(engine.run(context, spec))
            return reports[-1]

    convert(group, Kept(), DAY)
    export(group, Kept(), "interactions_csv")

    commit = commits(group.destination, "interactions").get(DAY.isoformat())
    manifest = group.destination.exports.manifest("interactions")
    assert commit is not None
    assert manifest is not None
    preview = {"USER_ID": "ann0", "ITEM_ID": "***", "EVENT_TYPE": "***", "TIMESTAMP": "***"}
    assert commit.profile is not None
    assert manifest.profile is not None
    assert (commit.profile.preview[0], manifest.profile.preview[0]) == (preview, preview)
    assert commit.profile.events == manifest.profile.events == {f"*** {n}": 1 for n in range(1, 12)}
    assert manifest.profile.ids["ITEM_ID"].frequent == {f"*** {n}": 1 for n in range(1, 11)}
    written = msgspec.json.encode([reports, commit, manifest]).decode()
    assert [word for word in ("pills", "paid", str(NOW)) if word in written] == []
    assert (tmp_path / "out/exports/latest/interactions.csv").read_text().count("pills") == 11, "the files hold all"


@pytest.mark.usefixtures("kinds")
@pytest.mark.parametrize(("mask", "is_hashed"), [(["sku", "kind", "user"], False), (["sku", "kind"], True)])
def test_what_was_made_before_it_was_masked_or_hashed_is_shown_masked(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch, mask: list[str], is_hashed: bool
) -> None:
    monkeypatch.setenv(KEY, SECRET)
    before = shop_of_kinds(tmp_path, [])
    convert(before, engine, DAY)
    export(before, engine, "interactions_csv")
    file = tmp_path / "out/exports/latest/interactions.csv"
    file.write_text(file.read_text().replace(f",{NOW}\n", ",soon\n", 1) + "ann,pills\n")
    after = shop_of_kinds(tmp_path, mask, is_hashed=is_hashed)

    judged: list[tuple[Rule[Any], Finding]] = [
        *judge_current_export(after, "interactions"),
        *judge_file(after, "interactions"),
    ]
    finished = finished_days(after, [DAY], ["interactions"])
    rejects = first_rejects(after, "interactions", DAY.isoformat(), 5)

    rows = {rule.name: list(finding.rows) for rule, finding in judged if not finding.passed and finding.rows}
    assert rows == {
        "event_types_and_metadata_columns_are_at_most_10": [
            {"EVENT_TYPE": f"*** {number}", "rows": 1} for number in range(7, 12)
        ],
        "event_types_are_at_most_10": [{"EVENT_TYPE": f"*** {number}", "rows": 1} for number in range(7, 12)],
        "every_record_is_one_line": [{"line": 13, "problem": "2 cells instead of 4", "text": "***"}],
        "every_value_reads_as_its_type": [
            {"line": 2, "problem": "TIMESTAMP is no timestamp as Personalize reads it", "text": "soon"}
        ],
    }
    assert [reject.raw for reject in rejects] == [f'{{"user":"***","kind":"***","at":{NOW}}}']
    days = finished.commits["interactions"]
    assert (days == {}) is is_hashed, "with a hash the day is another"
    assert [day.profile.preview[0] for day in days.values() if day.profile] == (
        [] if is_hashed else [{"USER_ID": "***", "ITEM_ID": "***", "EVENT_TYPE": "***", "TIMESTAMP": NOW}]
    )
    observed = json.dumps([[finding.observed, finding.allowed] for _, finding in judged])
    assert [word for word in ("ann", "pills", "paid") if word in observed] == []


@pytest.mark.usefixtures("events")
def test_tasks_in_processes_of_their_own_hash_and_mask_the_same(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, SECRET)
    monkeypatch.setattr("personalize_assets.conversion.convert.planner._SMALLEST_TASK_BYTES", 1)
    group = DatasetGroup(config(tmp_path))

    convert(group, engine, DAY, NEXT_DAY)
    export(group, engine)

    assert len({file.name for file in tmp_path.glob("out/filtered_interactions/*/*.parquet")}) > 1, "several tasks"
    _, users = read_csv(tmp_path / "out/exports/latest/users.csv")
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

    convert(DatasetGroup(config(tmp_path, mask=[], datasets=plain)), engine, DAY)

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
    group = DatasetGroup(config(tmp_path))
    catalog_days(group, [DAY])
    error = (
        f"datasets.interactions: {KEY} {found}; set it to a secret of your own, the same for all runs, as "
        "`openssl rand -hex 32` makes one"
    )

    with pytest.raises(PersonalizeAssetsError) as raised:
        plan_convert(group, [DAY], ["interactions"])
    done = CliRunner().invoke(main, ["run", "--config", str(tmp_path / "personalize.yaml")])

    assert str(raised.value) == error
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"Error: {error}\n")


@pytest.mark.usefixtures("events")
def test_days_of_two_keys_are_not_exported_together(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = DatasetGroup(config(tmp_path))
    monkeypatch.setenv(KEY, SECRET)
    convert(group, engine, DAY)
    export(group, engine, "users")
    monkeypatch.setenv(KEY, OTHER_SECRET)
    convert(group, engine, NEXT_DAY)
    what_to_do = (
        f"different values of {KEY}; with one key, materialize all days again, and then users and items, or use "
        "`personalize-assets run --force`"
    )

    with pytest.raises(PersonalizeAssetsError) as raised:
        export(group, engine, "interactions_csv")

    assert str(raised.value) == (
        "filtered_interactions of 2026-10-01 and filtered_interactions of 2026-10-02 were hashed with " + what_to_do
    )
    convert(group, engine, DAY)
    with pytest.raises(PersonalizeAssetsError) as raised:
        export(group, engine, "users_csv")
    assert str(raised.value) == "filtered_interactions of 2026-10-01 and users were hashed with " + what_to_do
    monkeypatch.delenv(KEY)
    export(group, engine)  # needs no key


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
        "engine arrow or local" in problems(tmp_path, engine="glue")
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
    assert DatasetGroup(config(tmp_path)).masked_paths == ("traits.email", "user", "traits.city")


def test_the_config_of_the_page_on_privacy_loads(tmp_path: Path) -> None:
    page = (REPO / "docs/how-to/privacy.md").read_text()
    example, listed = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    place = (
        "source: {uri: raw, layout: hive, start_date: 2026-10-01}\ndestination: {uri: out}\ndataset_group: {name: x}\n"
    )
    (tmp_path / "personalize.yaml").write_text(place + example + listed)

    group = DatasetGroup(load_config(tmp_path / "personalize.yaml", {}))

    assert group.masked_paths == ("traits.email", "traits.name", "context.ip", "userId")
    assert group.config.suppress_uris == ("s3://shop-private/deleted.csv",)
