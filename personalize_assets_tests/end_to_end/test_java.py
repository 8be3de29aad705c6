"""The engine `local` starts Java in the background."""

from __future__ import annotations

import threading

from pyspark.sql import SparkSession

from personalize_assets.engines.local import LocalEngine


def test_the_session_is_the_one_that_was_started_in_the_background() -> None:
    LocalEngine.on_all_cores().prepare(0)
    for thread in threading.enumerate():
        if thread.name == "starting Java":
            thread.join()
    started = SparkSession._instantiatedSession
    assert started is not None
    assert LocalEngine.on_all_cores().session() is started
