"""The programs of the pages for other clients: what they do with the connector, against the sandbox.

The clients themselves are not installed here; the pages say with which versions they were tried.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from integration_tests.support import TOKEN, Json, truth
from sandbox import Sandbox, Settings
from sandbox.permissions import Permission

ROOT = Path(__file__).parents[1]
CONNECTOR = Path(sys.executable).with_name("source-intercom")
LACKING = (Permission.READ_TICKETS, Permission.READ_NEWS)
CHOSEN = ["admins", "contacts", "contact_tags"]


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(Settings(contacts=20, conversations=5, companies=3, tickets=4)) as made:
        monkeypatch.setenv("INTERCOM_API_URL", made.url)
        monkeypatch.setenv("SOURCE_INTERCOM", str(CONNECTOR))
        yield made


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A workspace whose token lacks two permissions."""
    scopes = [one.label for one in Permission.all_reads() if one not in LACKING]
    with Sandbox(Settings(contacts=5, conversations=2, companies=2, tickets=2, scopes=scopes)) as made:
        monkeypatch.setenv("INTERCOM_API_URL", made.url)
        monkeypatch.setenv("SOURCE_INTERCOM", str(CONNECTOR))
        yield made


@pytest.mark.usefixtures("lacking")
def test_pyairbyte_is_told_which_streams_the_token_cannot_read() -> None:
    page = (ROOT / "docs" / "clients" / "pyairbyte.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    kept = [
        node
        for node in ast.parse(program).body
        if isinstance(node, ast.FunctionDef | ast.ImportFrom)
        or (isinstance(node, ast.Import) and node.names[0].name != "airbyte")
    ]
    names: Json = {}
    exec(compile(ast.Module(kept, []), "sync.py", "exec"), names)
    names["CONNECTOR"] = CONNECTOR
    assert sorted(names["unreadable"]({"access_token": TOKEN})) == [
        "counts",
        "news_items",
        "newsfeed_items",
        "newsfeeds",
        "ticket_contacts",
        "ticket_parts",
        "ticket_states",
        "ticket_type_attributes",
        "ticket_types",
        "tickets",
    ]


class Tap:
    """The Singer tap for Meltano, with the files that Meltano would give it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("config", {"access_token": TOKEN})

    def write(self, name: str, content: Any) -> None:
        (self.folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        tap = ROOT / "examples" / "meltano" / "tap_intercom.py"
        return subprocess.run(
            [sys.executable, tap, "--config", "config.json", *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def select(self, names: list[str]) -> None:
        """As Meltano does it: in the metadata of the catalog that the tap printed."""
        printed = self.run("--discover").stdout
        # Meltano ends with "Separator is not found, and chunk exceed the limit" at a longer line.
        assert max(map(len, printed.splitlines())) < 64 << 10
        catalog = json.loads(printed)
        for entry in catalog["streams"]:
            entry["metadata"][0]["metadata"]["selected"] = entry["stream"] in names
        self.write("catalog", catalog)

    def sync(self, *words: str) -> list[Json]:
        done = self.run("--catalog", "catalog.json", *words)
        assert done.returncode == 0, done.stderr[-2000:]
        return [json.loads(line) for line in done.stdout.splitlines()]


def test_meltanos_tap_reads_what_is_selected_and_goes_on_from_its_state(sandbox: Sandbox, tmp_path: Path) -> None:
    tap = Tap(tmp_path)
    tap.select(CHOSEN)
    first = tap.sync()
    came = Counter(message["stream"] for message in first if message["type"] == "RECORD")
    assert came == {name: len(truth(sandbox, name)) for name in CHOSEN}
    keys = {message["stream"]: message["key_properties"] for message in first if message["type"] == "SCHEMA"}
    assert keys == {"admins": ["id"], "contacts": ["id"], "contact_tags": ["contact_id", "id"]}
    sandbox.change(contacts={"update": 1})
    state = [message["value"] for message in first if message["type"] == "STATE"][-1]
    # Targets of the Singer SDK end with "Object of type Decimal is not JSON serializable" at a fraction.
    assert not re.search(r": -?\d+\.\d", json.dumps(state))
    tap.write("state", state)
    again = Counter(message["stream"] for message in tap.sync("--state", "state.json") if message["type"] == "RECORD")
    assert 1 <= again["contacts"] < 20


@pytest.mark.usefixtures("lacking")
def test_meltanos_tap_fails_as_the_connector_does(tmp_path: Path) -> None:
    tap = Tap(tmp_path)
    selected = [{"breadcrumb": [], "metadata": {"selected": True}}]
    tap.write("catalog", {"streams": [{"stream": name, "metadata": selected} for name in ("admins", "tickets")]})
    done = tap.run("--catalog", "catalog.json")
    assert done.returncode == 1
    assert 'lacks the permission "Read tickets"' in done.stderr
    assert any('"admins"' in line for line in done.stdout.splitlines() if '"RECORD"' in line)


def stand_in_for_dlt(states: Json) -> ModuleType:
    """The few words of dlt that the pipeline uses."""
    made: Any = ModuleType("dlt")
    made.secrets = SimpleNamespace(value=None)
    made.resource = lambda **_: lambda function: function
    made.mark = SimpleNamespace(
        make_hints=lambda **hints: hints,
        with_hints=lambda _rows, hints, **_: ("hints", hints),
        with_table_name=lambda row, name: (name, row),
    )
    made.current = SimpleNamespace(resource_state=lambda: states)
    return made  # type: ignore[no-any-return]  # Any, so that it takes attributes


def test_dlts_pipeline_reads_into_tables_with_their_keys(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    states: Json = {}
    monkeypatch.setitem(sys.modules, "dlt", stand_in_for_dlt(states))
    names: Json = {"__name__": "intercom_pipeline"}
    exec((ROOT / "examples" / "dlt" / "intercom_pipeline.py").read_text(encoding="utf-8"), names)

    items = list(names["intercom"](streams=CHOSEN, access_token=TOKEN))
    hints = {item["table_name"]: item for kind, item in items if kind == "hints"}
    came = Counter(kind for kind, _ in items if kind != "hints")
    assert came == {name: len(truth(sandbox, name)) for name in CHOSEN}
    assert hints["contact_tags"]["primary_key"] == ["contact_id", "id"]
    types = {name: column["data_type"] for name, column in hints["contacts"]["columns"].items()}
    assert (types["id"], types["updated_at"], types["location"]) == ("text", "bigint", "json")
    assert sorted(states["states"]) == sorted(CHOSEN)
    assert names["errors"] == []
