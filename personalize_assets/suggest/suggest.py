"""The whole path from a source to the text of its config, which is checked to load."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from msgspec import structs
from pydantic import TypeAdapter, ValidationError

from personalize_assets.catalog import field_names, field_roles
from personalize_assets.catalog.event_shapes import UnmappedPlace, unmapped_places
from personalize_assets.catalog.field_ranking import count_of
from personalize_assets.catalog.field_relations import spellings
from personalize_assets.catalog.file_heads import HEAD_BYTES, inspect_head, read_heads
from personalize_assets.catalog.item_ids import Items, among, item_candidates, items
from personalize_assets.catalog.observed_fields import Field, Observed
from personalize_assets.config.fields import Uri
from personalize_assets.config.loading import parse_config
from personalize_assets.conversion.contract import MIN_EPOCH_SECONDS
from personalize_assets.conversion.mapping.timestamps import NANOS, epoch_nanos
from personalize_assets.conversion.mapping.values import NUMBER
from personalize_assets.conversion.reading.damage import TruncatedStream
from personalize_assets.conversion.reading.file_formats import SNIFFED_BYTES, foreign_format
from personalize_assets.conversion.reading.formats.settings import SourceFormat
from personalize_assets.conversion.reading.formats.table_files import MAGIC_BYTES, NAMES, table_format
from personalize_assets.conversion.reading.text_blocks import unpacked_blocks
from personalize_assets.errors import PersonalizeAssetsError
from personalize_assets.suggest.event_choice import EventChoice, choose_events
from personalize_assets.suggest.item_columns import item_columns
from personalize_assets.suggest.layout_detection import DetectedLayout, detect_layout
from personalize_assets.suggest.missing_items import comments, elements_without_item, events_without_item
from personalize_assets.suggest.user_columns import user_columns
from personalize_assets.suggest.wrappings import texts_of_items, texts_of_users, unwrapped, wrappings
from personalize_assets.suggest.yaml_writer import Suggestion, to_yaml

_MOST_FILES = 120
_MOST_EVENTS = 6000
_FEWEST_EVENTS_PER_FILE = 20
# Read of all files together: of few files more of each, up to the second figure.
_MOST_BYTES = 16 * 1024 * 1024
_MOST_BYTES_PER_FILE = 1024 * 1024
_MOST_FIELDS_IN_ERROR = 12
_MOST_PLACES_IN_ERROR = 3
_NEARLY_ALL = 0.95
# Segment docs, page storage/warehouses/schema: at so many characters a text is cut.
_SEGMENT_WIDTH = 512
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class SuggestedConfig:
    """A config as text, and the notes in it on what it cannot express and which events carry no item."""

    text: str
    notes: tuple[str, ...]


def suggest(source: str, destination: str | None = None, folder: Path | None = None) -> str:
    """The text of a config, as ``suggest_config`` returns it."""
    return suggest_config(source, destination, folder).text


def suggest_config(source: str, destination: str | None = None, folder: Path | None = None) -> SuggestedConfig:
    """A config for the raw files in a folder or under ``s3://bucket/prefix``. Nothing is written.

    Args:
        source: Where raw files are, or a folder above or below that.
        destination: Where the config stores everything; by default ``data/<name>`` beside the config.
        folder: The folder that the config will be in (by default the working folder): local URIs are relative to it.

    Raises:
        PersonalizeAssetsError: There are no raw files, none of their fields could be a user, an item or a time, or the
            destination overlaps the source.
    """
    folder = (folder or Path.cwd()).absolute()
    try:
        uri = TypeAdapter[str](Uri).validate_python(source)
    except ValidationError as error:
        raise PersonalizeAssetsError(f"source: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None
    detected = detect_layout(uri)
    found = _analyse(uri, detected)
    name = _group_name(detected.uri)
    to = destination or _default_destination(name, detected.uri, folder)
    text = to_yaml(found, name, _relative(detected.uri, folder), to, _first_day(found))
    # As a run would read it. Only a destination that the caller chose can be refused here.
    parse_config(text, "suggestion", folder, env={})
    return SuggestedConfig(text, found.notes)


def _analyse(uri: str, detected: DetectedLayout) -> Suggestion:
    """The roles of the fields in a sample of events, spread evenly over the files; taken out of what they are in.

    Events as they are come first. Wrappings are tried where no item, user or time is found, or where texts that hold
    JSON have the items of events that lack one, or describe users where nothing else does.
    """
    files, objects = _sample(uri, detected)
    try:
        found = _roles(uri, detected, files, objects, SourceFormat())
    except PersonalizeAssetsError:
        for format in wrappings(objects):
            with suppress(PersonalizeAssetsError):
                return _with_users(uri, detected, files, objects, _roles(uri, detected, files, objects, format))
        raise
    format_of_texts = texts_of_items(unmapped_places(objects), set(range(len(objects))) - found.items.at)
    if format_of_texts:
        with suppress(PersonalizeAssetsError):
            decoded = _roles(uri, detected, files, objects, format_of_texts)
            if decoded.items.at > found.items.at:
                found = decoded
    return _with_users(uri, detected, files, objects, found)


def _with_users(
    uri: str, detected: DetectedLayout, files: int, objects: Sequence[Mapping[str, Any]], found: Suggestion
) -> Suggestion:
    """What was found; if no field describes users, with texts decoded that may, as the cells `traits` of a CSV."""
    traits = () if found.users else texts_of_users(objects, found.format.parse)
    if traits:
        with suppress(PersonalizeAssetsError):
            format = structs.replace(found.format, parse=(*found.format.parse, *traits))
            decoded = _roles(uri, detected, files, objects, format)
            if decoded.users and decoded.items.at == found.items.at:
                return decoded
    return found


def _roles(
    uri: str, detected: DetectedLayout, files: int, objects: Sequence[Mapping[str, Any]], format: SourceFormat
) -> Suggestion:
    """The roles of the fields in the events that settings take out of objects.

    Raises:
        PersonalizeAssetsError: No field is an item, a user or a time.
    """
    events = unwrapped(objects, format)
    if events is None:
        raise PersonalizeAssetsError(f"{uri}: too few objects hold events as {format} says")
    observed = Observed(events)
    places = unmapped_places(observed.events)
    found = items(observed)
    if found is None:
        raise _not_found(uri, detected, observed, places, "item", "sku, product_id, item_id or video_id")
    event, chosen = _named_events(observed, field_roles.event_names(observed, found), found)
    found = among(found, chosen.at)
    user = field_roles.user(observed, chosen.at)
    if user is None:
        raise _not_found(uri, detected, observed, places, "user", "userId, user_id or customer_id")
    time = field_roles.time(observed, chosen.at)
    if time is None:
        near = field_roles.unreadable_times(observed)
        seen = f" (not {' and '.join(near[:3])}, which is no form that is read)" if near else ""
        wanted = f"timestamp, event_time or ts, with ISO 8601 or epoch values{seen}"
        raise _not_found(uri, detected, observed, places, "time", wanted)
    value = field_roles.value(observed, found, chosen.at)
    without = elements_without_item(observed, found, chosen.at)
    return Suggestion(
        detected=detected,
        files=files,
        format=format,
        observed=observed,
        event=event,
        items=found,
        chosen=chosen,
        user=user,
        time=time,
        message=field_roles.message(observed, chosen.at),
        value=value,
        users=user_columns(observed, user.paths, found),
        about_items=item_columns(observed, found, chosen.at, user.paths),
        nulls=_null_words(observed, user, found),
        notes=(
            *_other_spellings(observed, event),
            *_values_that_are_no_numbers(observed, value, found, chosen.at),
            *_cut_texts(observed),
            *comments(
                events_without_item(
                    observed, event.paths if event else (), found, chosen, item_candidates(observed), places
                ),
                " or ".join(found.paths),
            ),
            *([without] if without else []),
        ),
    )


def _named_events(
    observed: Observed, event: field_roles.Choice | None, items: Items
) -> tuple[field_roles.Choice | None, EventChoice]:
    """The wanted events, and the field with their names: in all its spellings if that needs no ``where``.

    ``where`` takes one path. So several are taken only if (nearly) all events are wanted; else the most frequent one.
    """
    if event is None:
        return None, choose_events(observed, (), items)
    others = tuple(other.path for other in _spellings_of_names(observed, event))
    if others:
        together = choose_events(observed, (*event.paths, *others), items)
        if not together.left_out and len(together.at) >= _NEARLY_ALL * len(observed.events):
            kinds = count_of(len(together.counts), "kind")
            why = f"{kinds} of events, all of them wanted: so no `where`, which takes one spelling"
            return field_roles.Choice((*event.paths, *others), why), together
    chosen = choose_events(observed, event.paths, items)
    # Events that carry items may have no name: then all of them are wanted.
    return (event, chosen) if chosen.at else (None, choose_events(observed, (), items))


def _spellings_of_names(observed: Observed, event: field_roles.Choice) -> list[Field]:
    texts = [seen for seen in observed if str in seen.kinds and seen.path not in event.paths]
    return spellings(observed, observed.fields[event.paths[0]], texts, set(range(len(observed.events))))


def _other_spellings(observed: Observed, event: field_roles.Choice | None) -> Iterator[str]:
    """A note on events whose name is in a field that is spelled otherwise: `where` takes one path."""
    if event is None:
        return
    best = observed.fields[event.paths[0]]
    for other in _spellings_of_names(observed, event):
        yield (
            f"{len(other.at - best.at):,} events have their name in `{other.path}` and not in `{best.path}`. `where` "
            "takes one path, so they are not wanted; convert them with a config of their own."
        )


def _null_words(observed: Observed, user: field_roles.Choice, items: Items) -> tuple[str, ...]:
    """Ids of users and items that are words for a missing value."""
    ids = [*(observed.fields[path] for path in user.paths), *items.fields]
    return tuple(sorted(frozenset().union(*(seen.null_words for seen in ids))))


def _values_that_are_no_numbers(
    observed: Observed, value: field_roles.Choice | None, items: Items, wanted: set[int]
) -> Iterator[str]:
    """A note on prices and the like beside the item that cannot be EVENT_VALUE."""
    for seen in observed:
        is_one = field_names.value(seen.name) > field_names.GUESS and seen.parent in items.parents and seen.at & wanted
        if is_one and not value and not seen.is_numeric and not set(seen.kinds) & {dict, list, bool}:
            other = next(text for text, _ in seen.values.most_common() if not NUMBER.fullmatch(text.strip()))
            yield (
                f"`{seen.column_path}` could be EVENT_VALUE, but too few of its values are numbers: {other!r:.40} is "
                "none."
            )


def _cut_texts(observed: Observed) -> Iterator[str]:
    """A note on fields whose longest texts have exactly the length at which Segment's warehouses cut them."""
    longest: dict[str, int] = {}
    cut: Counter[str] = Counter()
    for event in observed.events:
        for name, value in event.items():
            if isinstance(value, str):
                longest[name] = max(len(value), longest.get(name, 0))
                cut[name] += len(value) == _SEGMENT_WIDTH
    for name, count in cut.items():
        if count and longest[name] == _SEGMENT_WIDTH:
            texts = "1 text" if count == 1 else f"{count:,} texts"
            yield (
                f"`{name}` has {texts} of exactly {_SEGMENT_WIDTH} characters and none longer: a warehouse that "
                "Segment fills cuts texts there, and JSON that was cut cannot be read. Widen the column, or load it as "
                "SUPER (docs/how-to/warehouses.md)."
            )


