"""The weights of event types, to be copied."""

from personalize_assets.pipeline.importing.events_config import events_config


def test_each_event_type_has_a_weight_the_most_frequent_first() -> None:
    assert events_config({"Click": 5, "Purchase": 9}) == {
        "eventsConfig": {
            "eventParametersList": [
                {"eventType": "Purchase", "weight": 1.0},
                {"eventType": "Click", "weight": 1.0},
            ]
        }
    }


def test_at_most_ten_types_are_listed() -> None:
    config = events_config({f"type {number:02d}": 20 - number for number in range(12)})

    listed = [each["eventType"] for each in config["eventsConfig"]["eventParametersList"]]
    assert listed == [f"type {number:02d}" for number in range(10)]
