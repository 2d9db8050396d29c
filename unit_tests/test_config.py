"""Config: what is accepted, and what is said about a fault."""

from __future__ import annotations

import traceback
from datetime import datetime, timezone
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from config_samples import OFFICIAL, SECRETS, TOKEN, complaint, sentences
from freezegun import freeze_time

from source_intercom.options.config import Config, ConfigError

# --- What is accepted -------------------------------------------------------------------------------


def test_the_official_connectors_config_is_valid_as_it_is() -> None:
    config = Config.load(OFFICIAL)

    assert config.access_token == TOKEN
    assert config.start == int(datetime(2020, 11, 16, tzinfo=timezone.utc).timestamp())
    assert (config.client_id, config.client_secret) == ("6f1c-client", "9a77-secret")
    assert (config.lookback_window, config.activity_logs_time_step) == (60, 30)
    assert (config.num_workers, config.api_rate_limit) == (10, 9500)


def test_a_token_is_all_that_is_needed() -> None:
    config = Config.load({"access_token": TOKEN})

    assert config.start == 0
    assert config.region == "us"
    assert config.lookback_window == 0
    assert config.activity_logs_time_step is None
    assert config.api_rate_limit is None
    assert config.client_id is None
    assert config.client_secret is None
    assert config.custom_object_types == []


@pytest.mark.parametrize("nothing", ["", None], ids=["empty", "null"])
def test_an_empty_field_is_not_given(nothing: str | None) -> None:
    empty = dict.fromkeys(Config.model_fields, nothing)

    assert Config.load({**empty, "access_token": TOKEN}) == Config.load({"access_token": TOKEN})
    assert sentences(empty) == {"access_token": ("is missing", "the access token of an Intercom app, as text")}


@pytest.mark.parametrize("region", ["us", "eu", "au"])
def test_regions(region: str) -> None:
    assert Config.load({"access_token": TOKEN, "region": region}).region == region


@pytest.mark.parametrize(
    ("option", "least", "most"),
    [
        ("activity_logs_time_step", 1, 91),
        ("num_workers", 1, 100),
    ],
)
def test_bounds(option: str, least: int, most: int) -> None:
    for value in (least, most):
        assert getattr(Config.load({"access_token": TOKEN, option: value}), option) == value
    for value in (least - 1, most + 1):
        fault, accepted = sentences({"access_token": TOKEN, option: value})[option]
        assert fault == f"is {value}"
        assert f"from {least} to {most}" in accepted


@pytest.mark.complaint(112)
@pytest.mark.parametrize(
    ("option", "least"),
    [("lookback_window", 0), ("api_rate_limit", 6), ("reconcile_every_days", 0), ("events_lookback_days", 0)],
)
def test_bounds_from_below(option: str, least: int) -> None:
    """The official connector has no upper bound on these; the example of its own form is 142,500 requests."""
    for value in (least, 142_500, 10**12):
        assert getattr(Config.load({"access_token": TOKEN, option: value}), option) == value
    fault, accepted = sentences({"access_token": TOKEN, option: least - 1})[option]
    assert fault == f"is {least - 1}"
    assert f"at least {least}" in accepted


def test_defaults_of_what_is_read_again() -> None:
    """What happens without ``reconcile_every_days`` depends on the destination, which only the catalog knows."""
    config = Config.load({"access_token": TOKEN})

    assert config.reconcile_every_days is None
    assert config.events_lookback_days == 7


def test_a_config_cannot_be_changed_afterwards() -> None:
    config = Config.load({"access_token": TOKEN})

    with pytest.raises(ValueError, match="frozen"):
        config.access_token = "other"


@pytest.mark.parametrize("token", [f"{TOKEN}\n", f" {TOKEN}", f"{TOKEN}\r\n", f"{TOKEN}\u00a0"])
def test_space_around_a_pasted_token_is_no_part_of_it(token: str) -> None:
    """A line break in a header makes http.client fail with an error that quotes the header, token and all."""
    assert Config.load({"access_token": token}).access_token == TOKEN


@pytest.mark.parametrize("token", ["dG9r\nOmNhZmU", "dG9r\r\nX-Evil: 1", "токен-доступа", "   ", "dG9r\x00OmNhZmU"])
def test_a_token_that_no_header_can_carry_is_refused(token: str) -> None:
    message = complaint({"access_token": token})

    assert "'access_token'" in message
    assert token.strip() not in message or not token.strip()


