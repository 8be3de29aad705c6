"""Stages together with their checks, without Dagster: what an asset and the command ``run`` both do."""
