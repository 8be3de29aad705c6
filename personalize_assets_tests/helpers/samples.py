"""Files of the repository that tests read."""

import hashlib
from pathlib import Path

REPO = Path(__file__).parent.parent.parent
SAMPLE_DATA = REPO / "sample_data"
CORPUS = REPO / "personalize_assets_tests" / "corpus"

# The exports of the committed samples. They change only with the samples or with what a byte of output means, which is
# a change for every user; every engine and every version of Spark must come to these.
EXPORTS = {
    "segment": {
        "interactions.csv": "a30defa756c0876199544d1c9f7537226185c89eb739ef44830012ad43392755",
        "items.csv": "8485832281e50997ea8f758afa4bca49600d7521608ee7a2a43ac87e76ab2873",
        "users.csv": "b886e74681a5105bc7326cb80daa4d1455ea13797540e053a05128c8a6b601c1",
    },
    "firehose": {
        "interactions.csv": "a907dda83ce464e8bb76e189654b8684a2be18a0d557c11c3c3816c10a1d7333",
        "items.csv": "8a7e2a5b0c4a2c9a08321273f0b19c43d2cc10bdb294791a515cd391f283dddf",
        "users.csv": "e589f7667b38eb77856b9a1b01590e72a4253ac1368d238169eca51282271c4a",
    },
}


def export_hashes(destination: Path) -> dict[str, str]:
    """The SHA-256 of each CSV in a destination folder, by file name."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(destination.glob("exports/latest/*.csv"))
    }
