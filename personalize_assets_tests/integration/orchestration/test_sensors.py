"""The arrivals sensor on a folder and on S3 over HTTP, with real runs in a real instance; only Spark is left out."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import dagster as dg
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from personalize_assets.aws.error_codes import AwsError
from personalize_assets.config import load_config
from personalize_assets.definitions import build_definitions
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.orchestration import sensors
from personalize_assets.pipeline import arrivals
from personalize_assets.storage.object_store import StoreError
from personalize_assets_tests.helpers.automated import CALLS, FAILURES, Automated

Start = Callable[..., Automated]


@pytest.fixture
def today() -> date:
    return datetime.now(UTC).date()


@pytest.fixture
def on_s3(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    return lambda **settings: Automated(tmp_path, f"s3://{bucket}/raw events", monkeypatch, **settings)


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    (tmp_path / "raw").mkdir()
    return lambda **settings: Automated(tmp_path, str(tmp_path / "raw"), monkeypatch, **settings)


@pytest.fixture(params=["in_folder", "on_s3"])
def start(request: pytest.FixtureRequest) -> Start:
    """Begins a dataset group: each behaviour holds for both kinds of source."""
    started: Start = request.getfixturevalue(request.param)
    return started


def reported(answer: dg.SensorResult) -> dict[str, Any]:
    """The metadata that is reported of the one day that is requested."""
    (event,) = answer.asset_events
    assert isinstance(event, dg.AssetMaterialization)
    return {name: value.value for name, value in event.metadata.items()}


def test_a_day_with_new_files_is_reported_and_converted_once(start: Start, today: date) -> None:
    group = start()
    group.put("a.json")
    group.put("b.json")

    assert [group.tick_and_launch() for _ in range(3)] == [[str(today)], [], []]

    assert [[str(today)]] == CALLS
    records = group.instance.fetch_materializations(dg.AssetKey("raw_events"), limit=5).records
    (event,) = [record.asset_materialization for record in records]
    assert event is not None
    assert event.partition == str(today)
    assert {name: value.value for name, value in event.metadata.items() if name in ("files", "bytes")} == {
        "files": 2, "bytes": 4,
    }  # fmt: skip


def test_an_added_an_overwritten_and_a_deleted_file_each_make_the_day_be_converted_again(
    start: Start, today: date
) -> None:
    group = start()
    key = group.put("a.json")
    requested = [group.tick_and_launch()]

    group.put("b.json")
    requested.append(group.tick_and_launch())
    group.put("b.json", data=b"{ }")
    requested.append(group.tick_and_launch())
    group.raw.delete([key])
    requested.append(group.tick_and_launch())

    assert requested == [[str(today)]] * 4
    assert group.tick_and_launch() == []


def test_the_same_bytes_written_again_are_no_change_on_s3(on_s3: Start) -> None:
    group = on_s3()
    group.put("a.json")
    group.tick_and_launch()

    group.put("a.json")

    assert group.tick_and_launch() == []


def test_a_day_that_has_not_settled_waits_and_is_named(in_folder: Start, today: date) -> None:
    group = in_folder(settle_minutes=5)
    group.put("a.json")

    answer = group.tick()

    assert not answer.run_requests
    assert isinstance(answer.skip_reason, dg.SkipReason)
    assert answer.skip_reason.skip_message == f"1 days checked; 1 not settled ({today})"


def test_thousands_of_files_of_one_second_on_several_pages_are_all_seen(on_s3: Start, today: date) -> None:
    group = on_s3()
    keys = [group.layout.key(today, f"{number:04}.json") for number in range(1005)]
    for key in keys:  # into the server's own store: over HTTP they would take the longest of this test
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object("events", f"raw events/{key}", b"{}")

    before, again = group.tick(), group.tick()
    group.raw.delete(keys[7:8])
    after = group.tick()

    assert [reported(answer)["files"] for answer in (before, again, after)] == [1005, 1005, 1004]
    assert reported(before)["content"] == reported(again)["content"] != reported(after)["content"]


def test_a_tick_that_runs_out_of_time_in_a_listing_goes_on_where_it_stopped(
    start: Start, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensors, "TICK_SECONDS", -1.0)
    monkeypatch.setattr(arrivals, "_FILES_PER_TIME_CHECK", 2)
    group = start()
    for number in range(5):
        group.put(f"{number}.json")

    assert [group.tick_and_launch() for _ in range(4)] == [[], [], [str(today)], []]


def test_a_lost_cursor_converts_nothing_twice_and_misses_nothing(on_s3: Start, today: date) -> None:
    yesterday = today - timedelta(days=1)
    group = on_s3(start=yesterday)
    group.put("a.json", yesterday)
    group.put("a.json", today)
    assert sorted(group.tick_and_launch()) == [str(yesterday), str(today)]
    group.put("b.json", yesterday)

    group.cursor = None

    assert [group.tick_and_launch() for _ in range(2)] == [[str(yesterday)], []]


def test_adjacent_days_that_are_new_are_converted_in_one_run(in_folder: Start, today: date) -> None:
    days = [today - timedelta(days=number) for number in range(4, -1, -1)]
    group = in_folder(start=days[0], max_days_per_run=3)
    for day in days:
        group.put("a.json", day)

    assert group.tick_and_launch() == [str(day) for day in days]

    assert sorted(CALLS) == [[str(day) for day in days[:3]], [str(day) for day in days[3:]]]
    assert group.tick_and_launch() == []
    assert len(group.instance.get_runs()) == 2


def test_each_day_of_a_failed_run_of_several_is_tried_again_alone(
    in_folder: Start, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "_FIRST_WAIT", 0.0)
    days = [today - timedelta(days=1), today]
    group = in_folder(start=days[0])
    for day in days:
        group.put("a.json", day)
    FAILURES.append(ZeroDivisionError("a fault"))

    assert group.tick_and_launch() == [str(day) for day in days]
    assert sorted(group.tick_and_launch()) == [str(day) for day in days]

    assert [[str(day) for day in days], *([str(day)] for day in days)] == CALLS
    assert group.tick_and_launch() == []


def test_days_are_converted_again_when_the_destination_was_deleted(in_folder: Start, today: date) -> None:
    group = in_folder()
    group.put("a.json")
    assert group.tick_and_launch() == [str(today)]
    assert group.tick_and_launch() == []

    shutil.rmtree(group.destination_folder)

    assert group.tick_and_launch() == [str(today)]


def test_a_daemon_that_dies_before_it_keeps_the_cursor_starts_no_second_run(on_s3: Start, today: date) -> None:
    group = on_s3()
    group.put("a.json")
    answer = group.tick()

    assert group.launch(answer) == [str(today)]
    assert group.tick_and_launch() == []
    assert len(group.instance.get_runs()) == 1


def test_days_converted_by_hand_are_not_requested(in_folder: Start, today: date) -> None:
    group = in_folder()
    group.put("a.json")
    assert group.convert(str(today))

    assert group.tick_and_launch() == []


def test_an_old_day_is_found_too(in_folder: Start, today: date) -> None:
    group = in_folder(start=today - timedelta(days=40), older_days_per_tick=10)
    group.put("late.json", today - timedelta(days=35))

    requested = [group.tick_and_launch() for _ in range(5)]

    assert [day for days in requested for day in days] == [str(today - timedelta(days=35))]


def test_a_flat_source_is_listed_whole_whatever_its_first_day(in_folder: Start, today: date) -> None:
    first = today - timedelta(days=40)
    group = in_folder(layout="flat", start=first, older_days_per_tick=1)
    group.put("any/where/a.json")

    assert [group.tick_and_launch() for _ in range(2)] == [[str(first)], []]


def test_files_of_a_pattern_are_found_on_their_days_alone(start: Start, today: date) -> None:
    yesterday = today - timedelta(days=1)
    group = start(layout="*/dt=%Y-%m-%d-%H/**", start=yesterday)
    group.put("a.json", yesterday)
    group.raw.write("notes/README.txt", b"no event")

    assert [group.tick_and_launch() for _ in range(2)] == [[str(yesterday)], []]
    group.raw.write(f"ios/dt={today}-23/b/c.json", b"{}")
    assert [group.tick_and_launch() for _ in range(2)] == [[str(today)], []]
    assert [[str(yesterday)], [str(today)]] == CALLS


def test_a_failed_day_is_requested_again_after_its_wait(
    in_folder: Start, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = in_folder()
    group.put("a.json")
    FAILURES.append(ZeroDivisionError("a fault"))

    assert group.tick_and_launch() == [str(today)]
    assert group.tick_and_launch() == []
    monkeypatch.setattr(arrivals, "_FIRST_WAIT", 0.0)
    assert group.tick_and_launch() == [str(today)]
    assert group.tick_and_launch() == []
    assert [run.status for run in group.instance.get_runs()] == [
        dg.DagsterRunStatus.SUCCESS,
        dg.DagsterRunStatus.FAILURE,
    ]


def test_a_day_with_a_permanent_failure_waits_for_a_day(in_folder: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "_FIRST_WAIT", 0.0)
    group = in_folder()
    group.put("a.json")
    FAILURES.append(PersonalizeAssetsError("no permission"))
    group.tick_and_launch()

    answer = group.tick()

    assert isinstance(answer.skip_reason, dg.SkipReason)
    assert "1 failed, to be retried later" in str(answer.skip_reason.skip_message)


def test_a_day_is_left_alone_while_its_run_is_under_way(in_folder: Start, today: date) -> None:
    group = in_folder()
    group.put("a.json")
    (request,) = group.tick().run_requests or ()
    starting = group.instance.create_run_for_job(
        group.definitions.resolve_job_def("convert"), tags=dict(request.tags), status=dg.DagsterRunStatus.STARTING
    )

    assert group.tick_and_launch() == []
    group.instance.report_run_canceled(starting)
    assert group.tick_and_launch() == []  # for an hour: a user canceled it


def test_a_day_is_left_alone_while_a_backfill_or_a_run_by_hand_covers_it(in_folder: Start, today: date) -> None:
    group = in_folder()
    group.put("a.json")
    backfill = group.instance.create_run_for_job(
        group.definitions.resolve_job_def("convert"),
        tags={
            "dagster/asset_partition_range_start": str(today - timedelta(days=3)),
            "dagster/asset_partition_range_end": str(today),
        },
        status=dg.DagsterRunStatus.STARTING,
    )

    answer = group.tick()

    assert isinstance(answer.skip_reason, dg.SkipReason)
    assert "1 being converted" in str(answer.skip_reason.skip_message)
    group.instance.report_run_canceled(backfill)
    assert group.tick_and_launch() == [str(today)]


def test_a_source_that_is_suddenly_empty_is_a_problem_and_its_days_stay(in_folder: Start, today: date) -> None:
    group = in_folder()
    key = group.put("a.json")
    group.tick_and_launch()
    group.raw.delete([key])

    answer = group.tick()

    assert not answer.run_requests
    assert str(answer.skip_reason).count(
        f"{group.raw.uri} is empty, but had files of {today}: that day is left as it is; mount the folder or correct "
        "the uri in the config, or materialize the day by hand if it is meant to be empty"
    )


def test_a_source_that_is_not_there_fails_the_tick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    group = Automated(tmp_path, str(tmp_path / "nowhere"), monkeypatch)

    with pytest.raises(StoreError, match="nowhere is not a folder; create it, or correct the uri in the config"):
        group.tick()


def test_a_busy_s3_fails_the_tick_and_the_next_one_finds_all(
    on_s3: Start, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = on_s3()
    group.put("a.json")
    with socket.socket() as closed, monkeypatch.context() as away:
        closed.bind(("127.0.0.1", 0))
        away.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed.getsockname()[1]}")
        away.setenv("AWS_MAX_ATTEMPTS", "1")
        with pytest.raises(StoreError, match="the service cannot be reached"):
            group.tick()
    group.definitions = build_definitions(group.config)

    assert group.tick_and_launch() == [str(today)]


# -- the switch ------------------------------------------------------------------------------------------------------


def test_everything_is_off_until_the_config_says_on() -> None:
    def statuses(**env: str) -> dict[str, bool]:
        loaded = build_definitions(load_config(env=env))
        both = [*(loaded.sensors or ()), *(loaded.schedules or ())]
        return {one.name: one.default_status.value == "RUNNING" for one in both}

    assert statuses() == {"arrivals": False, "alerts": False, "export_daily": False}
    assert statuses(PERSONALIZE__AUTOMATION="on") == {"arrivals": True, "alerts": True, "export_daily": True}
    assert statuses(PERSONALIZE__AUTOMATION__ON="on", PERSONALIZE__AUTOMATION__EXPORT="eager") == {
        "arrivals": True, "alerts": True, "export_eagerly": True,
    }  # fmt: skip


def test_every_description_says_how_to_switch_it_on() -> None:
    loaded = build_definitions(load_config())

    for one in [*(loaded.sensors or ()), *(loaded.schedules or ())]:
        assert "starts with `automation: on` in the config, or with the switch here" in str(one.description)


# -- a queue ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def queue(bucket: str) -> Iterator[str]:
    """A queue that the bucket sends its changes to, as S3 does."""
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="raw-events", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    boto3.client("s3").put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}]
        },
    )
    yield url
    sqs.delete_queue(QueueUrl=url)


def left_in(queue: str) -> tuple[int, int]:
    """The number of messages that can be received, and of those that were received and not deleted."""
    about = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    return int(about["ApproximateNumberOfMessages"]), int(about["ApproximateNumberOfMessagesNotVisible"])


def known(group: Automated, queue: str) -> None:
    """Tick until every day was listed once, and no message is left: S3 has tested the queue by one, too."""
    assert [group.tick_and_launch() for _ in range(2)] == [[], []]
    assert left_in(queue) == (0, 0)


def test_a_notified_day_is_listed_at_once_and_its_messages_go_when_the_cursor_is_kept(
    on_s3: Start, queue: str, today: date
) -> None:
    day = today - timedelta(days=9)
    group = on_s3(start=today - timedelta(days=12), arrivals="sqs", sqs_queue=queue, older_days_per_tick=1)
    known(group, queue)
    group.put("a b+ü.json", day)
    group.put("README.txt", day)

    assert group.tick_and_launch() == [str(day)]
    assert left_in(queue) == (0, 2)
    group.tick_and_launch()
    assert left_in(queue) == (0, 0)


def test_a_notified_key_of_a_pattern_names_its_day(on_s3: Start, queue: str, today: date) -> None:
    day = today - timedelta(days=9)
    group = on_s3(
        layout="logs/%Y%m%d_*.gz",
        start=today - timedelta(days=12),
        arrivals="sqs",
        sqs_queue=queue,
        older_days_per_tick=1,
    )
    known(group, queue)
    group.put("a", day)
    group.raw.write("logs/README.txt", b"no event")

    assert group.tick_and_launch() == [str(day)]


def test_messages_of_a_tick_that_dagster_lost_come_again(on_s3: Start, queue: str, today: date) -> None:
    group = on_s3(start=today - timedelta(days=12), arrivals="sqs", sqs_queue=queue, older_days_per_tick=1)
    known(group, queue)
    group.put("a.json", today - timedelta(days=9))
    boto3.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "2"})

    lost = group.tick()
    while left_in(queue)[0] < 1:
        time.sleep(0.1)
    again = group.tick()

    assert [request.run_key for request in lost.run_requests or ()] == [
        request.run_key for request in again.run_requests or ()
    ]
    assert len(again.run_requests or ()) == 1


def test_a_change_without_a_message_is_found_by_listing(on_s3: Start, queue: str, today: date) -> None:
    group = on_s3(start=today - timedelta(days=3), arrivals="sqs", sqs_queue=queue, older_days_per_tick=1)
    assert group.tick_and_launch() == []  # all days once
    group.put("a.json", today - timedelta(days=2))
    boto3.client("sqs").purge_queue(QueueUrl=queue)

    found = [group.tick_and_launch() for _ in range(4)]

    assert sorted(found) == [[], [], [], [str(today - timedelta(days=2))]]


def test_a_queue_that_is_not_there_is_reported(on_s3: Start, queue: str) -> None:
    group = on_s3(arrivals="sqs", sqs_queue=queue + "-no")

    with pytest.raises(AwsError) as error:
        group.tick()

    assert str(error.value).startswith(f"{queue}-no: ")
    assert str(error.value).endswith("there is no such queue; create it, or correct automation.sqs_queue in the config")
