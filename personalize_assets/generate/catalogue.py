"""The items of the synthetic shop: a few sell often, most rarely."""

from itertools import accumulate
from random import Random

MAX_ITEMS = 20_000

_DEPARTMENTS = {
    "Women": ["Dresses", "Jackets", "Knitwear"],
    "Men": ["Shirts", "Jackets", "Trousers"],
    "Kids": ["Toys", "Rainwear"],
    "Shoes": ["Sneakers", "Boots"],
    "Home & Garden": ["Lighting", "Plants", "Möbel"],
    "Kitchen": ["Coffee", "Knives", "Bakeware"],
    "Books": ["Cooking", "Travel"],
    "Sports, Outdoor": ["Running", "Camping"],
}
DEPARTMENTS: tuple[str, ...] = tuple(_DEPARTMENTS)

_ADJECTIVES = ["Classic", "Soft", "Light", "Nordic", "Daily", "Little", "Vintage", "Urban", "Alpine", "Quiet"]
_NOUNS = ["Set", "Edition", "Series", "Basic", "Favourite", "Collection", "Original", "Pair", "Bundle", "Piece"]
_BRANDS = ["Aurora", "Fjell & Co", "Maison Bleu", "Ösen", "Northpine", "Tante Emma"]
_AWKWARD_NAMES = [
    'Mug "World\'s Best Dad"',
    "Shirt, long-sleeved, blue",
    "AC\\DC Tour Poster",
    "Käsemesser für Gäste",
    "Pflanze 🌿 Überraschung",
    '12" Pan, "non-stick"',
    "Gift box\nset of 3",
    "折りたたみ傘 Umbrella",
]


class Item:
    """One item. `product` holds its fields in events, the price in euros among them."""

    __slots__ = ("product", "sku")

    def __init__(self, sku: str, product: dict[str, object]) -> None:
        """`product` is replaced, not changed, when the price changes: events may still refer to the former one."""
        self.sku = sku
        self.product = product


class Catalogue:
    """All items, by department."""

    def __init__(self, size: int, rng: Random) -> None:
        """Make `size` items, at most ``MAX_ITEMS``; at least one a department is needed."""
        self._rng = rng
        self.items = [_item(rank, rng) for rank in range(min(size, MAX_ITEMS))]
        self._shelves = {d: self.items[i :: len(DEPARTMENTS)] for i, d in enumerate(DEPARTMENTS)}
        self._odds = {d: list(accumulate(long_tail(len(shelf)))) for d, shelf in self._shelves.items()}

    def pick(self, department: str, count: int) -> list[Item]:
        """Items of a department, popular ones more often; the same item may be drawn twice."""
        return self._rng.choices(self._shelves[department], cum_weights=self._odds[department], k=count)

    def change_prices(self) -> None:
        """Give one item in a hundred a new price."""
        for item in self._rng.sample(self.items, len(self.items) // 100):
            item.product = {**item.product, "price": _price(self._rng)}


def long_tail(size: int) -> list[int]:
    """Weights by rank: Zipf's law with a flattened head. Integers, so that every machine has the same."""
    return [int(10_000_000 / (rank + 6) ** 0.85) for rank in range(size)]


def _item(rank: int, rng: Random) -> Item:
    number = 42 + rank * 7919 % 99_000  # the popular items are not the first numbers
    department = DEPARTMENTS[rank % len(DEPARTMENTS)]
    section = rng.choice(_DEPARTMENTS[department])
    awkward = rank % 9 == 4
    name = (
        _AWKWARD_NAMES[rank // 9 % len(_AWKWARD_NAMES)]
        if awkward
        else f"{rng.choice(_ADJECTIVES)} {section} {rng.choice(_NOUNS)}"
    )
    sku = f"SKU-{number:05d}"
    product: dict[str, object] = {
        "product_id": str(700_000 + number),
        "sku": sku,
        "name": name,
        "brand": rng.choice(_BRANDS),
        "category": f"{department}|{section}" + ("|Sale" if rng.random() < 0.15 else ""),
        "price": _price(rng),
        "url": f"https://shop.example/p/{sku.lower()}",
        "image_url": f"https://img.shop.example/{sku.lower()}.jpg",
    }
    return Item(sku, product)


def _price(rng: Random) -> float:
    return (100 * rng.randint(2, 40) * rng.choice((1, 1, 1, 3, 10)) - rng.choice((1, 1, 5, 10, 50, 0))) / 100
