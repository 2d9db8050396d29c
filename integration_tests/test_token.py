"""The access token is printed nowhere: every test that runs the connector searches for it, and would see it."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from integration_tests.conftest import Workspace
from integration_tests.ends_support import all_of
from integration_tests.support import HELD, TOKEN, Output, Process, catalog, config, parse


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


FORMS = {
    "plain": TOKEN,
    "header": f"Authorization: Bearer {TOKEN}",
    "url": f"https://x/?token={TOKEN.replace('-', '%2D')}&y",
    "base64": packed(TOKEN),
    "password": packed(f":{TOKEN}"),
    "password of a name": packed(f"me:{TOKEN}"),
    "name": packed(f"{TOKEN}:"),
    "in base64 of more": packed(f"Bearer {TOKEN}, and more"),
}


@pytest.mark.complaint(107)
@pytest.mark.parametrize("form", FORMS)
def test_the_search_sees_each_form(form: str) -> None:
    message = json.dumps({"type": "LOG", "log": {"level": "INFO", "message": FORMS[form]}}).encode()
    with pytest.raises(AssertionError, match="the access token was printed"):
        parse(message)
    with pytest.raises(AssertionError, match="the access token was printed"):
        Output(0, [], FORMS[form])


@pytest.mark.parametrize("pipe", ["stdout", "stderr"])
def test_the_search_sees_what_a_process_prints(start: Callable[..., Any], pipe: str) -> None:
    text = json.dumps({"type": "LOG", "log": {"level": "INFO", "message": FORMS["password"]}})
    process = start("check", "http://127.0.0.1:9", code=f"import sys; print({text!r}, file=sys.{pipe}); print('{{}}')")
    with pytest.raises(AssertionError, match="the access token was printed"):
        all_of(process)


@pytest.mark.complaint(107)
@pytest.mark.parametrize("command", ["check", "read"])
def test_a_server_that_quotes_the_token(process: Process, workspace: Workspace, command: str) -> None:
    """In the message of each error: all that leaves the process is masked."""
    sandbox = workspace()
    sandbox.fault("*", "quote-token", skip=1)
    files = {"catalog": catalog()} if command == "read" else {}
    output = process.run(command, sandbox.url, config=config(), **files)
    assert "****" in str(output.messages)
    if command == "read":
        assert "COMPLETE" not in {output.status[name] for name in HELD}
