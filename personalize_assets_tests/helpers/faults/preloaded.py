"""What the processes of ``child`` have imported when they begin."""

import personalize_assets_tests.helpers.faults.world  # noqa: F401
