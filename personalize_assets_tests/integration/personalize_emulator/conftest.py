"""A client of the emulator of Personalize."""

from __future__ import annotations

import pytest

from personalize_assets_tests.helpers.personalize_emulator import PersonalizeEmulator
from personalize_assets_tests.helpers.personalize_shop import PersonalizeShop


@pytest.fixture
def shop(personalize: PersonalizeEmulator, bucket: str) -> PersonalizeShop:
    """What tests do with a client; Personalize may read the bucket."""
    shop = PersonalizeShop(personalize, bucket)
    shop.allow()
    return shop
