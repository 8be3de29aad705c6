"""The list of users who are not exported: read, refused where it is damaged, and extended."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.conversion.export.suppressed import UserIds
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.storage import suppress_list
from personalize_assets.storage.folder import FolderStore
from personalize_assets.storage.object_store import Versioned
from personalize_assets.storage.suppress_list import NoSuppressList, add, format_list, ids_of_file, parse, read

QUOTED = (
    "is quoted in another way than the CSVs of an export; put an id with a comma, a quote or a backslash into quotes, "
    "and a backslash before each quote and backslash in it"
)


def ids(text: str) -> list[str]:
    found: list[str] = parse(text.encode(), "list").to_pylist()
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("USER_ID\na\nb\n", ["a", "b"]),
        ("USER_ID\nno line feed", ["no line feed"]),
        ("\ufeffUSER_ID\r\na\r\nb\r\n", ["a", "b"]),
        ('"USER_ID"\n"a,b"\n"say \\"x\\""\n"back\\\\slash"\n', ["a,b", 'say "x"', "back\\slash"]),
        ("USER_ID\n", []),
        ("USER_ID", []),
        ("USER_ID\n0123\n1e5\nnull\nNA\n", ["0123", "1e5", "null", "NA"]),
        ("USER_ID\na\u2028b\nc\0d\n", ["a b", "cd"]),
    ],
)
def test_ids_are_read_as_they_are_written(text: str, found: list[str]) -> None:
    assert ids(text) == found


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "the header is not USER_ID; write a CSV with the header USER_ID and one id a line"),
        (b"secret\n", "the header is not USER_ID; write a CSV with the header USER_ID and one id a line"),
        (b"USER_ID,MORE\na,b\n", "the header is not USER_ID; write a CSV with the header USER_ID and one id a line"),
        (b"USER_ID\na\nsecret,b\n", "line 3 has several cells; write a CSV with the header USER_ID and one id a line"),
        (b"USER_ID\na\n\nsecret\n", "line 3 has no id; remove the line"),
        (b"USER_ID\na\n  \n", "line 3 has no id; remove the line"),
        (b"USER_ID\nsecret\n\xff\n", "line 3 is not UTF-8; save it as UTF-8"),
        (b"USER_ID\na\nDOMAIN\\secret\n", f"line 3 {QUOTED}"),
        (b'USER_ID\n"secret""b"\n', f"line 2 {QUOTED}"),
        (b'USER_ID\na\n"secret', f"line 3 {QUOTED}"),
    ],
)
def test_a_damaged_list_is_refused_with_its_line_and_without_an_id(data: bytes, text: str) -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        parse(data, "suppress: list.csv")

    assert str(error.value) == f"suppress: list.csv: {text}"


def test_an_id_with_a_line_break_is_refused_without_the_id() -> None:
    with pytest.raises(PersonalizeAssetsError) as error:
        parse(b'USER_ID\na\n"secret\nsecret"\n', "list")

    assert str(error.value) == f"list: line 3 {QUOTED}"


_NO_BREAKS = st.characters(codec="utf-8", exclude_characters="\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029\0")


@given(st.lists(st.text(_NO_BREAKS, min_size=1).filter(str.strip)))
def test_a_list_that_is_written_is_read_back(texts: list[str]) -> None:
    assert parse(format_list(UserIds(texts)), "list").to_pylist() == UserIds(texts).texts()


def test_a_folder_is_all_its_csvs_at_any_depth(tmp_path: Path) -> None:
    for name, text in {"a.csv": "a", "b/c.csv": "b", "notes.txt": "c"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"USER_ID\n{text}\n")

    assert read([str(tmp_path)]).texts() == ["a", "b"]
    assert read([f"{tmp_path}/b/c.csv", f"{tmp_path}/a.csv"]).texts() == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "missing"), [("no.csv", "there is no such file"), ("no", "the folder has no .csv file")]
)
def test_a_list_that_does_not_exist_is_an_error_that_says_how_to_create_it(
    tmp_path: Path, name: str, missing: str
) -> None:
    with pytest.raises(NoSuppressList) as error:
        read([f"{tmp_path}/{name}"])

    assert str(error.value) == (
        f"suppress: {tmp_path}/{name}: {missing}; write a CSV with the header USER_ID and one id a line there (the "
        "header alone if there are no ids yet), or run `personalize-assets forget`, which creates it"
    )


def test_a_list_of_more_than_100_mb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text("USER_ID\na\n")
    monkeypatch.setattr(suppress_list, "MAX_BYTES", 9)

    with pytest.raises(PersonalizeAssetsError, match=r"a\.csv: the list has more than 0 MB"):
        read([f"{tmp_path}/a.csv"])


def test_ids_are_added_once_and_sorted(tmp_path: Path) -> None:
    uri = f"{tmp_path}/made/deleted.csv"

    assert [add(uri, ["b", "a"]), add(uri, ["c", "b"]), add(uri, ["a"])] == [2, 1, 0]
    assert Path(uri).read_text() == "USER_ID\na\nb\nc\n"


def test_ids_are_added_to_a_file_of_its_own_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "others.csv").write_text("USER_ID\na\n")

    add(str(tmp_path), ["b"])

    assert (tmp_path / "deleted.csv").read_text() == "USER_ID\nb\n"
    assert read([str(tmp_path)]).texts() == ["a", "b"]


def test_ids_that_another_process_adds_meanwhile_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "deleted.csv"
    file.write_text("USER_ID\na\n")
    swap = FolderStore.swap

    def late(self: FolderStore, key: str, data: bytes, before: Versioned | None) -> Versioned | None:
        if b"other" not in file.read_bytes():
            file.write_text("USER_ID\na\nother\n")
        return swap(self, key, data, before)

    monkeypatch.setattr(FolderStore, "swap", late)

    assert add(str(file), ["b"]) == 1
    assert file.read_text() == "USER_ID\na\nb\nother\n"


@pytest.mark.parametrize("text", ["USER_ID\na\nb\n", "a\nb\n", "a\nb", "\ufeffa\r\nb\r\n"])
def test_a_file_to_forget_may_have_no_header(text: str) -> None:
    assert ids_of_file(text.encode(), "ids").texts() == ["a", "b"]


def test_lines_of_a_file_without_a_header_count_from_its_first() -> None:
    with pytest.raises(PersonalizeAssetsError, match=r"^ids: line 2 has no id; remove the line$"):
        ids_of_file(b"a\n\nb\n", "ids")


def test_ids_of_a_file_without_a_header_are_taken_as_they_are_written() -> None:
    text = 'DOMAIN\\alice\n"bob"\nc,d\n'

    assert ids_of_file(text.encode(), "ids").texts() == ['"bob"', "DOMAIN\\alice", "c,d"]


def test_a_header_in_other_letters_is_no_id() -> None:
    with pytest.raises(PersonalizeAssetsError, match=r"^ids: the header is not USER_ID; write a CSV with the header"):
        ids_of_file(b"user_id\na\n", "ids")
