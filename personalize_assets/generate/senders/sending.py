"""A story sent to a target, from where the state file says on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from personalize_assets.generate.senders.attempts import Counts, put_all
from personalize_assets.generate.senders.batching import batches
from personalize_assets.generate.senders.clock import Clock, Pace
from personalize_assets.generate.senders.messages import Survey, messages, survey
from personalize_assets.generate.senders.options import Options
from personalize_assets.generate.senders.state import SendIdentity, State, read_state, write_state
from personalize_assets.generate.senders.target import Target
from personalize_assets.generate.story import Story

_REMEMBERED_SECONDS = 24 * 3600  # so long, at least, Segment drops a message id that it has had
_REPORT_SECONDS = 10.0


@dataclass
class Sending:
    """A story on its way; ``prepare`` makes it.

    Attributes:
        state: Changes with each batch that is accepted.
        counts: Of this call, by source.
    """

    options: Options
    story: Story
    target: Target
    survey: Survey
    state: State
    clock: Clock
    counts: dict[str, Counts] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All messages of the story."""
        return sum(self.survey.events.values())

    @property
    def done(self) -> int:
        """The messages that were accepted or too large, those of earlier calls included."""
        return sum(self.state.done.values())

    @property
    def is_accepted(self) -> bool:
        """Whether the service accepted every message of the story."""
        return self.state.finished is not None and not any(self.state.too_large.values())

    def send(self, report: Callable[[str], None]) -> None:
        """Send what is left.

        Each batch that is accepted is in the state file before the next one is sent. An interrupt may leave one
        that was accepted and is not in it: that one is sent again, with the same message ids.

        Args:
            report: Takes a line about progress, at most one in ten seconds, and about waits.

        Raises:
            SendError: See ``attempts.put_all``; nothing is sent after it.
        """
        pace = Pace(self.options.rate, self.clock)
        # No more at once than belong into a second.
        limits = replace(self.target.limits, events=min(self.target.limits.events, self.options.rate))
        reported = self.clock.ticks()
        story = messages(self.story, run=self.options.run, write=self.options.write, by_source=self.options.by_source)
        for batch in batches(story, limits, dict(self.state.done)):
            counts = self.counts.setdefault(batch.source, Counts())
            counts.refused += batch.too_large
            if batch.messages:
                if not self.options.dry_run:
                    pace.wait_for(len(batch.messages))
                put_all(self.target, batch.source, batch.messages, counts, self.clock, report)
            self.state.done[batch.source] = batch.end
            self.state.too_large[batch.source] = self.state.too_large.get(batch.source, 0) + batch.too_large
            self._save()
            if self.clock.ticks() - reported >= _REPORT_SECONDS:
                reported = self.clock.ticks()
                left = (self.total - self.done) / self.options.rate
                report(f"{self.done:,} of {self.total:,} events, {left:,.0f} s left")
        self.state.finished = self.clock.now()
        self._save()

    def _save(self) -> None:
        if not self.options.dry_run:
            write_state(self.options.state_file, self.state)


def prepare(options: Options, env: Mapping[str, str], clock: Clock) -> Sending:
    """Check all that can be checked before anything is sent, and count the events.

    Args:
        env: Has the write keys.

    Raises:
        ValueError: Options that do not go together or with the state file; write keys that are missing.
    """
    options.check()
    found = None if options.dry_run else read_state(options.state_file)
    if found and options.resume and options.start is None:
        options = replace(options, start=date.fromisoformat(found.sending.start))
    first_day = options.first_day(clock)
    target = options.target(env, clock)
    story = Story(options.days, options.users, options.seed, first_day)
    identity = SendIdentity(
        options.to, target.address, story.days, story.users, story.seed, str(first_day), options.run, options.one_key
    )
    state = State(identity)
    if found and options.resume:
        _check_same(options, found, identity)
        state = found
    elif found:
        _check_new(options, found, clock)
    return Sending(options, story, target, survey(story, by_source=options.by_source), state, clock)


def _check_same(options: Options, found: State, identity: SendIdentity) -> None:
    """Raise ``ValueError`` if the state file is of another sending."""
    differences = [
        f"{name} was {getattr(found.sending, name)!r} and is {getattr(identity, name)!r}"
        for name in SendIdentity.__struct_fields__
        if getattr(found.sending, name) != getattr(identity, name)
    ]
    if differences:
        raise ValueError(
            f"resume: {options.state_file} is of another sending: {'; '.join(differences)}; "
            "give the same options, or another file"
        )


def _check_new(options: Options, found: State, clock: Clock) -> None:
    """Raise ``ValueError`` if an earlier sending is not finished, or Segment would drop all that is sent now."""
    file = options.state_file
    if found.finished is None:
        raise ValueError(
            f"{file}: an earlier sending is not finished ({sum(found.done.values()):,} events were accepted); "
            f"go on with --resume {file}, or remove the file"
        )
    is_remembered = clock.now() - found.finished < _REMEMBERED_SECONDS
    has_same_ids = (found.sending.seed, found.sending.run) == (options.seed, options.run)
    if options.to == "segment" and is_remembered and has_same_ids:
        finished = datetime.fromtimestamp(found.finished, UTC)
        raise ValueError(
            f"{file}: the events of seed {options.seed} were sent at {finished:%Y-%m-%d %H:%M} UTC, and for 24 hours "
            "Segment drops message ids that it has had, without an error; give --run 2 for others, or remove the file"
        )
