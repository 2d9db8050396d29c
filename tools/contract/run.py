"""Asks a workspace what the connector believes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from source_intercom.api.errors import CertificateRejected, IntercomError, TlsFailed, TokenRejected
from tools.contract.belief import Answer, Belief, not_seen
from tools.contract.workspace import OutOfCalls, Refused, Workspace

_FAILED = "this check failed"


@dataclass(frozen=True)
class Result:
    """A belief, what the workspace answered to it, and how many calls that took."""

    belief: Belief
    answer: Answer
    calls: int

    @property
    def verdict(self) -> str:
        return self.belief.verdict(self.answer)


def reach(ws: Workspace) -> None:
    """Ask the first question. Raises an ``IntercomError`` when nothing can be asked at all."""
    try:
        ws.get("/me")
    except Refused as refusal:
        if refusal.heard is None or isinstance(refusal.cause, (TokenRejected, CertificateRejected, TlsFailed)):
            raise refusal.cause from None


def ask(ws: Workspace, beliefs: Iterable[Belief], tell: Callable[[Belief], None] = lambda _: None) -> list[Result]:
    """Ask about one belief after another; none of them stops the others."""
    results = []
    for belief in beliefs:
        tell(belief)
        before = ws.calls
        results.append(Result(belief, _answer(ws, belief), ws.calls - before))
    return results


def _answer(ws: Workspace, belief: Belief) -> Answer:
    try:
        return belief.ask(ws)
    except OutOfCalls:
        return not_seen("this run has made all of its calls")
    except Refused as refusal:
        return not_seen(refusal.words)
    except IntercomError:
        return not_seen("an answer has another shape than the connector knows")
    except Exception as error:
        # Real workspaces hold what nobody has thought of. Its words are not told: they can quote a record.
        return not_seen(f"{_FAILED} ({type(error).__name__}); please report it")


def has_failed(result: Result) -> bool:
    """Whether a check itself is at fault."""
    return result.answer.note.startswith(_FAILED)
