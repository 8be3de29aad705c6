"""The conversion itself: raw files in, Parquet and CSV out, on Spark.

What belongs here: everything that decides what an event, a row or a byte of output is. What does not: Dagster, boto3,
the config file. This folder alone is shipped to AWS Glue, so it imports only pyspark, pyarrow, msgspec and isal.
"""
