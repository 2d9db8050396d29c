"""The demo behind ``scripts/demo``: sandbox, PyAirbyte, DuckDB, and a table of what came."""

import argparse
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
# PyAirbyte would otherwise look for a registry and report its use.
os.environ.update(AIRBYTE_OFFLINE_MODE="1", DO_NOT_TRACK="1")

# A line of the table at the end of a read: stream, records, requests, seconds, what was left out.
_LINE = re.compile(r"INFO - (\w+) +([\d,]+) +([\d,]+) +([\d.]+)(?:  (.+))?$", re.MULTILINE)
_EVERY = 5.0  # seconds between two lines of progress
_COLUMNS = f"{'rows':>10}{'requests':>10}{'seconds':>9}"


def main() -> None:
    """Run the demo and print its table."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    # PyAirbyte reads the variable when it is imported.
    os.environ["AIRBYTE_LOGGING_ROOT"] = str(options.folder / "logs")
    database = options.folder / "workspace.duckdb"
    database.unlink(missing_ok=True)
    try:
        import airbyte

        from tools.demo.page import Cost, write_page
    except ImportError:
        sys.exit("demo: PyAirbyte is not installed; it needs Python 3.10 to 3.12 (PYTHON=python3.12 scripts/demo)")

    from sandbox import Sandbox, Settings

    settings = Settings(
        contacts=options.contacts,
        companies=options.companies,
        conversations=options.conversations,
        tickets=options.contacts // 10,
        latency_ms=options.latency_ms,
    )
    with Sandbox(settings) as workspace:
        print(f"sandbox workspace at {workspace.url}")
        os.environ["INTERCOM_API_URL"] = workspace.url
        executable = Path(sys.executable).with_name("source-intercom")
        with _quiet(options.folder):
            source = airbyte.get_source(
                "source-intercom", local_executable=executable, config={"access_token": settings.token}
            )
            source.check()
            print("check: the token works", file=sys.__stdout__)
            offered = source.get_available_streams()
            print(f"discover: {len(offered)} streams", file=sys.__stdout__)
            streams = options.streams or offered
            source.select_streams(streams)
            cache = airbyte.caches.DuckDBCache(
                db_path=database, schema_name="intercom", cache_dir=options.folder / "cache"
            )

        table: dict[str, str] = dict.fromkeys(streams, "")
        syncs: dict[str, list[Cost]] = {}
        for sync in ("first sync", "second sync, after changes"):
            if syncs:
                changed = {"contacts": 50, "companies": 10, "conversations": 20, "tickets": 5}
                workspace.change(**{kind: {"update": count, "create": 2} for kind, count in changed.items()})
            began = time.monotonic()
            with _progress(workspace, sync), _quiet(options.folder):
                source.read(cache=cache)
            print(f"{sync}: {time.monotonic() - began:.1f} s, DuckDB included")
            figures = _figures(options.folder / "logs")
            held = {stream: len(cache[stream]) for stream in streams}
            for stream in streams:
                records, requests, seconds, _ = figures[stream]
                table[stream] += f"{records:>10}{requests:>10}{seconds:>9}"
            syncs[sync] = [
                Cost(one, int(figures[one][1].replace(",", "")), held[one], figures[one][3]) for one in streams
            ]

    width = max(map(len, table))
    print(f"\n{'':<{width}}{'first sync':>29}{'second sync':>29}{'in DuckDB':>11}")
    print(f"{'stream':<{width}}{_COLUMNS}{_COLUMNS}{'rows':>11}")
    for stream, figures_of_both in table.items():
        print(f"{stream:<{width}}{figures_of_both}{held[stream]:>11,}  {figures[stream][3]}".rstrip())
    page = options.folder / "workspace.html"
    with cache.get_sql_engine().connect() as warehouse:
        # Through PyAirbyte's own connection: DuckDB gives the file to one configuration at a time.
        write_page(page, lambda words: [tuple(row) for row in warehouse.exec_driver_sql(words)], syncs)
    print(f"\nA page with charts of it: {page}")
    print(f"The data lies in {database}, schema intercom. Look at it with:")
    print(f"  .venv/bin/python -c \"import duckdb; print(duckdb.connect('{database}').sql('show all tables'))\"")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/demo")
    parser.add_argument("--contacts", type=int, default=1000)
    parser.add_argument("--companies", type=int, default=200)
    parser.add_argument("--conversations", type=int, default=400)
    parser.add_argument("--streams", type=_names, help="only these, with commas between them; conversations among them")
    parser.add_argument("--latency-ms", type=int, default=0, help="what each call takes, as real ones take 250")
    parser.add_argument("--folder", type=Path, default=ROOT / "demo", help="where the DuckDB file goes")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = text.split(",")
    if "conversations" not in names:
        raise argparse.ArgumentTypeError("the page's charts need the stream conversations")
    return names


@contextmanager
def _quiet(folder: Path) -> Iterator[None]:
    """PyAirbyte draws its own progress; the demo's table is what a reader wants to see."""
    with (folder / "pyairbyte.txt").open("a") as chatter, redirect_stdout(chatter), redirect_stderr(chatter):
        yield


@contextmanager
def _progress(workspace: "Sandbox", sync: str) -> Iterator[None]:
    """A line every few seconds, with what the workspace has been asked so far."""
    ended = threading.Event()
    began = time.monotonic()
    asked = _asked(workspace)

    def beat() -> None:
        before = 0
        while not ended.wait(_EVERY):
            seconds, requests = time.monotonic() - began, _asked(workspace) - asked
            # PyAirbyte loads a table after the other once all is read, and says so only where it draws.
            doing = "" if requests > before else "; all is read, and PyAirbyte fills DuckDB"
            print(f"  {sync}: {requests:,} requests in {seconds:.0f} s{doing}", file=sys.__stdout__, flush=True)
            before = requests

    watch = threading.Thread(target=beat, daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()


def _asked(workspace: "Sandbox") -> int:
    return cast(int, workspace.calls()["total"])


def _figures(logs: Path) -> dict[str, tuple[str, str, str, str]]:
    """Records, requests, seconds and what was left out, by stream: the connector's own table in PyAirbyte's log."""
    newest = max(logs.rglob("source-intercom-log-*.log"), key=lambda path: path.stat().st_mtime)
    return {
        stream: (records, requests, seconds, left_out)
        for stream, records, requests, seconds, left_out in _LINE.findall(newest.read_text(encoding="utf-8"))
    }


if __name__ == "__main__":
    main()
