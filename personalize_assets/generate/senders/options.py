"""What the command `send` was asked to do, and the target that it means."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from personalize_assets.generate.senders.clock import Clock
from personalize_assets.generate.senders.dry_run import DryRun
from personalize_assets.generate.senders.http_api import HttpTarget, basic
from personalize_assets.generate.senders.messages import ALL, SOURCES, as_call, unchanged
from personalize_assets.generate.senders.streams import StreamTarget
from personalize_assets.generate.senders.target import Target

TARGETS = ("segment", "rudderstack", "firehose", "kinesis", "http")

SEGMENT_URL = "https://api.segment.io"

# Not `data`, where the samples have their destination.
_FOLDER = Path("sent")
_BATCH_PATH = "/v1/batch"
_STREAMS = ("firehose", "kinesis")
_KEYED = ("segment", "rudderstack")
_MOST_RUN_CHARS = 40  # of the 100 that Segment allows a message id; the shop's have 36


@dataclass(frozen=True)
class Options:
    """The options of `send`, as ``cli.send`` has them.

    Attributes:
        start: The first day; None: so that the last one was yesterday (UTC).
        rate: Events a second at most.
        newline: Whether records of a stream end with a line break; None: as Segment does it, in Firehose alone.
        resume: The state file to go on from; None: a new one, at ``state_file``.
        out: The folder of a dry run; None: ``sent/<to>``.
    """

    to: str
    host: str | None = None
    stream: str | None = None
    days: int = 7
    users: int = 300
    seed: int = 1
    start: date | None = None
    run: str = ""
    rate: int = 200
    one_key: bool = False
    newline: bool | None = None
    resume: Path | None = None
    dry_run: bool = False
    out: Path | None = None
    yes: bool = False

    @property
    def state_file(self) -> Path:
        """Where the state is kept."""
        return self.resume or _FOLDER / f"{self.to}.json"

    @property
    def by_source(self) -> bool:
        """Whether each of several sources gets its own events."""
        return self.to in _KEYED and not self.one_key

    @property
    def write(self) -> Callable[[bytes], bytes]:
        """The content of a message: streams hold what Segment would have stored, all else gets calls."""
        return unchanged if self.to in _STREAMS else as_call

    def check(self) -> None:
        """Raise ``ValueError`` for options that do not go together."""
        if self.to not in TARGETS:
            raise ValueError(f"to: {self.to!r} is not a target; use one of {', '.join(TARGETS)}")
        is_stream = self.to in _STREAMS
        if is_stream and not self.stream:
            raise ValueError(f"stream: {self.to} needs the name of a stream; give --stream NAME")
        if is_stream and self.host:
            raise ValueError(f"host: {self.to} has none; set AWS_ENDPOINT_URL for another server with AWS's API")
        if not is_stream and self.stream:
            raise ValueError(f"stream: {self.to} has none; give --host URL")
        if self.newline is not None and not is_stream:
            raise ValueError(f"newline: {self.to} takes batches; only records of a stream end with one or without")
        if self.one_key and self.to not in _KEYED:
            raise ValueError(f"one-key: {self.to} has no write keys; leave it out")
        if self.to in ("rudderstack", "http") and not self.host:
            wanted = "your data plane's URL" if self.to == "rudderstack" else "the URL that takes batches"
            raise ValueError(f"host: {self.to} needs {wanted}; give --host URL")
        if self.host and not re.match(r"https?://[^/\s]", self.host):
            raise ValueError(f"host: {self.host!r} is not a URL; write it as https://events.eu1.segmentapis.com")
        if self.out and not self.dry_run:
            raise ValueError("out: only a dry run writes into a folder; give --dry-run, too")
        for name, value in (("days", self.days), ("users", self.users), ("rate", self.rate)):
            if value < 1:
                raise ValueError(f"{name}: {value} is too few; give 1 or more")
        if self.run and not re.fullmatch(rf"[A-Za-z0-9_-]{{1,{_MOST_RUN_CHARS}}}", self.run):
            raise ValueError(
                f"run: {self.run!r} cannot begin a message id; use up to {_MOST_RUN_CHARS} letters, digits, - and _"
            )

    def first_day(self, clock: Clock) -> date:
        """The story's first day. Raises ``ValueError`` if its last one is not over: no event may be in the future."""
        today = datetime.fromtimestamp(clock.now(), UTC).date()
        if self.start is None:
            return today - timedelta(days=self.days)
        if self.start + timedelta(days=self.days) > today:
            raise ValueError(
                f"start: {self.days} days from {self.start} on are not over yet (it is {today} in UTC); "
                f"give {today - timedelta(days=self.days)} or an earlier day"
            )
        return self.start

    def target(self, env: Mapping[str, str], clock: Clock) -> Target:
        """The target, or a folder in its place. Raises ``ValueError`` for write keys that are missing."""
        target: Target
        if self.to in _STREAMS:
            newline = self.to == "firehose" if self.newline is None else self.newline
            target = StreamTarget(self.to, self.stream or "", newline=newline)
        else:
            target = HttpTarget(self._url(), {} if self.dry_run else self._authorizations(env), clock)
        return DryRun(target, self.out or _FOLDER / self.to) if self.dry_run else target

    def _url(self) -> str:
        if self.to == "http":
            return self.host or ""
        return (self.host or SEGMENT_URL).rstrip("/").removesuffix(_BATCH_PATH).removesuffix("/v1") + _BATCH_PATH

    def _authorizations(self, env: Mapping[str, str]) -> dict[str, str]:
        """The header `Authorization` by source, from the environment."""
        if self.to == "http":
            given = env.get("HTTP_AUTHORIZATION", "").strip()
            if not given.isprintable() or not given.isascii():
                raise ValueError("HTTP_AUTHORIZATION: not a line of ASCII, as a header must be; set it to one")
            return {ALL: given} if given else {}
        name = f"{self.to.upper()}_WRITE_KEY"
        names = {source: f"{name}_{source.upper()}" for source in SOURCES} if self.by_source else {ALL: name}
        missing = [variable for variable in names.values() if not env.get(variable, "").strip()]
        if missing:
            other = f"; or set {name} alone and give --one-key, for one source" if self.by_source else ""
            raise ValueError(
                f"{', '.join(missing)}: not set in the environment; set each to the write key of its source{other}"
            )
        return {source: basic(env[variable].strip()) for source, variable in names.items()}
