"""docs/how-to/production.md and production/dagster.yaml match the code."""

from __future__ import annotations

import re

import yaml

from personalize_assets.config.models import Automation
from personalize_assets.orchestration.sensors import _OLDER_DAYS_FOLDER, _OLDER_DAYS_S3
from personalize_assets_tests.helpers.samples import REPO

PAGE = (REPO / "docs/how-to/production.md").read_text()


def test_the_page_names_every_key_of_the_section_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", PAGE, re.MULTILINE)
    named = {name: default.strip().strip("`").strip('"') for name, default in rows if name in Automation.model_fields}
    by_source = f"{_OLDER_DAYS_S3}` on S3, `{_OLDER_DAYS_FOLDER}` in a folder"
    in_words = {"on": "off", "sqs_queue": "", "older_days_per_tick": by_source}

    assert named == {name: in_words.get(name, str(field.default)) for name, field in Automation.model_fields.items()}


def test_the_instance_has_what_production_needs() -> None:
    instance = yaml.safe_load((REPO / "production/dagster.yaml").read_text())

    assert "postgres" in instance["storage"]
    assert instance["run_monitoring"]["enabled"]
    assert instance["run_retries"] == {"enabled": True, "max_retries": 2, "retry_on_asset_or_op_failure": False}
    assert instance["concurrency"]["pools"] == {"default_limit": 3, "granularity": "run"}
    assert set(instance["retention"]) == {"schedule", "sensor"}
