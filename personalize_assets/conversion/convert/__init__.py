"""Days of raw files to daily Parquet files: planning, tasks, counts."""
