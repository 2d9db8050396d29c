"""The stream reference, made from what the stream classes and their schemas state.

What a stream is, how it is read and what it costs follow from its class; what does not is in ``_docs_by_hand.py``.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from _docs_by_hand import CAVEATS, FAMILIES, READ_AS, Reading

from source_intercom.api.client import API_VERSION
from source_intercom.shapes.lists import Child, NewestFirstStream, Projection, WalkedStream
from source_intercom.shapes.search import SearchStream
from source_intercom.streams import CATALOGUE, IntercomStream

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = Path("docs/streams.md")


def streams() -> list[IntercomStream]:
    """One of each stream, made to describe itself."""
    return [stream() for stream in CATALOGUE]


def family(stream: IntercomStream) -> str:
    return FAMILIES[type(stream).__module__.rpartition(".")[2]]


def described(stream: IntercomStream) -> list[str]:
    """The first paragraph of the class docstring in sentences, without what is for maintainers only.

    A reference to our notes is cut out of the first sentence, and takes any later one with it.
    """
    paragraph = " ".join((type(stream).__doc__ or "").split("\n\n")[0].split())
    sentences = re.split(r"(?<=\.) (?=[A-Z])", paragraph)
    reference = re.compile(r" \((?:notes|peers) [^)]*\)")
    return [reference.sub("", sentences[0]), *(text for text in sentences[1:] if not reference.search(text))]


def parent_of(stream: IntercomStream) -> str:
    """The stream whose pages this one is made from, empty when they are its own."""
    kind = type(stream)
    for other in CATALOGUE:
        makes_pages = other is not kind and other.walk and not issubclass(other, (Child, Projection))
        if makes_pages and other.walk == kind.walk and issubclass(kind, (Child, Projection, other)):
            return other().name
    return ""


def reading(stream: IntercomStream) -> Reading:
    """How a stream is read, by its shape."""
    return READ_AS.get(stream.name) or _by_shape(stream)


def _by_shape(stream: IntercomStream) -> Reading:
    kind = type(stream)
    parent = parent_of(stream)
    if issubclass(kind, Child):
        return _child(kind, parent)
    if issubclass(kind, Projection) or parent:
        return _inside(kind, parent)
    if issubclass(kind, SearchStream):
        return Reading("server-filtered", "Intercom filters by time.", "one for each 150 records that changed")
    if issubclass(kind, NewestFirstStream):
        return Reading(
            "newest first",
            "Intercom cannot filter, but sorts newest first: the walk stops where the last sync began.",
            "its pages, down to the last sync",
        )
    if issubclass(kind, WalkedStream):
        return Reading(
            "walked whole",
            "Intercom cannot filter, so all is walked at each sync and what changed is kept.",
            "all its pages, at each sync",
        )
    return Reading("full refresh", "Read whole at each sync.", "all its pages, at each sync")


def _child(kind: type[Child], parent: str) -> Reading:
    thing = kind.parent_key.removesuffix("_id").replace("_", " ").replace("intercom user", "contact")
    if issubclass(kind, SearchStream) and kind.cursor_time and not kind.walk.startswith("every "):
        # Only a stream that can tell overrides it.
        having = " that has any" if kind.has_children is not Child.has_children else ""
        beside = f"the pages of {_link(parent)}" if parent else f"one for each 150 {thing}s, as its pages are its own"
        return Reading(
            f"for each changed {thing}",
            f"Intercom filters the {thing}s by time; each that changed is asked for its rows, all of them.",
            f"one for each changed {thing}{having}, beside {beside}",
        )
    pages = {"contact": "the pages of all contacts", "company": "the one walk over companies"}
    return Reading(
        f"one call for each {thing}",
        f"Every {thing} is asked at each sync.",
        f"one for each {thing}, at each sync, beside {pages.get(thing, f'the list of {thing}s')}",
    )


def _inside(kind: type[IntercomStream], parent: str) -> Reading:
    completed = ""
    if issubclass(kind, Projection) and kind.complete:
        thing = kind.parent_key.removesuffix("_id")
        completed = f"; one more for each {thing} whose list Intercom cut short"
    if parent:
        return Reading(
            f"inside `{parent}`",
            f"Taken from the records of {_link(parent)}, with which it shares every page.",
            f"none beside the pages of {_link(parent)}{completed}",
        )
    return Reading(
        "server-filtered",
        "Intercom filters the contacts by time; the rows lie inside them.",
        f"one for each 150 contacts that changed{completed}",
    )


def _link(name: str) -> str:
    return f"[`{name}`](#{name})"


def _code(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(*rows: Sequence[str]) -> Iterator[str]:
    """The first row is the head. A bar inside a cell would end it."""
    for number, row in enumerate(rows):
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |"
        if number == 0:
            yield "|" + "---|" * len(row)


def reference() -> str:
    """docs/streams.md."""
    made = streams()
    lines = [
        "<!-- Made by scripts/docs from the stream classes and schemas; change those, then run it again. -->",
        "",
        "# Streams",
        "",
        f"{len(made)} streams. A stream with a cursor can sync incrementally or whole; one without is always whole.",
        "Every stream has a primary key, so deduplication works without settings of yours.",
        "",
        "How a stream is read:",
        "",
        *_table(
            ("words in the tables", "meaning"),
            ("server-filtered", "Intercom gives only what changed. The cheapest way there is."),
            ("newest first", "A walk that stops where the last sync began."),
            (
                "walked whole",
                "Intercom cannot filter. Everything is read at each sync, and only what changed since the last one is "
                "given: incremental for your warehouse, not for your rate limit.",
            ),
            ("full refresh", "Everything is read and given at each sync."),
            (
                "inside `X`",
                "Rows that lie inside the records of X. Selected together, in the same sync mode and with states that "
                "agree, both are made from the same pages; alone, the stream reads those pages itself.",
            ),
            ("for each changed X", "X is filtered by Intercom, then each record that changed takes a call."),
            ("one call for each X", "Every X takes a call at each sync, whether or not it changed."),
        ),
        "",
        "An incremental sync reads the last hour before its state again, and `lookback_window` days if you ask for "
        "them, because Intercom's search can lag behind. Times are Unix seconds in UTC unless a field says otherwise. "
        f"Requests ask for version {API_VERSION} of Intercom's API, or for the version that is named.",
        "",
    ]
    for title in FAMILIES.values():
        members = [stream for stream in made if family(stream) == title]
        lines += [f"## {title}", "", *_overview(members), ""]
        for stream in members:
            lines += [*_section(stream), ""]
    return "\n".join(lines).rstrip() + "\n"


def _overview(members: Sequence[IntercomStream]) -> Iterator[str]:
    return _table(
        ("stream", "primary key", "cursor", "how it is read", "permission", "API"),
        *(
            (
                _link(stream.name),
                _code(stream.key),
                f"`{stream.cursor_field}`" if stream.cursor_time else "none",
                reading(stream).short,
                ", ".join((stream.permission, *stream.also_needs)),
                stream.version,
            )
            for stream in members
        ),
    )


def _section(stream: IntercomStream) -> Iterator[str]:
    how = reading(stream)
    modes = "incremental or full refresh" if stream.cursor_time else "full refresh"
    yield f"### {stream.name}"
    yield ""
    yield " ".join(described(stream))
    yield ""
    yield f"- **Key:** {_code(stream.key)}"
    yield f"- **Sync:** {modes}" + (f", by `{stream.cursor_field}`" if stream.cursor_time else "") + f". {how.long}"
    yield f"- **Calls:** {how.calls}."
    needed = " and ".join(f'"{permission}"' for permission in (stream.permission, *stream.also_needs))
    yield f"- **Needs:** the permission {needed}."
    if stream.version != API_VERSION:
        yield f"- **API version:** {stream.version}."
    for caveat in CAVEATS.get(stream.name, ()):
        yield f"- {caveat}"
    yield ""
    yield "<details><summary>Fields</summary>"
    yield ""
    fields = stream.get_json_schema()["properties"]
    yield from _table(
        ("field", "type", "meaning"),
        *((f"`{name}`", _type(schema), schema.get("description", "")) for name, schema in fields.items()),
    )
    yield ""
    yield "</details>"


def _type(schema: dict[str, Any]) -> str:
    kind = next(kind for kind in schema["type"] if kind != "null")
    if kind == "array":
        return f"array of {_type(schema['items'])}"
    return f"{kind}, {schema['format']}" if "format" in schema else str(kind)


def _family_table(to_reference: str) -> Iterator[str]:
    """The streams by family."""
    made = streams()
    rows = []
    for title in FAMILIES.values():
        members = [stream for stream in made if family(stream) == title]
        anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        rows.append(
            (f"[{title}]({to_reference}#{anchor})", str(len(members)), _code([stream.name for stream in members]))
        )
    return _table(("family", "number", "streams"), *rows)


def _permission_table(to_reference: str) -> Iterator[str]:
    """Permissions with the streams that need them; in brackets those that need another one first."""
    needing: dict[str, list[str]] = {}
    for stream in streams():
        needing.setdefault(stream.permission, []).append(f"[`{stream.name}`]({to_reference}#{stream.name})")
        for more in stream.also_needs:
            needing.setdefault(more, []).append(f"([`{stream.name}`]({to_reference}#{stream.name}))")
    return _table(("permission", "streams"), *((name, ", ".join(needed)) for name, needed in needing.items()))


def blocks() -> dict[tuple[str, str], list[str]]:
    """File and name of each marked table -> its lines."""
    return {
        ("README.md", "streams"): list(_family_table("docs/streams.md")),
        ("docs/intercom.md", "streams"): list(_family_table("streams.md")),
        ("docs/intercom.md", "permissions"): list(_permission_table("streams.md")),
    }


def with_block(text: str, name: str, lines: Sequence[str]) -> str:
    """A file's text with the lines between the markers of a name. Raises ``ValueError`` when it has no such place."""
    begin, end = f"<!-- {name}: made by scripts/docs -->", f"<!-- end of {name} -->"
    head, found, rest = text.partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"no place for the table '{name}', between '{begin}' and '{end}'")
    return "\n".join([f"{head}{begin}", "", *lines, "", f"{end}{tail}"])


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
    parser = argparse.ArgumentParser(prog="scripts/docs", description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a file is not up to date")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to write to; the usual one is this")
    options = parser.parse_args(arguments)
    stale = {
        path: text
        for path, text in made_files(options.root).items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    }
    for path, text in stale.items():
        if options.check:
            print(f"{path.relative_to(options.root)} is not up to date: run scripts/docs", file=sys.stderr)
        else:
            path.write_text(text, encoding="utf-8")
    return 1 if stale and options.check else 0
