"""The state file: which events of which story were accepted, so that a later call goes on."""

import os
from pathlib import Path

import msgspec


class SendIdentity(msgspec.Struct, frozen=True):
    """What must be equal for two calls to send the same messages to the same place.

    Attributes:
        address: The URL or stream.
        start: The first day, as text.
    """

    to: str
    address: str
    days: int
    users: int
    seed: int
    start: str
    run: str
    one_key: bool


class State(msgspec.Struct):
    """How far a sending got.

    Attributes:
        done: Messages by source, from the story's beginning, that were accepted or were too large.
        too_large: Those of them that were too large.
        finished: When everything was done, in seconds since 1970 (UTC); None before.
    """

    sending: SendIdentity
    done: dict[str, int] = {}
    too_large: dict[str, int] = {}
    finished: float | None = None


def read_state(file: Path) -> State | None:
    """The state in a file; None if there is no file. Raises ``ValueError`` for a file of something else."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=State)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise ValueError(f"resume: {file} is not a state file of `send` ({error}); name another file") from None


def write_state(file: Path, state: State) -> None:
    """Replace the file in one step: a call that is stopped leaves the old state or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(file.name + ".new")
    with new.open("wb") as opened:
        opened.write(msgspec.json.format(msgspec.json.encode(state)) + b"\n")
        opened.flush()
        os.fsync(opened.fileno())
    new.replace(file)
