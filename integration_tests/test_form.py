"""The spec as a form in a real browser: a person fills it, and the connector accepts what comes out of it."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from integration_tests.conftest import Workspace
from integration_tests.support import TOKEN, Json, Process
from source_intercom.options.config import Config

HERE = Path(__file__).parent / "form"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECONDS_TO_INSTALL = 200
SECONDS_TO_FILL = 60

FAULTS = {
    "start_date": "31/01/2024",
    "num_workers": "500",
    "lookback_window": "-1",
    "access_token": "",
}


@dataclass
class Filled:
    """What came of filling the form once."""

    shown: list[str]
    """Options to be seen before anything is unfolded."""
    submitted: Json | None
    """The config, or None when the form did not take the answers."""
    errors: dict[str, str]
    """The form's own sentences, by option."""
    faults: list[str]
    """What the page itself complained of."""


Fill = Callable[..., Filled]


def _run(words: list[str], seconds: int, stdin: Json | None = None) -> str:
    """Run a program in the form's folder to its end and give its stdout; its words are in the error if it fails."""
    result = subprocess.run(
        words, cwd=HERE, input=json.dumps(stdin), capture_output=True, text=True, timeout=seconds, check=False
    )
    if result.returncode != 0:
        raise OSError(f"{' '.join(words[:2])} failed: {result.stderr.strip()[-2000:]}")
    return result.stdout


def _install() -> None:
    """The locked packages, again only when the lock has changed."""
    stamp = HERE / "node_modules" / ".installed"
    with (HERE / "package-lock.json").open("rb") as packages:
        # Tests of this module can run in several processes, and npm takes apart what another npm has just put there.
        fcntl.flock(packages, fcntl.LOCK_EX)
        lock = hashlib.sha256(packages.read()).hexdigest()
        if stamp.exists() and stamp.read_text() == lock:
            return
        # esbuild's binary is a package of its own here, so that nobody's install script needs to run.
        _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], SECONDS_TO_INSTALL)
        stamp.write_text(lock)


@pytest.fixture(scope="module")
def browser() -> str:
    """The browser, with all that the form is made with; or a skip that says why. REQUIRE_BROWSER=1: no skipping."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    reason = "" if found else f"no browser here: none of {', '.join(BROWSERS)} is installed"
    if not shutil.which("node") or not shutil.which("npm"):
        reason = "no Node.js here: node and npm are needed"
    if not reason:
        try:
            _install()
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = f"the form's packages cannot be installed: {error}"
    if found and not reason:
        return found
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def fill(browser: str, tmp_path_factory: pytest.TempPathFactory) -> Fill:
    """Fills the form as a person does, in a browser of its own each time, and presses its button."""
    page = str(tmp_path_factory.mktemp("form"))
    _run(["node", "build.mjs", page], SECONDS_TO_FILL, Config.spec().connectionSpecification)

    def answer(answers: Json, **screenshots: str) -> Filled:
        printed = _run(["node", "fill.mjs", page, browser], SECONDS_TO_FILL, {"answers": answers, **screenshots})
        return Filled(**json.loads(printed))

    return answer


@pytest.mark.complaint(55)
def test_the_filled_form_passes_check(fill: Fill, workspace: Workspace, process: Process, tmp_path: Path) -> None:
    """Every kind of field is used; FORM_SCREENSHOT=form.png keeps a picture of the form, filled and unfolded."""
    sandbox = workspace()
    wanted = {
        "access_token": TOKEN,
        "start_date": "2024-01-31",
        "end_date": "2024-12-31T23:59:59Z",
        "region": "eu",
        "lookback_window": 7,
        "filters": {
            "conversations": {
                "states": ["open", "snoozed"],
                "assignee": "admins",
                "admin_ids": [str(sandbox.records("admins")[0]["id"])],
            },
            "contacts": {"roles": ["user"], "emails": ["a@example.com", "b@example.com"]},
        },
        "expand": ["tags", "notes"],
        "skip_failed_conversations": True,
        "custom_object_types": ["Order", "Subscription"],
    }
    after = tmp_path / "filled.png"
    filled = fill(_by_dotted_name(wanted), before=str(tmp_path / "empty.png"), after=str(after))

    assert not filled.errors and not filled.faults
    assert filled.submitted is not None
    # A form adds the defaults of what nobody touched; the config must mean the same.
    assert Config.load(filled.submitted) == Config.load(wanted)
    output = process.run("check", sandbox.url, config=filled.submitted)
    assert output.of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}], output.log
    if kept := os.environ.get("FORM_SCREENSHOT"):
        shutil.copy(after, kept)


def test_a_token_is_enough(fill: Fill, workspace: Workspace, process: Process) -> None:
    """What a form adds by itself are the connector's own defaults, and rare options are folded away."""
    filled = fill({"access_token": TOKEN})

    assert not filled.errors and not filled.faults
    assert filled.submitted is not None
    assert Config.load(filled.submitted) == Config.load({"access_token": TOKEN})
    output = process.run("check", workspace().url, config=filled.submitted)
    assert output.of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}], output.log
    assert filled.shown[0] == "access_token"
    assert len(filled.shown) <= 4, "a form that begins with so many questions is not begun"


@pytest.mark.parametrize("option", FAULTS)
def test_the_form_itself_refuses_a_faulty_answer(fill: Fill, option: str) -> None:
    """Before the connector is asked at all, with one sentence at the field."""
    filled = fill({"access_token": TOKEN, option: FAULTS[option]})

    assert filled.submitted is None
    assert list(filled.errors) == [option]
    # A pattern says nothing to a person; where the spec has words for it, they are what is shown.
    schema = Config.spec().connectionSpecification["properties"][option]
    assert schema.get("pattern_descriptor", "") in filled.errors[option]
    assert not filled.faults


def _by_dotted_name(options: Json, prefix: str = "") -> Json:
    """Options of groups under names such as filters.conversations.states."""
    flat: Json = {}
    for name, value in options.items():
        flat |= _by_dotted_name(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat
