"""Alerts about failed runs, to a webhook that accepts Slack's JSON, or to the log."""

import os
from collections.abc import Sequence, Set

import dagster as dg
import urllib3

from personalize_assets.orchestration import run_tags
from personalize_assets.orchestration.automation import HOW_TO_SWITCH_ON
from personalize_assets.orchestration.group import GroupDefs

WEBHOOK = "ALERT_WEBHOOK_URL"
UI = "ALERT_UI_URL"
# Slack folds longer texts.
_MAX_CHARACTERS = 700
_TIMEOUT = urllib3.Timeout(10)
_RETRIES = urllib3.Retry(
    total=3, backoff_factor=1, status_forcelist=[429, 500, 502, 503, 504], allowed_methods=None, raise_on_status=False
)

_DESCRIPTION = (
    f'Posts `{{"text": …}}`, as Slack accepts it, to the webhook in `{WEBHOOK}` when a run has failed; without a '
    "webhook, writes it to this sensor's log. There is no alert for a run that Dagster retries by itself. "
    + HOW_TO_SWITCH_ON
)


class AlertNotDelivered(Exception):
    """The webhook did not accept an alert. Dagster shows it in the sensor's tick and in the log of the run."""


def failure_alerts(defs: GroupDefs, assets: Sequence[dg.AssetsDefinition]) -> dg.SensorDefinition:
    """The sensor that sends an alert about each failed run of these assets and checks, whatever started it.

    Other runs of the project are not its concern, nor are those in which only steps of others failed.
    """
    is_on = defs.dataset_group.config.automation.on
    steps = {each.op.name for each in assets}
    keys = {key for each in assets for key in (*each.keys, *(check.asset_key for check in each.check_keys))}

    @dg.run_failure_sensor(
        name=defs.name("alerts"),
        default_status=dg.DefaultSensorStatus.RUNNING if is_on else dg.DefaultSensorStatus.STOPPED,
        minimum_interval_seconds=30,
        description=_DESCRIPTION,
    )
    def alerts(context: dg.RunFailureSensorContext) -> None:
        if context.dagster_run.tags.get("dagster/will_retry") == "true" or not _is_about(context, keys, steps):
            return
        text = format_alert(context)
        url = os.environ.get(WEBHOOK)
        if url:
            post(url, text)
        else:
            context.log.error(f"{text}\n({WEBHOOK} is not set, so this alert is sent nowhere else)")

    return alerts


def _is_about(context: dg.RunFailureSensorContext, keys: Set[dg.AssetKey], steps: Set[str]) -> bool:
    """Whether one of these steps failed, or a run without a failed step was to make one of these assets."""
    failed = [event.step_key for event in context.get_step_failure_events() if event.step_key]
    if failed:
        return not steps.isdisjoint(failed)
    run = context.dagster_run
    selected = {*(run.asset_selection or ()), *(check.asset_key for check in run.asset_check_selection or ())}
    if not selected and context.repository_def and context.repository_def.has_job(run.job_name):
        selected = {*context.repository_def.get_job(run.job_name).asset_layer.executable_asset_keys}
    return not keys.isdisjoint(selected)


def format_alert(context: dg.RunFailureSensorContext) -> str:
    """What failed, for which days, why, and a link to the run, or its id without ``ALERT_UI_URL``."""
    run = context.dagster_run
    tags = run.tags
    first, last = tags.get(run_tags.RANGE_START), tags.get(run_tags.RANGE_END)
    days = tags.get(run_tags.PARTITION) or (f"{first} to {last}" if first else None)
    ui = os.environ.get(UI, "").rstrip("/")
    where = f"{ui}/runs/{run.run_id}" if ui else f"run {run.run_id}"
    return f"*{run.job_name}* has failed{f' for {days}' if days else ''}: {_cause(context)}\n{where}"


def _cause(context: dg.RunFailureSensorContext) -> str:
    """The innermost error of the first failed step as one paragraph, without a traceback."""
    errors = [event.step_failure_data.error for event in context.get_step_failure_events()]
    error = next((error for error in errors if error), None)
    if error is None:
        text = context.failure_event.message or "no further message"
    else:
        while error.cause and not error.message.startswith("dagster._core.definitions.events.Failure"):
            error = error.cause
        text = error.message.strip().removeprefix("dagster._core.definitions.events.Failure: ")
    return text if len(text) <= _MAX_CHARACTERS else text[: _MAX_CHARACTERS - 1] + "…"


def post(url: str, text: str) -> None:
    """Post a text to a webhook of Slack's kind, with retries while it is busy or cannot be reached.

    A text may hold what events hold: its ``<!channel>`` or ``<https://…|link>`` stays plain text. A redirect is not
    followed: the alert would go to an address that the user did not choose. Raises ``AlertNotDelivered``, whose text
    does not have the URL.
    """
    body = {"text": _without_markup(text)}
    try:
        answer = urllib3.PoolManager().request(
            "POST", url, json=body, timeout=_TIMEOUT, retries=_RETRIES, redirect=False
        )
    except urllib3.exceptions.HTTPError as error:
        # Without the URL, which is a secret: anyone who has it can post.
        raise AlertNotDelivered(f"{WEBHOOK}: no answer ({type(error).__name__}); alert not delivered: {text}") from None
    if 300 <= answer.status < 400:
        raise AlertNotDelivered(
            f"{WEBHOOK}: answered {answer.status}, a redirect, which is not followed: set it to the address that "
            f"accepts alerts; alert not delivered: {text}"
        )
    if answer.status >= 300:
        raise AlertNotDelivered(
            f"{WEBHOOK}: answered {answer.status} {answer.data[:200].decode(errors='replace')!r}; alert not "
            f"delivered: {text}"
        )


def _without_markup(text: str) -> str:
    """Slack reads mentions and links in angle brackets, and unescapes these three characters (page Formatting text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
