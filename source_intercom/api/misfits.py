"""What of the records does not fit their schema: gathered while they are read, told at the end."""

import logging
import threading
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import islice

from source_intercom.api.masking import shortened
from source_intercom.options.home import REPORT

# What JSON calls the types, in an analyst's words.
_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a fraction",
    "bool": "true or false",
    "dict": "an object",
    "list": "a list",
}
_NAMED = 20


class Misfits:
    """What of one stream does not fit its schema.

    Shared by all workers of the stream, which add to it under ``_lock``.
    """

    def __init__(self) -> None:
        self._values: set[tuple[str, str, str]] = set()
        self._keyless: Counter[str] = Counter()
        self._unknown: set[str] = set()
        self._lock = threading.Lock()

    def add(self, path: str, value: object, wanted: type) -> None:
        """A value at a path such as ``tags.data[].id`` that cannot be given the type wanted without a loss."""
        with self._lock:
            self._values.add((path, type(value).__name__, wanted.__name__))

    def add_keyless(self, field: str) -> None:
        """A record that was left out because this field of its key has no value that names it."""
        with self._lock:
            self._keyless[field] += 1

    def add_unknown(self, fields: Collection[str]) -> None:
        """Fields of a record that the schema does not have."""
        with self._lock:
            # However many there are, a few tell what has happened.
            self._unknown.update(islice(fields, _NAMED) if len(self._unknown) < _NAMED else ())

    def told(self, stream: str) -> Iterator[tuple[int, str]]:
        """Sentences for the log, each with its level; none where everything fits."""
        with self._lock:
            values, keyless = sorted(self._values), sorted(self._keyless.items())
            unknown = sorted(self._unknown)
        for field, count in keyless:
            left_out = "1 record is" if count == 1 else f"{count:,} records are"
            told = (
                f"{left_out} left out, because the field '{field}' of the key has no value that a table could tell "
                "rows apart by"
            )
            yield logging.WARNING, f"{stream}: {told}"
        if unknown:
            names = ", ".join(repr(shortened(name, 80)) for name in islice(unknown, _NAMED))
            told = (
                f"Intercom sends fields that the schema does not know: {names}. They are delivered, but a destination "
                f"that makes its columns from the schema leaves them out. {REPORT}"
            )
            # No warning: Intercom adds fields all the time, and whoever has no use for them has nothing to do.
            yield logging.INFO, f"{stream}: {told}"
        if values:
            fields = ", ".join(
                f"'{path}' ({_WORDS[came]} instead of {_WORDS[wanted]})"
                for path, came, wanted in islice(values, _NAMED)
            )
            more = f" and {len(values) - _NAMED} more" if len(values) > _NAMED else ""
            told = (
                f"some values have another type than the schema says: {fields}{more}. They are delivered as Intercom "
                f"sent them, and a destination may leave such a column empty. {REPORT}"
            )
            yield logging.WARNING, f"{stream}: {told}"
