"""Small objects as structs: how they are written, and which are damaged."""

from pathlib import Path

import pytest

from personalize_assets.storage.folder import FolderStore
from personalize_assets.storage.manifests import DayAccounting, DayState, Replaced, SweepMark
from personalize_assets.storage.stored_structs import DamagedFile, Found, StoredStructs


@pytest.fixture
def structs(tmp_path: Path) -> StoredStructs:
    return StoredStructs(FolderStore(str(tmp_path)))


def test_objects_are_indented_json_without_what_is_none(structs: StoredStructs, tmp_path: Path) -> None:
    structs.write("a", DayAccounting(run="r", read=1, malformed={"ü": 1}))

    assert (tmp_path / "a").read_text() == (
        '{\n "raw_files": 0,\n "bytes": 0,\n "read": 1,\n "wanted": 0,\n "not_wanted": 0,\n'
        ' "malformed": {\n  "ü": 1\n },\n "unreadable": 0,\n "reject_files": [],\n "run": "r"\n}\n'
    )


def test_an_object_is_found_with_its_bytes_for_a_swap(structs: StoredStructs) -> None:
    assert structs.find("a", SweepMark) == Found(None, None)
    assert structs.swap("a", SweepMark(1), None)

    found = structs.find("a", SweepMark)

    assert found.object == SweepMark(1)
    assert not structs.swap("a", SweepMark(2), None)
    assert structs.swap("a", SweepMark(2), found.stored)
    assert structs.read("a", SweepMark, "") == SweepMark(2)


def test_a_damaged_object_is_found_without_what_it_says_and_can_be_replaced(
    structs: StoredStructs, tmp_path: Path
) -> None:
    (tmp_path / "a").write_text("{")

    with pytest.raises(
        DamagedFile, match=r"/a is damaged: expected the time of the last sweep as JSON, found: .*; do x"
    ):
        structs.read("a", SweepMark, "do x")
    [found] = structs.find_all(["a"], None, SweepMark)

    assert found.stored is not None
    assert found.object is None
    assert structs.swap("a", SweepMark(1), found.stored)


@pytest.mark.parametrize(
    "state",
    [
        DayState(day="d", sources={"s": DayAccounting(run="r", reject_files=("/etc/passwd",))}),
        DayState(day="d", replaced=(Replaced(files=("a/../../b",), at=0),)),
    ],
)
def test_no_key_in_any_part_of_an_object_leads_out(structs: StoredStructs, state: DayState) -> None:
    structs.write("a", state)

    with pytest.raises(DamagedFile, match="leads out of"):
        structs.read("a", DayState, "")
