"""Folders of CSVs as an engine writes them."""

import hashlib
from pathlib import Path

import pytest

from personalize_assets.engines import Engine
from personalize_assets_tests.helpers.groups import (
    EVERYTHING,
    FIRST,
    INTERACTIONS,
    ITEMS,
    SECOND,
    USERS,
    Group,
    click,
    story,
)


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_the_files_of_a_folder_hold_the_rows_of_the_single_file_in_its_order(
    engine: Engine, tmp_path: Path, bucket: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("personalize_assets.conversion.export.interactions.MAX_PIECE_ROWS", 5_000)
    place = str(tmp_path / "out") if kind == "folder" else f"s3://{bucket}/out put"
    single, folder = (
        Group(engine, tmp_path, str(tmp_path / "raw"), place, single_file=single_file) for single_file in (True, False)
    )
    single.arrives(FIRST, *(click(str(n), f"user {n % 977}", f"i{n % 1009}", n * 7919 % 86_400) for n in range(20_000)))
    single.convert([FIRST], "interactions")
    single.export("interactions_csv")
    whole = single.csv("interactions")

    files = folder.export("interactions_csv").manifests["interactions"].files

    texts = [(folder.out.read(file.key) or b"").decode() for file in files]
    header = "USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP\n"
    assert all(text.startswith(header) for text in texts)
    assert header + "".join(text.removeprefix(header) for text in texts) == whole
    assert [hashlib.sha256(text.encode()).hexdigest() for text in texts] == [file.sha256 for file in files]
    assert [text.count("\n") - 1 for text in texts] == [file.rows for file in files]
    assert len(texts) > 1
    keys = [file.key for file in files]
    export = keys[0].rpartition("/interactions/")[0]
    assert folder.listed(f"{export}/") == [f"{export}/interactions.avsc", *keys, f"{export}/manifest.json"]
    assert folder.listed("_parts/") == []


def test_every_dataset_is_exported_as_a_folder(engine: Engine, tmp_path: Path) -> None:
    group = Group(engine, tmp_path, str(tmp_path / "raw"), str(tmp_path / "out"), single_file=False)
    story(group)
    group.convert([FIRST, SECOND])

    made = group.export(*EVERYTHING)

    for name, text in {"interactions": INTERACTIONS, "users": USERS, "items": ITEMS}.items():
        files = made.manifests[name].files
        header, _, rows = text.partition("\n")
        parts = [(group.out.read(file.key) or b"").decode() for file in files]
        assert "".join(part.removeprefix(f"{header}\n") for part in parts) == rows
        assert all(part.startswith(f"{header}\n") for part in parts)
        assert sum(file.rows for file in files) == made.manifests[name].rows == rows.count("\n")
    assert [key for key in group.listed("exports/") if key.count("/") == 2 and key.endswith(".csv")] == []
