"""The dbt project of examples/dbt: the 16 tables of Fivetran's package, made from streams that were really read."""

from __future__ import annotations

import os
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
_MODELS = yaml.safe_load((PROJECT / "models" / "tables.yml").read_text(encoding="utf-8"))["models"]
TABLES = {model["name"]: [column["name"] for column in model["columns"]] for model in _MODELS}

SIZES = {"contacts": 60, "companies": 15, "conversations": 40, "tickets": 0, "max_parts": 8, "activity_logs": 0}
QUIET = "quiet-contact-changes"
"""Links of contacts change without moving the contact's time, so that only a full comparison finds them."""

Struck = dict[str, dict[str, list[str]]]


@dataclass
class Syncs:
    """Two incremental syncs of a workspace that changed between them, and a full read of it afterwards."""

    first: Output
    second: Output
    fresh: Output
    struck: Struck


@pytest.fixture
def syncs(process: Process) -> Syncs:
    incremental, options = catalog(*NEEDED, mode="incremental"), config(reconcile_every_days=1)
    with Sandbox(Settings(**SIZES, rate_limit=0, quirks=[QUIET])) as sandbox:
        first = process.run("read", sandbox.url, config=options, catalog=incremental)
        struck = sandbox.change(
            contacts={"update": 5, "create": 2, "delete": 3},
            companies={"update": 3, "create": 1, "delete": 2},
            conversations={"update": 5, "create": 2, "delete": 3},
            articles={"update": 2, "create": 1},
            tags={"create": 1, "delete": 1},
            contact_tags={"create": 4, "delete": 4},
            contact_companies={"create": 2, "delete": 2},
            contact_merge_history={"create": 3},
        )
        second = process.run("read", sandbox.url, config=options, catalog=incremental, state=long_ago(first.state))
        fresh = process.run("read", sandbox.url, config=options, catalog=catalog(*NEEDED))
    for output in (first, second, fresh):
        assert output.code == 0, output.errors
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

    def build(self, schema: str) -> None:
        """``dbt build``: all models, and the project's own tests of them."""
        names = {"INTERCOM_STREAMS_SCHEMA": schema, "INTERCOM_TABLES_SCHEMA": f"{schema}_tables"}
        folders = ["--target-path", f"target/{self.target}", "--log-path", f"target/{self.target}"]
        done = subprocess.run(
            [ROOT / "scripts" / "dbt", "build", "--quiet", "--target", self.target, *folders],
            env={**os.environ, **names, **self.environment},
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
    pytest.importorskip("duckdb", reason="duckdb, which comes with PyAirbyte, is not installed here")
    path = tmp_path / "warehouse.duckdb"
    return Warehouse(DuckDB(path), "duckdb", {"DUCKDB_PATH": str(path)})


@pytest.fixture
def postgres() -> Iterator[Warehouse]:
    pytest.importorskip("psycopg", reason="psycopg, which comes with PyAirbyte, is not installed here")
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
def test_deduplicated_syncs_with_changes_end_like_a_fresh_read_in_duckdb(syncs: Syncs, duckdb: Warehouse) -> None:
    check(syncs, duckdb, appended=False)


@pytest.mark.timeout(900)
def test_appended_syncs_with_changes_end_like_a_fresh_read_in_postgres(syncs: Syncs, postgres: Warehouse) -> None:
    check(syncs, postgres, appended=True)


def check(syncs: Syncs, warehouse: Warehouse, *, appended: bool) -> None:
    """Hold the tables made from two syncs, appended or deduplicated, against those of a fresh read."""
    database, history = warehouse.database, "appended" if appended else "deduplicated"
    load(database, history, syncs.first, NEEDED, deduplicated=not appended)
    load(database, history, syncs.second, NEEDED, deduplicated=not appended)
    load(database, "fresh", syncs.fresh, NEEDED, deduplicated=True)
    warehouse.build(history)
    warehouse.build("fresh")

    for table in TABLES:
        expected = warehouse.live("fresh", table)
        assert expected, f"{table} is empty"
        assert warehouse.live(history, table) == expected, table

    gone = "not _fivetran_active"
    for table in ("contact_tag_history", "contact_company_history"):
        assert warehouse.rows(history, table, gone), f"{table}: no link has ended, so the comparison shows little"
    struck = syncs.struck
    for kind, table in (("contacts", "contact"), ("companies", "company"), ("conversations", "conversation")):
        assert set(struck[kind]["delete"]) <= warehouse.ids(history, f"{table}_history", gone)
    assert warehouse.ids(history, "tag", "_fivetran_deleted") == set(struck["tags"]["delete"])
    merged = {record["source_contact_id"] for record in syncs.second.records["contact_merge_history"]}
    known = {record["id"] for record in syncs.first.records["contacts"]}
    assert merged & known
    assert merged & known <= warehouse.ids(history, "contact_history", gone)