# --- Faults -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "value", "fault", "accepted"),
    [
        ("start_date", "yesterday", 'is "yesterday", which is not a date', "2024-01-31T00:00:00Z"),
        ("start_date", "31.01.2024", 'is "31.01.2024", which is not a date', "2024-01-31"),
        ("start_date", "2024-01-31 00:00:00", 'is "2024-01-31 00:00:00", which is not a date', "2024-01-31"),
        ("start_date", "2024-01-31T00:00:00", 'is "2024-01-31T00:00:00", which is not a date', "2024-01-31"),
        ("start_date", "2024-02-30", 'is "2024-02-30", which is not a date', "2024-01-31"),
        ("start_date", "2023-02-29T00:00:00Z", 'is "2023-02-29T00:00:00Z", which is not a date', "2024-01-31"),
        ("start_date", "2023-02-29T00:00:00.25Z", 'is "2023-02-29T00:00:00.25Z", which is not a date', "2024-01-31"),
        ("start_date", "2024-13-01", 'is "2024-13-01", which is not a date', "2024-01-31"),
        ("start_date", "2024-01-01T25:00:00Z", 'is "2024-01-01T25:00:00Z", which is not a date', "2024-01-31"),
        (
            "start_date",
            "2024-01-01T00:00:00+99:00",
            'is "2024-01-01T00:00:00+99:00", which is not a date',
            "2024-01-31",
        ),
        ("start_date", "0000-01-01", 'is "0000-01-01", which is not a date', "2024-01-31"),
        ("start_date", "2024-01-31\n", r'is "2024-01-31\n", which is not a date', "2024-01-31"),
        (
            "start_date",
            "9999-12-31T23:59:59-14:00",
            'is "9999-12-31T23:59:59-14:00", which is in the future',
            "not in the fu",
        ),
        ("start_date", 1605484800, "is 1605484800", "2024-01-31"),
        ("region", "asia", 'is "asia"', "us, eu or au"),
        ("region", "EU", 'is "EU"', "us, eu or au"),
        ("region", 1, "is 1", "us, eu or au"),
        ("lookback_window", "7", 'is the text "7"', "a whole number of days, at least 0"),
        ("lookback_window", True, "is true", "a whole number of days, at least 0"),
        ("lookback_window", 1.5, "is 1.5", "a whole number of days, at least 0"),
        ("activity_logs_time_step", False, "is false", "a whole number of days from 1 to 91"),
        ("num_workers", True, "is true", "a whole number from 1 to 100"),
        ("num_workers", [10], "is a list", "a whole number from 1 to 100"),
        ("api_rate_limit", True, "is true", "a whole number of requests, at least 6"),
        ("api_rate_limit", "9500", 'is the text "9500"', "a whole number of requests, at least 6"),
        ("api_rate_limit", {}, "is an empty object", "a whole number of requests, at least 6"),
        ("custom_object_types", "Order", 'is "Order"', "a list of custom object types"),
        ("reports", "call", 'is "call"', "a list of objects with dataset and attributes"),
        ("report_lookback_days", 730, "is 730", "a whole number of days from 0 to 729"),
        ("custom_object_types", {"Order": 1}, "is an object", "a list of custom object types"),
        # The value of a secret is nobody's business.
        ("access_token", 5, "is a number", "the access token of an Intercom app, as text"),
        ("client_id", True, "is true", "text"),
        ("client_secret", ["x"], "is a list", "text"),
    ],
)
def test_a_fault_gets_one_sentence(option: str, value: Any, fault: str, accepted: str) -> None:
    found = sentences({"access_token": TOKEN, option: value})

    assert list(found) == [option]
    assert found[option][0].startswith(fault)
    assert accepted in found[option][1]


@pytest.mark.parametrize(
    ("reports", "said"),
    [
        (
            [{"dataset": "a"}, {"dataset": "a"}],
            "The option 'reports' names the dataset a twice. It must be a list of objects",
        ),
        ([{}], "The option 'reports.dataset' of item 1 is missing. It must be the identifier of a dataset"),
        ([{"dataset": "a b"}], "The option 'reports.dataset' of item 1 is \"a b\". It must be the identifier of a"),
        (
            [{"dataset": "a", "key": "b"}],
            "The option 'reports.key' of item 1 does not exist. There are, in 'reports': dataset, attributes.",
        ),
        (
            [{"dataset": "a", "attributes": [1]}],
            "Item 1 of the option 'reports.attributes' is 1. The option must be a list",
        ),
    ],
)
def test_a_faulty_report_is_told_by_the_place_of_its_fault(reports: Any, said: str) -> None:
    assert complaint({"access_token": TOKEN, "reports": reports}).startswith(said)


def test_a_missing_token() -> None:
    assert (
        complaint({})
        == "The option 'access_token' is missing. It must be the access token of an Intercom app, as text."
    )


def test_each_fault_of_several_is_named() -> None:
    found = sentences({"start_date": "soon", "num_workers": 0, "region": "moon", "lookback_window": 7})

    assert set(found) == {"access_token", "start_date", "num_workers", "region"}


@freeze_time("2024-05-05T12:00:00Z")
def test_the_future_begins_now() -> None:
    def load(start_date: str) -> Config:
        return Config.load({"access_token": TOKEN, "start_date": start_date})

    assert load("2024-05-05T12:00:00Z").start == 1714910400
    assert load("2024-05-05T14:00:00+02:00").start == 1714910400
    assert load("2024-05-05").start == 1714867200
    for later in ("2024-05-05T12:00:01Z", "2024-05-05T11:00:00-02:00", "2024-05-06"):
        fault, accepted = sentences({"access_token": TOKEN, "start_date": later})["start_date"]
        assert fault == f'is "{later}", which is in the future'
        assert accepted.endswith("not in the future")


def test_a_fault_is_a_config_error() -> None:
    with pytest.raises(ConfigError) as caught:
        Config.load({})

    assert caught.value.failure_type is FailureType.config_error
    assert caught.value.internal_message == caught.value.message


@pytest.mark.parametrize("fault", [{}, {"region": "moon"}, {"start_date": "soon", "num_workers": 0}])
@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("wrap", [lambda s: [s], lambda s: {"value": s}, lambda s: s.encode(), lambda s: (s, True)])
def test_no_secret_is_shown_even_where_it_is_faulty(fault: dict[str, Any], secret: str, wrap: Any) -> None:
    hidden = "5up3r-s3cr3t"
    options: dict[str, Any] = {**dict.fromkeys(SECRETS, f"{hidden}-good"), **fault, secret: wrap(hidden)}

    with pytest.raises(ConfigError) as caught:
        Config.load(options)

    assert f"The option '{secret}' is " in str(caught.value.message)
    assert hidden not in f"{caught.value!r} {caught.value} {caught.value.internal_message}"
    assert hidden not in "".join(traceback.format_exception(caught.value))
    assert hidden not in str(caught.value.as_airbyte_message())
