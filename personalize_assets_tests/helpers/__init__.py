"""What several test files share."""

import pytest

# Assertions of contracts, which test classes inherit, explain themselves as those of test files do.
pytest.register_assert_rewrite(
    *(f"{__name__}.{name}_contract" for name in ("store", "destination", "exported_files", "raw_files"))
)
