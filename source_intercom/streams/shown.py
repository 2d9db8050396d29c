"""Lists inside the records of companies: they spare a request for each company, if a sample shows them complete."""

from collections.abc import Mapping, Sequence
from itertools import chain

from source_intercom.api.errors import IntercomError, RecordGone
from source_intercom.api.figures import Page
from source_intercom.shapes.child import Child
from source_intercom.sync.windows import HOUR, Window

# Long lists are the first to be cut, so the longest are always in the sample. The others change each hour.
_LONGEST = 10
_OTHERS = 40


class ShownLists:
    """The lists that can be taken from the companies' own records, by company.

    ``shown`` are the lists as the records show them. Intercom documents that a company shows its segments, and not that
    it shows all of them. So some companies are asked for theirs: where one of them differs, or has fields that
    its record does not show, none of the lists can be trusted, and every company has to be asked.
    """

    def __init__(self, stream: Child, shown: Mapping[str, Page]) -> None:
        self._stream = stream
        self._shown = shown

    def trusted(self) -> Mapping[str, Page]:
        """The lists as they were given, or none of them. Raises an ``IntercomError`` that is about no one company."""
        asked = self._sample()
        told = dict(zip(asked, self._stream.client.each(self._agrees, asked), strict=True))
        differing = [company_id for company_id, agrees in told.items() if agrees is False]
        if differing:
            self._stream.logger.info(
                f"{self._stream.name}: the record of company '{differing[0]}' differs from what Intercom lists for "
                "it, so every company is asked for its rows"
            )
        return self._shown if True in told.values() and not differing else {}

    def _sample(self) -> Sequence[str]:
        names = sorted(self._shown)
        longest = sorted(names, key=lambda name: len(self._shown[name]), reverse=True)[:_LONGEST]
        step = max(1, -(-len(names) // _OTHERS))
        drawn = names[self._stream.sync.begin // HOUR % step :: step]
        return list(dict.fromkeys(chain(longest, drawn)))

    def _agrees(self, company_id: str) -> bool | None:
        """Whether a company shows just the items that it lists when it is asked; None for one that does not answer."""
        window = Window(0, self._stream.sync.begin)
        try:
            listed = self._stream.answer({"id": company_id}, window)
        except RecordGone:
            return None
        except IntercomError as error:
            if not error.may_be_of_one:
                raise
            return None
        items = {str(item["id"]): item for item in self._shown[company_id]}
        asked = {str(item["id"]): item for item in self._stream.identified(listed)}
        return items.keys() == asked.keys() and all(asked[one].keys() <= items[one].keys() for one in asked)
