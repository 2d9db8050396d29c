"""What stream tests stand on: a read without a network, and an Intercom that answers from a table."""

from __future__ import annotations

import json
import logging
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone, tzinfo
from typing import Any

from source_intercom.api.client import Client, Transport
from source_intercom.options.config import Config
from source_intercom.shapes.base import INTERCOM_BIRTH, IntercomStream, Sync
from source_intercom.shapes.reading import Sliced
from source_intercom.sync.state import PageCursor
from source_intercom.sync.windows import Window

Json = dict[str, Any]
Answer = Json | Exception | Callable[[Json], Json]

NOW = 1_760_000_000


def make_sync(
    *,
    begin: int = NOW,
    zone: tzinfo = timezone.utc,
    selected: frozenset[str] = frozenset(),
    birth: int = INTERCOM_BIRTH,
    workspace: str = "",
    **options: Any,
) -> Sync:
    config = Config.load({"access_token": "secret-token", "num_workers": 4, **options})
    return Sync(
        config=config,
        transport=Transport(config),
        logger=logging.getLogger("airbyte.test"),
        begin=begin,
        now=begin,
        zone=zone,
        selected=selected,
        birth=birth,
        workspace=workspace,
    )


class FakeIntercom:
    """Stands in for the calls of clients. An answer may be an error to raise, or be made from the request.

    Several answers of one path are given one after the other, the last of them for ever.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Json]] = []
        # Whether each GET might be repeated.
        self.retried: list[bool] = []
        self._answers: dict[tuple[str, str], list[Answer]] = {}
        self._lock = threading.Lock()

    def on(self, method: str, path: str, *answers: Answer) -> FakeIntercom:
        self._answers[method, path] = list(answers)
        return self

    def attach(self, client: Client) -> FakeIntercom:
        client.get = self.get
        client.post = self.post
        return self

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, retry: bool = True) -> Json:
        self.retried.append(retry)
        return self._call("GET", path, dict(params or {}))

    def post(self, path: str, body: Json, *, retry: bool = True) -> Json:
        return self._call("POST", path, body)

    def asked(self, path: str) -> list[Json]:
        """Parameters or bodies of every call of a path."""
        return [sent for _, asked, sent in self.calls if asked == path]

    def _call(self, method: str, path: str, sent: Json) -> Json:
        with self._lock:
            self.calls.append((method, path, sent))
            answers = self._answers[method, path]
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(sent) if callable(answer) else answer


class FakeReading:
    """The window under way, as its stream sees it; keeps what the stream tells it."""

    most_parts = 64
    unread: Sequence[Window] = (Window(0, NOW),)
    was_read_here = True

    def __init__(self, *, is_costly: bool = False, part: Window | None = None, known_short: int = 0) -> None:
        self.is_costly = is_costly
        self.slice = part
        self.handed: list[Window] = []
        self.leaves_rest = False
        self.slices: list[Window] = []
        self.covered: list[Window] = []
        self.totals: list[int] = []
        self.ended: list[int] = []
        self.short: list[int] = []
        self.places: list[int | str] = []
        self.sum_of_slices: Sliced | None = None
        self.job: Mapping[str, Any] | None = None
        self._known_short = known_short
        self.page_cursor: PageCursor | None = None

    def split(self, windows: Iterable[Window]) -> None:
        self.handed += windows

    def slice_up(self, slices: Sequence[Window], total: int) -> None:
        self.slices += slices

    def slice_ended(self, distinct: int) -> Sliced | None:
        self.ended.append(distinct)
        return self.sum_of_slices

    def keep_job(self, job: Mapping[str, Any] | None) -> None:
        self.job = job

    def reached(self, part: Window) -> None:
        self.covered.append(part)

    def leave_rest(self) -> None:
        self.leaves_rest = True

    def asked(self, through: int | str) -> None:
        self.places.append(through)

    def keep_page_cursor(self, cursor: PageCursor) -> None:
        self.page_cursor = cursor

    def expect(self, total: int) -> None:
        self.totals.append(total)

    def short_before(self, missing: int) -> str:
        return "in an earlier sync" if missing == self._known_short else ""

    def came_short(self, missing: int) -> None:
        self.short.append(missing)


def rows_of(stream: IntercomStream, window: Window, reading: FakeReading | None = None) -> Iterator[Json]:
    """All rows that a stream makes of the pages of one window of its own walk."""
    source = stream.source
    for found in source.pages(window, reading or FakeReading()):
        page = source.prepared(source.objects(found))
        if source.reads_whole:
            page = [record for record in page if stream.wants(record, window)]
        for rows in stream.rows(page, window):
            yield from rows


class Scripted:
    """Items to iterate over, with an error in place of the item that it stands for."""

    def __init__(self, *items: Any) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Any]:
        for item in self._items:
            if isinstance(item, BaseException):
                raise item
            yield item


def page(key: str, *records: Json, after: str | None = None) -> Json:
    """An answer of a search, with the cursor of the page that follows, if one does."""
    following = {"next": {"page": 2, "starting_after": after}} if after else {}
    return {key: list(records), "pages": {"type": "pages", **following}, "total_count": len(records)}


def in_thread(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Work under way in a daemon thread, and the list that gets its result or its error."""
    result: list[Any] = []

    def run() -> None:
        try:
            result.append(work())
        except BaseException as error:
            result.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, result


