"""The engine ``glue``: a job spec as a run of an AWS Glue job."""
