"""Faults that the emulator of Personalize has by plan, and its hooks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

from personalize_assets_tests.helpers.personalize_emulator import CUT, INTERNAL, LOST, THROTTLED, Call, Fault
from personalize_assets_tests.helpers.personalize_shop import PersonalizeShop, refusal, schema_text


def test_a_call_may_be_throttled(shop: PersonalizeShop) -> None:
    shop.emulator.faults.inject(THROTTLED, "CreateDatasetGroup")
    shop.client.list_schemas()

    assert refusal(shop.client.create_dataset_group, name="shop") == "ThrottlingException: Rate exceeded"
    assert shop.client.create_dataset_group(name="shop")["datasetGroupArn"].endswith("/shop")


def test_a_call_may_end_with_status_500(shop: PersonalizeShop) -> None:
    shop.emulator.faults.inject(INTERNAL)

    with pytest.raises(shop.client.exceptions.ClientError) as caught:
        shop.client.list_schemas()

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert caught.value.response["Error"]["Code"] == "InternalServerError"


def test_a_connection_may_be_cut_before_anything_is_done(shop: PersonalizeShop) -> None:
    shop.emulator.faults.inject(CUT, "CreateDatasetGroup")

    with pytest.raises(ConnectionClosedError):
        shop.client.create_dataset_group(name="shop")

    assert shop.client.list_dataset_groups()["datasetGroups"] == []
    assert [call.outcome for call in shop.emulator.calls] == ["cut", "done"]


def test_an_answer_may_be_lost_after_the_call_was_done(shop: PersonalizeShop) -> None:
    shop.emulator.faults.inject(LOST, "CreateDatasetGroup")

    with pytest.raises(ConnectionClosedError):
        shop.client.create_dataset_group(name="shop")

    assert [group["name"] for group in shop.client.list_dataset_groups()["datasetGroups"]] == ["shop"]
    assert [call.outcome for call in shop.emulator.calls] == ["lost", "done"]


def test_a_client_that_tries_again_meets_its_own_success(
    shop: PersonalizeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda self, context: 0.0)
    shop.emulator.faults.inject(LOST, "CreateSchema")
    client = shop.emulator.client(config=Config(retries={"mode": "standard"}))

    assert refusal(client.create_schema, name="a", schema=schema_text()).startswith("ResourceAlreadyExistsException: ")
    assert [call.outcome for call in shop.emulator.calls] == ["lost", "ResourceAlreadyExistsException"]


def test_any_error_can_be_planned_for_the_nth_call_of_an_operation(shop: PersonalizeShop) -> None:
    shop.emulator.faults.inject(Fault("LimitExceededException", "Enough."), "ListSchemas", nth=2, times=2)
    shop.client.list_schemas()
    shop.client.list_datasets()

    assert refusal(shop.client.list_schemas) == "LimitExceededException: Enough."
    assert refusal(shop.client.list_schemas) == "LimitExceededException: Enough."
    assert shop.client.list_schemas()["schemas"] == []
    assert [number for number, _ in shop.emulator.faults.injected] == [3, 4]


def test_nothing_arrives_from_the_nth_call_on_until_the_plan_is_cleared(shop: PersonalizeShop) -> None:
    shop.emulator.faults.inject(CUT, nth=2, times=None)
    shop.schema("a")

    for _ in range(3):
        with pytest.raises(ConnectionClosedError):
            shop.schema("b")
    shop.emulator.faults.clear()

    assert [schema["name"] for schema in shop.client.list_schemas()["schemas"]] == ["a"]


def test_faults_may_be_chosen_by_a_function(shop: PersonalizeShop) -> None:
    shop.emulator.faults.choose = lambda call: THROTTLED if call.number % 2 else None

    assert refusal(shop.client.list_schemas) == "ThrottlingException: Rate exceeded"
    assert shop.client.list_schemas()["schemas"] == []


def test_hooks_are_called_before_and_after_each_call(shop: PersonalizeShop) -> None:
    seen: list[str] = []

    def before(call: Call) -> None:
        seen.append(f"before {call.operation}: {len(shop.emulator.account.resources)}")

    def after(call: Call) -> None:
        seen.append(f"after {call.operation}: {len(shop.emulator.account.resources)}")

    shop.emulator.before_call, shop.emulator.after_call = before, after
    shop.schema()
    refusal(shop.client.describe_schema, schemaArn="arn:aws:personalize:eu-central-1:123456789012:schema/none")

    assert seen == [
        "before CreateSchema: 0",
        "after CreateSchema: 1",
        "before DescribeSchema: 1",
        "after DescribeSchema: 1",
    ]


def test_a_hook_that_raises_cuts_the_connection(shop: PersonalizeShop) -> None:
    def kill(call: Call) -> None:
        raise RuntimeError

    shop.emulator.before_call = kill
    with pytest.raises(ConnectionClosedError):
        shop.schema("a")
    shop.emulator.before_call = lambda call: None
    shop.emulator.after_call = kill
    with pytest.raises(ConnectionClosedError):
        shop.schema("b")
    shop.emulator.after_call = lambda call: None

    assert [schema["name"] for schema in shop.client.list_schemas()["schemas"]] == ["b"]
    assert [call.outcome for call in shop.emulator.calls] == ["cut", "lost", "done"]


def test_one_of_many_clients_at_once_creates_a_thing(shop: PersonalizeShop) -> None:
    def create(_: int) -> str:
        try:
            shop.client.create_dataset_group(name="shop")
        except shop.client.exceptions.ResourceAlreadyExistsException:
            return "exists"
        return "created"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(create, range(16)))

    assert sorted(outcomes) == ["created", *["exists"] * 15]
