"""Ctrl-C is noticed, also if another handler swallows it."""

from __future__ import annotations

import logging
import os
import signal

import pytest

from personalize_assets.local_run.interrupts import watching_for_ctrl_c


def test_an_interrupt_is_seen_that_another_handler_swallowed() -> None:
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        with watching_for_ctrl_c() as was_pressed:
            assert not was_pressed()
            os.kill(os.getpid(), signal.SIGINT)
            assert was_pressed()
            assert was_pressed()
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_signal_is_no_ctrl_c() -> None:
    before = signal.signal(signal.SIGUSR1, lambda number, frame: None)
    try:
        with watching_for_ctrl_c() as was_pressed:
            os.kill(os.getpid(), signal.SIGUSR1)
            assert not was_pressed()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_an_outer_watch_continues_after_an_inner_one() -> None:
    with watching_for_ctrl_c() as outer:
        with watching_for_ctrl_c():
            pass
        before = signal.signal(signal.SIGINT, lambda number, frame: None)
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            signal.signal(signal.SIGINT, before)
        assert outer()


def test_a_library_that_logs_an_interrupt_before_it_raises_it_prints_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with watching_for_ctrl_c():
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            logging.exception("KeyboardInterrupt while sending command.")
        logging.error("another")

    assert [record.message for record in caplog.records] == ["another"]
