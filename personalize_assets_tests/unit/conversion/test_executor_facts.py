"""What a Python worker says of itself."""

from __future__ import annotations

import platform
from pathlib import Path

from personalize_assets.conversion.executor_facts import look


def test_what_cannot_be_imported_and_what_is_not_seen_is_named(tmp_path: Path) -> None:
    facts = look(("json", "no_such_module", "no_such.module"), (str(tmp_path), f"{tmp_path}/gone"))

    assert facts.python == platform.python_version()
    assert facts.missing == ("no_such_module", "no_such.module")
    assert facts.unseen == (f"{tmp_path}/gone",)
