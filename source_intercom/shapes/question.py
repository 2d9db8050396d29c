"""What one search asks for."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from source_intercom.api.queries import Choices, Combination, Query, chosen, combinations, days_query, groups_of
from source_intercom.sync.windows import Window


@dataclass(frozen=True)
class Question:
    """Records whose ``time_field`` lies in ``window``, with all terms of one of the ``combinations``, and whose
    ``other_time`` lies in ``part`` if there is one. The search may give whole days of both.

    Never changed: its methods make new ones.
    """

    time_field: str
    other_time: str
    window: Window
    combinations: tuple[Combination, ...] = ((),)
    part: Window | None = None

    @property
    def query(self) -> Query:
        """As the search takes it."""
        asked = days_query(self.time_field, *self.window)
        if self.part is None:
            return asked if self.combinations == ((),) else chosen(asked, self.combinations)
        slices = groups_of(days_query(self.other_time, *self.part))
        return chosen(asked, [(*terms, one) for terms in self.combinations for one in slices])

    @property
    def is_one_combination(self) -> bool:
        """Whether it is still one search when a slice by the other time is asked for too."""
        return len(self.combinations) == 1

    def chosen_by(self, choices: Choices) -> "list[Question]":
        """The questions that together find what the choices choose, a record once."""
        return [replace(self, combinations=some) for some in combinations(choices)]

    def within(self, window: Window) -> "Question":
        """Of the same records those in another window."""
        return replace(self, window=window)

    def sliced(self, part: Window | None) -> "Question":
        """Of the same records those in another slice; None for all."""
        return replace(self, part=part)

    def shared_out(self, parts: Iterable[Window | None]) -> "list[Question]":
        """Smaller questions that together find the same records: one for each combination in each slice."""
        return [replace(self, combinations=(terms,), part=part) for terms in self.combinations for part in parts]
