"""The process: our own words about a faulty config, and every command of the protocol."""

from __future__ import annotations

import gc
import io
import json
import logging
import os
import sys
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any, NoReturn

import pytest
import requests_mock
from airbyte_cdk.models import AirbyteStreamStatus, FailureType, StreamDescriptor
from airbyte_cdk.utils import airbyte_secrets_utils
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_intercom.ending import Ending
from source_intercom.run import Entrypoint, _plain_logs, run
from source_intercom.source import SourceIntercom
from source_intercom.stdout import Stdout, StdoutEnded

API = "https://api.intercom.io"
SENTENCE = "The option 'num_workers' is \"many\". It must be a whole number from 1 to 100."


@pytest.fixture(autouse=True)
def undo(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A process of its own: its folder, its hook for uncaught errors, its collector, the secrets it remembers."""
    monkeypatch.chdir(tmp_path_factory.mktemp("cwd"))
    threshold = gc.get_threshold()
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.delenv("INTERCOM_API_URL", raising=False)
    # It would end this process too, and take its signals.
    monkeypatch.setattr(Ending, "watch", lambda _ending: None)
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)
    airbyte_secrets_utils.update_secrets([])


class Command:
    """Runs commands in this process; ``code`` is the exit code of the last one."""

    def __init__(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self._folder = folder
        self._capfd = capfd
        self.code: Any = None

    def file(self, name: str, content: Any) -> str:
        path = self._folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def __call__(self, *arguments: str) -> list[dict[str, Any]]:
        with pytest.raises(SystemExit) as end:
            run(list(arguments))
        self.code = end.value.code
        # Not splitlines, which knows more ends of a line than the protocol does.
        return [json.loads(line) for line in self._capfd.readouterr().out.split("\n") if line]

    def read(self, token: str, catalog: Any, *flags: str) -> list[dict[str, Any]]:
        config = self.file("config.json", {"access_token": token})
        return self("read", *flags, "--config", config, "--catalog", self.file("catalog.json", catalog))


@pytest.fixture
def command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path, capfd)


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


def test_two_dashes_before_the_command_mean_nothing(command: Command) -> None:
    assert command("--", "spec") == command("spec")


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

    @pytest.mark.parametrize("words", [["read", "--catalog", "{}"], ["discover"]])
    def test_ends_other_commands_with_our_sentence_as_a_trace(self, command: Command, words: list[str]) -> None:
        catalog = command.file("catalog.json", {"streams": []})
        words = [word.format(catalog) for word in words]
        (message,) = command(*words, "--config", command.file("config.json", self.CONFIG))
        assert message["trace"]["error"]["message"] == SENTENCE
        assert message["trace"]["error"]["failure_type"] == "config_error"
        assert "stack_trace" not in message["trace"]["error"]
        assert command.code == 1

    @pytest.mark.parametrize("words", [["read", "--catalog", "{}"], ["check"], ["discover"]])
    def test_does_not_show_the_token_where_it_stands_in_another_option(
        self, command: Command, words: list[str]
    ) -> None:
        token = "dG9rOjEyMzQ1Njc4OTBhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5eg=="
        config = command.file("config.json", {"access_token": token, "start_date": f"{token} 2024", "region": token})
        words = [word.format(command.file("catalog.json", {"streams": []})) for word in words]
        said = json.dumps(command(*words, "--config", config))
        assert "start_date" in said
        assert token[:12] not in said

    def test_an_environment_that_points_elsewhere_fails_a_check(
        self, command: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("INTERCOM_API_URL", "http://intercom.example.com")
        messages = command("check", "--config", command.file("config.json", {"access_token": "t"}))
        (message,) = of_type(messages, "CONNECTION_STATUS")
        assert message["connectionStatus"]["status"] == "FAILED"
        assert "INTERCOM_API_URL" in message["connectionStatus"]["message"]


def test_validation_says_nothing_about_a_good_config() -> None:
    Entrypoint.validate_connection(SourceIntercom().spec(None), {"access_token": "t"})


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
    with requests_mock.Mocker() as network:
        network.get(f"{API}/me", json={"type": "admin"}, headers={"Date": formatdate(usegmt=True)})
        network.get(f"{API}/tags", status_code=403, json={"type": "error.list", "errors": [{"code": "forbidden"}]})
        messages = command.read("secret-token-4", one_stream("tags"))
    assert command.code == 1
    told, status, last = of_type(messages, "TRACE")[-3:]
    assert "Read tags" in told["trace"]["error"]["message"]
    assert told["trace"]["error"]["failure_type"] == "config_error"
    assert status["trace"]["stream_status"]["status"] == "INCOMPLETE"
    assert last == messages[-1]
    assert "tags" in last["trace"]["error"]["message"]
    assert last["trace"]["error"]["failure_type"] == "config_error"
    assert "stack_trace" not in last["trace"]["error"]
    assert "stack_trace" not in told["trace"]["error"]


CONFIG, TRANSIENT, SYSTEM = FailureType.config_error, FailureType.transient_error, FailureType.system_error


@pytest.mark.complaint(113)
@pytest.mark.parametrize(
    ("told", "whole"),
    [
        ([CONFIG], CONFIG),
        ([CONFIG, CONFIG, SYSTEM], SYSTEM),
        ([SYSTEM, TRANSIENT, CONFIG], TRANSIENT),
    ],
)
def test_the_error_of_a_read_is_of_the_type_of_its_streams_errors(
    told: list[FailureType], whole: FailureType, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    """The CDK says config_error whatever they were, and a platform does not try again after one."""

    def read(*_: Any) -> Iterator[Any]:
        for kind in told:
            yield AirbyteTracedException("x", "y", kind).as_airbyte_message()
        raise AirbyteTracedException("Concurrent read failure", "Failed: tags", CONFIG)

    monkeypatch.setattr(SourceIntercom, "read", read)
    messages = command.read("secret-token-5", one_stream("tags"))
    assert messages[-1]["trace"]["error"]["failure_type"] == whole.value


def test_an_error_of_our_own_comes_with_its_place(monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    def read(*_: Any) -> Iterator[Any]:
        yield as_airbyte_message(StreamDescriptor(name="tags"), AirbyteStreamStatus.STARTED)
        raise RuntimeError("no such thing: secret/token+6, secret%2Ftoken%2B6, c2VjcmV0L3Rva2VuKzY=")

    monkeypatch.setattr(SourceIntercom, "read", read)
    messages = command.read("secret/token+6", one_stream("tags"))
    assert command.code == 1
    status, error = of_type(messages, "TRACE")[-2:]
    assert status["trace"]["stream_status"]["status"] == "INCOMPLETE"
    assert error["trace"]["error"]["failure_type"] == "system_error"
    assert error["trace"]["error"]["internal_message"] == "no such thing: ****, ****, ****Y="
    assert "in read" in error["trace"]["error"]["stack_trace"]
    assert "secret/token" not in str(messages)


def test_the_answer_of_a_check_is_masked_too(monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    monkeypatch.setattr(SourceIntercom, "check_connection", lambda *_: (False, "no secret-token-7"))
    messages = command("check", "--config", command.file("config.json", {"access_token": "secret-token-7"}))
    (status,) = of_type(messages, "CONNECTION_STATUS")
    assert status["connectionStatus"]["message"] == "no ****"


@pytest.mark.parametrize("debug", [True, False])
def test_debug_logs_are_asked_for(debug: bool, command: Command) -> None:
    with requests_mock.Mocker():
        command.read("t", {"streams": []}, *(["--debug"] if debug else []))
    level = logging.getLogger("airbyte.source-intercom").level
    assert level == (logging.DEBUG if debug else logging.INFO)


def test_arguments_are_those_of_the_command_line_when_none_are_given(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["source-intercom", "spec"])
    with pytest.raises(SystemExit):
        run()
    assert '"SPEC"' in capfd.readouterr().out


def test_without_a_command_it_says_which_there_are(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        run([])
    assert end.value.code == 2
    assert "'spec', 'check', 'discover', 'read'" in capfd.readouterr().err


def test_a_closed_stdout_is_told_on_stderr(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """The next file that is opened would get the number of stdout, and all messages."""

    def leave(code: int) -> NoReturn:
        raise SystemExit(code)

    monkeypatch.setattr(sys, "__stdout__", None)
    monkeypatch.setattr(os, "_exit", leave)
    with pytest.raises(SystemExit) as end:
        run(["spec"])
    assert end.value.code == 1
    assert capfd.readouterr() == ("", "source-intercom: stdout is closed\n")


def test_a_stdout_that_takes_no_more_leaves_the_end_to_who_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    """It tells Intercom what is not wanted any more; a trace to a reader who is gone would only fail again."""
    handed: list[Ending] = []

    def hand_over(ending: Ending) -> NoReturn:
        handed.append(ending)
        raise SystemExit(1)

    def write(_stdout: Stdout, _lines: bytes) -> None:
        raise StdoutEnded(BrokenPipeError())

    monkeypatch.setattr(Ending, "hand_over", hand_over)
    monkeypatch.setattr(Ending, "leave", lambda *_: pytest.fail("there is nobody to tell"))
    monkeypatch.setattr(Stdout, "write", write)
    with pytest.raises(SystemExit):
        run(["spec"])
    assert len(handed) == 1


@pytest.mark.parametrize(
    ("error", "has_trace"), [(AirbyteTracedException(message="no"), False), (ZeroDivisionError("no"), True)]
)
def test_only_what_nobody_expected_is_logged_with_its_place(error: Exception, has_trace: bool) -> None:
    """A stack trace of a server that is not there would look like a fault of this program."""
    printed = io.StringIO()
    handler = logging.StreamHandler(printed)
    logging.getLogger().addHandler(handler)
    try:
        with _plain_logs():
            try:
                raise error
            except Exception:
                logging.getLogger("airbyte.test_run").exception("it ended")
    finally:
        logging.getLogger().removeHandler(handler)
    assert printed.getvalue().startswith("it ended\n")
    assert ("Traceback" in printed.getvalue()) == has_trace


def test_a_library_that_finds_faulty_headers_is_logged_without_its_place() -> None:
    printed = io.StringIO()
    handler = logging.StreamHandler(printed)
    logging.getLogger().addHandler(handler)
    try:
        with _plain_logs():
            logging.getLogger("urllib3.connection").warning("Failed to parse headers", exc_info=ValueError("no colon"))
    finally:
        logging.getLogger().removeHandler(handler)
    assert printed.getvalue() == "Failed to parse headers\n"
