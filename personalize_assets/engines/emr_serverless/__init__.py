"""The engine ``emr-serverless``: a job spec as a job run of an EMR Serverless application."""
