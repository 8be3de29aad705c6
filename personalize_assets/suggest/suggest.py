"""From a source to the text of its config: everything that was found, put together and proved to load."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from personalize_assets.catalog import field_roles as fields
from personalize_assets.catalog.file_heads import HEAD_BYTES, inspect_head, read_heads
from personalize_assets.catalog.observed_fields import Observed
from personalize_assets.config import Config
from personalize_assets.config import loading as config_file
from personalize_assets.config.errors import config_error, problems_of
from personalize_assets.config.fields import Uri
from personalize_assets.conversion.contract import MIN_EPOCH_SECONDS
from personalize_assets.conversion.mapping.timestamps import NANOS, epoch_nanos
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.suggest import entity_columns as entities
from personalize_assets.suggest import layout_detection as place
from personalize_assets.suggest.event_choice import wanted
from personalize_assets.suggest.yaml_writer import Found, lines

_MOST_FILES = 120
_MOST_EVENTS = 6000
_FEWEST_EVENTS_PER_FILE = 20
# What is read of all files together; of few files so much more each.
_MOST_BYTES = 16 * 1024 * 1024
_MOST_BYTES_PER_FILE = 1024 * 1024
_SHOWN_FIELDS = 12


def suggest(source: str, destination: str | None = None, folder: Path | None = None) -> str:
    """The text of a config for the raw files in a folder or under ``s3://bucket/prefix``.

    Args:
        destination: Where everything made is to lie; by default ``data/<name>`` beside the config.
        folder: Where the config will lie (by default the working folder): local URIs are written relative to it.

    Raises:
        PersonalizeAssetsError: There are no raw files, or nothing in them that could be a user, an item or a time.
    """
    folder = (folder or Path.cwd()).absolute()
    try:
        uri = TypeAdapter(Uri).validate_python(source)
    except ValidationError as error:
        raise PersonalizeAssetsError(f"source: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None
    found = _look(uri)
    name = _group_name(found.place.uri)
    to = destination or _apart(f"data/{name}", found.place.uri, folder)
    text = "\n".join(lines(found, name, _relative(found.place.uri, folder), to, _first_day(found))) + "\n"
    _prove(text, folder)
    return text


def _look(uri: str) -> Found:
    where_it_lies = place.find(uri)
    files = [file for _, its in sorted(where_it_lies.files.items()) for file in its]
    chosen = files[:: max(1, -(-len(files) // _MOST_FILES))]
    events: list[Mapping[str, Any]] = []
    most = max(_FEWEST_EVENTS_PER_FILE, _MOST_EVENTS // len(chosen))
    first_bytes = max(HEAD_BYTES, min(_MOST_BYTES_PER_FILE, _MOST_BYTES // len(chosen)))
    for _, file, head in read_heads({"source": where_it_lies.raw}, [("source", file) for file in chosen], first_bytes):
        events.extend(inspect_head(head, file.bytes, most).events)
    if not events:
        raise PersonalizeAssetsError(
            f"{uri}: no event was found in the beginnings of {len(chosen):,} files, as {chosen[0].key}; wanted files "
            "of JSON objects, plain or gzip"
        )
    observed = Observed(events)
    event = fields.event_names(observed)
    items = fields.items(observed)
    if items is None:
        raise _nothing(uri, observed, "item", "sku, product_id, item_id or video_id")
    which = wanted(observed, event.paths[0] if event else None, items)
    if not which.at:  # events that name items have no name of their own: all of them are wanted
        event, which = None, wanted(observed, None, items)
    user = fields.user(observed, which.at)
    if user is None:
        raise _nothing(uri, observed, "user", "userId, user_id or customer_id")
    time = fields.time(observed, which.at)
    if time is None:
        near = fields.unreadable_times(observed)
        seen = f" (not {' and '.join(near[:3])}, which is no form that is read)" if near else ""
        raise _nothing(uri, observed, "time", f"timestamp, event_time or ts, with ISO 8601 or epoch values{seen}")
    return Found(
        where_it_lies,
        len(chosen),
        observed,
        event,
        items,
        which,
        user,
        time,
        fields.message(observed, which.at),
        fields.value(observed, items, which.at),
        entities.users(observed, user.paths[0]),
        entities.items(observed, items, which.at),
    )


def _nothing(uri: str, observed: Observed, what: str, such_as: str) -> PersonalizeAssetsError:
    paths = [seen.column_path if seen.array is None else seen.path for seen in observed]
    more = f" and {len(paths) - _SHOWN_FIELDS} more" if len(paths) > _SHOWN_FIELDS else ""
    return PersonalizeAssetsError(
        f"{uri}: no field of {len(observed.events):,} events looks like the {what}: found "
        f"{', '.join(paths[:_SHOWN_FIELDS])}{more}; wanted one called like {such_as}. Write the mapping by hand, as in "
        "sample_data/segment.yaml"
    )


def _first_day(found: Found) -> str:
    """The first arrival day; where keys tell none, the day of the oldest event that was looked at."""
    if found.place.layout != "flat":
        return min(found.place.files).isoformat()
    nanos = [epoch_nanos(text) for text in found.observed.fields[found.time.paths[0]].values]
    seconds = [one // NANOS for one in nanos if one is not None]
    days = [datetime.fromtimestamp(one, UTC).date() for one in seconds if one >= MIN_EPOCH_SECONDS]
    return min([*days, datetime.now(UTC).date()]).isoformat()


def _group_name(uri: str) -> str:
    """A name for the dataset group from the source's: 1 to 63 letters, digits, `-` and `_` (API CreateDatasetGroup)."""
    last = uri.removeprefix("s3://").rstrip("/").rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", last).strip("-_")[:63] or "events"


def _relative(uri: str, folder: Path) -> str:
    if uri.startswith("s3://") or not Path(uri).is_relative_to(folder):
        return uri
    return str(Path(uri).relative_to(folder))


def _apart(to: str, source: str, folder: Path) -> str:
    """A destination that neither holds nor lies in the source."""
    if source.startswith("s3://"):
        return to
    there = folder / to
    overlaps = there.is_relative_to(source) or Path(source).is_relative_to(there)
    return _relative(f"{source}-personalize", folder) if overlaps else to


def _prove(text: str, folder: Path) -> None:
    """Read the config as a run would. Only a destination that was asked for can be refused here."""
    with tempfile.TemporaryDirectory() as empty:
        file = Path(empty, "suggested.yaml")
        file.write_text(text, encoding="utf-8")
        found = config_file.read(file)
    try:
        Config.model_validate(found, context={"folder": folder})
    except ValidationError as error:
        raise config_error("suggestion", list(problems_of(error, Config, found)), found, {}) from None
