"""A destination belongs to one dataset group: who is refused, who is not, and what the refusal says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.catalog import catalog_days, profile_days
from personalize_assets.pipeline.convert import commit_convert, plan_convert
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.export import plan_export
from personalize_assets.pipeline.ownership import ForeignDestination, claim_destination, owner_mark
from personalize_assets.storage.manifests import OwnerMark
from personalize_assets.storage.object_store import StoreError, Versioned
from personalize_assets.storage.stored_structs import DamagedFile
from personalize_assets_tests.helpers.small_group import (
    CLICK,
    FIRST,
    IDENTIFY,
    convert_here,
    put_events,
    run_here,
    small_group,
)
from personalize_assets_tests.helpers.stored import commits

MEDIA: dict[str, Any] = {"dataset_group": {"name": "media"}}
MOVED: dict[str, Any] = {"source": {"uri": "moved", "layout": "hive", "start_date": "2026-10-01"}}
INTERACTIONS = {"columns": {"USER_ID": "user", "ITEM_ID": "sku", "TIMESTAMP": "at"}}


def converted(folder: Path, **changes: Any) -> DatasetGroup:
    """A group that has converted a day with a row of interactions and one of users."""
    group = small_group(folder, **changes)
    put_events(group, FIRST, CLICK, IDENTIFY)
    convert_here(group, FIRST)
    return group


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_first_run_stores_the_name_and_the_sources(tmp_path: Path) -> None:
    converted(tmp_path)

    mark = json.loads((tmp_path / "out/_group.json").read_text())
    assert mark == {
        "dataset_group": "shop",
        "sources": {"interactions": str(tmp_path / "raw"), "users": str(tmp_path / "raw")},
        "since": mark["since"],
        "layout": 2,
    }


def test_another_group_is_refused_with_who_owns_the_destination_and_what_to_do(tmp_path: Path) -> None:
    shop = converted(tmp_path)
    mark = shop.destination.owner()
    assert mark is not None

    with pytest.raises(ForeignDestination) as error:
        claim_destination(small_group(tmp_path, **MEDIA, **MOVED))

    assert str(error.value) == (
        f"{tmp_path}/out belongs to the dataset group 'shop' (of {tmp_path}/raw, since {mark.since}), as "
        f"{tmp_path}/out/_group.json says, but this config is of the dataset group 'media' (of {tmp_path}/moved); "
        "write a destination.uri of its own, or, if 'media' is to continue with what is stored there, delete "
        f"{tmp_path}/out/_group.json and run again"
    )


def test_a_uri_may_be_added_to_a_source_that_has_rows_and_none_may_be_taken_away(tmp_path: Path) -> None:
    converted(tmp_path)
    both = {"source": {"uri": ["raw", "more"], "layout": "hive", "start_date": "2026-10-01"}}

    claim_destination(small_group(tmp_path, **both))

    with pytest.raises(ForeignDestination) as error:
        claim_destination(small_group(tmp_path))
    assert f"made of {tmp_path}/raw, {tmp_path}/more, as" in str(error.value)


@pytest.mark.parametrize(
    "stage",
    [
        lambda group: catalog_days(group, [FIRST]),
        lambda group: profile_days(group, [FIRST]),
        lambda group: plan_convert(group, [FIRST], ["interactions"]),
        lambda group: plan_export(group, ["interactions_csv"]),
    ],
    ids=["catalog", "profile", "convert", "export"],
)
def test_no_stage_of_another_group_changes_anything(tmp_path: Path, stage: Any) -> None:
    converted(tmp_path)
    before = files(tmp_path / "out")

    with pytest.raises(ForeignDestination):
        stage(small_group(tmp_path, **MEDIA))

    assert files(tmp_path / "out") == before


def test_a_group_that_loses_the_destination_while_it_converts_commits_nothing(tmp_path: Path) -> None:
    shop = small_group(tmp_path)
    put_events(shop, FIRST, CLICK)
    catalog_days(shop, [FIRST])
    spec = plan_convert(shop, [FIRST], ["interactions"])
    report = run_here(spec)
    (tmp_path / "out/_group.json").unlink()
    claim_destination(small_group(tmp_path, **MEDIA))

    with pytest.raises(ForeignDestination, match="belongs to the dataset group 'media'"):
        commit_convert(shop, [FIRST], spec, report)

    assert shop.destination.days.all() == {}


def test_of_two_groups_that_begin_at_the_same_time_the_second_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, media = small_group(tmp_path), small_group(tmp_path, **MEDIA)
    answers = [None, owner_mark(shop)]
    monkeypatch.setattr(media.destination, "owner", lambda: answers.pop(0))
    claim_destination(shop)

    with pytest.raises(ForeignDestination, match="belongs to the dataset group 'shop'"):
        claim_destination(media)


def test_a_destination_without_a_mark_becomes_that_of_the_group_that_runs_first(tmp_path: Path) -> None:
    converted(tmp_path)
    (tmp_path / "out/_group.json").unlink()  # as it was made before the mark existed

    claim_destination(small_group(tmp_path))

    with pytest.raises(ForeignDestination):
        claim_destination(small_group(tmp_path, **MEDIA))


def test_another_source_of_the_same_group_is_refused_with_both(tmp_path: Path) -> None:
    converted(tmp_path)

    with pytest.raises(ForeignDestination) as error:
        claim_destination(small_group(tmp_path, **MOVED))

    assert str(error.value) == (
        f"{tmp_path}/out holds interactions made of {tmp_path}/raw, as {tmp_path}/out/_group.json says, but this "
        f"config reads them from {tmp_path}/moved; write another destination.uri for other events, or, if the same "
        f"events have moved, delete {tmp_path}/out/_group.json and run again: days that were converted before stay in "
        "the exports"
    )


def test_a_source_that_gave_no_row_yet_may_be_corrected(tmp_path: Path) -> None:
    wrong = small_group(tmp_path, source={"uri": "empty", "layout": "hive", "start_date": "2026-10-01"})
    (tmp_path / "empty").mkdir()
    convert_here(wrong, FIRST)

    right = small_group(tmp_path)
    claim_destination(right)

    assert right.destination.owner() == OwnerMark(
        dataset_group="shop",
        sources={"interactions": str(tmp_path / "raw"), "users": str(tmp_path / "raw")},
        since=owned_since(tmp_path),
        layout=2,
    )


def owned_since(folder: Path) -> str:
    since: str = json.loads((folder / "out/_group.json").read_text())["since"]
    return since


def test_another_layout_of_the_same_source_is_the_same_group(tmp_path: Path) -> None:
    converted(tmp_path)

    claim_destination(small_group(tmp_path, source={"uri": "raw", "layout": "firehose", "start_date": "2026-10-01"}))


def test_a_dataset_may_come_and_go_but_not_come_back_from_another_source(tmp_path: Path) -> None:
    converted(tmp_path)
    users = {"columns": {"USER_ID": "user", "CITY": {"path": "city", "categorical": True}}}
    claim_destination(small_group(tmp_path, datasets={"interactions": INTERACTIONS}))

    with pytest.raises(ForeignDestination, match=r"holds users made of .*/raw, as .* reads them from .*/crm;"):
        claim_destination(
            small_group(
                tmp_path,
                datasets={
                    "interactions": INTERACTIONS,
                    "users": {**users, "source": {"uri": "crm", "layout": "firehose"}},
                },
            )
        )


def test_a_new_dataset_is_added_to_the_mark(tmp_path: Path) -> None:
    converted(tmp_path, datasets={"interactions": INTERACTIONS})
    items = {
        "columns": {"ITEM_ID": "sku", "PRICE": {"path": "price", "type": "float"}},
        "source": {"uri": "pim", "layout": "firehose"},
    }
    group = small_group(tmp_path, datasets={"interactions": INTERACTIONS, "items": items})

    claim_destination(group)

    mark = group.destination.owner()
    assert mark is not None
    assert mark.sources == {"interactions": str(tmp_path / "raw"), "items": str(tmp_path / "pim")}


def test_the_mark_is_read_once_for_all_stages_before_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    group = small_group(tmp_path)
    answers = iter([None])
    monkeypatch.setattr(group.destination, "owner", lambda: next(answers))

    for _ in range(3):
        claim_destination(group)

    assert list(answers) == []


def test_a_mark_that_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    group = converted(tmp_path)
    (tmp_path / "out/_group.json").write_text("{")

    with pytest.raises(DamagedFile) as error:
        claim_destination(small_group(tmp_path))

    assert isinstance(error.value, PersonalizeAssetsError)
    assert str(error.value) == (
        f"{group.destination.uri}/_group.json is damaged: expected the name and sources of the dataset group as JSON, "
        "found: Input data was truncated; delete it and run again"
    )


def test_a_destination_of_an_older_version_is_taken_over_before_anything_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "filtered_interactions/day=2026-10-01").mkdir(parents=True)
    (out / "filtered_interactions/day=2026-10-01/_commit.json").write_text('{"run": "r", "mapping": "m", "kept": 3}')
    mark = {"dataset_group": "shop", "sources": {"interactions": str(tmp_path / "raw")}, "since": "2026-10-01"}
    (out / "_group.json").write_text(json.dumps(mark))
    group = small_group(tmp_path)

    claim_destination(group)

    assert commits(group.destination, "interactions")["2026-10-01"].kept == 3
    owner = group.destination.owner()
    assert owner is not None
    assert (owner.layout, owner.since, sorted(owner.sources)) == (2, "2026-10-01", ["interactions", "users"])


def test_a_destination_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    mark = {"dataset_group": "shop", "sources": {}, "since": "2026-10-01", "layout": 3}
    (tmp_path / "out/_group.json").write_text(json.dumps(mark))

    with pytest.raises(ForeignDestination) as error:
        claim_destination(small_group(tmp_path))

    assert str(error.value) == (
        f"{tmp_path}/out was written by a newer version of personalize-assets (layout 3 in {tmp_path}/out/_group.json; "
        "this version knows 2); install that version, or write another destination.uri"
    )


def test_a_server_that_ignores_the_conditions_of_writes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = small_group(tmp_path)

    def without_conditions(key: str, data: bytes, before: Versioned | None) -> Versioned:
        group.destination.store.write(key, data)
        return Versioned(data, "")

    monkeypatch.setattr(group.destination.store, "swap", without_conditions)

    with pytest.raises(StoreError, match="is on a server that ignores the condition If-None-Match of a write"):
        claim_destination(group)

    assert group.destination.owner() is None
