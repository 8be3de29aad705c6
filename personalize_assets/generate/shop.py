"""Who visits the synthetic shop, when, and what they do there.

What does not belong here: how an event is written (``trackers``) and how it arrives (``delivery``). Times are
milliseconds since 1970 (UTC).
"""

from collections.abc import Iterator
from itertools import accumulate
from random import Random
from typing import NamedTuple

from personalize_assets.generate.catalogue import DEPARTMENTS, Catalogue, Item, long_tail
from personalize_assets.generate.people import Person
from personalize_assets.generate.text import DAY_MS, HOUR_MS, iso_text

VISITS_PER_USER_AND_WEEK = 2.0
_ANONYMOUS_VISITS = 0.15
_NEWSLETTERS_PER_USER_AND_DAY = 0.06
_NEWSLETTER_HOURS = (7, 8, 9)
_WEIGHT_OF_HOUR = [5, 3, 2, 1, 1, 2, 6, 13, 20, 24, 26, 29, 33, 30, 27, 27, 31, 39, 52, 68, 74, 62, 36, 14]
_WEIGHT_OF_WEEKDAY = [1.0, 0.95, 0.95, 1.0, 0.9, 1.05, 1.15]
_CAMPAIGNS = ["autumn-sale", "new-in", "come-back"]


class Step(NamedTuple):
    """One thing that happened.

    Attributes:
        at: When.
        name: The event's name; empty for an `identify`.
        body: The event's properties, or the traits of an `identify`.
        path: Of the page.
        known: Whether the visitor was logged in.
        server: Whether the shop's server sends the event, and not the visitor's device.
    """

    at: int
    name: str
    body: dict[str, object]
    path: str
    known: bool
    server: bool


class Visit(NamedTuple):
    """The steps of one person in order of time; a device sends them together."""

    person: Person
    campaign: str | None
    steps: list[Step]


def planned_visits(users: int, hours: int, start_ms: int) -> int:
    """About how many visits and newsletters a shop has in its first hours: chance adds or takes a few."""
    mornings = sum(hour % 24 in _NEWSLETTER_HOURS for hour in range(hours))
    visits = sum(_visits_of_hour(users, start_ms, hour) for hour in range(hours)) * (1 + _ANONYMOUS_VISITS)
    return round(visits + mornings * users * _NEWSLETTERS_PER_USER_AND_DAY / len(_NEWSLETTER_HOURS))


