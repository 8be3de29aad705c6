"""Three events of a shop: a view, an order of two products, an `identify`."""

from __future__ import annotations

from personalize_assets.generate.happenings import Happening, Product, Traits

AT = 1_790_830_800_250  # 2026-10-01T05:00:00.250Z
LAMP = Product("700042", "SKU-00042", "Lamp", "Aurora", "Home|Lighting", 28.99, 1)
MUG = Product("700043", "SKU-00043", "Mug", None, None, 5.0, 2)
VIEW = Happening(
    id="0a1b2c3d-0000-4000-a000-000000000010",
    name="Product Viewed",
    at=AT,
    received=AT + 1_500,
    user="1007919",
    anonymous="0000002a-0001-4000-a000-000000000001",
    platform="android",
    server=False,
    products=(LAMP,),
    is_list=False,
    order=None,
    traits=None,
)
ORDER = VIEW._replace(name="Order Completed", products=(LAMP, MUG), is_list=True, order="O-1")
IDENTIFY = VIEW._replace(
    name="",
    products=(),
    traits=Traits(["Books", "Kids"], 12.5, "user@example.com", "Ada"),
)
PAGE = VIEW._replace(name="Page Viewed", products=(), user=None)
