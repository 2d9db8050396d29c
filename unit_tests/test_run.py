"""The process: our own words about a faulty config, and every command of the protocol."""

from __future__ import annotations

import gc
import json
import logging
import sys
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import requests_mock
from airbyte_cdk.utils import airbyte_secrets_utils
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_intercom.options.config import ConfigError
from source_intercom.run import Entrypoint, run
from source_intercom.source import SourceIntercom

API = "https://api.intercom.io"
SENTENCE = "Option 'num_workers' is not acceptable ('many'); accepted is a whole number from 1 to 100."


@pytest.fixture(autouse=True)
def undo(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A process of its own: its folder, its hook for uncaught errors, its collector, the secrets it remembers."""
    monkeypatch.chdir(tmp_path_factory.mktemp("cwd"))
    threshold = gc.get_threshold()
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.delenv("INTERCOM_API_URL", raising=False)
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)
    airbyte_secrets_utils.update_secrets([])


class Command:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder = folder
        self._capsys = capsys

    def file(self, name: str, content: Any) -> str:
        path = self._folder / name
        path.write_text(json.dumps(content))
        return str(path)

    def __call__(self, *arguments: str) -> list[dict[str, Any]]:
        run(list(arguments))
        return self.printed()

    def read(self, token: str, catalog: Any, *flags: str) -> list[dict[str, Any]]:
        config = self.file("config.json", {"access_token": token})
        return self("read", *flags, "--config", config, "--catalog", self.file("catalog.json", catalog))

    def printed(self) -> list[dict[str, Any]]:
        # Not splitlines, which knows more ends of a line than the protocol does.
        return [json.loads(line) for line in self._capsys.readouterr().out.split("\n") if line]


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path, capsys)


def one_stream(name: str) -> dict[str, Any]:
    return {
        "streams": [
            {
                "stream": {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
                "sync_mode": "full_refresh",
                "destination_sync_mode": "overwrite",
            }
        ]
    }


def of_type(messages: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [message for message in messages if message["type"] == kind]


def test_spec_prints_the_specification_and_needs_nothing(command: Command) -> None:
    (message,) = of_type(command("spec"), "SPEC")
    assert "access_token" in message["spec"]["connectionSpecification"]["properties"]


def test_discover_prints_the_catalogue_without_a_call(command: Command) -> None:
    with requests_mock.Mocker() as network:
        messages = command("discover", "--config", command.file("config.json", {"access_token": "t"}))
    assert network.call_count == 0
    (message,) = of_type(messages, "CATALOG")
    assert [stream["name"] for stream in message["catalog"]["streams"]] == [
        stream.name for stream in SourceIntercom().streams({})
    ]


class TestFaultyConfig:
    CONFIG = {"access_token": "secret-token-1", "num_workers": "many"}  # noqa: RUF012

    def test_fails_a_check_with_our_sentence(self, command: Command) -> None:
        with requests_mock.Mocker() as network:
            messages = command("check", "--config", command.file("config.json", self.CONFIG))
        (message,) = of_type(messages, "CONNECTION_STATUS")
        assert message["connectionStatus"] == {"status": "FAILED", "message": SENTENCE}
        assert network.call_count == 0

    def test_ends_a_read_with_our_sentence_as_a_trace(self, command: Command) -> None:
        arguments = ("read", "--config", command.file("config.json", self.CONFIG))
        with pytest.raises(ConfigError) as caught:
            command(*arguments, "--catalog", command.file("catalog.json", {"streams": []}))
        command.printed()
        # What the interpreter does with an error that nobody caught, with the CDK's hook in place.
        sys.excepthook(caught.type, caught.value, caught.tb)
        (message,) = of_type(command.printed(), "TRACE")
        assert message["trace"]["error"]["message"] == SENTENCE
        assert message["trace"]["error"]["failure_type"] == "config_error"

    def test_ends_a_discover_too(self, command: Command) -> None:
        with pytest.raises(ConfigError):
            command("discover", "--config", command.file("config.json", self.CONFIG))

    def test_an_environment_that_points_elsewhere_fails_a_check(
        self, command: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("INTERCOM_API_URL", "http://intercom.example.com")
        messages = command("check", "--config", command.file("config.json", {"access_token": "t"}))
        (message,) = of_type(messages, "CONNECTION_STATUS")
        assert message["connectionStatus"]["status"] == "FAILED"
        assert "INTERCOM_API_URL" in message["connectionStatus"]["message"]


def test_validation_says_nothing_about_a_good_config() -> None:
    Entrypoint.validate_connection(SourceIntercom().spec(None), {"access_token": "t"})  # type: ignore[arg-type]


def test_read_prints_one_message_a_line(command: Command) -> None:
    with requests_mock.Mocker() as network:
        network.get(f"{API}/me", json={"type": "admin"}, headers={"Date": formatdate(usegmt=True)})
        network.get(f"{API}/tags", json={"type": "list", "data": [{"id": 1, "name": "Zoë \u2028 line"}]})
        messages = command.read("secret-token-2", one_stream("tags"))
    (record,) = of_type(messages, "RECORD")
    assert record["record"]["data"] == {"id": "1", "name": "Zoë \u2028 line"}
    (state,) = of_type(messages, "STATE")
    assert state["state"]["sourceStats"]["recordCount"] == 1.0


def test_a_read_leaves_no_file_behind_with_the_token(command: Command) -> None:
    with requests_mock.Mocker() as network:
        network.get(f"{API}/me", json={"type": "admin"}, headers={"Date": formatdate(usegmt=True)})
        network.get(f"{API}/tags", json={"data": []})
        command.read("secret-token-3", one_stream("tags"))
    assert list(Path.cwd().iterdir()) == []


def test_a_read_that_ends_with_an_error_tells_it_after_what_was_read(command: Command) -> None:
    with requests_mock.Mocker() as network, pytest.raises(AirbyteTracedException):
        network.get(f"{API}/me", json={"type": "admin"}, headers={"Date": formatdate(usegmt=True)})
        network.get(f"{API}/tags", status_code=403, json={"type": "error.list", "errors": [{"code": "forbidden"}]})
        command.read("secret-token-4", one_stream("tags"))
    traces = of_type(command.printed(), "TRACE")
    assert traces[-1]["trace"]["stream_status"]["status"] == "INCOMPLETE"
    (error,) = [trace["trace"]["error"] for trace in traces if trace["trace"]["type"] == "ERROR"]
    assert "Read tags" in error["message"]
    assert error["failure_type"] == "config_error"


@pytest.mark.parametrize("debug", [True, False])
def test_debug_logs_are_asked_for(debug: bool, command: Command) -> None:
    with requests_mock.Mocker():
        command.read("t", {"streams": []}, *(["--debug"] if debug else []))
    level = logging.getLogger("airbyte.source-intercom").level
    assert level == (logging.DEBUG if debug else logging.INFO)


def test_arguments_are_those_of_the_command_line_when_none_are_given(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["source-intercom", "spec"])
    run()
    assert of_type(command.printed(), "SPEC")
