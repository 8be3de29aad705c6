"""Daily Parquet files to users, items and the parts of the CSVs."""
