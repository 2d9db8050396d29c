"""The dbt project of examples/dbt: the 16 tables of Fivetran's package, made from streams that were really read."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from integration_tests.support import Output, Process, catalog, config
from integration_tests.test_quirks import long_ago
from integration_tests.warehouse import Database, DuckDB, PostgreSQL, Rows, load
from sandbox import Sandbox, Settings

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ROOT / "examples" / "dbt"
CANNOT_INSTALL = CANNOT_START = 3
"""What scripts/dbt and scripts/postgres end with where their programs cannot be had."""

_SOURCES = yaml.safe_load((PROJECT / "models" / "streams.yml").read_text(encoding="utf-8"))["sources"]
NEEDED = [table["name"] for table in _SOURCES[0]["tables"]]
# The stream that costs a request for each article may be left out.
CHEAP = [name for name in NEEDED if name != "article_statistics"]
_MODELS = yaml.safe_load((PROJECT / "models" / "tables.yml").read_text(encoding="utf-8"))["models"]
TABLES = {model["name"]: [column["name"] for column in model["columns"]] for model in _MODELS}

SIZES = {"contacts": 60, "companies": 15, "conversations": 40, "tickets": 0, "max_parts": 8, "activity_logs": 0}
QUIET = "quiet-contact-changes"
"""Links of contacts change without moving the contact's time, so that only a full comparison finds them."""

for module in ("duckdb", "psycopg"):
    pytest.importorskip(module, reason=f"{module}, which comes with PyAirbyte, is not installed here")

Struck = dict[str, dict[str, list[str]]]


@dataclass
class Syncs:
    """Two incremental syncs of a workspace that changed between them, and a full read of it afterwards."""

    first: Output
    second: Output
    fresh: Output
    struck: Struck


def sync_twice(process: Process, streams: list[str], *, compared: bool) -> Syncs:
    """With changes in between. Only where the second sync compares everything, it can find all that goes."""
    incremental, options = catalog(*streams, mode="incremental"), config(reconcile_every_days=int(compared))
    with Sandbox(Settings(**SIZES, rate_limit=0, quirks=[QUIET] if compared else [])) as sandbox:
        first = process.run("read", sandbox.url, config=options, catalog=incremental)
        struck = sandbox.change(
            contacts={"update": 5, "create": 2, "delete": 3 * compared},
            companies={"update": 3, "create": 1, "delete": 2 * compared},
            conversations={"update": 5, "create": 2, "delete": 3},
            articles={"update": 2, "create": 1},
            tags={"create": 1, "delete": 1},
            contact_tags={"create": 4, "delete": 4},
            contact_companies={"create": 2, "delete": 2},
            contact_merge_history={"create": 3},
        )
        second = process.run("read", sandbox.url, config=options, catalog=incremental, state=long_ago(first.state))
        fresh = process.run("read", sandbox.url, config=options, catalog=catalog(*streams))
    for output in (first, second, fresh):
        assert output.code == 0, output.errors
    assert bool(second.records["reconciliations"]) == compared
    # The first sync was yesterday: what a whole list does not give again can be told from what it gave.
    for record in first.of("RECORD"):
        record["emitted_at"] -= 86_400_000
    return Syncs(first, second, fresh, struck)


