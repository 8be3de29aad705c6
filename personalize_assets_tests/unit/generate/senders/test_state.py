"""The state file."""

from pathlib import Path

import pytest

from personalize_assets.generate.senders.state import SendIdentity, State, read_state, write_state

SENDING = SendIdentity("segment", "https://api.segment.io/v1/batch", 7, 300, 1, "2026-10-01", "", False)


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    state = State(SENDING, {"web": 3}, {"web": 1}, 5.0)

    write_state(tmp_path / "new" / "state.json", state)

    assert read_state(tmp_path / "new" / "state.json") == state
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["state.json"]


def test_without_a_file_there_is_no_state(tmp_path: Path) -> None:
    assert read_state(tmp_path / "state.json") is None


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"sending": 1}', b"\xff"])
def test_a_file_of_something_else_is_an_error(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_bytes(content)

    with pytest.raises(ValueError, match=r"state\.json is not a state file of `send` \(.*\); name another file"):
        read_state(file)
