"""Check, spec and discover, on a network that is made of answers."""

from __future__ import annotations

import logging
import re

import pytest
import requests
import requests_mock
from airbyte_cdk.models import Status
from source_reads import CONFIG, GUARDED, LOGGER, NAMES, NOTHING, READABLE, Json, Workspace, check, fault

from source_intercom.options.config import ConfigError
from source_intercom.shapes.jobs import NO_JOB
from source_intercom.source import SourceIntercom

pytestmark = pytest.mark.timeout(60)


class TestCheck:
    def test_with_all_permissions_succeeds_without_a_word(self, workspace: Workspace) -> None:
        assert check() == (Status.SUCCEEDED, "")
        # One call for who we are, and at most one for each endpoint.
        endpoints = {(stream.permission, stream.endpoint, stream.version) for stream in READABLE}
        assert len(GUARDED) < workspace.calls() <= 1 + len(endpoints)
        assert workspace.calls("/companies") == 0

    @pytest.mark.complaint(52)
    @pytest.mark.parametrize(("status", "code"), [(401, "token_unauthorized"), (403, "forbidden")])
    @pytest.mark.parametrize("permission", GUARDED)
    def test_with_one_missing_names_it_and_its_streams(
        self, permission: str, status: int, code: str, workspace: Workspace, caplog: pytest.LogCaptureFixture
    ) -> None:
        workspace.deny(permission, status=status, code=code)
        costs = [stream().name for stream in READABLE if stream.permission == permission and not stream.comes_last]
        with caplog.at_level(logging.WARNING):
            status_of_check, message = check()
        assert status_of_check is Status.SUCCEEDED
        assert f'Without the permission "{permission}"' in message
        # Where two permissions guard one path, a stream may be named for the other one.
        assert [name for name in costs if f"{name}," not in message and f"{name}." not in message] == []
        assert message in caplog.text

    @pytest.mark.complaint(52)
    def test_with_none_fails(self, workspace: Workspace) -> None:
        workspace.deny(*GUARDED)
        status, message = check()
        assert status is Status.FAILED
        assert all(stream().name in message for stream in READABLE if not stream.comes_last)
        assert all(permission in message for permission in GUARDED)

    @pytest.mark.parametrize("code", ["unauthorized", "token_revoked", "token_not_found", "missing_authorization"])
    def test_with_a_bad_token_fails_and_says_where_to_get_a_good_one(self, code: str, workspace: Workspace) -> None:
        workspace.fail("GET", "/me", status_code=401, json=fault(code))
        status, message = check()
        assert status is Status.FAILED
        assert "token" in message
        assert "region" in message
        assert "api.intercom.io" in message
        assert "secret-token" not in message
        assert workspace.calls() == 1

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param({"exc": requests.exceptions.ConnectionError}, id="refused"),
            pytest.param({"exc": requests.exceptions.ConnectTimeout}, id="timeout"),
            pytest.param({"status_code": 503, "text": "<html>down</html>"}, id="down"),
            pytest.param({"status_code": 200, "text": ""}, id="empty"),
        ],
    )
    def test_of_a_host_that_does_not_answer_names_it_after_few_tries(self, answer: Json, workspace: Workspace) -> None:
        workspace.fail("GET", "/me", **answer)
        status, message = check()
        assert status is Status.FAILED
        assert message.startswith("Intercom's host api.intercom.io cannot be reached or does not answer")
        assert workspace.calls() == 3

    def test_asks_the_host_of_the_region(self, workspace: Workspace) -> None:
        workspace.network.get("https://api.eu.intercom.io/me", status_code=401, json=fault("unauthorized"))
        assert "api.eu.intercom.io" in check(region="eu")[1]

    @pytest.mark.complaint(81)
    def test_a_probe_that_gets_no_answer_is_a_line_of_the_report(self, workspace: Workspace) -> None:
        workspace.fail("POST", "/tickets/search", status_code=502, text="bad gateway")
        status, message = check()
        assert status is Status.SUCCEEDED
        assert "it is not known whether these streams can be read: tickets" in message

    def test_a_plan_that_lacks_a_feature_is_no_failure(self, workspace: Workspace) -> None:
        workspace.deny("Read tickets", status=403, code="api_plan_restricted")
        status, message = check()
        assert status is Status.SUCCEEDED
        assert "tickets" in message

    def test_a_faulty_config_is_our_sentence(self, workspace: Workspace) -> None:
        with pytest.raises(ConfigError, match="The option 'num_workers'"):
            check(num_workers=0)
        assert workspace.calls() == 0

    @pytest.mark.complaint(80)
    def test_who_we_are_denied_stops_nothing(self, workspace: Workspace) -> None:
        workspace.fail("GET", "/me", status_code=401, json=fault("token_unauthorized"))
        status, message = check()
        assert status is Status.SUCCEEDED
        assert '""' not in message


class TestSpecAndDiscover:
    def test_need_no_network(self, workspace: Workspace) -> None:
        source = SourceIntercom()
        assert source.name == "source-intercom"
        assert source.spec(LOGGER).connectionSpecification["required"] == ["access_token"]
        assert [stream.name for stream in source.discover(LOGGER, CONFIG).streams] == NAMES
        assert workspace.calls() == 0


@pytest.mark.parametrize(
    ("told", "option", "warns"),
    [("EU", "us", True), ("Europe", "us", True), ("us", "au", True), ("US", "us", False), ("australia", "au", False)],
)
def test_a_workspace_that_is_hosted_elsewhere_is_told(
    told: str, option: str, warns: bool, workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    """Intercom's US host passes tokens of other regions on, so data crosses an ocean unnoticed."""
    workspace.me["app"]["region"] = told
    host = {"us": "api", "eu": "api.eu", "au": "api.au"}[option]
    workspace.network.register_uri(requests_mock.ANY, re.compile(f"https://{host}.intercom.io/"), json=NOTHING)
    workspace.network.get(f"https://{host}.intercom.io/me", json=workspace.me)
    with caplog.at_level(logging.WARNING):
        check(region=option)
    assert ("its data passes through another region on its way" in caplog.text) == warns


def test_a_job_that_nobody_has_is_an_answer_to_a_probe(workspace: Workspace) -> None:
    """That Intercom looked for it is the permission: no job is made only to ask."""
    workspace.fail("GET", f"/export/content/data/{NO_JOB}", status_code=404, json=fault("job_not_found"))
    assert check() == (Status.SUCCEEDED, "")
    assert all(request.path != "/export/content/data" for request in workspace.network.request_history)
