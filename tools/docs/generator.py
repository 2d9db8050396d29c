"""Writes the pages that are made wholly or in part, or says which are not up to date."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from source_intercom.streams import CATALOGUE
from tools.contract.table import documented
from tools.docs.by_hand import FAMILIES
from tools.docs.reference import family_table, permission_table, reference

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "source_intercom" / "schemas"
REFERENCE = Path("docs/streams.md")


def blocks() -> dict[tuple[str, str], list[str]]:
    """File and name of each marked table -> its lines."""
    return {
        ("README.md", "streams"): list(family_table("docs/streams.md")),
        ("docs/integrations/sources/intercom.md", "streams"): list(family_table("../../streams.md")),
        ("docs/integrations/sources/intercom.md", "permissions"): list(permission_table("../../streams.md")),
        ("docs/intercom-api.md", "contract"): list(documented()),
    }


def with_block(text: str, name: str, lines: Sequence[str]) -> str:
    """A file's text with the lines between the markers of a name. Raises ``ValueError`` when it has no such place."""
    begin, end = f"<!-- {name}: made by scripts/docs -->", f"<!-- end of {name} -->"
    head, found, rest = text.partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"no place for the table '{name}', between '{begin}' and '{end}'")
    return "\n".join([f"{head}{begin}", "", *lines, "", f"{end}{tail}"])


def refuse_what_is_incomplete() -> None:
    """Say in one sentence what a stream lacks to be described."""
    for stream in CATALOGUE:
        name, module = stream().name, stream.__module__.rpartition(".")[2]
        if not (SCHEMAS / f"{name}.json").is_file():
            raise SystemExit(
                f"Stream {name} has no schema: write an entry in tools/schemas/overlay and run scripts/schemas {name}"
            )
        if module not in FAMILIES:
            raise SystemExit(f"FAMILIES in tools/docs/by_hand.py has no heading for the streams of {module}.py")


def made_files(root: Path) -> dict[Path, str]:
    """Every file that is made here, wholly or in part, with the text it should have."""
    files = {root / REFERENCE: reference()}
    for (name, block), lines in blocks().items():
        path = root / name
        try:
            files[path] = with_block(files.get(path) or path.read_text(encoding="utf-8"), block, lines)
        except ValueError as error:
            raise SystemExit(f"{name}: {error}") from None
    return files


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/docs", description="Write the stream reference, and the tables of streams and beliefs."
    )
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a file is not up to date")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to write to; the usual one is this")
    options = parser.parse_args(arguments)
    refuse_what_is_incomplete()
    stale = {
        path: text
        for path, text in made_files(options.root).items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    }
    for path, text in stale.items():
        if options.check:
            sys.stderr.write(f"{path.relative_to(options.root)} is not up to date: run scripts/docs\n")
        else:
            path.write_text(text, encoding="utf-8")
    return 1 if stale and options.check else 0
