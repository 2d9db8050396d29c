"""Configs that tests of the options and of their spec share."""

from __future__ import annotations

import re
from typing import Any

import pytest

from source_intercom.options.config import Config, ConfigError

TOKEN = "dG9rOmNhZmU0MmJhYmU="
SECRETS = ("access_token", "client_id", "client_secret")

# A config as the official connector's form writes it, with keys of former versions that nobody removed.
OFFICIAL: dict[str, Any] = {
    "access_token": TOKEN,
    "start_date": "2020-11-16T00:00:00Z",
    "client_id": "6f1c-client",
    "client_secret": "9a77-secret",
    "lookback_window": 60,
    "activity_logs_time_step": 30,
    "num_workers": 10,
    "api_rate_limit": 9500,
    "credentials": {"auth_type": "access_token"},
    "__injected_declarative_manifest": {},
}

SENTENCE = re.compile(
    r"The option '(?P<name>\w+)' (?P<fault>is .*?)\. It must be (?P<accepted>.+?)\.(?= The option '|$)"
)


def complaint(options: dict[str, Any]) -> str:
    """What a person reads about faulty options."""
    with pytest.raises(ConfigError) as caught:
        Config.load(options)
    return str(caught.value.message)


def sentences(options: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Fault and what is accepted, by the name of the option; the message must hold nothing besides."""
    message = complaint(options)
    found = list(SENTENCE.finditer(message))
    assert " ".join(match.group() for match in found) == message
    return {match["name"]: (match["fault"], match["accepted"]) for match in found}
