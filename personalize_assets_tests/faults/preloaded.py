"""What the processes of ``child`` have imported when they begin."""

import personalize_assets.engines.arrow
import personalize_assets.local_run.stages
import personalize_assets_tests.faults.world  # noqa: F401
