"""The visitors of the synthetic shop, and their state between visits."""

from random import Random

from personalize_assets.generate.catalogue import DEPARTMENTS
from personalize_assets.generate.text import DAY_MS, uuid_text

SOURCES = ("website-prod", "android-prod", "ios-prod")

_FIRST_NAMES = ["Anna", "Ben", "Chloé", "David", "Ewa", "Finn", "Gül", "Hana", "Ivo", "Jürgen", "Kim", "Léa"]


class Person:
    """A visitor.

    Attributes:
        user_id: None for a visitor who never registers.
        registered: Whether the user has an account yet; some register at their first visit.
        identified: Whether an `identify` event was sent already.
        clock_error_ms: What the device's clock is ahead of the true time.
        device: Selects one of the device models.
        created_ms: When the account was made, in milliseconds since 1970 (UTC).
        lifetime_cents: Total of the user's orders so far.
    """

    __slots__ = (
        "anonymous_id",
        "clock_error_ms",
        "created_ms",
        "departments",
        "device",
        "email",
        "identified",
        "invited",
        "ip",
        "lifetime_cents",
        "name",
        "registered",
        "source",
        "user_id",
        "utc_offset_h",
    )

    def __init__(self, rng: Random, user_id: str | None, start_ms: int) -> None:
        """Draw the attributes; ``start_ms`` is when the synthetic time starts."""
        self.user_id = user_id
        self.anonymous_id = uuid_text(rng)
        self.source = rng.choices(SOURCES, (50, 28, 22))[0]
        self.device = rng.randrange(1000)
        self.ip = f"203.0.{rng.randrange(256)}.{rng.randrange(1, 255)}"
        self.utc_offset_h = rng.choice((2, 2, 2, 1, 0, -5, 9))
        self.clock_error_ms = rng.randrange(-900_000, 900_000) if rng.random() < 0.1 else 0
        self.name = rng.choice(_FIRST_NAMES)
        self.email = f"user{user_id}@example.com"
        self.invited = rng.random() < 0.3
        self.departments = rng.sample(DEPARTMENTS, rng.randint(1, 3))
        self.registered = user_id is not None and rng.random() < 0.8
        self.identified = False
        self.created_ms = start_ms - rng.randrange(800 * DAY_MS)
        self.lifetime_cents = rng.choice((0, rng.randrange(500_00))) if self.registered else 0
