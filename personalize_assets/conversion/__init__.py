"""The conversion: raw files in, Parquet and CSV out.

What belongs here: everything that decides what an event, a row or a byte of output is. What does not: Dagster, boto3
and the config file. Only this folder is shipped to AWS Glue. It imports nothing else of the package, and of other
packages only pyspark, pyarrow, numpy, pandas, msgspec, isal, backports.zstd, lz4, cramjam,
fastavro and, for S3, obstore.
"""
