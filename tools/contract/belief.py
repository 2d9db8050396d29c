"""What a belief is, and what a workspace can answer to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tools.contract.workspace import Workspace

Word = Literal["yes", "no", "not seen"]
Expected = Literal["yes", "no", "either"]


@dataclass(frozen=True)
class Answer:
    """What a workspace showed, and a few words on it: figures, names of fields and endpoints, codes of errors.

    The note is pasted into public issues, so nothing of a record's content, and no id, ever stands in it.
    """

    word: Word
    note: str = ""

    def __str__(self) -> str:
        return f"{self.word}: {self.note}" if self.note else self.word


def yes(note: str = "") -> Answer:
    return Answer("yes", note)


def no(note: str = "") -> Answer:
    return Answer("no", note)


def not_seen(reason: str) -> Answer:
    """The workspace has nothing that would show it, or this token may not see it."""
    return Answer("not seen", reason)


def told(is_so: bool, note: str = "", *, unless: str = "") -> Answer:
    """Yes or no, with a note for both, or one for no only (``unless``)."""
    return yes(note) if is_so else no(unless or note)


@dataclass(frozen=True)
class Belief:
    """One thing that the connector relies on, or copes with, as a question with the answer yes or no.

    ``expected`` is what Intercom documents or what most sources say, ``either`` where they contradict each other or
    are silent. ``if_yes`` and ``if_no`` say what the connector does in each case. ``fact`` is the anchor in
    docs/intercom-api.md that has the evidence and its date. ``ask`` makes a few calls that change nothing.
    """

    name: str
    question: str
    expected: Expected
    if_yes: str
    if_no: str
    fact: str
    ask: Callable[[Workspace], Answer]

    def verdict(self, answer: Answer) -> str:
        """How an answer stands to what was expected."""
        if answer.word == "not seen":
            return "not seen"
        if self.expected == "either":
            return "open"
        return "agrees" if answer.word == self.expected else "differs"

    def does(self, answer: Answer) -> str:
        """What the connector does where this is the answer."""
        return {"yes": self.if_yes, "no": self.if_no}.get(answer.word, "")
