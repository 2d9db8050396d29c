"""The stream reference, made from what the stream classes and their schemas state.

What a stream is, how it is read and what it costs follow from its class; what does not is in ``by_hand``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from source_intercom.api import permissions
from source_intercom.api.client import API_VERSION
from source_intercom.streams import CATALOGUE, IntercomStream
from tools.docs.by_hand import CAVEATS, FAMILIES
from tools.docs.readings import link, reading


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
        f"{len(made)} streams. A stream with a cursor can sync incrementally; one without always syncs completely.",
        "Every stream has a primary key, so deduplication needs no settings.",
        "",
        "How a stream is read:",
        "",
        *_table(
            ("words in the tables", "meaning"),
            ("filtered by Intercom", "Intercom sends only what changed. This costs the fewest requests."),
            ("newest first", "Intercom sends the newest records first, and reading stops where the last sync began."),
            (
                "read completely",
                "Intercom cannot filter. Each sync reads everything and delivers what changed since the last one: your "
                "warehouse receives little, but the requests are those of a full read.",
            ),
            ("full refresh", "Each sync reads and delivers everything."),
            (
                "inside `X`",
                "The rows lie inside the records of X. If you select both streams with the same sync mode, they use "
                "the same pages. If you select this stream alone, it reads the pages of X itself.",
            ),
            (
                "one request for each changed X",
                "Intercom filters X by time. Each record that changed costs one more request.",
            ),
            ("one request for each X", "Each sync makes one request for every X, changed or not."),
        ),
        "",
        "An incremental sync also reads again the last hour before its state, and `lookback_window` days if you set "
        "them, because Intercom's search can be late. "
        f"Requests use version {API_VERSION} of Intercom's API, unless a stream names another version.",
        "",
        "Times are Unix seconds in UTC. Only these are ISO 8601 text, as Intercom writes them: "
        f"{', '.join(_text_times(made))}.",
        "",
        *_types(made),
        "",
    ]
    for title in dict.fromkeys(FAMILIES.values()):
        members = [stream for stream in made if family(stream) == title]
        lines += [f"## {title}", "", *_overview(members), ""]
        for stream in members:
            lines += [*_section(stream), ""]
    return "\n".join(lines).rstrip() + "\n"


def _types(made: Sequence[IntercomStream]) -> Iterator[str]:
    """What happens to a value that is not as its stream's table says."""
    lacking = (f"{_code(texts)} of {link(stream.name)}" for stream in made if (texts := _texts_it_may_lack(stream)))
    yield "What the connector does with values:"
    yield ""
    yield (
        "- Each field has the type that the table of its stream says. If Intercom sends another type, the connector "
        "converts the value where nothing is lost: 12 becomes text in a text field, the text `12` a number in a number "
        "field, an object JSON text in a text field. Inside objects, it converts ids and times only."
    )
    yield (
        "- A value that it cannot convert is delivered as Intercom sent it. At the end of the sync, the log names the "
        "field. A destination may leave such a column empty."
    )
    yield (
        "- Fields that the table does not have are delivered too, and the log names them. A destination that makes its "
        "columns from the table leaves them out."
    )
    yield (
        "- Times lose fractions of a second. A record with an impossible time, before 1970 or later than tomorrow, is "
        "delivered in every sync."
    )
    yield (
        "- A row without a field of its primary key is left out, and the log says how many there were. These fields "
        f"are empty text where Intercom has no value: {', '.join(lacking)}."
    )
    yield (
        "- Numbers keep all their digits, also where they are too large for 64 bits. `NaN` and infinities become null, "
        "half of a surrogate pair becomes the sign U+FFFD, and what lies deeper than 200 levels becomes text."
    )


def _texts_it_may_lack(stream: IntercomStream) -> list[str]:
    properties = stream.get_json_schema()["properties"]
    return [field for field in stream.may_lack if "string" in properties[field]["type"]]


def _text_times(made: Sequence[IntercomStream]) -> Iterator[str]:
    """Times that are text, by stream."""
    for stream in made:
        if times := list(_text_times_in(stream.get_json_schema())):
            yield f"{_code(times)} of {link(stream.name)}"


def _text_times_in(schema: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, inner in schema.get("properties", {}).items():
        if inner.get("format") == "date-time" or "ISO 8601" in inner.get("description", ""):
            yield prefix + name
        yield from _text_times_in(inner.get("items", inner), f"{prefix}{name}.")


def _overview(members: Sequence[IntercomStream]) -> Iterator[str]:
    return _table(
        ("stream", "primary key", "cursor", "how it is read", "permission", "API"),
        *(
            (
                link(stream.name),
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
    yield f"- **Requests:** {how.requests}."
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


def family_table(to_reference: str) -> Iterator[str]:
    """The streams by family."""
    made = streams()
    rows = []
    for title in dict.fromkeys(FAMILIES.values()):
        members = [stream for stream in made if family(stream) == title]
        anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        rows.append(
            (f"[{title}]({to_reference}#{anchor})", str(len(members)), _code([stream.name for stream in members]))
        )
    return _table(("family", "number", "streams"), *rows)


def permission_table(to_reference: str) -> Iterator[str]:
    """Permissions with the streams that need them; in brackets those that need another one first."""
    needing: dict[str, list[str]] = {}
    for stream in streams():
        needing.setdefault(stream.permission, []).append(f"[`{stream.name}`]({to_reference}#{stream.name})")
        for more in stream.also_needs:
            needing.setdefault(more, []).append(f"([`{stream.name}`]({to_reference}#{stream.name}))")
    # These streams are made from the options.
    needing[permissions.REPORTS] = ["those of the option [`reports`](#reports)"]
    return _table(("permission", "streams"), *((name, ", ".join(needed)) for name, needed in needing.items()))
