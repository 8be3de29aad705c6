"""The Avro schemas beside the CSVs."""

import json
from pathlib import Path

import pytest

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.pipeline.dataset_group import DatasetGroup
from personalize_assets.pipeline.schemas import current_schema, has_current_schema, schema_of
from personalize_assets_tests.helpers.days_contract import NEW
from personalize_assets_tests.helpers.exports_contract import manifest
from personalize_assets_tests.helpers.small_group import small_group
from personalize_assets_tests.helpers.stored import put_export


def exported(group: DatasetGroup) -> None:
    """An export with the schema of the config as it is now."""
    key = group.destination.exports.put_schema(f"exports/{NEW}", "users", schema_of(group, "users"))
    put_export(group.destination, manifest(NEW, schema=key))


def test_a_schema_has_the_columns_in_their_order(tmp_path: Path) -> None:
    schema = schema_of(small_group(tmp_path), "interactions")

    assert [field["name"] for field in schema["fields"]] == ["USER_ID", "ITEM_ID", "TIMESTAMP"]


def test_the_current_schema_is_the_one_beside_the_current_csv(tmp_path: Path) -> None:
    group = small_group(tmp_path)
    exported(group)

    key, schema = current_schema(group, "users")

    assert (key, schema) == (f"exports/{NEW}/users.avsc", schema_of(group, "users"))
    assert json.loads((tmp_path / "out/exports/latest/users.avsc").read_text()) == schema


def test_without_an_export_there_is_no_schema(tmp_path: Path) -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        current_schema(small_group(tmp_path), "users")

    assert str(error.value) == (
        f"{tmp_path}/out has no export of users, and the schema is written beside the CSV; materialize users_csv first"
    )


def test_a_schema_that_the_config_does_not_give_any_more_is_an_error(tmp_path: Path) -> None:
    exported(small_group(tmp_path))
    columns = {"USER_ID": "user", "AGE": {"path": "age", "type": "long"}}
    datasets = {"interactions": {"columns": {"USER_ID": "user", "ITEM_ID": "sku", "TIMESTAMP": "at"}}}
    changed = small_group(tmp_path, datasets={**datasets, "users": {"columns": columns}})

    with pytest.raises(PersonalizeAssetsError) as error:
        current_schema(changed, "users")

    assert str(error.value) == (
        f"{tmp_path}/out/exports/{NEW}/users.avsc is not the schema that the config gives now: columns, types or the "
        "domain have changed since that export; materialize users_csv again"
    )


@pytest.mark.parametrize("stored", [b"{", b"{}", None])
def test_a_damaged_or_missing_schema_is_none(tmp_path: Path, stored: bytes | None) -> None:
    group = small_group(tmp_path)
    if stored is not None:
        group.destination.store.write("users.avsc", stored)

    assert not has_current_schema(group, "users", manifest(NEW, schema="users.avsc"))
