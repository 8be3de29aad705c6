"""Events as rows of tables: a layout's in any format, a warehouse's, orders, ratings."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from personalize_assets.generate.happenings import Happening
from personalize_assets.generate.shapes.shape import Row, Shape
from personalize_assets.generate.shapes.tables import SHAPES, of_layout
from personalize_assets_tests.helpers.happenings import IDENTIFY, ORDER, PAGE, VIEW


def by_table(shape: Shape, *events: Happening) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    assert shape.rows
    for event in events:
        for table, row in shape.rows(event):
            found.setdefault(table, []).append(row)
    return found


def parquet(content: bytes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pa.parquet.read_table(io.BytesIO(content)).to_pylist()
    return rows


def test_json_of_a_layout_is_the_shops_own() -> None:
    assert of_layout("hive", "json") == Shape("hive")


def test_parquet_of_a_layout_has_the_fields_of_the_envelope_with_their_types() -> None:
    shape = of_layout("hive", "parquet")

    view, order, login, page = parquet(shape.encode("", by_table(shape, VIEW, ORDER, IDENTIFY, PAGE)[""]))

    assert (view["event"], view["timestamp"]) == ("Product Viewed", datetime(2026, 10, 1, 5, 0, 0, 250_000))
    assert (view["properties"]["sku"], view["properties"]["products"]) == ("SKU-00042", None)
    assert [product["sku"] for product in order["properties"]["products"]] == ["SKU-00042", "SKU-00043"]
    assert (login["type"], login["event"]) == ("identify", None)
    assert login["traits"] == {"Favorite Departments": ["Books", "Kids"], "lifetime_value": 12.5}
    assert (page["userId"], page["properties"]) == (None, None)


def test_a_csv_of_a_layout_has_properties_and_traits_as_json() -> None:
    shape = of_layout("hive", "csv")

    view, login = csv.DictReader(io.StringIO(shape.encode("", by_table(shape, VIEW, IDENTIFY)[""]).decode()))

    assert json.loads(view["properties"])["sku"] == "SKU-00042"
    assert (view["timestamp"], view["traits"]) == ("2026-10-01T05:00:00.250Z", "")
    assert json.loads(login["traits"])["Favorite Departments"] == ["Books", "Kids"]


def test_a_warehouse_has_tracks_and_identifies_with_an_orders_products_as_one_text() -> None:
    shape = SHAPES["redshift"]
    tables = by_table(shape, VIEW, ORDER, IDENTIFY, PAGE)

    assert {table: len(rows) for table, rows in tables.items()} == {"tracks": 2, "identifies": 1}
    view, order = parquet(shape.encode("tracks", tables["tracks"]))
    assert (view["event"], view["event_text"], view["price"]) == ("product_viewed", "Product Viewed", 28.99)
    assert (order["product_id"], len(json.loads(order["products"]))) == (None, 2)
    (login,) = parquet(shape.encode("identifies", tables["identifies"]))
    assert (login["favorite_departments"], login["lifetime_value"]) == ('["Books","Kids"]', 12.5)


def test_shopify_has_orders_alone_with_amounts_as_text_in_the_shops_zone() -> None:
    shape = SHAPES["shopify"]
    tables = by_table(shape, VIEW, ORDER, IDENTIFY, PAGE)

    (order,) = json.loads(shape.encode("", tables[""]))["orders"]

    assert (order["created_at"], order["customer"]["id"]) == ("2026-10-01T07:00:00+02:00", 1_007_919)
    assert [(line["id"], line["product_id"], line["price"]) for line in order["line_items"]] == [
        (160, 700_042, "28.99"),
        (161, 700_043, "5.00"),
    ]


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (
            "ratings",
            "userId,movieId,rating,timestamp\n1007919,700042,3.0,1790830800\n1007919,700042,3.0,1790830800\n"
            "1007919,700042,5.0,1790830800\n1007919,700043,5.0,1790830800\n",
        ),
        ("movies", "movieId,title,genres\n700042,Lamp (2026),Home|Lighting\n700043,Mug (2026),\n"),
        ("users", "userId,gender,age,occupation\n1007919,M,35,3\n"),
    ],
)
def test_ratings_stay_as_they_are_and_movies_and_users_are_there_once(table: str, text: str) -> None:
    shape = SHAPES["movielens"]

    assert shape.encode(table, by_table(shape, VIEW, VIEW, ORDER, PAGE)[table]).decode() == text
