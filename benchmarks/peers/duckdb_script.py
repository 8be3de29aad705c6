"""DuckDB: one statement from gzip to CSV, with only the needed fields as typed columns."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

QUERY = """
COPY (
    WITH events AS (
        SELECT
            event, messageId, userId, properties.sku, properties.price,
            -- ISO 8601 with a zone, or epoch seconds or milliseconds
            coalesce(
                floor(epoch(TRY_CAST(timestamp AS TIMESTAMPTZ)))::BIGINT,
                CASE WHEN length(timestamp) > 10 THEN TRY_CAST(timestamp AS BIGINT) // 1000
                     ELSE TRY_CAST(timestamp AS BIGINT) END
            ) AS time,
            CASE WHEN len(properties.products) > 0 THEN properties.products ELSE [NULL] END AS products
        FROM read_json(
            $raw, format = 'newline_delimited', ignore_errors = true,
            columns = {
                event: 'VARCHAR', messageId: 'VARCHAR', userId: 'VARCHAR', timestamp: 'VARCHAR',
                properties: 'STRUCT(sku VARCHAR, price DOUBLE, products STRUCT(sku VARCHAR, price DOUBLE)[])'
            }
        )
        WHERE event IN ('Product Clicked', 'Product Added', 'Order Completed') AND userId IS NOT NULL
    ),
    products AS (
        SELECT * EXCLUDE (products), unnest(products) AS product, generate_subscripts(products, 1) AS position
        FROM events
    ),
    messages AS (SELECT DISTINCT ON (messageId, position) * FROM products)
    SELECT
        userId AS USER_ID,
        coalesce(product.sku, sku) AS ITEM_ID,
        event AS EVENT_TYPE,
        coalesce(product.price, price) AS EVENT_VALUE,
        time AS TIMESTAMP
    FROM messages
    WHERE ITEM_ID IS NOT NULL AND TIMESTAMP IS NOT NULL
    ORDER BY TIMESTAMP, USER_ID, ITEM_ID, EVENT_TYPE, EVENT_VALUE
) TO $out (HEADER)
"""


def main(raw: Path, out: Path) -> None:
    # What does not fit into four fifths of the memory, DuckDB's default, is spilled beside the output.
    duckdb.execute("SET temp_directory = $folder", {"folder": f"{out.parent}/spilled"})
    duckdb.execute(QUERY, {"raw": str(raw / "segment-logs/*/*/*.gz"), "out": str(out)})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
