"""The demo, as a newcomer runs it: two syncs through PyAirbyte into DuckDB, a table, and a page of charts."""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from integration_tests.support import STREAMS

# Found, not imported, which takes seconds of each worker.
if find_spec("airbyte") is None:
    pytest.skip("PyAirbyte, which the demo uses, stops at Python 3.12", allow_module_level=True)

import duckdb

ROOT = Path(__file__).parents[1]
# PyAirbyte takes half a second a stream and sync; scripts/soak shows all of them.
SHOWN = (
    list(STREAMS)
    if os.environ.get("SOAK")
    else [
        *("contacts", "contact_tags", "companies", "conversations", "conversation_parts", "tickets", "tags", "counts"),
        "custom_object_instances",
    ]
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a small demo, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    words = ["--contacts", "60", "--conversations", "60", "--companies", "10", "--folder", str(folder)]
    words += ["--streams", ",".join(SHOWN)]
    done = subprocess.run(
        [sys.executable, "-W", "ignore::FutureWarning", "-m", "tools.demo", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, done.stdout


@pytest.mark.soak
def test_tells_of_every_stream_what_came_in_both_syncs(demo: tuple[Path, str]) -> None:
    _, printed = demo
    rows = re.findall(r"^(\w+) +([\d,]+) +[\d,]+ +[\d.]+ +([\d,]+) +[\d,]+ +[\d.]+ +([\d,]+)", printed, re.MULTILINE)
    assert [name for name, *_ in rows] == SHOWN
    came = {name: (first, second, held) for name, first, second, held in rows}
    # 60, then 50 that changed and 2 that are new; the warehouse keeps one row a contact.
    assert came["contacts"][0] == "60"
    assert came["contacts"][2] == "62"
    assert 2 < int(came["contacts"][1]) < 62
    (empty,) = (line for line in printed.splitlines() if line.startswith("custom_object_instances"))
    assert empty.endswith(" 0  the option custom_object_types names no types")


def test_the_warehouse_has_each_record_once(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    with duckdb.connect(str(folder / "workspace.duckdb"), read_only=True) as warehouse:
        for name in ("contacts", "conversations", "conversation_parts", "tags"):
            (count, distinct), *_ = warehouse.execute(
                f"select count(*), count(distinct id) from intercom.{name}"
            ).fetchall()
            assert count == distinct > 0, name


def test_the_page_tells_what_the_warehouse_holds(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    text = (folder / "workspace.html").read_text(encoding="utf-8")
    with duckdb.connect(str(folder / "workspace.duckdb"), read_only=True) as warehouse:
        counts = [warehouse.execute(f"select count(*) from intercom.{name}").fetchall()[0][0] for name in SHOWN]
        ((conversations,),) = warehouse.execute("select count(*) from intercom.conversations").fetchall()
    tiles = re.findall(r"<div><b>([^<]+)</b><span>([^<]+)</span></div>", text)
    assert tiles[0] == (
        f"{sum(counts):,}",
        f"rows in the warehouse, in {len([*filter(None, counts)])} of {len(SHOWN)} streams",
    )
    assert tiles[3][0] == f"{conversations:,}"
    assert "No rows: custom_object_instances (the option custom_object_types names no types)" in text


def test_the_page_needs_no_network_and_draws_its_charts(demo: tuple[Path, str], tmp_path: Path) -> None:
    folder, printed = demo
    page = folder / "workspace.html"
    assert str(page) in printed
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"""<(?:script|link|img)[^>]+(?:src|href)=["']?(\w+:)?//""", text) == []
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        assert os.environ.get("REQUIRE_BROWSER") != "1", f"none of {', '.join(BROWSERS)} is installed"
        pytest.skip(f"no browser here: none of {', '.join(BROWSERS)} is installed")
    drawn = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={tmp_path / 'browser'}", "--virtual-time-budget=20000", "--dump-dom", page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout  # fmt: skip
    charts = drawn.count('class="plotly-graph-div js-plotly-plot"')
    assert charts == len(re.findall("<h2>", text)) == 4
    # A bar for each stream that has rows, and a line for each of two figures.
    assert drawn.count('class="point"') > len(SHOWN)
    assert drawn.count('class="bartext') > len(SHOWN), "bars without their numbers"
    assert drawn.count('class="trace scatter') == 2
