"""The UI on a generated site whose exports are in S3 and are imported into an emulated Personalize."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import boto3
from moto.server import ThreadedMotoServer

from personalize_assets.generate import generate
from personalize_assets_tests.helpers.import_world import ROLE, let_personalize_in
from personalize_assets_tests.helpers.personalize_emulator import PersonalizeEmulator
from personalize_assets_tests.helpers.served import Ui, served

START = date(2026, 10, 1)
DAILY = ("raw_event_catalog", "filtered_interactions", "user_traits", "item_details")
_BUCKET = "shop-events"


class ImportedSite(NamedTuple):
    """The running UI, and the Personalize that it imports into, whose dataset group is ``workshop``."""

    ui: Ui
    personalize: PersonalizeEmulator


@contextmanager
def imported_site(folder: Path, days: int, users: int) -> Iterator[ImportedSite]:
    """Generate a site, convert its days and export them; nothing is imported yet."""
    generate(folder / "raw", layout="segment", days=days, users=users, seed=7, start=START)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    try:
        s3 = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="eu-central-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        let_personalize_in(_BUCKET, s3)
        with PersonalizeEmulator(s3_endpoint=endpoint) as personalize:
            env = {
                "AWS_ENDPOINT_URL": endpoint,
                "AWS_ENDPOINT_URL_PERSONALIZE": personalize.endpoint,
                "AWS_REGION": "eu-central-1",
                "AWS_DEFAULT_REGION": "eu-central-1",
                "AWS_ACCESS_KEY_ID": "testing",
                "AWS_SECRET_ACCESS_KEY": "testing",
                "PERSONALIZE__SOURCE__URI": str(folder / "raw"),
                "PERSONALIZE__DESTINATION__URI": f"s3://{_BUCKET}/workshop",
                "PERSONALIZE__IMPORT__ROLE": ROLE,
            }
            with served(folder, env) as ui:
                partitions = [(START + timedelta(days=number)).isoformat() for number in range(days)]
                assert ui.days_end(ui.launch_days(DAILY, partitions)) == "COMPLETED_SUCCESS"
                assert ui.ends(ui.launch("export")) == "SUCCESS"
                yield ImportedSite(ui, personalize)
    finally:
        server.stop()
