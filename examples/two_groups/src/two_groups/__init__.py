"""A project of Dagster that has an executor and an asset of its own, and two dataset groups."""
