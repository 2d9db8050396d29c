"""Links read backwards: the contacts of a company or a segment, the calls of a conversation.

Links are made from the dice of a contact or a call, so the other direction needs a look at every one of them.
It is taken once, when first asked for, and later only at those that are new.
"""

from __future__ import annotations

from array import array

from ..world import World
from . import contacts, phone


class Membership:
    """Who belongs to what."""

    def __init__(self, ws: World) -> None:
        self._ws = ws
        self._seen = 0
        self._companies: dict[int, array[int]] = {}
        self._segments: dict[int, int] = {}
        self._calls_seen = 0
        self._calls: dict[int, list[int]] = {}

    def of_company(self, number: int) -> list[int]:
        """Living contacts of a company, oldest first."""
        self._look()
        made, cut = self._ws.newly_linked("contact_companies", number)
        first = self._companies.get(number, ())
        return self._ws.contacts.living(sorted({*first, *made} - cut) if made or cut else list(first))

    def of_segment(self, number: int) -> int:
        """How many contacts a segment had when the workspace was laid out.

        It does not follow later changes: a count that moved while `updated_at` stood still would be a change
        that nobody can ask for, and no source says how soon Intercom counts anew.
        """
        self._look()
        return self._segments.get(number, 0)

    def calls_of(self, conversation: int) -> list[int]:
        """Living calls of a conversation, oldest first."""
        calls = self._ws.collection("calls")
        for number in range(self._calls_seen, len(calls.created)):
            found = phone.conversation_of(self._ws, number)
            if found is not None:
                self._calls.setdefault(found, []).append(number)
        self._calls_seen = len(calls.created)
        return calls.living(self._calls.get(conversation, []))

    def _look(self) -> None:
        ws = self._ws
        for number in range(self._seen, len(ws.contacts.created)):
            dice = contacts.links(ws, number)
            for company in contacts.all_company_numbers(ws, dice):
                self._companies.setdefault(company, array("I")).append(number)
            if number < ws.laid_out("contacts"):
                for segment in contacts.all_segment_numbers(ws, dice):
                    self._segments[segment] = self._segments.get(segment, 0) + 1
        self._seen = len(ws.contacts.created)
