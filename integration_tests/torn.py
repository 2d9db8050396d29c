"""Coverage that a killed process was writing down at its end: half a database, which would fail the count of all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

TABLES = {"meta", "file", "context", "line_bits", "arc", "tracer"}


def is_whole(path: Path) -> bool:
    """Whether coverage can read a data file: it is a sound database with all its tables."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as data:
            (verdict,) = data.execute("pragma quick_check(1)").fetchone()
            names = {name for (name,) in data.execute("select name from sqlite_master where type = 'table'")}
    except sqlite3.DatabaseError:
        return False
    return bool(verdict == "ok" and names >= TABLES)


def removed(folder: Path) -> Iterator[Path]:
    """Removes the data files that are not whole. Only a process that a test has killed leaves one, and what it ran
    until then is nobody's measure."""
    for path in folder.glob(".coverage.*"):
        if not is_whole(path):
            path.unlink()
            yield path
