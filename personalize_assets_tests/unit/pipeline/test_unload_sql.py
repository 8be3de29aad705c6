"""The text of UNLOAD, and of the count of cut texts."""

from __future__ import annotations

from datetime import date
from typing import Any

from personalize_assets.config.redshift import Redshift
from personalize_assets.pipeline.unload_sql import Unload, count_cut, unloads

DAY = date(2026, 10, 31)


def of(**changes: Any) -> list[Unload]:
    """The unloads of one day."""
    keys: dict[str, Any] = {
        "workgroup": "analytics",
        "database": "prod",
        "schema": "website",
        "tables": ["order_completed"],
        "role": "arn:aws:iam::123456789012:role/unload",
        "unload": "s3://shop/unloaded",
    }
    return list(unloads(Redshift(**{name: value for name, value in {**keys, **changes}.items() if value}), [DAY]))


def test_a_table_is_unloaded_with_all_its_columns_and_its_name() -> None:
    (unload,) = of()

    assert unload.sql == (
        "UNLOAD ('SELECT *, CAST(''order_completed'' AS VARCHAR(127)) AS warehouse_table "
        'FROM "website"."order_completed" '
        "WHERE \"received_at\" >= ''2026-10-31 00:00:00'' AND \"received_at\" < ''2026-11-01 00:00:00''')\n"
        "TO 's3://shop/unloaded/day=2026-10-31/order_completed/'\n"
        "IAM_ROLE 'arn:aws:iam::123456789012:role/unload'\n"
        "FORMAT PARQUET CLEANPATH MANIFEST VERBOSE"
    )
    assert (unload.table, unload.day, unload.folder) == ("order_completed", DAY, "day=2026-10-31/order_completed/")


def test_each_table_has_a_statement_of_its_own_on_each_day() -> None:
    redshift = Redshift(
        cluster="shop-1", database="prod", schema="web", tables=("b", "a"), role="default", unload="s3://shop/x"
    )

    found = list(unloads(redshift, [date(2026, 10, 1), date(2026, 10, 2)]))

    assert [one.folder for one in found] == [
        "day=2026-10-01/b/", "day=2026-10-01/a/", "day=2026-10-02/b/", "day=2026-10-02/a/",
    ]  # fmt: skip


def test_a_query_is_unloaded_as_it_is_written_but_for_the_quotes_of_the_text() -> None:
    sql = "SELECT 'it''s \\d' AS note, received_at FROM web.tracks -- '; x"

    (unload,) = of(tables=None, schema=None, sql=sql)

    assert unload.select == (
        f"SELECT * FROM ({sql}\n) AS selected "
        "WHERE \"received_at\" >= '2026-10-31 00:00:00' AND \"received_at\" < '2026-11-01 00:00:00'"
    )
    assert "(SELECT ''it''''s \\\\d'' AS note, received_at FROM web.tracks -- ''; x\n)" in unload.sql
    assert unload.folder == "day=2026-10-31/query/"


def test_the_keys_of_the_config_are_in_the_statement() -> None:
    (unload,) = of(arrival="loaded_at", role="default", region="us-west-2")

    assert '"loaded_at" >= ' in unload.sql
    assert "\nIAM_ROLE default\n" in unload.sql
    assert unload.sql.endswith("MANIFEST VERBOSE REGION 'us-west-2'")


def test_cut_texts_are_counted_by_characters_and_bytes() -> None:
    (unload,) = of()

    assert count_cut(unload, {"products": 512, "items": 65535}) == (
        'SELECT COUNT(CASE WHEN LEN("products") >= 512 OR OCTET_LENGTH("products") > 508 THEN 1 END), '
        'COUNT(CASE WHEN LEN("items") >= 65535 OR OCTET_LENGTH("items") > 65531 THEN 1 END) '
        f"FROM ({unload.select}) AS of_day"
    )
