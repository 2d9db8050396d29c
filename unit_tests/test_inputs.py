"""The three files of a command: what is understood, and the sentence that everything else gets."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests_mock
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils import airbyte_secrets_utils

from source_intercom.ending import Ending
from source_intercom.inputs.json_files import InputError, config_of, json_of, load
from source_intercom.inputs.state_files import states_from
from source_intercom.run import run

# --- files ------------------------------------------------------------------------------------------


@pytest.mark.complaint(110)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n\t", "is empty"),
        (b"null", "holds null, not an object with the options"),
        (b"[]", "holds a list, not an object with the options"),
        (b'"text"', "holds a text, not an object with the options"),
        (b"1.5", "holds a number, not an object with the options"),
        (b"true", "holds true, not an object with the options"),
        (b'{"a": 1,}', "is not JSON: line 1, column 9 has a comma before the closing bracket"),
        (b'{"a": [1,\n2,\n]}', "is not JSON: line 3, column 1 has a comma before the closing bracket"),
        (b"access_token: abc\nregion: eu\n", "is not JSON: line 1, column 1 looks like YAML, not like JSON"),
        (b"---\naccess_token: abc\n", "is not JSON: line 1, column 1 looks like YAML, not like JSON"),
        (b"{'a': 1}", "is not JSON: line 1, column 2 has ' where JSON has \""),
        (b'{"a": 1 // one\n}', "is not JSON: line 1, column 9 begins a comment, which JSON does not have"),
        (b'{\n# one\n"a": 1}', "is not JSON: line 2, column 1 begins a comment, which JSON does not have"),
        (b'{"a": 1', "is not JSON: line 1, column 8 is the end of the file, where something is missing"),
        (b'{"a": 1} {}', "is not JSON: line 1, column 10 is behind the end of the JSON value"),
        (b'{"a": 1 "b": 2}', "is not JSON: line 1, column 9 is where a comma or a closing bracket is missing"),
        (b'{"a": "b\n}', "is not JSON: line 1, column 9 cannot be understood"),
        (b'{"a": "b}', "is not JSON: line 1, column 7 begins a text that has no closing quotation mark"),
        (b"{a: 1}", "is not JSON: line 1, column 2 is where a name in quotation marks belongs"),
        (b'{"a": NaN}', "holds NaN, which is no number of JSON"),
        (b'{"a": -Infinity}', "holds -Infinity, which is no number of JSON"),
        (b'{"a": 1e999}', "holds the number 1e999, which is too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "holds a number of thousands of digits"),
        (b'{"a": 1, "a": 2}', "has 'a' twice in one object"),
        (b'{"a": {"b": 1, "c": 2, "b": null}}', "has 'b' twice in one object, with different values"),
        (b'{"a": "\\ud800"}', "holds half a character"),
        (b"[" * 100_000, "is nested too deeply"),
        ('{"a": "Zoë"}'.encode("latin-1"), "is not text in UTF-8: line 1 has the byte 0xeb"),
        (b'{\n"a": "\xff"}', "is not text in UTF-8: line 2 has the byte 0xff"),
        ("{}".encode("utf-16"), "is encoded in UTF-16: save it as UTF-8"),
        (b"\xfe\xff" + "{}".encode("utf-16-be"), "is encoded in UTF-16: save it as UTF-8"),
        ("{}".encode("utf-32"), "is encoded in UTF-32: save it as UTF-8"),
        ("{}".encode("utf-16-le"), "holds zero bytes, as text in UTF-16 does: save it as UTF-8"),
    ],
)
def test_a_faulty_file_gets_a_sentence_with_its_place(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(content)

    with pytest.raises(InputError) as caught:
        load(str(path), "config", config_of, advice="Mend it.")

    message = str(caught.value.message)
    assert message.startswith(f"The config file '{path}' {said}")
    assert message.endswith(". Mend it.")
    assert "\n" not in message
    assert caught.value.failure_type is FailureType.config_error
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("content", [b'\xef\xbb\xbf{"a": "Zo\xc3\xab"}', b'\r\n{"a":\t"Zo\\u00eb"}\n'])
def test_a_mark_of_utf_8_and_any_space_are_fine(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(content)

    assert load(str(path), "config", config_of) == {"a": "Zoë"}


def test_a_path_that_leads_to_no_file_gets_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def message(path: str) -> str:
        with pytest.raises(InputError) as caught:
            load(path, "state", states_from)
        return str(caught.value.message)

    missing = str(tmp_path / "missing.json")
    assert message(missing) == f"The state file '{missing}' does not exist."
    assert message(f"{missing}/x") == f"The state file '{missing}/x' does not exist."
    assert message(str(tmp_path)) == f"The state file '{tmp_path}' is a directory, not a file."
    assert message("x" * 300).endswith("cannot be read: File name too long.")
    (tmp_path / "endless").symlink_to("/dev/zero")
    assert message(str(tmp_path / "endless")).endswith("is larger than 64 MB.")

    def denied(*_: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    assert message(missing).endswith("cannot be opened: this process is not permitted to read it.")


def test_a_file_may_be_a_pipe() -> None:
    reader, writer = os.pipe()
    os.write(writer, b'{"a": 1}')
    os.close(writer)

    assert load(f"/dev/fd/{reader}", "config", config_of) == {"a": 1}
    os.close(reader)


# --- the process ------------------------------------------------------------------------------------


def wanted(name: str, **more: Any) -> dict[str, Any]:
    return {"stream": {"name": name}, "sync_mode": "incremental", "destination_sync_mode": "append", **more}


@pytest.fixture
def undo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(Ending, "watch", lambda _ending: None)
    yield
    airbyte_secrets_utils.update_secrets([])


@pytest.mark.usefixtures("undo")
@pytest.mark.parametrize(
    ("faulty", "content", "said"),
    [
        ("config", "[]", "holds a list"),
        ("config", '{"access_token": "t", "lookback_window": -1}', "'lookback_window' is not acceptable (-1)"),
        ("catalog", "{}", "has no 'streams'"),
        ("catalog", json.dumps({"streams": [wanted("people")]}), "'people'"),
        (
            "catalog",
            json.dumps({"streams": [wanted("contacts", cursor_field=["name"])]}),
            "'updated_at' or 'created_at' only",
        ),
        ("state", '{"updated_at": 1}', "names no stream, only 'updated_at'. To go on without it, leave out --state"),
    ],
)
def test_a_faulty_input_is_all_that_a_read_prints(
    faulty: str, content: str, said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    files = {"config": '{"access_token": "t"}', "catalog": json.dumps({"streams": [wanted("contacts")]}), "state": "[]"}
    words = ["read"]
    for name, text in {**files, faulty: content}.items():
        (tmp_path / name).write_text(text)
        words += [f"--{name}", str(tmp_path / name)]

    with requests_mock.Mocker() as network, pytest.raises(SystemExit) as end:
        run(words)

    assert network.call_count == 0
    assert end.value.code == 1
    output = capfd.readouterr()
    assert output.err == ""
    (line,) = output.out.splitlines()
    error = json.loads(line)["trace"]["error"]
    assert said in error["message"]
    assert error["failure_type"] == "config_error"
    assert "stack_trace" not in error


def test_a_name_that_says_the_same_twice_does_no_harm() -> None:
    """As in the state files of PyAirbyte."""
    text = b'[{"type": "STREAM", "global_": null, "global_": null}]'
    assert json_of(text.decode()) == [{"type": "STREAM", "global_": None}]
