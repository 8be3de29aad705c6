"""Files of the repository that tests read."""

from pathlib import Path

REPO = Path(__file__).parent.parent.parent
SAMPLE_DATA = REPO / "sample_data"
CORPUS = REPO / "personalize_assets_tests" / "corpus"
