"""What several test files share."""

import pytest

# Assertions of contracts, which test classes inherit, explain themselves as those of test files do.
pytest.register_assert_rewrite(__name__)