class SearchServer:
    """A search as Intercom has it: a grammar of ``>``, ``<`` and ``=``, pages with a cursor, a total of all matches.

    With a zone it knows dates only, as the search of contacts does; without one it knows seconds.
    ``inclusive`` says whether ``>`` and ``<`` match the value itself, which is documented both ways. ``mirrored``
    says whether records of one second come in opposite orders when a search is asked in opposite orders.
    """

    def __init__(
        self,
        key: str,
        records: list[Json],
        *,
        zone: tzinfo | None = None,
        inclusive: bool = False,
        mirrored: bool = True,
    ) -> None:
        self.records = records
        self._key = key
        self._zone = zone
        self._inclusive = inclusive
        self._mirrored = mirrored

    def __call__(self, body: Json) -> Json:
        order = body["sort"]["order"]
        assert order in ("ascending", "descending"), "other words are refused"
        field = body["sort"]["field"]
        found = [record for record in self.records if self._fits(body["query"], record)]
        backward = order == "descending"

        def place(moment: int, record_id: str) -> tuple[int, int]:
            return (-moment if backward else moment, -int(record_id) if backward and self._mirrored else int(record_id))

        found.sort(key=lambda record: place(record[field], record["id"]))
        places = [place(record[field], record["id"]) for record in found]
        # A cursor is the place of a record, not a number of records: what has left the search moves nobody.
        after = body["pagination"].get("starting_after")
        start = bisect_right(places, place(*json.loads(after))) if after else 0
        end = start + body["pagination"]["per_page"]
        last = found[end - 1] if end < len(found) else {}
        following = {"next": {"starting_after": json.dumps([last[field], last["id"]])}} if last else {}
        return {
            self._key: [dict(record) for record in found[start:end]],
            "pages": following,
            "total_count": len(found),
        }

    def _fits(self, query: Json, record: Json, depth: int = 0) -> bool:
        operator = query["operator"]
        if operator in ("AND", "OR"):
            assert depth < 2, "at most two levels"
            assert len(query["value"]) <= 15, "at most fifteen in a group"
            combine = all if operator == "AND" else any
            return combine([self._fits(part, record, depth + 1) for part in query["value"]])
        if not query["field"].endswith("_at"):
            wanted = query["value"] if operator == "IN" else [query["value"]]
            has = record[query["field"]]
            return any(value in wanted for value in (has if isinstance(has, list) else [has]))
        asked, has = (self._known(moment) for moment in (query["value"], record[query["field"]]))
        if operator == "=":
            return bool(has == asked)
        assert operator in (">", "<"), "times know no other operator"
        if self._inclusive and has == asked:
            return True
        return bool(has > asked if operator == ">" else has < asked)

    def _known(self, moment: int) -> Any:
        if self._zone is None:
            return moment
        return datetime.fromtimestamp(moment, timezone.utc).astimezone(self._zone).date()


def made(stream: type[Any], sync: Sync, intercom: FakeIntercom, *, full: bool = False) -> Any:
    """A stream whose requests, and those of its source, go to a fake."""
    result = stream(sync, full=full)
    intercom.attach(result.client)
    intercom.attach(result.source.client)
    return result


def ids(records: Any) -> list[Any]:
    """The ids of records, in their order."""
    return [record["id"] for record in records]
