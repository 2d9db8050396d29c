"""Rows as they leave a stream: each with its whole key, and with the types of the schema."""

from collections.abc import Mapping, Sequence
from typing import Any

from source_intercom.api.figures import is_name
from source_intercom.api.misfits import Misfits
from source_intercom.shapes.coercion import FILE, Record, coercion
from source_intercom.shapes.fit import fit

# Where a row does not fit, one of so many is looked at closely, of each page at least one: a look at each would take a
# quarter of a sync.
_LOOKED_AT = 75


class Finishing:
    """Makes the rows of one stream ready to leave.

    ``key`` are the fields of the primary key, ``may_lack`` those of them that Intercom may leave empty, and
    ``tells_unknown`` whether fields that the schema does not know are told. Used by all workers of a stream; nothing
    changes but ``misfits``, which guards itself.
    """

    def __init__(
        self, schema: Mapping[str, Any], key: Sequence[str], may_lack: Sequence[str], *, tells_unknown: bool = True
    ) -> None:
        self.misfits = Misfits()
        self.coerce = coercion(schema, self.misfits)
        self._look_closely_at = coercion(schema, self.misfits, deep=True)
        self._fit = fit(schema, key)
        self._key = tuple(key)
        properties = schema.get("properties", {})
        self._tells_unknown = tells_unknown
        self._known = properties.keys() | {FILE}
        self._texts = frozenset(field for field in may_lack if "string" in properties.get(field, {}).get("type", ()))
        self._times = frozenset(may_lack) - self._texts

    def finished(self, rows: Sequence[Record]) -> list[Record]:
        """Rows with the types of the schema, without those that lack their key: they would overwrite each other."""
        for row in rows[::_LOOKED_AT]:
            if (unknown := row.keys() - self._known) and self._tells_unknown:
                self.misfits.add_unknown(unknown)
        if self._fit(rows):
            # A list of its own: whoever takes it may empty it, and other streams are made from the same page.
            return list(rows)
        for row in rows[::_LOOKED_AT]:
            self._look_closely_at(row)
        return [made for row in rows if (made := self._with_key(self.coerce(row))) is not None]

    def _with_key(self, row: Record) -> Record | None:
        """A row with its whole key; None when there is none."""
        lacking = [field for field in self._key if not is_name(row.get(field))]
        if not lacking:
            return row
        empty = [field for field in lacking if field in self._texts and row.get(field) in (None, "")]
        unusable = [field for field in lacking if field not in empty and field not in self._times]
        if unusable:
            self.misfits.add_keyless(unusable[0])
            return None
        # Destinations refuse a row that lacks a column of its key. A time has no value that says "unknown".
        return {**row, **dict.fromkeys(empty, "")}
