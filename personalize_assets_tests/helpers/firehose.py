"""Delivery streams of moto's Firehose, which stores each call's records in S3 at once, uncompressed."""

from __future__ import annotations

import boto3


def delivery_stream(name: str, bucket: str, prefix: str = "raw/") -> None:
    """A new stream of a name into a bucket; one of an earlier test is deleted."""
    firehose = boto3.client("firehose")
    if name in firehose.list_delivery_streams()["DeliveryStreamNames"]:
        firehose.delete_delivery_stream(DeliveryStreamName=name)
    firehose.create_delivery_stream(
        DeliveryStreamName=name,
        ExtendedS3DestinationConfiguration={
            "RoleARN": "arn:aws:iam::123456789012:role/delivery",
            "BucketARN": f"arn:aws:s3:::{bucket}",
            "Prefix": prefix,
        },
    )


def objects(bucket: str) -> list[bytes]:
    """The objects of a bucket, in the order in which they were stored."""
    found = list(boto3.resource("s3").Bucket(bucket).objects.all())
    return [stored.get()["Body"].read() for stored in sorted(found, key=lambda stored: stored.last_modified)]
