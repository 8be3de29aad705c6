"""The command `send`: what it prints, asks, and exits with."""

from collections.abc import Mapping
from datetime import timedelta

import click

from personalize_assets.generate.senders.attempts import Counts
from personalize_assets.generate.senders.clock import Clock
from personalize_assets.generate.senders.options import Options
from personalize_assets.generate.senders.sending import Sending, prepare
from personalize_assets.generate.senders.target import SendError

_FREE_TRACKED_USERS = 1000  # of Segment's free plan, a month
_DONE, _FAILED, _INTERRUPTED = 0, 1, 130

_WHERE_TO_LOOK = {
    "segment": "Segment answers 200 to events that it drops, too: look at the Debugger of each source in its app.",
    "rudderstack": "RudderStack took the events; what it made of them is in the Live events of each source in its app.",
}


def send_and_report(options: Options, env: Mapping[str, str], clock: Clock | None = None) -> int:
    """Send what is asked for, print what became of it, and return the exit code.

    That is 0 if every event was accepted, 1 if one was not, with the cause on stderr, and 130 after Ctrl-C.

    Args:
        env: Has the write keys.
    """
    sending: Sending | None = None
    try:
        sending = prepare(options, env, clock or Clock())
        return _send(sending)
    except (ValueError, SendError, OSError) as error:
        click.echo(f"Error: {error}", err=True)
        if sending and not sending.options.dry_run:
            click.echo(f"After the cause is gone, {_how_to_go_on(sending)}.", err=True)
        return _FAILED
    except KeyboardInterrupt:
        if sending is None or sending.options.dry_run:
            click.echo("Stopped. Nothing was sent.", err=True)
        else:
            done = f"Stopped after {sending.done:,} of {sending.total:,} events"
            click.echo(f"{done}; {_how_to_go_on(sending)}.", err=True)
        return _INTERRUPTED


def _how_to_go_on(sending: Sending) -> str:
    if not sending.state.done:
        return "send again"
    return f"go on with the same command and --resume {sending.options.state_file}"


def _send(sending: Sending) -> int:
    options = sending.options
    if sending.state.finished is not None:
        click.echo(f"Nothing to send: {options.state_file} is of a sending that is finished.")
        return _DONE if sending.is_accepted else _FAILED
    _print_plan(sending)
    if not _may_send(sending):
        click.echo("Nothing was sent; give --yes to send without a question.", err=True)
        return _FAILED
    try:
        sending.send(click.echo)
    finally:
        _print_counts(sending.counts, is_dry_run=options.dry_run)
    if options.dry_run:
        click.echo("Nothing was sent: this was a dry run.")
    elif options.to in _WHERE_TO_LOOK:
        click.echo(_WHERE_TO_LOOK[options.to])
    return _DONE if sending.is_accepted else _FAILED


def _print_plan(sending: Sending) -> None:
    story, options = sending.story, sending.options
    last_day = story.start + timedelta(days=story.days - 1)
    left = sending.total - sending.done
    of_all = f" of {sending.total:,}" if sending.done else ""
    click.echo(
        f"{left:,}{of_all} events of {story.start}..{last_day} to {sending.target.address}, "
        f"about {left / options.rate:,.0f} s at {options.rate:,} a second"
    )
    if options.to == "segment":
        click.echo(
            f"They have {sending.survey.tracked:,} user ids and anonymous ids; Segment bills each as a tracked user."
        )


def _may_send(sending: Sending) -> bool:
    """Ask before many tracked users are sent to Segment for the first time; without an answer it is no."""
    options = sending.options
    is_billed = options.to == "segment" and sending.survey.tracked > _FREE_TRACKED_USERS
    if options.yes or options.dry_run or sending.done or not is_billed:
        return True
    try:
        return click.confirm("Send them?")
    except click.Abort:
        click.echo()
        return False


def _print_counts(counts: Mapping[str, Counts], *, is_dry_run: bool) -> None:
    """A line for each source, and one of their sum if there are several; no service answers a dry run."""
    if not counts:
        return
    rows = sorted(counts.items())
    if len(rows) > 1:
        each = [count for _, count in rows]
        total = Counts(*(sum(getattr(count, name) for count in each) for name in Counts.__dataclass_fields__))
        rows.append(("total", total))
    if is_dry_run:
        click.echo(f"{'source':<8} {'would be sent':>13} {'refused':>9}")
        for source, count in rows:
            click.echo(f"{source:<8} {count.sent:>13,} {count.refused:>9,}")
        return
    click.echo(f"{'source':<8} {'sent':>9} {'accepted':>9} {'refused':>9} {'retried':>9}")
    for source, count in rows:
        click.echo(f"{source:<8} {count.sent:>9,} {count.accepted:>9,} {count.refused:>9,} {count.retried:>9,}")