@dataclass
class Warehouse:
    """A database, and how dbt is told of it."""

    database: Database
    target: str
    environment: dict[str, str]

    def dbt(self, *arguments: str, **environment: str) -> None:
        """Run dbt, or skip the test where it cannot be installed."""
        folders = {"DBT_TARGET_PATH": f"target/{self.target}", "DBT_LOG_PATH": f"target/{self.target}"}
        done = subprocess.run(
            [ROOT / "scripts" / "dbt", *arguments],
            env={**os.environ, **self.environment, **folders, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == CANNOT_INSTALL:
            pytest.skip(f"dbt cannot be installed: {done.stderr[-300:]}")
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]

    def rows(self, schema: str, table: str, where: str = "true") -> Rows:
        """Rows of a table, without the time at which they were read."""
        names = ", ".join(f'"{name}"' for name in TABLES[table] if name != "_fivetran_synced")
        found = self.database.run(f"select {names} from {schema}_tables.{table} where {where}")
        return sorted(found, key=repr)

    def live(self, schema: str, table: str) -> Rows:
        is_deletion = "_fivetran_deleted" in TABLES[table]
        return self.rows(schema, table, "not _fivetran_deleted" if is_deletion else "_fivetran_active")

    def ids(self, schema: str, table: str, where: str) -> set[str]:
        return {row[0] for row in self.database.run(f"select id from {schema}_tables.{table} where {where}")}


@pytest.fixture
def duckdb(tmp_path: Path) -> Warehouse:
    path = tmp_path / "warehouse.duckdb"
    return Warehouse(DuckDB(path), "duckdb", {"DUCKDB_PATH": str(path)})


@pytest.fixture
def postgres() -> Iterator[Warehouse]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    server = subprocess.Popen(
        [ROOT / "scripts" / "postgres", "--port", port], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None and server.stderr is not None
        url = server.stdout.readline().strip()
        if not url:
            words = server.stderr.read()
            assert server.wait() == CANNOT_START, words
            pytest.skip(f"PostgreSQL cannot be started: {words[-300:]}")
        yield Warehouse(PostgreSQL(url), "postgres", {"PGHOST": "127.0.0.1", "PGPORT": port, "PGUSER": "postgres"})
    finally:
        server.terminate()
        server.communicate()


@pytest.mark.timeout(900)
def test_deduplicated_syncs_with_changes_end_like_a_fresh_read_in_duckdb(process: Process, duckdb: Warehouse) -> None:
    """The second one compares everything, and finds what moves no time."""
    syncs = sync_twice(process, NEEDED, compared=True)
    for output in (syncs.first, syncs.second):
        load(duckdb.database, "intercom", output, NEEDED, deduplicated=True)
    check(syncs, NEEDED, duckdb)
    counted = {record["article_id"]: record["views"] for record in syncs.fresh.records["article_statistics"]}
    assert counted
    assert article_views(duckdb) == counted


@pytest.mark.timeout(900)
def test_appended_syncs_with_changes_end_like_a_fresh_read_in_postgres(
    process: Process, postgres: Warehouse, tmp_path: Path
) -> None:
    """Without a comparison, so times, deletions and merges decide. They come as docs/postgresql.md says."""
    syncs = sync_twice(process, CHEAP, compared=False)
    cache = DuckDB(tmp_path / "workspace.duckdb")
    for output in (syncs.first, syncs.second):
        load(cache, "intercom", output, CHEAP, deduplicated=False)
    copy_to_postgres(tmp_path, postgres)
    for stream in CHEAP:
        count = f"select count(*) from intercom.{stream}"
        assert postgres.database.run(count) == cache.run(count), stream
    check(syncs, CHEAP, postgres)
    assert article_views(postgres) == {}


def article_views(warehouse: Warehouse) -> dict[str, int]:
    """How often each article was read, as the tables of the fresh read say."""
    found = "select id, statistics_views from fresh_tables.article_history where statistics_views is not null"
    return dict(warehouse.database.run(found))


def copy_to_postgres(folder: Path, postgres: Warehouse) -> None:
    """Run the program of the page, with DuckDB's extension for PostgreSQL where its site would have put it."""
    page = (ROOT / "docs" / "postgresql.md").read_text(encoding="utf-8")
    (program,) = [block for block in re.findall(r"^```python\n(.*?)^```", page, re.M | re.S) if "ATTACH" in block]
    postgres.dbt("--version")
    (extensions,) = (ROOT / ".tools" / "dbt").glob("lib/python3.*/site-packages/duckdb_ext/extensions")
    (folder / ".duckdb").mkdir()
    (folder / ".duckdb" / "extensions").symlink_to(extensions)
    done = subprocess.run(
        [ROOT / ".tools" / "dbt" / "bin" / "python", "-c", program],
        cwd=folder,
        env={**os.environ, **postgres.environment, "HOME": str(folder), "PGDATABASE": "postgres"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == f"{len(CHEAP)} tables copied\n", done.stderr


def build(warehouse: Warehouse, schema: str) -> None:
    """Make the tables of the streams in a schema."""
    names = {"INTERCOM_STREAMS_SCHEMA": schema, "INTERCOM_TABLES_SCHEMA": f"{schema}_tables"}
    warehouse.dbt("build", "--quiet", "--target", warehouse.target, **names)


def check(syncs: Syncs, streams: list[str], warehouse: Warehouse) -> None:
    """Hold the tables made of two syncs against those of a fresh read."""
    load(warehouse.database, "fresh", syncs.fresh, streams, deduplicated=True)
    for schema in ("intercom", "fresh"):
        build(warehouse, schema)

    for table in TABLES:
        expected = warehouse.live("fresh", table)
        assert expected, f"{table} is empty"
        assert warehouse.live("intercom", table) == expected, table

    # That this compares something: rows of the first sync have ended.
    gone = "not _fivetran_active"
    for table in ("contact_tag_history", "contact_company_history"):
        assert warehouse.rows("intercom", table, gone), f"{table}: no link has ended"
    struck = syncs.struck
    for kind, table in (("contacts", "contact"), ("companies", "company"), ("conversations", "conversation")):
        assert set(struck[kind]["delete"]) <= warehouse.ids("intercom", f"{table}_history", gone)
    assert warehouse.ids("intercom", "tag", "_fivetran_deleted") == set(struck["tags"]["delete"])
    merged = {record["source_contact_id"] for record in syncs.second.records["contact_merge_history"]}
    known = {record["id"] for record in syncs.first.records["contacts"]}
    assert merged & known
    assert merged & known <= warehouse.ids("intercom", "contact_history", gone)
