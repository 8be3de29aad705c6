"""Events as PostHog, Amplitude, Mixpanel and Google Analytics 4 export them."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any

from personalize_assets.generate.happenings import Happening
from personalize_assets.generate.shapes.analytics import SHAPES
from personalize_assets.generate.shapes.shape import FileFacts
from personalize_assets_tests.helpers.happenings import IDENTIFY, ORDER, PAGE, VIEW

LAMP = {"product_id": "700042", "category": "Home|Lighting", "brand": "Aurora", "price": 28.99, "quantity": 1}
TRAITS = {"departments": ["Books", "Kids"], "lifetime_value": 12.5, "email": "user@example.com", "name": "Ada"}
MUG = {"product_id": "700043", "price": 5.0, "quantity": 2}


def row(name: str, event: Happening) -> dict[str, Any]:
    """The one row of an event."""
    shape = SHAPES[name]
    assert shape.rows
    ((table, made),) = shape.rows(event)
    assert table == ""
    return made


def test_posthog_has_the_persons_id_once_known_and_the_persons_properties() -> None:
    view, order, login, page = (row("posthog", event) for event in (VIEW, ORDER, IDENTIFY, PAGE))

    assert (view["event"], view["uuid"], view["distinct_id"]) == ("product viewed", VIEW.id, "1007919")
    assert view["timestamp"] == "2026-10-01T05:00:00.250+00:00"
    assert view["properties"].items() >= {**LAMP, "$is_identified": True, "$device_type": "Mobile"}.items()
    assert order["properties"]["products"] == [LAMP, MUG]
    assert login["person_properties"] == TRAITS
    assert (page["distinct_id"], page["properties"]["$is_identified"]) == (VIEW.anonymous, False)


def test_amplitude_has_times_without_a_zone_and_two_kinds_of_properties() -> None:
    view, order, login = (row("amplitude", event) for event in (VIEW, ORDER, IDENTIFY))

    assert (view["event_type"], view["$insert_id"], view["user_id"]) == ("View Product", VIEW.id, "1007919")
    assert (view["event_time"], view["event_properties"]) == ("2026-10-01 05:00:00.250000", LAMP)
    assert order["event_properties"] == {"order_id": "O-1", "products": [LAMP, MUG]}
    assert login["user_properties"] == TRAITS


def test_an_archive_of_amplitude_has_a_packed_member_an_hour() -> None:
    later = VIEW._replace(received=VIEW.received + 3_600_000)
    rows = [row("amplitude", event) for event in (later, VIEW, ORDER)]

    with zipfile.ZipFile(io.BytesIO(SHAPES["amplitude"].encode("", rows))) as archive:
        counts = {name: gzip.decompress(archive.read(name)).count(b"\n") for name in archive.namelist()}

    assert counts == {
        "187520/187520_2026-10-01_5#0.json.gz": 2,
        "187520/187520_2026-10-01_6#0.json.gz": 1,
    }


def test_mixpanel_has_everything_but_the_name_in_properties() -> None:
    view, order, page = (row("mixpanel", event) for event in (VIEW, ORDER, PAGE))

    assert view.keys() == {"event", "properties"}
    assert view["properties"].items() >= {**LAMP, "time": 1_790_830_800, "$user_id": "1007919"}.items()
    assert order["properties"]["products"] == [LAMP, MUG]
    assert "$user_id" not in page["properties"]
    assert page["properties"]["distinct_id"] == f"$device:{VIEW.anonymous}"


def test_ga4_has_integers_as_text_parameters_as_pairs_and_items_of_every_event() -> None:
    order, login = row("ga4", ORDER), row("ga4", IDENTIFY)

    assert (order["event_date"], order["event_timestamp"]) == ("20261001", "1790830800250000")
    assert {"key": "transaction_id", "value": {"string_value": "O-1"}} in order["event_params"]
    assert [(item["item_id"], item["item_brand"], item["quantity"]) for item in order["items"]] == [
        ("700042", "Aurora", "1"),
        ("700043", "(not set)", "2"),
    ]
    assert login["user_properties"] == [{"key": "favorite_department", "value": {"string_value": "Books"}}]


def test_files_are_named_as_the_services_do() -> None:
    facts = FileFacts(datetime(2026, 10, 1, 5, 7, tzinfo=UTC), 3, 40, "0a1b2c3d-0000")

    assert {name: shape.name(facts) for name, shape in SHAPES.items()} == {
        "posthog": "2026-10-01T00:00:00+00:00-2026-10-01T05:00:00+00:00-3.jsonl",
        "amplitude": "_003",
        "mixpanel": "-003",
        "ga4": "000000000003.json.gz",
    }
    assert json.loads(SHAPES["mixpanel"].encode("", [row("mixpanel", VIEW)]))["event"] == "Product Viewed"
