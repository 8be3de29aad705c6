"""The engine `sail` without a server: its settings, and the mode of PySpark's functions."""

from __future__ import annotations

import os

import pytest

from personalize_assets.engines import sail

MODE = "SPARK_CONNECT_MODE_ENABLED"


def test_connect_mode_is_set_within_the_block_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MODE, raising=False)

    with sail.connect_mode():
        assert os.environ[MODE] == "1"

    assert MODE not in os.environ


def test_connect_mode_restores_what_was_set_before_even_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODE, "0")

    with pytest.raises(ZeroDivisionError), sail.connect_mode():
        raise ZeroDivisionError

    assert os.environ[MODE] == "0"


@pytest.mark.parametrize(("gib", "bytes"), [(64, 1024**3), (2, 512 * 1024**2)])
def test_sail_uses_a_gib_or_a_quarter_of_a_small_machine(gib: int, bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": gib * 1024**3 // 4096}
    monkeypatch.setattr(os, "sysconf", sizes.__getitem__)

    assert sail._settings()["SAIL_RUNTIME__MEMORY_POOL__FAIR__MAX_SIZE"] == str(bytes)


def test_preparing_starts_processes_on_every_core(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(sail, "start_early", lambda *arguments: started.append(arguments))
    monkeypatch.setattr(sail, "machine_cores", lambda: 7)

    sail.SailEngine().prepare(123)

    assert started == [(7, 123)]
