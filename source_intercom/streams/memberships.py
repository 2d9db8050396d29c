"""Who is in which segment, asked by segment: a request for 150 members instead of one for each contact."""

from collections.abc import Iterator
from typing import NamedTuple

from source_intercom.api.errors import CursorRefused, RecordGone, RequestRefused, Unavailable
from source_intercom.api.figures import Page, number_in
from source_intercom.api.pages import SEARCH_PAGE, Answer, count_of, list_pages, search_answers
from source_intercom.api.paths import path_of
from source_intercom.api.queries import equals
from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.question import Question
from source_intercom.sync.state import INDEX_LAG
from source_intercom.sync.windows import FAR_AHEAD, Window, cut_at_midnights, stretched

_SEARCH = "/contacts/search"
_COUNTED = (("include_count", "true"),)
# Contacts join and leave segments while they are counted, so two counts that differ are taken again.
_TRIES = 3
# A larger segment is read in parts of about so many members, side by side.
_PART = 1_500


class _Member(NamedTuple):
    """A contact of a segment, and whether it has changed since the start date: a search by days finds others too."""

    id: str
    is_wanted: bool


class _Segment(NamedTuple):
    """A segment, how many members it has, and who they are where one page has them all."""

    record: Record
    size: int
    members: list[_Member] | None

    @property
    def row(self) -> Record:
        """The segment as a contact shows it, which is without its size."""
        return {key: value for key, value in self.record.items() if key != "count"}


class Memberships:
    """The members of all segments, by search.

    That the search of contacts knows ``segment_id`` is said by users of the API and by no specification
    (docs/intercom-api.md#search-operators). So each segment's own size is held against the total of the search first:
    where they disagree, or the search refuses, :meth:`segments` is None and every contact has to be asked.

    ``contacts`` is the stream of contacts whose time and zone the search goes by.
    """

    def __init__(self, stream: IntercomStream, contacts: IntercomStream) -> None:
        self._stream = stream
        self._client = stream.client
        sync = stream.sync
        self._contacts = contacts
        self._field, self._zone = contacts.time_field, sync.zone
        self._window = Window(sync.config.start, sync.begin + FAR_AHEAD)
        self._life = Window(max(sync.birth, sync.config.start), sync.begin)
        self._reads_all = sync.config.start <= sync.birth

    def segments(self) -> list[_Segment] | None:
        """The segments with their sizes, None where the search cannot be trusted with them."""
        listed = [
            segment
            for page in list_pages(self._client, "/segments", "segments", dict(_COUNTED), whole=True)
            for segment in self._stream.identified(page)
        ]
        found: list[_Segment] = []
        for segment, agreed in zip(listed, self._client.each(self._agreed, listed), strict=True):
            if agreed is None:
                self._stream.logger.info(
                    f"{self._stream.name}: the search of contacts and the size of segment '{segment['id']}' disagree, "
                    "so every contact is asked for its segments"
                )
                return None
            found.append(agreed)
        return found

    def _agreed(self, segment: Record) -> _Segment | None:
        """A segment on whose size the search and the segment itself agree."""
        try:
            for _ in range(_TRIES):
                answer = next(self._answers(self._question(segment, None)))
                if answer.total is not None and answer.total == number_in(segment, "count"):
                    # Without a start date the segment alone decides who is on this page; else members are read below.
                    members = self._members_in(answer.records) if self._reads_all else []
                    # The page has all of them only if it has as many: a search can end early.
                    return _Segment(segment, answer.total, members if len(members) == answer.total else None)
                segment = self._client.get(path_of("/segments/{id}", id=segment["id"]), dict(_COUNTED))
        except (RequestRefused, RecordGone):
            pass
        return None

    def pages(self, segments: list[_Segment]) -> Iterator[Page]:
        """A row for each member of each segment. Raises ``Unavailable`` when members are missing."""
        for segment in segments:
            # One segment after the other: only the ids of one segment's members are kept in memory.
            given: set[str] = set()
            if segment.members is not None:
                yield self._rows(segment, segment.members, given)
                continue
            # A search that ends early is asked once more, in parts of half a page: what breaks a page breaks it each
            # time, and a short one needs no second page. Members that change meanwhile move behind the last part.
            recent = self._question(segment.record, Window(self._life.end - INDEX_LAG, self._window.end))
            smaller = self._parts(segment, SEARCH_PAGE // 2)
            for questions in (self._parts(segment, _PART), [*smaller, recent]):
                for members in self._client.each(self._members, questions):
                    yield self._rows(segment, members, given)
                if len(given) >= segment.size or len(given) >= (total := self._total(segment.record)):
                    break
            else:
                raise self._short(segment, total, given)

    def _rows(self, segment: _Segment, members: list[_Member], given: set[str]) -> Page:
        new = {member.id: member for member in members if member.id not in given}
        given.update(new)
        return [{**segment.row, "contact_id": member.id} for member in new.values() if member.is_wanted]

    def _short(self, segment: _Segment, total: int, given: set[str]) -> Unavailable:
        return Unavailable(
            f"Intercom announces {total} contacts in segment '{segment.record['id']}', but gives only {len(given)}. "
            "The next sync asks again.",
            f"POST {_SEARCH}",
        )

    def _parts(self, segment: _Segment, size: int) -> list[Question]:
        parts = max(1, -(-segment.size // size))
        cut = cut_at_midnights(self._life, parts, self._zone) if self._life.start < self._life.end else [self._life]
        return [self._question(segment.record, part) for part in stretched(cut, self._window)]

    def _question(self, segment: Record, window: Window | None) -> Question:
        asked = Question(self._field, "", window or Window(0, self._window.end))
        (question,) = asked.chosen_by([[equals("segment_id", segment["id"])]])
        return question

    def _total(self, segment: Record) -> int:
        return count_of(self._client, _SEARCH, self._question(segment, self._window).query, self._field)

    def _answers(self, question: Question) -> Iterator[Answer]:
        return search_answers(self._client, _SEARCH, question.query, self._field, "data")

    def _members(self, question: Question) -> list[_Member]:
        """The members that a search finds, as far as Intercom accepts its own cursors."""
        members: list[_Member] = []
        try:
            for answer in self._answers(question):
                members += self._members_in(answer.records)
        except CursorRefused as error:
            self._stream.logger.info(f"{self._stream.name}: a search of members stopped: {error.internal_message}")
        return members

    def _members_in(self, records: Page) -> list[_Member]:
        return [
            _Member(str(contact["id"]), self._contacts.lies_in(self._window, contact))
            for contact in self._stream.identified(records)
        ]
