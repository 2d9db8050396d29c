"""Links that were made or cut since the workspace was laid out; the first ones follow from a record's dice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence


class Links:
    """By what is linked ("contact_tags"), by record: the second at which each target was linked, or None once cut."""

    def __init__(self) -> None:
        self._changed: dict[str, dict[int, dict[int, int | None]]] = defaultdict(lambda: defaultdict(dict))

    def link(self, what: str, number: int, target: int, second: int) -> None:
        self._changed[what][number][target] = second

    def cut(self, what: str, number: int, target: int) -> None:
        self._changed[what][number][target] = None

    def now(self, what: str, number: int, first: Sequence[int]) -> list[int]:
        """The targets of a record, when `first` are those it began with."""
        if what not in self._changed or number not in self._changed[what]:
            return list(first)
        changed = self._changed[what][number]
        kept = [target for target in first if changed.get(target, 0) is not None]
        return kept + [target for target, second in changed.items() if second is not None and target not in kept]

    def since(self, what: str, number: int, target: int) -> int | None:
        """The second at which a link was made, if it was made since the workspace was laid out."""
        return self._changed[what][number].get(target) if what in self._changed else None

    def of_target(self, what: str, target: int) -> tuple[set[int], set[int]]:
        """Records newly linked to a target, and those no longer linked to it."""
        made: set[int] = set()
        cut: set[int] = set()
        for number, changed in self._changed[what].items() if what in self._changed else ():
            if target in changed:
                (cut if changed[target] is None else made).add(number)
        return made, cut
