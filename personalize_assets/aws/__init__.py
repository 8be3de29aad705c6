"""AWS clients of Dagster's process, the wording of AWS's errors, and S3 event notifications out of SQS."""
