"""Databases that hold streams as a destination of Airbyte writes them: one table a stream, typed by its schema."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

from integration_tests.support import STREAMS, Json, Output

Rows = list[tuple[Any, ...]]
SCALARS = {"string": "varchar", "integer": "bigint", "number": "decimal(38, 9)", "boolean": "boolean"}


class Database(Protocol):
    """What the tests need of a database, and the types of objects and of moments in it."""

    json_type: str
    moment_type: str

    def run(self, statement: str) -> Rows: ...

    def connected(self) -> AbstractContextManager[None]: ...

    def insert(self, table: str, columns: dict[str, str], records: list[Json]) -> None: ...


class DuckDB:
    """A DuckDB file. Nobody else can open it meanwhile, so it is open for the time of a call, or of several."""

    json_type = "json"
    # As PyAirbyte's tables have it, in UTC.
    moment_type = "timestamp"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: Any = None

    @contextmanager
    def connected(self) -> Iterator[None]:
        import duckdb

        with duckdb.connect(str(self.path)) as self._connection:
            yield
        self._connection = None

    def run(self, statement: str) -> Rows:
        if self._connection is None:
            with self.connected():
                return self.run(statement)
        cursor = self._connection.execute(statement)
        return cursor.fetchall() if cursor.description else []

    def insert(self, table: str, columns: dict[str, str], records: list[Json]) -> None:
        lines = self.path.with_suffix(".jsonl")
        lines.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
        types = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
        names = ", ".join(f'"{name}"' for name in columns)
        self.run(
            f"insert into {table} select {names} "
            f"from read_json('{lines}', format = 'newline_delimited', columns = {{{types}}})"
        )


class PostgreSQL:
    """A PostgreSQL database."""

    json_type = "jsonb"
    moment_type = "timestamp with time zone"

    def __init__(self, url: str) -> None:
        self.url = url

    def connected(self) -> AbstractContextManager[None]:
        """Nothing: others may be connected too."""
        return nullcontext()

    def run(self, statement: str) -> Rows:
        import psycopg

        with psycopg.connect(self.url) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]  # psycopg wants literal text
            return cursor.fetchall() if cursor.description else []

    def insert(self, table: str, columns: dict[str, str], records: list[Json]) -> None:
        import psycopg

        with psycopg.connect(self.url) as connection:
            connection.cursor().executemany(  # type: ignore[call-overload]  # psycopg wants literal text
                f"insert into {table} select * from jsonb_populate_record(null::{table}, %s::jsonb)",
                [(json.dumps(record),) for record in records],
            )


def load(database: Database, schema: str, output: Output, streams: Iterable[str], *, deduplicated: bool) -> None:
    """Write what a sync printed: added to the tables, or in place of the rows of the same key."""
    arrived: dict[str, list[Json]] = defaultdict(list)
    for message in output.of("RECORD"):
        extracted = datetime.fromtimestamp(message["emitted_at"] / 1000, tz=timezone.utc).isoformat()
        arrived[message["stream"]].append({**message["data"], "_airbyte_extracted_at": extracted})
    with database.connected():
        database.run(f"create schema if not exists {schema}")
        for stream in streams:
            columns = _columns(stream, database)
            table = f"{schema}.{stream}"
            declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            database.run(f"create table if not exists {table} ({declared})")
            rows = arrived[stream]
            if not rows:
                continue
            if deduplicated:
                key = STREAMS[stream].key
                rows = list({tuple(row.get(name) for name in key): row for row in rows}.values())
                database.run(f"drop table if exists {schema}.arrived")
                database.run(f"create table {schema}.arrived ({declared})")
                database.insert(f"{schema}.arrived", columns, rows)
                same = " and ".join(f"{table}.{name} = new.{name}" for name in key)
                database.run(f"delete from {table} using {schema}.arrived as new where {same}")
                database.run(f"insert into {table} select * from {schema}.arrived")
                database.run(f"drop table {schema}.arrived")
            else:
                database.insert(table, columns, rows)


def _columns(stream: str, database: Database) -> dict[str, str]:
    """Column -> type, as a destination declares it."""
    properties: dict[str, Json] = STREAMS[stream].get_json_schema()["properties"]
    kinds = {
        name: next((kind for kind in schema["type"] if kind != "null"), "string")
        if isinstance(schema["type"], list)
        else schema["type"]
        for name, schema in properties.items()
    }
    columns = {name: SCALARS.get(kind, database.json_type) for name, kind in kinds.items()}
    return {**columns, "_airbyte_extracted_at": database.moment_type}
