"""The stages of a dataset group as functions, without Dagster: plan a job, let an engine run it, commit its report."""