def _visits_of_hour(users: int, start_ms: int, hour: int) -> float:
    weekday = ((start_ms + hour * HOUR_MS) // DAY_MS + 3) % 7
    share = _WEIGHT_OF_WEEKDAY[weekday] * _WEIGHT_OF_HOUR[hour % 24] / sum(_WEIGHT_OF_HOUR)
    return users * VISITS_PER_USER_AND_WEEK / 7 * share


class Shop:
    """The shop and its people. Visits depend on earlier ones, so hours must be asked for in order."""

    def __init__(self, users: int, seed: int, start_ms: int) -> None:
        """A shop with this many registered users; hour 0 begins at ``start_ms``."""
        self._rng = Random(f"site {seed}")
        self._start_ms = start_ms
        self._catalogue = Catalogue(200 + users // 5, self._rng)
        span = 10 ** max(6, len(str(users)))
        self._people = [Person(self._rng, str(span + i * 7919 % span), start_ms) for i in range(users)]
        self._odds = list(accumulate(long_tail(users)))
        self._orders = 0

    def visits(self, hour: int) -> Iterator[Visit]:
        """The visits and newsletters that begin in an hour; their steps may end after it."""
        rng = self._rng
        day, hour_of_day = divmod(hour, 24)
        if hour_of_day == 0 and day > 0:
            self._catalogue.change_prices()
        begin = self._start_ms + hour * HOUR_MS
        users = len(self._people)
        count = int(_visits_of_hour(users, self._start_ms, hour) + rng.random())
        for person in rng.choices(self._people, cum_weights=self._odds, k=count):
            yield self._visit(person, begin + int(rng.random() * HOUR_MS))
        for _ in range(int(count * _ANONYMOUS_VISITS + rng.random())):
            yield self._visit(Person(rng, None, self._start_ms), begin + int(rng.random() * HOUR_MS))
        if hour_of_day in _NEWSLETTER_HOURS:
            count = int(users * _NEWSLETTERS_PER_USER_AND_DAY / len(_NEWSLETTER_HOURS) + rng.random())
            for person in rng.choices(self._people, cum_weights=self._odds, k=count):
                if person.registered:
                    yield self._newsletter(person, begin + int(rng.random() * HOUR_MS))

    def _visit(self, person: Person, at: int) -> Visit:
        rng = self._rng
        campaign = rng.choice(_CAMPAIGNS) if rng.random() < 0.2 else None
        visit = _Recorder(rng, at, person.registered and (person.source != "website-prod" or rng.random() < 0.7))
        visit.track("Page Viewed", {"name": "Home", "title": "Home | Shop", "path": "/"}, "/")
        if person.user_id is not None and not person.registered:
            self._sign_up(person, visit)
        elif person.registered and (not person.identified or rng.random() < 0.1):
            self._update_traits(person, visit)
        self._browse(person, visit)
        return Visit(person, campaign, visit.steps)

    def _sign_up(self, person: Person, visit: "_Recorder") -> None:
        visit.track("Page Viewed", {"name": "Sign up", "title": "Sign up | Shop", "path": "/signup"}, "/signup")
        visit.track("Signup Clicked", {"label": "Create account", "position": "header"}, "/signup")
        person.registered = visit.known = True
        person.created_ms = visit.at
        visit.track("Signup Success", {"method": self._rng.choice(("email", "google", "apple"))}, "/welcome")
        visit.identify(self._traits(person), "/welcome")
        person.identified = True

    def _update_traits(self, person: Person, visit: "_Recorder") -> None:
        if person.identified and self._rng.random() < 0.4:
            person.departments = self._rng.sample(DEPARTMENTS, self._rng.randint(1, 3))
        visit.known = person.identified = True
        visit.identify(self._traits(person), "/account")

    def _traits(self, person: Person) -> dict[str, object]:
        chance = self._rng.random()
        value = person.lifetime_cents / 100
        return {
            "email": person.email,
            "name": person.name,
            "Favorite Departments": person.departments[0] if chance < 0.08 else person.departments,
            "Invited User?": person.invited,
            "lifetime_value": f"{value:.2f}" if chance > 0.9 else value,
            "createdAt": iso_text(person.created_ms),
        }

    def _browse(self, person: Person, visit: "_Recorder") -> None:
        rng = self._rng
        favourite = rng.choice(person.departments if rng.random() < 0.75 else DEPARTMENTS)
        items = self._catalogue.pick(favourite, rng.choice((1, 1, 2, 2, 2, 3, 4)))
        if rng.random() < 0.25:
            self._view_list(favourite, items, visit)
        cart: list[Item] = []
        for position, item in enumerate(items, 1):
            path = f"/p/{item.sku.lower()}"
            chance = rng.random()
            if chance < 0.75:
                click: dict[str, object] = {**item.product, "quantity": 1, "position": position}
                if chance < 0.01:
                    click["price"] = str(click["price"])
                visit.track("Product Clicked", click, path)
            if chance > 0.45:
                visit.track("Product Viewed", {**item.product, "quantity": 1}, path)
            if rng.random() < 0.5:
                cart.append(item)
                quantity = 1 if rng.random() < 0.8 else 2
                visit.track("Product Added", {**item.product, "quantity": quantity}, path)
        if cart and person.registered and rng.random() < 0.55:
            visit.known = True
            self._order(person, cart, visit)

    def _view_list(self, department: str, items: list[Item], visit: "_Recorder") -> None:
        shown = [
            {"product_id": i.product["product_id"], "sku": i.sku, "price": i.product["price"], "position": n}
            for n, i in enumerate(items, 1)
        ]
        body: dict[str, object] = {"list_id": department.lower(), "category": department, "products": shown}
        visit.track("Product List Viewed", body, "/c/" + department.split()[0].lower())

    def _order(self, person: Person, cart: list[Item], visit: "_Recorder") -> None:
        """Half of the orders have one item at the top level, as old trackers write them, and half a list."""
        rng = self._rng
        self._orders += 1
        listed = rng.random() < 0.5
        if not listed:
            cart = cart[:1]
        elif rng.random() < 0.3:
            cart = (cart + self._catalogue.pick(rng.choice(DEPARTMENTS), 2))[:5]
        quantities = [1 if rng.random() < 0.85 else rng.randint(2, 4) for _ in cart]
        cents = sum(n * round(100 * float(str(i.product["price"]))) for i, n in zip(cart, quantities, strict=True))
        order: dict[str, object] = {
            "order_id": f"O-{self._orders:07d}",
            "revenue": cents / 100,
            "total": (cents + 495) / 100,
            "shipping": 4.95,
            "currency": "EUR",
        }
        if listed:
            order["products"] = [
                {
                    "product_id": i.product["product_id"],
                    "sku": i.sku,
                    "name": i.product["name"],
                    "category": i.product["category"],
                    "price": i.product["price"],
                    "quantity": n,
                }
                for i, n in zip(cart, quantities, strict=True)
            ]
        else:
            order |= {**cart[0].product, "quantity": quantities[0]}
        visit.track("Order Completed", order, "/checkout/done", server=rng.random() < 0.4)
        person.lifetime_cents += cents

    def _newsletter(self, person: Person, at: int) -> Visit:
        rng = self._rng
        campaign = rng.choice(_CAMPAIGNS)
        body: dict[str, object] = {
            "campaign_name": campaign,
            "email_id": f"E{at % 10_000_000}",
            "email_subject": f"{person.name}, {campaign} ❤",
            "recipient": person.email,
        }
        visit = _Recorder(rng, at, known=True)
        for name, share in (("Email Delivered", 1.0), ("Email Opened", 0.35), ("Email Clicked", 0.3)):
            if rng.random() > share:
                break
            visit.track(name, body, "", server=True)
        return Visit(person, campaign, visit.steps)


class _Recorder:
    """Records the steps of a visit, each some seconds after the one before."""

    def __init__(self, rng: Random, at: int, known: bool) -> None:
        self._rng = rng
        self.at = at
        self.known = known
        self.steps: list[Step] = []

    def track(self, name: str, body: dict[str, object], path: str, *, server: bool = False) -> None:
        self.steps.append(Step(self.at, name, body, path, self.known, server))
        self.at += 2_000 + int(self._rng.random() * 60_000)

    def identify(self, traits: dict[str, object], path: str) -> None:
        self.track("", traits, path)
