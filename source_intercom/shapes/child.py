"""Rows that take a request for each record of a parent."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from source_intercom.api.errors import IntercomError, RecordGone
from source_intercom.api.figures import Page
from source_intercom.api.pages import list_pages
from source_intercom.api.paths import path_of
from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.gone import check_path, owner_of
from source_intercom.shapes.reading import Reading
from source_intercom.shapes.refusals import incomplete, is_of_one, refusal_of_all
from source_intercom.sync.windows import Window


class Child(IntercomStream):
    """Rows that take a request for each record of its parent.

    ``child`` is the path of that request, ``child_key`` where its rows stand; ``has_children`` spares the request for
    parents that are known to have none. A parent that is gone meanwhile is skipped and counted. One that Intercom
    refuses or cannot give is named; the others are read, and the stream ends incomplete.

    Streams that are read together and ask the same are given the same answers: see ``asks``.
    """

    child: ClassVar[str]
    child_key: ClassVar[str] = "data"
    child_params: ClassVar[tuple[tuple[str, str], ...]] = ()
    child_wish: ClassVar[int] = 0
    # The path of a parent itself, where ``child`` does not begin with it.
    whose: ClassVar[str] = ""
    parent_key: ClassVar[str]
    parent_time: ClassVar[str] = ""
    is_costly = True

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        return self.source.pages(window, reading)

    def rows(self, page: Page, window: Window) -> Iterator[Page]:
        for _, made in rows_together([self], page, window):
            if isinstance(made, Exception):
                raise made
            yield made

    @property
    def asks(self) -> object:
        """What it asks for each parent: equal for streams that can be given the same answers.

        None for a stream that chooses for itself which parents it asks.
        """
        if type(self).rows is not Child.rows:
            return None
        return type(self).answer, self.child, self.child_key, self.parameters, self.version, self.permission

    @property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        """The parameters of its request, which an option may change."""
        return self.child_params

    @property
    def skips_failures(self) -> bool:
        """Whether a parent whose rows cannot be read is left out, as an option asks for."""
        return False

    @property
    def completes_rows(self) -> bool:
        """Whether rows take requests of their own, so that ``completed`` is to be called."""
        return False

    def has_children(self, parent: Record) -> bool:
        """Whether a request is worth it."""
        return True

    def answer(self, parent: Record, window: Window) -> Any:
        """What Intercom answers for a parent: here a list of rows. Raises an ``IntercomError``.

        It may be given to other streams too, so nobody changes it.
        """
        path = path_of(self.child, id=parent["id"])
        pages = list_pages(self.client, path, self.child_key, dict(self.parameters), wish=self.child_wish)
        return [row for page in pages for row in page]

    def children(self, answer: Any, parent: Record) -> Page:
        """The rows in the answer of a parent. They are copied when they are ``named``. Raises an ``IntercomError``."""
        rows: Page = answer
        return rows

    def named(self, row: Record, parent: Record) -> Record:
        """A row that tells whose it is."""
        named = {**row, self.parent_key: parent["id"]}
        if self.parent_time:
            named[self.parent_time] = parent.get(self.source.time_field)
        return named

    def completed(self, rows: Page, parent: Record) -> Page:
        """The rows of a parent with what takes requests of their own. Raises an ``IntercomError``.

        Called after all parents of the page have answered, so that rows of other streams do not wait.
        """
        return rows


def rows_together(streams: Sequence[Child], page: Page, window: Window) -> Iterator[tuple[Child, Page | Exception]]:
    """The rows that streams make of a page. What they ask is the same, so each parent is asked once for all of them.

    Rows come parent by parent, so that no more answers are in memory than for one stream. An error is the last that
    comes for its stream; the others are read all the same.
    """
    askings: list[_Asking] = []
    for stream in streams:
        try:
            askings.append(_Asking(stream, page, window))
        except Exception as error:
            yield stream, error
    if not askings:
        return
    for parent, answered in askings[0].stream.client.each(_answered, _questions(page, askings)):
        for asking, made in answered:
            yield from asking.take(parent, made)
        # Free the memory before the next answer is waited for.
        del answered, made
        if all(asking.has_ended for asking in askings):
            return
    for asking in askings:
        yield from asking.finish()


# A parent, and the streams that want its answer.
_Question = tuple[Record, list["_Asking"]]
_Answered = tuple[Record, list[tuple["_Asking", Page | Exception]]]


def _questions(page: Page, askings: Sequence["_Asking"]) -> Iterator[_Question]:
    for parent in page:
        wanting = [asking for asking in askings if asking.wants(parent)]
        if wanting:
            yield parent, wanting


def _answered(question: _Question) -> _Answered:
    parent, askings = question
    try:
        answer = askings[0].stream.answer(parent, askings[0].window)
    except Exception as error:
        return parent, [(asking, error) for asking in askings]
    return parent, [(asking, asking.made(answer, parent)) for asking in askings]


class _Asking:
    """A stream that asks the parents of a page for rows, and how it fares.

    Used by the thread that reads the page. Those that ask call ``made`` only, which changes nothing here.
    """

    def __init__(self, stream: Child, page: Page, window: Window) -> None:
        self.stream = stream
        self.window = window
        self.has_ended = False
        self._parents = [parent for parent in stream.identified(page) if stream.has_children(parent)]
        self._wanted = {id(parent) for parent in self._parents}
        self._unread: dict[str, IntercomError] = {}
        self._gone: dict[str, RecordGone] = {}
        # Parents with rows that are not complete yet.
        self._begun: list[tuple[Record, Page]] = []

    def wants(self, parent: Record) -> bool:
        """Whether a parent is still to be asked for this stream."""
        return not self.has_ended and id(parent) in self._wanted

    def made(self, answer: Any, parent: Record) -> Page | Exception:
        """The rows of an answer, or what hinders them."""
        stream = self.stream
        try:
            return [stream.named(row, parent) for row in stream.objects(stream.children(answer, parent))]
        except Exception as error:
            return error

    def take(self, parent: Record, made: Page | Exception) -> Iterator[tuple[Child, Page | Exception]]:
        """Take what came for a parent, in the order of the parents, and give what can be given now."""
        if self.has_ended:
            return
        if isinstance(made, Exception):
            yield from self._take_error(parent, made)
        elif self.stream.completes_rows:
            self._begun.append((parent, made))
        else:
            yield self.stream, made

    def finish(self) -> Iterator[tuple[Child, Page | Exception]]:
        """Give the rows that were not complete, and the error that all parents together mean, if any."""
        for parent, made in self.stream.client.each(self._completed, self._begun):
            if isinstance(made, Exception):
                yield from self._take_error(parent, made)
            else:
                yield self.stream, made
            if self.has_ended:
                return
        if self.has_ended:
            return
        try:
            self._judge()
        except Exception as error:
            yield self.stream, error

    def _completed(self, begun: tuple[Record, Page]) -> tuple[Record, Page | Exception]:
        parent, rows = begun
        try:
            return parent, self.stream.completed(rows, parent)
        except Exception as error:
            return parent, error

    def _take_error(self, parent: Record, error: Exception) -> Iterator[tuple[Child, Exception]]:
        if isinstance(error, RecordGone):
            self._gone[str(parent["id"])] = error
        elif isinstance(error, IntercomError) and is_of_one(error):
            self._unread[str(parent["id"])] = error
        else:
            self.has_ended = True
            yield self.stream, error

    def _judge(self) -> None:
        stream, unread, gone = self.stream, self._unread, self._gone
        check_path(stream, stream.child, self._parents, gone, stream.whose or owner_of(stream.child))
        stream.client.tally.add(gone=len(gone))
        refusal = refusal_of_all(unread, len(self._parents))
        if refusal is not None:
            raise refusal
        if unread and stream.skips_failures:
            stream.client.tally.add(skipped=len(unread))
            stream.logger.warning(
                f"Left out, as the options ask for it. {incomplete(stream.name, unread).internal_message}"
            )
        elif unread:
            raise incomplete(stream.name, unread)
