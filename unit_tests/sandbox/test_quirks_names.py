"""The table of quirks: every name does something, and none that is unknown is taken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import requests
from sandbox_client import serve

from sandbox import Settings
from sandbox.quirks.chain import DEEP, THROUGH
from sandbox.quirks.headers import HEADER_QUIRKS
from sandbox.quirks.names import QUIRKS, helped

ROOT = Path(__file__).parents[2]


def test_every_name_is_done_in_one_place() -> None:
    done = [*THROUGH, *DEEP, *HEADER_QUIRKS]
    assert sorted(done) == sorted(QUIRKS)


@pytest.mark.parametrize("name", sorted(DEEP))
def test_a_quirk_of_the_data_is_asked_for_by_its_name(name: str) -> None:
    files = [path for path in (ROOT / "sandbox").rglob("*.py") if path.name not in ("names.py", "chain.py")]
    assert any(f'"{name}"' in path.read_text() for path in files)


def test_every_quirk_says_what_it_does_and_how_that_is_known() -> None:
    for name, about in QUIRKS.items():
        assert about.line and about.evidence, name
        assert bool(about.value) == bool(about.hint), name
        assert f"  {name}" in helped()


@pytest.mark.parametrize(
    ("quirks", "sentence"),
    [
        (["no-such"], "no quirk is called 'no-such'; there are: text-page-counters, "),
        (["html-403=often"], "the quirk 'html-403' does not take 'often'; it takes: every how many calls"),
        (["me-refused=yes"], "the quirk 'me-refused' takes no value"),
        ("me-refused", "quirks must be a list of names"),
        ([7], "quirks must be a list of names"),
    ],
)
def test_what_is_no_quirk_is_refused_with_a_sentence(quirks: object, sentence: str) -> None:
    with pytest.raises(ValueError) as refused:
        Settings(quirks=quirks)
    assert str(refused.value).startswith(sentence)


def test_on_the_command_line() -> None:
    command = [sys.executable, "-m", "sandbox", "--quirk", "me-refused", "--quirk", "no-such"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert "sandbox: error: no quirk is called 'no-such'; there are: " in done.stderr
    told = subprocess.run([*command[:3], "--help"], cwd=ROOT, capture_output=True, text=True, timeout=20).stdout
    assert helped() in told


def test_quirks_may_be_changed_live() -> None:
    with serve(contacts=5) as client:
        url = f"{client.sandbox.url}/_sandbox/settings"
        assert client.get("/me").status_code == 200
        assert requests.patch(url, json={"quirks": ["me-refused"]}, timeout=5).status_code == 200
        assert client.get("/me").status_code == 403
        assert requests.patch(url, json={"quirks": ["no-such"]}, timeout=5).status_code == 400
        assert client.get("/me").status_code == 403
        assert requests.patch(url, json={"quirks": []}, timeout=5).status_code == 200
        assert client.get("/me").status_code == 200
