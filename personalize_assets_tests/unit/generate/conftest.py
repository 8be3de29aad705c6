"""One week of a shop, for tests of what is in its events."""

from pathlib import Path

import pytest

from personalize_assets.generate import generate
from personalize_assets_tests.helpers.raw_files import Event, arrived


@pytest.fixture(scope="package")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven days of 500 users in the layout `segment`."""
    root = tmp_path_factory.mktemp("week") / "segment"
    generate(root, layout="segment", days=7, users=500, seed=5)
    return root


@pytest.fixture(scope="package")
def events(week: Path) -> list[Event]:
    """The whole events of that week."""
    return [event for _, _, event in arrived(week)]
