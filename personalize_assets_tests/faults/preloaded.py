"""What the processes of ``child`` have imported when they begin."""

import personalize_assets_tests.faults.world  # noqa: F401
