"""What commands print with ``--json``."""

import json

import msgspec
import pytest

from personalize_assets.local_run.printed_json import print_json


class Thing(msgspec.Struct):
    name: str
    size: int | None = None


def test_a_struct_is_one_object_with_all_its_keys(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(Thing("a"))

    assert json.loads(capsys.readouterr().out) == {"name": "a", "size": None}
