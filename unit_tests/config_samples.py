"""Configs that tests of the options and of their spec share."""

from __future__ import annotations

from typing import Any

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
