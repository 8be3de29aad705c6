"""Alerts: what a webhook gets over HTTP when a run has failed, and what is logged without a webhook."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.orchestration import alerts
from personalize_assets.orchestration.alerts import AlertNotDelivered, post
from personalize_assets_tests.helpers.automated import FAILURES, Automated, today


class Webhook:
    """Answers with the codes in ``answers``, first to last, then 200; keeps what it got."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self.answers: list[int] = []
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                webhook.got.append((self.headers["Content-Type"], json.loads(body)))
                code = webhook.answers.pop(0) if webhook.answers else 200
                self.send_response(code)
                if 300 <= code < 400:
                    self.send_header("Location", f"{webhook.url}/elsewhere")
                self.end_headers()
                self.wfile.write(b"invalid_token")

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/secret"


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    started = Webhook()
    thread = threading.Thread(target=started.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setattr(alerts, "_RETRIES", alerts._RETRIES.new(backoff_factor=0))
    yield started
    started.server.shutdown()
    thread.join()
    started.server.server_close()


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Automated:
    (tmp_path / "raw").mkdir()
    return Automated(tmp_path, str(tmp_path / "raw"), monkeypatch)


def fail(group: Automated, error: Exception, **tags: str) -> str:
    """Let a run of today fail, and the sensor see it; returns the run's id."""
    group.put("a.json")
    FAILURES.append(error)
    job = group.definitions.resolve_job_def("convert")
    failed = job.execute_in_process(
        instance=group.instance, partition_key=str(today()), raise_on_error=False, tags=tags
    )
    assert not failed.success
    sensor = group.definitions.get_repository_def().get_sensor_def("alerts")
    (failure,) = [event for event in failed.all_events if event.event_type == dg.DagsterEventType.RUN_FAILURE]
    context = dg.build_run_status_sensor_context(
        sensor_name="alerts", dagster_event=failure, dagster_instance=group.instance, dagster_run=failed.dagster_run,
    ).for_run_failure()  # fmt: skip
    sensor(context)
    return failed.run_id


def test_an_alert_has_the_day_the_cause_and_a_link_to_the_run(
    group: Automated, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_WEBHOOK_URL", webhook.url)
    monkeypatch.setenv("ALERT_UI_URL", "https://dagster.internal/")

    run = fail(group, PersonalizeAssetsError("s3://b: access denied; the role needs s3:GetObject"))

    text = (
        f"*convert* has failed for {today()}: s3://b: access denied; the role needs s3:GetObject\n"
        f"https://dagster.internal/runs/{run}"
    )
    assert webhook.got == [("application/json", {"text": text})]


def test_an_alert_about_a_bug_has_the_name_of_the_error(
    group: Automated, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_WEBHOOK_URL", webhook.url)

    run = fail(group, ZeroDivisionError("a fault"))

    assert webhook.got[0][1]["text"] == (f"*convert* has failed for {today()}: ZeroDivisionError: a fault\nrun {run}")


def test_there_is_no_alert_about_a_run_that_dagster_retries(
    group: Automated, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERT_WEBHOOK_URL", webhook.url)

    fail(group, ZeroDivisionError("a fault"), **{"dagster/will_retry": "true"})

    assert webhook.got == []


def test_without_a_webhook_it_is_written_to_the_log(group: Automated, capfd: pytest.CaptureFixture[str]) -> None:
    fail(group, PersonalizeAssetsError("no permission"))

    logged = capfd.readouterr().err
    assert f"*convert* has failed for {today()}: no permission" in logged
    assert "(ALERT_WEBHOOK_URL is not set, so this alert is sent nowhere else)" in logged


def test_a_busy_webhook_is_tried_again(webhook: Webhook) -> None:
    webhook.answers = [503, 429]

    post(webhook.url, "hello")

    assert len(webhook.got) == 3


def test_the_error_of_a_webhook_that_refuses_does_not_have_its_url(webhook: Webhook) -> None:
    webhook.answers = [403]

    with pytest.raises(AlertNotDelivered) as error:
        post(webhook.url, "hello")

    assert str(error.value) == "ALERT_WEBHOOK_URL: answered 403 'invalid_token'; alert not delivered: hello"


def test_the_error_of_a_webhook_that_does_not_answer_does_not_have_its_url(webhook: Webhook) -> None:
    with pytest.raises(AlertNotDelivered) as error:
        post("http://127.0.0.1:1/secret", "hello")

    assert str(error.value) == "ALERT_WEBHOOK_URL: no answer (MaxRetryError); alert not delivered: hello"


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(webhook: Webhook, code: int) -> None:
    webhook.answers = [code]

    with pytest.raises(AlertNotDelivered) as error:
        post(webhook.url, "hello")

    assert len(webhook.got) == 1
    assert str(error.value) == (
        f"ALERT_WEBHOOK_URL: answered {code}, a redirect, which is not followed: set it to the address that accepts "
        "alerts; alert not delivered: hello"
    )


def test_a_text_of_an_event_makes_no_mention_and_no_link(webhook: Webhook) -> None:
    post(webhook.url, "found '<!channel> <https://evil.example|a & b>'\nhttps://dagster.internal/runs/1")

    assert webhook.got[0][1]["text"] == (
        "found '&lt;!channel&gt; &lt;https://evil.example|a &amp; b&gt;'\nhttps://dagster.internal/runs/1"
    )
