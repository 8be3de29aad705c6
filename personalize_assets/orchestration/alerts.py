"""Who is told when a run has failed: a webhook that understands Slack's JSON, or the log."""

import os

import dagster as dg
import urllib3

from personalize_assets.orchestration.automation import HOW_TO_SWITCH_ON
from personalize_assets.orchestration.group import Group

WEBHOOK = "ALERT_WEBHOOK_URL"
UI = "ALERT_UI_URL"
# Slack shows no more of a text without a click.
_MOST_CHARACTERS = 700
_TIMEOUT = urllib3.Timeout(10)
_RETRIES = urllib3.Retry(
    total=3, backoff_factor=1, status_forcelist=[429, 500, 502, 503, 504], allowed_methods=None, raise_on_status=False
)

_DESCRIPTION = (
    f'Posts `{{"text": …}}` to the webhook in `{WEBHOOK}`, as Slack takes it, when a run has failed for good; without '
    "one, writes it to this sensor's log. A run that Dagster starts again by itself is not told. " + HOW_TO_SWITCH_ON
)


class AlertNotDelivered(Exception):
    """The webhook did not take an alert; Dagster shows it in the sensor's tick and in the run's log."""


def alerts(group: Group) -> dg.SensorDefinition:
    """The sensor that tells of failed runs of this code location, whoever started them."""
    is_on = group.pipeline.config.automation.on

    @dg.run_failure_sensor(
        name=group.name("alerts"),
        default_status=dg.DefaultSensorStatus.RUNNING if is_on else dg.DefaultSensorStatus.STOPPED,
        minimum_interval_seconds=30,
        description=_DESCRIPTION,
    )
    def alerts(context: dg.RunFailureSensorContext) -> None:
        if context.dagster_run.tags.get("dagster/will_retry") == "true":
            return
        text = told(context)
        url = os.environ.get(WEBHOOK)
        if url:
            post(url, text)
        else:
            context.log.error(f"{text}\n({WEBHOOK} is not set: nobody else is told)")

    return alerts


def told(context: dg.RunFailureSensorContext) -> str:
    """What has failed, for which days, why, and where to look."""
    run = context.dagster_run
    tags = run.tags
    first, last = (tags.get(f"dagster/asset_partition_range_{end}") for end in ("start", "end"))
    days = tags.get("dagster/partition") or (f"{first} to {last}" if first else None)
    ui = os.environ.get(UI, "").rstrip("/")
    where = f"{ui}/runs/{run.run_id}" if ui else f"run {run.run_id}"
    return f"*{run.job_name}* has failed{f' for {days}' if days else ''}: {_cause(context)}\n{where}"


def _cause(context: dg.RunFailureSensorContext) -> str:
    """The innermost error of the first failed step in one paragraph, without a traceback."""
    errors = [event.step_failure_data.error for event in context.get_step_failure_events()]
    error = next((error for error in errors if error), None)
    if error is None:
        text = context.failure_event.message or "no further message"
    else:
        while error.cause and not error.message.startswith("dagster._core.definitions.events.Failure"):
            error = error.cause
        text = error.message.strip().removeprefix("dagster._core.definitions.events.Failure: ")
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"


def post(url: str, text: str) -> None:
    """Post a text as Slack's incoming webhooks take it; tried again where the webhook is busy or gone for a moment."""
    try:
        answer = urllib3.PoolManager().request("POST", url, json={"text": text}, timeout=_TIMEOUT, retries=_RETRIES)
    except urllib3.exceptions.HTTPError as error:
        # Not the URL: whoever has it can post.
        raise AlertNotDelivered(f"{WEBHOOK}: no answer ({type(error).__name__}); alert not delivered: {text}") from None
    if answer.status >= 300:
        raise AlertNotDelivered(
            f"{WEBHOOK}: answered {answer.status} {answer.data[:200].decode(errors='replace')!r}; alert not "
            f"delivered: {text}"
        )