def _sample(uri: str, detected: DetectedLayout) -> tuple[int, list[Mapping[str, Any]]]:
    """How many files were read, and the objects in their beginnings."""
    listed = [file for _, of_day in sorted(detected.files.items()) for file in of_day]
    files = [file for file in listed if not file.archive]
    if not files:
        raise PersonalizeAssetsError(
            f"{uri}: all {len(listed):,} files are in an archive of S3, as {listed[0].key}; wanted one that can be "
            "read: restore some"
        )
    read = files[:: max(1, -(-len(files) // _MOST_FILES))]
    events: list[Mapping[str, Any]] = []
    seems = ""
    most_events = max(_FEWEST_EVENTS_PER_FILE, _MOST_EVENTS // len(read))
    first_bytes = max(HEAD_BYTES, min(_MOST_BYTES_PER_FILE, _MOST_BYTES // len(read)))
    for _, file, head in read_heads({"source": detected.raw}, [("source", file) for file in read], first_bytes):
        seems = seems or _seems(head)
        events.extend(inspect_head(head, file.bytes, most_events).events)
    if not events:
        raise PersonalizeAssetsError(
            f"{uri}: no event was found in the beginnings of {len(read):,} files, as {read[0].key}{seems}; wanted "
            "files of JSON objects, or of rows: CSV, Parquet, ORC, Avro"
        )
    return len(read), events


def _seems(head: bytes) -> str:
    """What a file without events seems to be, from its first bytes, as an addition to its name; or empty."""
    table = table_format(head[:MAGIC_BYTES])
    if table:
        return f" (a {NAMES[table]} that is damaged or empty)"
    found = foreign_format(head[:SNIFFED_BYTES])
    if found is None and head.startswith(_GZIP):
        with suppress(TruncatedStream):
            unpacked = next(unpacked_blocks(io.BytesIO(head)), b"")
            found = foreign_format(unpacked[:SNIFFED_BYTES])
    return f" (a {found[0]}: {found[1]})" if found else ""


def _not_found(
    uri: str,
    detected: DetectedLayout,
    observed: Observed,
    places: Sequence[UnmappedPlace],
    role: str,
    examples: str,
) -> PersonalizeAssetsError:
    paths = [seen.column_path if seen.array is None else seen.path for seen in observed]
    more = f" and {len(paths) - _MOST_FIELDS_IN_ERROR} more" if len(paths) > _MOST_FIELDS_IN_ERROR else ""
    return PersonalizeAssetsError(
        f"{uri}: no field of {len(observed.events):,} events looks like the {role}: found "
        f"{', '.join(paths[:_MOST_FIELDS_IN_ERROR])}{more}; wanted one called like {examples}. "
        f"{_hidden(places)}{_elsewhere(detected)}Write the mapping by hand, as in sample_data/segment.yaml"
    )


def _elsewhere(detected: DetectedLayout) -> str:
    """Other streams in the source, which may hold a field that was not found; empty if there are none."""
    others = "; ".join(detected.others)
    return f"These are events of {detected.uri}; name another stream if they are in one: {others}. " if others else ""


def _hidden(places: Sequence[UnmappedPlace]) -> str:
    """What may hold a field that was not found; empty if nothing does."""
    found = "; ".join(place.why for place in places[:_MOST_PLACES_IN_ERROR])
    return f"It may be within these: {found}. " if found else ""


def _first_day(found: Suggestion) -> date:
    """The first arrival day (UTC); if the keys carry none, the day of the oldest event in the sample."""
    if found.detected.layout != "flat":
        return min(found.detected.files)
    nanos = [epoch_nanos(text) for path in found.time.paths for text in found.observed.fields[path].values]
    seconds = [one // NANOS for one in nanos if one is not None]
    days = [datetime.fromtimestamp(one, UTC).date() for one in seconds if one >= MIN_EPOCH_SECONDS]
    return min([*days, datetime.now(UTC).date()])


def _group_name(uri: str) -> str:
    """A dataset group's name from a source's: 1 to 63 letters, digits, ``-`` and ``_`` (API CreateDatasetGroup)."""
    last = uri.removeprefix("s3://").rstrip("/").rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", last).strip("-_")[:63] or "events"


def _relative(uri: str, folder: Path) -> str:
    """A local URI inside the config's folder as a relative one; any other as it is."""
    if uri.startswith("s3://") or not Path(uri).is_relative_to(folder):
        return uri
    return str(Path(uri).relative_to(folder))


def _default_destination(name: str, source: str, folder: Path) -> str:
    """``data/<name>``, or a folder beside the source where these two would overlap."""
    there = folder / "data" / name
    if source.startswith("s3://") or not (there.is_relative_to(source) or Path(source).is_relative_to(there)):
        return f"data/{name}"
    return _relative(f"{source}-personalize", folder)
