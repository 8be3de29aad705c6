"""The visitors of the shop."""

from random import Random

from personalize_assets.generate.catalogue import DEPARTMENTS
from personalize_assets.generate.people import SOURCES, Person

START_MS = 1_790_812_800_000


def test_a_visitor_without_an_id_has_no_account_and_no_orders() -> None:
    people = [Person(Random(seed), None, START_MS) for seed in range(50)]

    assert {(person.registered, person.identified, person.lifetime_cents) for person in people} == {(False, False, 0)}


def test_most_users_are_registered_before_the_start_and_some_register_later() -> None:
    people = [Person(Random(seed), str(seed), START_MS) for seed in range(200)]

    assert 140 <= sum(person.registered for person in people) <= 180
    assert all(person.created_ms <= START_MS for person in people)


def test_a_user_prefers_one_to_three_departments_and_comes_from_one_source() -> None:
    people = [Person(Random(seed), str(seed), START_MS) for seed in range(50)]

    assert {len(person.departments) for person in people} == {1, 2, 3}
    assert {department for person in people for department in person.departments} == set(DEPARTMENTS)
    assert {person.source for person in people} == set(SOURCES)
