"""What an answer holds: its records, its figures, and the way to the next page."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from source_intercom.api.client import Json
from source_intercom.api.errors import strange
from source_intercom.api.masking import shortened

Page = list[Json]
_DIGITS = 20  # more than any count or page number has
# Lists inside a contact end at ten. A list of a company that is as long may be cut too, and not say so.
_NESTED = 10


def is_complete(answer: Json, distinct: int) -> bool:
    """Whether the figures of an answer say that no record of its list is missing."""
    total = total_of(answer)
    if total is not None:
        return distinct >= total
    counters = _counters(answer)
    page, pages = number_in(counters, "page"), number_in(counters, "total_pages")
    return page is not None and pages is not None and page >= pages


def total_of(answer: Json) -> int | None:
    """How many records Intercom says a list has: beside its records, or among its counters."""
    total = number_in(answer, "total_count")
    return number_in(_counters(answer), "total_count") if total is None else total


def records_in(answer: Json, records_key: str) -> Page:
    """The records of an answer; ``records_key`` may name two places, as in ``data|companies``.

    Raises ``RequestRefused`` when they are in none: an answer without its list would otherwise pass as an empty
    page, no rows under a green light.
    """
    for key in records_key.split("|"):
        records = answer.get(key)
        if isinstance(records, list):
            return records
    raise strange(f"no list under '{records_key}', but the keys {sorted(answer)}")


def record_in(answer: Json, key: str) -> Json:
    """An answer that is one record, of which ``key`` is wanted. The key may be missing, as empty ones are.

    Raises ``RequestRefused`` for an answer that has no id either: what is no record would pass as an empty one.
    """
    if key not in answer and answer.get("id") is None:
        raise strange(f"neither 'id' nor '{key}', but the keys {sorted(answer)}")
    return answer


def whole_list_in(record: Json, name: str) -> Page | None:
    """The items of a list inside a record where the record shows all of them; None where it does not, or may not.

    ``segments`` of a company is ``{"type": "segment.list", "segments": [...]}``; other lists have their items under
    ``data``, and some say how many there are.
    """
    nested = record.get(name)
    if not isinstance(nested, dict):
        return None
    items = nested.get(name, nested.get("data"))
    if not isinstance(items, list) or len(items) >= _NESTED or nested.get("has_more"):
        return None
    told = nested.get("total_count")
    if told is not None and told != len(items):
        return None
    return items if all(isinstance(item, dict) and item.get("id") for item in items) else None


def none_in(record: Json, name: str) -> Page | None:
    """No items, where a record says that a list inside it has none: ``notes`` of a company tell their total.

    An empty list alone says nothing; it may be one that is never filled.
    """
    nested = record.get(name)
    return [] if isinstance(nested, dict) and nested.get("total_count") == 0 and not nested.get("has_more") else None


def inside(record: Json, name: str) -> Json:
    """The object inside a record; an empty one where there is none, or something else in its place."""
    nested = record.get(name)
    return nested if isinstance(nested, dict) else {}


def is_name(value: object) -> bool:
    """Whether a value can tell one record from others."""
    return type(value) in (str, int) and value != ""


def has_id(record: Json) -> bool:
    """Whether a record has an id that names it, and by which more can be asked of it."""
    return is_name(record.get("id"))


def name_of(record: Json) -> int:
    """A short name that tells a record from others: of its id, or of all of it where it has none."""
    return hash(record["id"]) if has_id(record) else hash(str(record))


def number_in(answer: Mapping[str, Any], name: str) -> int | None:
    """A figure of an answer, None when it has none. Intercom writes figures as numbers, and as text where the client
    sent ``page`` or ``per_page`` (its documentation of 2.17 says so of internal articles).

    Raises ``RequestRefused`` for a figure that nobody can read: to go on without could end a list before its end.
    """
    value = answer.get(name)
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if text.isascii() and text.isdigit() and len(text) < _DIGITS:
            return int(text)
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1:
        return int(value)
    raise strange(f"'{name}' is no number: {shortened(str(value), 100)!r}")


def _counters(answer: Json) -> Mapping[str, Any]:
    """Where an answer tells of its pages: in ``pages``, or beside its records."""
    pages = answer.get("pages")
    if pages is None:
        return answer
    if not isinstance(pages, dict):
        raise strange(f"'pages' is no object: {shortened(str(pages), 100)!r}")
    return pages


def pages_told(answer: Json) -> int:
    """How many pages a list has, as its answer says; 1 when it does not say."""
    told = number_in(_counters(answer), "total_pages")
    return 1 if told is None else told


def next_cursor(answer: Json) -> str | None:
    """``pages.next.starting_after`` of a search, None on the last page.

    The last page has no ``next``, or null, or an object whose cursor is null: the specification allows all three.
    """
    following = _counters(answer).get("next")
    if not following:
        return None
    if isinstance(following, dict) and "starting_after" in following:
        cursor = following["starting_after"]
        if cursor is None or cursor == "":
            return None
        if isinstance(cursor, (str, int)) and not isinstance(cursor, bool):
            return str(cursor)
    raise strange(f"a next page without a cursor: {shortened(str(following), 200)}")


def next_request(
    answer: Json, path: str, asked: Mapping[str, Any], *, page: int = 1
) -> tuple[str, Mapping[str, Any]] | None:
    """Path and parameters of the page of a list after ``answer``, its page number ``page``, None after the last one.

    ``pages.next`` is a link, or an object with a cursor or a page number; some lists have counters only, beside
    their records or in ``pages``; some have ``next_cursor``. Of a link only path and query are followed, so that
    the token never leaves the configured host. What was ``asked`` for and the link does not repeat is asked for again:
    without the same ``per_page`` the next page would begin elsewhere.
    """
    counters = _counters(answer)
    following = counters.get("next")
    if isinstance(following, str) and following:
        url = urlsplit(following)
        # Without its one slash a path such as ".example.com/x" would become a part of the host's name.
        link = "/" + url.path.lstrip("/")
        told = parse_qs(url.query, keep_blank_values=True)
        missing = {name: value for name, value in asked.items() if name not in told}
        return (f"{link}?{url.query}" if url.query else link), missing
    ways: Json = {}
    if isinstance(following, dict):
        ways = {name: following[name] for name in ("starting_after", "page") if name in following}
    for name, value in ways.items():
        if value:
            return path, {**asked, name: value}
    if answer.get("next_cursor") and answer.get("has_more") is not False:
        return path, {**asked, "cursor": answer["next_cursor"]}
    if (following and not ways) or answer.get("has_more"):
        raise strange(f"more pages, but no way to them: {shortened(str(following), 200)}")
    if "next" in counters:
        return None
    total = number_in(counters, "total_pages")
    if total is None:
        return None
    # Where the list does not say which page it is, it is the one that was asked for.
    stated = number_in(counters, "page")
    page = page if stated is None else stated
    return (path, {**asked, "page": page + 1}) if page < total else None
