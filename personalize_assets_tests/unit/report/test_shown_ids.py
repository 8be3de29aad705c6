"""A report names no user, whatever the config lets be shown elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_assets.conversion.spec import IdProfile
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.rejects import RejectCount, Rejects, RejectSample
from personalize_assets.report.shown_ids import SAMPLED_REASONS, hides_broken, id_facts, masked_samples
from personalize_assets_tests.helpers.dagster_runs import small_config

HASH = "0123456789abcdef" * 4


def group(folder: Path, user: Any = "user", item: Any = "item", **changes: Any) -> DatasetGroup:
    columns = {"USER_ID": user, "ITEM_ID": item, "TIMESTAMP": "time"}
    return DatasetGroup(small_config(folder, datasets={"interactions": {"columns": columns}}, **changes))


def labels(group: DatasetGroup, column: str, *ids: str) -> tuple[str, list[str]]:
    profile = IdProfile(distinct=9, estimated=False, with_two=1, frequent=dict.fromkeys(ids, 2))
    found = id_facts(group, "interactions", column, profile)
    return found.shown_as, [top.label for top in found.top]


def samples(group: DatasetGroup, *raws: str | None) -> list[str | None]:
    counts = (RejectCount("interactions", "r", len(raws)),)
    found = tuple(RejectSample("2026-10-01", "interactions", "r", "a.json", raw) for raw in raws)
    return [one.raw for one in masked_samples(group, Rejects("shop", 1, 1, counts, found)).samples]


def test_users_have_numbers_and_items_their_ids(tmp_path: Path) -> None:
    assert labels(group(tmp_path), "USER_ID", "ann", "bob") == ("numbers", ["user 1", "user 2"])
    assert labels(group(tmp_path), "ITEM_ID", "sku-1") == ("ids", ["sku-1"])


def test_of_hashed_users_the_first_digits_are_shown(tmp_path: Path) -> None:
    hashed = group(tmp_path, user={"path": "user", "hash": True})

    assert labels(hashed, "USER_ID", HASH) == ("hashes", ["0123456789ab…"])


def test_plain_ids_of_an_export_from_before_the_hash_have_numbers(tmp_path: Path) -> None:
    hashed = group(tmp_path, user={"path": "user", "hash": True})

    assert labels(hashed, "USER_ID", HASH, "ann") == ("numbers", ["user 1", "user 2"])


def test_masked_items_have_numbers(tmp_path: Path) -> None:
    assert labels(group(tmp_path, mask=["item"]), "ITEM_ID", "sku-1") == ("numbers", ["item 1"])
    assert labels(group(tmp_path), "ITEM_ID", "*** 1") == ("numbers", ["item 1"])


def test_a_long_id_is_cut(tmp_path: Path) -> None:
    assert labels(group(tmp_path), "ITEM_ID", "x" * 256) == ("ids", ["x" * 80 + "…"])


def test_in_samples_every_path_of_the_user_is_masked(tmp_path: Path) -> None:
    several = group(tmp_path, user=["user", "anonymous.id"])

    [shown] = samples(several, '{"user": "ann", "anonymous": {"id": "a1"}, "item": "i1", "note": "é"}')

    assert json.loads(shown or "") == {"user": "***", "anonymous": {"id": "***"}, "item": "i1", "note": "é"}


def test_in_samples_the_case_of_names_is_ignored_where_the_source_ignores_it(tmp_path: Path) -> None:
    source = {"uri": "raw", "layout": "hive", "start_date": "2026-10-01", "ignore_case": True}

    assert samples(group(tmp_path, user="userId", source=source), '{"userid": "ann"}') == ['{"userid":"***"}']


@pytest.mark.parametrize("raw", ['{"user": "ann", bro', None])
def test_text_in_which_ids_cannot_be_found_is_left_out(tmp_path: Path, raw: str | None) -> None:
    assert samples(group(tmp_path), raw) == [None]
    assert hides_broken(group(tmp_path))


def test_a_long_sample_is_cut(tmp_path: Path) -> None:
    [shown] = samples(group(tmp_path), json.dumps({"note": "x" * 5000}))

    assert shown is not None
    assert (len(shown), shown[-1]) == (1001, "…")


def test_the_most_frequent_reasons_have_samples(tmp_path: Path) -> None:
    names = [f"r{number}" for number in range(SAMPLED_REASONS + 5)]
    counts = tuple(RejectCount("interactions", name, 1) for name in names)
    found = tuple(RejectSample("2026-10-01", "interactions", name, "a.json", "{}") for name in names)

    shown = masked_samples(group(tmp_path), Rejects("shop", 1, len(names), counts, found))

    assert [one.reason for one in shown.samples] == names[:SAMPLED_REASONS]
    assert len(shown.counts) == len(names)
