"""Files behind links: where they may come from, what is sent there, and what becomes of those that do not come."""

from __future__ import annotations

import errno
import io
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from requests_mock import Mocker

from source_intercom.api import files as module
from source_intercom.api.client import Transport
from source_intercom.api.errors import DiskFull, TooLarge, Unavailable
from source_intercom.api.files import Files, LinkRefused, file_name
from source_intercom.options.config import Config

LINK = "https://files.example.com/a/log.txt?signature=s"
PLACE = Path("conversation_attachments", "1", "2", "0", "log.txt")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    monkeypatch.setattr(module, "get_files_directory", lambda: str(tmp_path))
    monkeypatch.delenv("INTERCOM_API_URL", raising=False)
    return Files(Transport(Config.load({"access_token": "secret-token"})), sleep=lambda _: None)


def test_a_file_is_written_below_the_folder(files: Files, tmp_path: Path, requests_mock: Mocker) -> None:
    requests_mock.get(LINK, content=b"x" * 3_000_000)
    brought = files.bring(LINK, PLACE)
    assert brought == (str(tmp_path / PLACE), str(PLACE), 3_000_000)
    assert (tmp_path / PLACE).read_bytes() == b"x" * 3_000_000
    assert [one.name for one in (tmp_path / PLACE).parent.iterdir()] == ["log.txt"]
    assert (tmp_path / PLACE).stat().st_mode & 0o777 == 0o644


def test_nothing_of_ours_goes_to_the_host_of_a_file(
    files: Files, requests_mock: Mocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine files.example.com login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    requests_mock.get(LINK, status_code=302, headers={"Location": "https://other.example.com/x", "Set-Cookie": "a=b"})
    requests_mock.get("https://other.example.com/x", content=b"file")
    files.bring(LINK, PLACE)
    for request in requests_mock.request_history:
        assert not {"Authorization", "Cookie", "Intercom-Version"} & request.headers.keys()
        assert "secret" not in str(request.headers)
    assert len(requests_mock.request_history) == 2


@pytest.mark.parametrize(
    "link",
    [
        "http://files.example.com/x",  # ignore-https-check: it must be refused
        "file:///etc/passwd",
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://10.0.0.7/x",
        "https://169.254.169.254/latest",
        "https://[::1]/x",
        "https:///x",
        "https://files.example.com:port/x",
        "",
        None,
    ],
)
@pytest.mark.parametrize("is_redirected", [False, True])
def test_files_come_from_https_and_from_outside_only(
    link: str | None, is_redirected: bool, files: Files, requests_mock: Mocker, tmp_path: Path
) -> None:
    if is_redirected:
        if not link or link == "https:///x":
            # These lead to where they stand.
            return
        requests_mock.get(LINK, status_code=302, headers={"Location": link})
    with pytest.raises(LinkRefused):
        files.bring(LINK if is_redirected else link, PLACE)
    assert len(requests_mock.request_history) == is_redirected
    assert not [one for one in tmp_path.rglob("*") if one.is_file()]


def test_beside_a_stand_in_of_intercom_files_come_from_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, requests_mock: Mocker
) -> None:
    monkeypatch.setattr(module, "get_files_directory", lambda: str(tmp_path))
    monkeypatch.setenv("INTERCOM_API_URL", "http://127.0.0.1:9")  # ignore-https-check: nobody is there
    here = "http://127.0.0.1:8/file"  # ignore-https-check: nobody is there
    requests_mock.get(here, content=b"file")
    files = Files(Transport(Config.load({"access_token": "secret-token"})), sleep=lambda _: None)
    assert files.bring(here, PLACE).size == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_link_that_is_not_taken_is_asked_for_once(status: int, files: Files, requests_mock: Mocker) -> None:
    requests_mock.get(LINK, status_code=status, text="Request has expired")
    with pytest.raises(LinkRefused, match=str(status)):
        files.bring(LINK, PLACE)
    assert requests_mock.call_count == 1


@pytest.mark.parametrize(
    "answer", [{"status_code": 503}, {"exc": requests.exceptions.ConnectTimeout}, {"exc": requests.exceptions.SSLError}]
)
def test_what_fails_for_a_while_is_tried_again(
    answer: dict[str, Any], files: Files, requests_mock: Mocker, tmp_path: Path
) -> None:
    requests_mock.get(LINK, [answer, answer, {"content": b"file"}])
    assert files.bring(LINK, PLACE).size == 4
    requests_mock.get(LINK, **answer)
    with pytest.raises(Unavailable, match="after 4 tries"):
        files.bring(LINK, PLACE.with_name("other"))
    assert [one.name for one in tmp_path.rglob("*") if one.is_file()] == ["log.txt"]


class CutShort(BaseHTTPRequestHandler):
    """Breaks off in the middle of the first answer."""

    def do_GET(self) -> None:
        tries = vars(self.server).setdefault("tries", [])
        tries.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "8")
        self.end_headers()
        self.wfile.write(b"half" if len(tries) == 1 else b"all of it"[:8])

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def test_half_a_file_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "get_files_directory", lambda: str(tmp_path))
    monkeypatch.setenv("INTERCOM_API_URL", "http://127.0.0.1:9")  # ignore-https-check: nobody is there
    files = Files(Transport(Config.load({"access_token": "secret-token"})), sleep=lambda _: None)
    with HTTPServer(("127.0.0.1", 0), CutShort) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        link = f"http://127.0.0.1:{server.server_port}/f"  # ignore-https-check: this machine
        brought = files.bring(link, PLACE)
        server.shutdown()
    assert (brought.size, (tmp_path / PLACE).read_bytes()) == (8, b"all of i")
    assert len(server.tries) == 2


def test_a_file_without_end_is_given_up(
    files: Files, requests_mock: Mocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1_000_000)
    requests_mock.get(LINK, content=b"x" * 1_000_001)
    with pytest.raises(TooLarge):
        files.bring(LINK, PLACE)
    assert not [one for one in tmp_path.rglob("*") if one.is_file()]


def test_redirects_without_end_are_no_way(files: Files, requests_mock: Mocker) -> None:
    requests_mock.get(LINK, status_code=302, headers={"Location": LINK})
    with pytest.raises(LinkRefused, match="without end"):
        files.bring(LINK, PLACE)


def test_a_folder_that_takes_no_file_is_named(files: Files, tmp_path: Path) -> None:
    (tmp_path / "conversation_attachments").write_text("a file in the way")
    with pytest.raises(DiskFull):
        files.bring(LINK, PLACE)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("log.txt", "log.txt"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a/b\\c:d\n\x00e", "a_b_c_d_e"),
        ("..", "file"),
        ("", "file"),
        (None, "file"),
        (7, "7"),
        ("Bericht für März 📄.pdf", "Bericht für März 📄.pdf"),
        ("é" * 200 + ".pdf", "é" * 73 + ".pdf"),
    ],
)
def test_names_lead_nowhere_else(name: object, kept: str) -> None:
    assert file_name(name) == kept


def test_a_disk_that_is_full_is_named_and_keeps_nothing(
    files: Files, tmp_path: Path, requests_mock: Mocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullDisk(io.BytesIO):
        def write(self, _content: Any) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def opened(handle: int, _mode: str) -> FullDisk:
        os.close(handle)
        return FullDisk()

    requests_mock.get(LINK, content=b"file")
    monkeypatch.setattr(os, "fdopen", opened)
    with pytest.raises(DiskFull, match="No space left on device"):
        files.bring(LINK, PLACE)
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []
