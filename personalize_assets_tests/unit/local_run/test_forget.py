"""The command `forget` where there is no Personalize: the list alone is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.local_run.forget import forget_and_report, plan, read_ids
from personalize_assets_tests.helpers.small_group import small_group


def test_the_list_is_made_and_what_is_left_to_do_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    group = small_group(tmp_path, suppress="deleted.csv")
    (tmp_path / "ids.txt").write_text("b\na\nb\n")
    lines: list[str] = []

    forget_and_report(group, plan(group, read_ids(tmp_path / "ids.txt")), lines.append)

    assert (tmp_path / "deleted.csv").read_text() == "USER_ID\na\nb\n"
    assert lines == [f"2 ids are in {tmp_path}/deleted.csv: no later export has rows of these users"]
    assert capsys.readouterr().out.splitlines() == [
        f"{tmp_path}/deleted.csv: 2 of 2 ids are new, and are added",
        f"Personalize: nothing to delete: the destination is the folder {tmp_path}/out, from which Personalize reads "
        "no ids: if it has a dataset group of these users, start its data deletion job with the list in S3",
        "Now export (`personalize-assets run`), import that, and train again: models know deleted users until then",
    ]


def test_a_plan_changes_nothing(tmp_path: Path) -> None:
    group = small_group(tmp_path, suppress="deleted.csv")
    (tmp_path / "ids.txt").write_text("a\n")

    plan(group, read_ids(tmp_path / "ids.txt"))

    assert not (tmp_path / "deleted.csv").exists()


def test_ids_that_are_listed_already_are_not_new(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "deleted.csv").write_text("USER_ID\na\n")
    (tmp_path / "ids.csv").write_text("USER_ID\na\nb\n")

    plan(small_group(tmp_path, suppress="deleted.csv"), read_ids(tmp_path / "ids.csv"))

    assert f"{tmp_path}/deleted.csv: 1 of 2 ids are new, and are added" in capsys.readouterr().out


@pytest.mark.parametrize(("text", "error"), [(None, "No such file or directory"), ("a\n\n", "line 2 has no id")])
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str | None, error: str) -> None:
    if text is not None:
        (tmp_path / "ids.txt").write_text(text)

    with pytest.raises(PersonalizeAssetsError, match=rf"^--user-ids {tmp_path}/ids\.txt: .*{error}"):
        read_ids(tmp_path / "ids.txt")


def test_without_an_id_there_is_nothing_to_forget(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("USER_ID\n")
    group = small_group(tmp_path, suppress="deleted.csv")

    with pytest.raises(PersonalizeAssetsError, match="there is no id to forget"):
        plan(group, read_ids(tmp_path / "ids.txt"))
