"""A set of user ids finds its rows exactly, whatever the hashes of ids are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize_assets.conversion.export import suppressed
from personalize_assets.conversion.export.suppressed import UserIds, read_ids
from personalize_assets.conversion.reading.filesystem import FileSystem


def rows(*users: str | None) -> pa.Table:
    return pa.table({"N": list(range(len(users))), "USER_ID": pa.array(users, pa.string())})


@given(
    ids=st.lists(st.text(st.characters(codec="utf-8"), max_size=3), max_size=8),
    users=st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=3), max_size=20),
    same_hash=st.booleans(),
)
def test_the_rows_of_listed_users_are_found_and_no_others(
    ids: list[str], users: list[str | None], same_hash: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if same_hash:
            patch.setattr(suppressed, "text_hashes", lambda texts: np.zeros(len(texts), np.uint64))
        listed = UserIds(ids)
        table = rows(*users)

        assert listed.rows_of(table).to_pylist() == [n for n, user in enumerate(users) if user in ids]
        assert listed.without(table).column("USER_ID").to_pylist() == [user for user in users if user not in ids]


def test_where_no_user_is_listed_the_rows_are_the_same_object() -> None:
    table = rows("a", None)

    assert UserIds(["b"]).without(table) is table


def test_ids_are_in_the_order_of_their_bytes_each_once() -> None:
    assert UserIds(["ü", "b", "a", "b"]).texts() == ["a", "b", "ü"]


def test_the_digest_is_of_the_ids_and_not_of_their_order() -> None:
    digests = [UserIds(ids).digest() for ids in (["a", "b"], ["b", "a", "b"], ["ab"], ["a", "c"], [])]

    assert digests[0] == digests[1]
    assert len(set(digests)) == 4
    assert digests[4] == ""


def test_a_file_of_ids_is_read_once_by_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "suppressed.arrow"
    file.write_bytes(UserIds(["b", "a"]).encode())
    opened: list[str] = []
    open_ = FileSystem.open

    def counted(self: Any, uri: str, *more: Any) -> Any:
        opened.append(uri)
        return open_(self, uri, *more)

    monkeypatch.setattr(FileSystem, "open", counted)

    assert [read_ids(str(file), {}).texts() for _ in range(2)] == [["a", "b"], ["a", "b"]]
    assert opened == [str(file)]
