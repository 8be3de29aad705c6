"""The schema that Spark gets for daily files; reading them is tested on engines."""

import pyarrow as pa

from personalize_assets.conversion.export.daily_rows import spark_schema


def test_a_schema_becomes_a_ddl_text_with_quoted_names() -> None:
    schema = pa.schema(
        [
            ("USER_ID", pa.string()),
            ("TIMESTAMP", pa.int64()),
            ("N", pa.int32()),
            ("X", pa.float64()),
            ("OK", pa.bool_()),
        ]
    )

    assert spark_schema(schema) == "`USER_ID` string, `TIMESTAMP` bigint, `N` int, `X` double, `OK` boolean"
