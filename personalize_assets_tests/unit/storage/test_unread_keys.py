"""Keys that are not read: their number, and an example of each kind."""

from __future__ import annotations

from personalize_assets.storage.unread_keys import NO_KEYS, UnreadKeys, unread_keys


def test_keys_whose_folders_differ_only_in_numbers_are_of_one_kind() -> None:
    found = unread_keys(["2026/10/01/05/03/a", "2026/10/02/11/59/b", "web/2026/10/01/05/a", "top", "other"])

    assert found == UnreadKeys(5, ("2026/10/01/05/03/a", "web/2026/10/01/05/a", "top"))
    assert str(found) == "5, e.g. 2026/10/01/05/03/a, web/2026/10/01/05/a, top"


def test_five_kinds_have_an_example_and_all_keys_are_counted() -> None:
    assert unread_keys(f"{kind}/x" for kind in "abcdefg") == UnreadKeys(7, ("a/x", "b/x", "c/x", "d/x", "e/x"))


def test_of_two_examples_of_a_kind_the_first_stays() -> None:
    one, other = UnreadKeys(3, ("day=1/a", "top")), UnreadKeys(4, ("day=2/b", "c/d"))

    assert one + other == UnreadKeys(7, ("day=1/a", "top", "c/d"))
    assert NO_KEYS + one == one
    assert str(NO_KEYS) == "none"
