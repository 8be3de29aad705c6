"""The profile of a day: which events it has, which of them name an item, and one of each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from personalize_assets.catalog.day_catalog import day_catalogs
from personalize_assets.catalog.event_profile import EventKind, EventProfile, ItemField, as_text, day_profile, encode
from personalize_assets.config import Source
from personalize_assets.storage.raw_files import RawFiles

DAY = date(2026, 10, 1)
CLICKS = [{"event": "Clicked", "user": f"u{n}", "properties": {"sku": f"s{n % 3}"}} for n in range(6)]
ORDERS = [{"event": "Ordered", "user": "u0", "properties": {"products": [{"sku": "s0"}, {"sku": "s9"}]}}] * 3
PAGES = [{"event": "Page Viewed", "user": "u0", "properties": {"order_id": "o1"}}]
UNNAMED = [{"type": "identify", "user": "u0", "traits": {"email": "a@b.example"}}] * 2


def profile(folder: Path, events: Iterable[dict[str, Any]], *masked: str) -> EventProfile:
    """The profile of a day whose one file has these events."""
    (folder / "day=2026-10-01").mkdir()
    (folder / "day=2026-10-01/a.json").write_text("".join(json.dumps(event) + "\n" for event in events))
    raw = {"source": RawFiles(Source(uri=str(folder), layout="hive", start_date=DAY))}
    ((_, catalog),) = day_catalogs(raw, {DAY: {"source": raw["source"].of([DAY]).days[DAY]}})
    return day_profile(DAY, raw, catalog.files, masked)


def test_a_profile_counts_the_events_and_those_that_carry_an_item(tmp_path: Path) -> None:
    found = profile(tmp_path, [*CLICKS, *ORDERS, *PAGES, *UNNAMED])

    assert found.event_field == "event"
    assert found.events == (
        EventKind(name="Clicked", events=6, share=0.5, items={"properties.sku": 6}),
        EventKind(name="Ordered", events=3, share=0.25, items={"each.sku": 3}),
        EventKind(name=None, events=2, share=0.1667, items={}),
        EventKind(name="Page Viewed", events=1, share=0.0833, items={}),
    )


def test_every_path_that_could_be_an_item_has_counts_and_samples(tmp_path: Path) -> None:
    assert profile(tmp_path, [*CLICKS, *ORDERS, *PAGES, *UNNAMED]).item_fields == (
        ItemField("properties.sku", None, events=6, values=6, distinct=3, samples=("s0", "s1", "s2")),
        ItemField("each.sku", "properties.products", events=3, values=6, distinct=2, samples=("s0", "s9")),
    )


def test_one_event_of_each_kind_is_shown(tmp_path: Path) -> None:
    assert profile(tmp_path, [*CLICKS, *ORDERS, *UNNAMED]).samples == (CLICKS[0], ORDERS[0], UNNAMED[0])


def test_masked_fields_are_not_shown(tmp_path: Path) -> None:
    found = profile(tmp_path, [*CLICKS, *UNNAMED], "traits.email", "properties.sku")

    assert found.samples[1]["traits"] == {"email": "***"}
    assert found.samples[0]["properties"] == {"sku": "***"}
    assert found.item_fields[0].samples == ("***",)
    assert b"b.example" not in encode(found)


def test_the_names_of_events_are_masked_if_their_field_is(tmp_path: Path) -> None:
    found = profile(tmp_path, CLICKS, "event")

    assert [kind.name for kind in found.events] == ["***"]


def test_a_day_without_files_has_an_empty_profile(tmp_path: Path) -> None:
    found = profile(tmp_path, [])

    assert (found.sampled_events, found.event_field, found.events, found.item_fields) == (0, None, (), ())


def test_a_profile_is_indented_json_with_every_digit_of_a_large_number(tmp_path: Path) -> None:
    found = profile(tmp_path, [{"event": "Gewählt", "n": 12345678901234567890123}])

    text = encode(found).decode()
    assert text.startswith('{\n "day": "2026-10-01",\n "files": 1,\n "sampled_events": 1,\n')
    assert json.loads(text)["samples"] == [{"event": "Gewählt", "n": 12345678901234567890123}]
    assert "Gewählt" in text


def test_people_can_read_an_event() -> None:
    assert as_text({"fields": ["größe"]}) == '{\n "fields": [\n  "größe"\n ]\n}'
