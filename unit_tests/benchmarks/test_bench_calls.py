from collections import Counter
from dataclasses import replace
from typing import Any

from benchmarks.calls import CallFigures, OwnTime, Reader, Row, calls_text
from benchmarks.workspace import Workspace
from sandbox import Sandbox, Settings
from source_intercom.streams import CATALOGUE

ROW = Row("contacts", 300, 300, 4, 2, 1, {"POST /contacts/search": 4}, {})


def _catalogued(*names: str) -> dict[str, Any]:
    streams = {stream().name: stream() for stream in CATALOGUE}
    return {
        name: {
            "name": name,
            "json_schema": {},
            "supported_sync_modes": ["full_refresh", "incremental"] if streams[name].cursor_field else ["full_refresh"],
            "default_cursor_field": [streams[name].cursor_field] if streams[name].cursor_field else [],
        }
        for name in names
    }


def test_a_read_is_counted_by_stream_and_by_endpoint(monkeypatch: Any) -> None:
    with Sandbox(Settings(rate_limit=0, contacts=160)) as sandbox:
        monkeypatch.setenv("INTERCOM_API_URL", sandbox.url)
        reader = Reader(Workspace(sandbox.url), _catalogued("contacts", "teams"))

        first = reader.read(["contacts", "teams"])
        states = reader.read(["contacts"]).state
        quiet = reader.read(["contacts"], states)

    assert first.records == Counter(contacts=160, teams=3)
    assert set(first.endpoints) == {"POST /contacts/search", "GET /teams"}
    assert reader.incremental == ["contacts"]
    assert (quiet.calls, quiet.error) == (1, "")


def test_a_stream_that_fails_is_told_and_does_not_end_the_others(monkeypatch: Any) -> None:
    with Sandbox(Settings(rate_limit=0, scopes=[])) as sandbox:
        monkeypatch.setenv("INTERCOM_API_URL", sandbox.url)
        read = Reader(Workspace(sandbox.url), _catalogued("teams")).read(["teams"])

    assert not read.records
    assert read.error


def test_the_table_has_ratios_and_says_what_is_wrong() -> None:
    lost = replace(ROW, stream="tags", records=1, held=2, quiet=None)
    failed = replace(ROW, stream="teams", error="no permission")
    free = replace(ROW, stream="made here", calls=0, least=0, quiet=0)
    figures = CallFigures(
        [ROW, lost, failed, free], replace(ROW, stream="all in one read"), [OwnTime("all", 5.0, 4.0, 99)]
    )

    text = calls_text(figures)

    assert "| contacts | 300 | 4 | 2 | 2.00x | 1 |" in text
    assert "| tags | 1 | 4 | 2 | 2.00x | - |" in text
    assert "| all in one read | 300 |" in text
    assert "- tags: 1 records came, the workspace holds 2." in text
    assert "- teams failed: no permission" in text
    assert "| made here | 300 | 0 | 0 | - | 0 |" in text
    assert "all 5.0 s, 4.0 s of CPU, 99 calls." in text
