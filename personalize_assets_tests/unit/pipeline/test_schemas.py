"""The Avro schemas beside the CSVs."""

import json
from pathlib import Path

from personalize_assets.pipeline.schemas import put_schema
from personalize_assets_tests.helpers.small_group import small_group


def test_a_schema_is_written_with_the_columns_in_their_order(tmp_path: Path) -> None:
    schema = put_schema(small_group(tmp_path), "interactions")

    assert [field["name"] for field in schema["fields"]] == ["USER_ID", "ITEM_ID", "TIMESTAMP"]
    assert json.loads((tmp_path / "out/schemas/interactions.avsc").read_text()) == schema
