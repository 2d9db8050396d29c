"""What this token may read, and what the workspace has. Judged by all lists and searches that were asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from source_intercom.api.errors import AccessDenied, NotOffered, RecordGone, VersionRefused
from tools.contract.belief import Answer, Belief, not_seen, told
from tools.contract.beliefs import activity
from tools.contract.lists import lists
from tools.contract.searches import KINDS, newest
from tools.contract.workspace import Refused, Workspace

_NAMED = 12


def _refusals(ws: Workspace) -> Iterator[tuple[str, str, Refused]]:
    """Path, permission and refusal of whatever could not be read."""
    for one in lists(ws):
        if one.refusal:
            yield one.path, one.kind.permission, one.refusal
    for kind in KINDS:
        try:
            newest(ws, kind)
        except Refused as refusal:
            yield kind.path, kind.name, refusal
    try:
        activity.first_page(ws)
    except Refused as refusal:
        yield activity.PATH, "activity logs", refusal


def _unless(ws: Workspace, concerns: Callable[[Refused], bool]) -> Answer:
    found = sorted({f"{path} ({refusal.words})" for path, _, refusal in _refusals(ws) if concerns(refusal)})
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return told(not found, unless=", ".join(found[:_NAMED]) + more)


def _is_missing(refusal: Refused) -> bool:
    return isinstance(refusal.cause, (RecordGone, NotOffered))


def _is_denied(refusal: Refused) -> bool:
    return isinstance(refusal.cause, AccessDenied)


def _is_401_of_one(refusal: Refused) -> bool:
    code = refusal.heard.code if refusal.heard else ""
    return refusal.status == 401 and code != "token_unauthorized"


def _granted(ws: Workspace) -> Answer:
    return _unless(ws, lambda refusal: _is_denied(refusal) and not _is_401_of_one(refusal))


def _offered(ws: Workspace) -> Answer:
    return _unless(ws, _is_missing)


def _works(ws: Workspace) -> Answer:
    others = (AccessDenied, RecordGone, NotOffered, VersionRefused)
    return _unless(ws, lambda refusal: not isinstance(refusal.cause, others))


def _never_401(ws: Workspace) -> Answer:
    return _unless(ws, _is_401_of_one)


def _named(ws: Workspace) -> Answer:
    denied = [refusal.heard for _, _, refusal in _refusals(ws) if refusal.heard and refusal.status == 403]
    if not denied:
        return not_seen("nothing was refused with 403")
    scopes = sorted({scope for heard in denied for scope in heard.scopes})
    return told(bool(scopes), ", ".join(scopes))


BELIEFS = (
    Belief("access-permissions", "May this token read all lists and searches?", "yes",
           "Nothing.", "The stream ends incomplete and names the permission; all others are read.",
           "permission-names", _granted),
    Belief("access-offered", "Does the workspace have every list?", "yes",
           "Nothing.", "The stream says that the workspace does not offer it; all others are read.",
           "error-endpoint", _offered),
    Belief("access-works", "Does every list and search work?", "yes",
           "Nothing.", "`check` has a line for it, the stream ends incomplete, and all others are read.",
           "error-endpoint", _works),
    Belief("access-401", "Is 401 never about one endpoint only?", "yes",
           "At the first call 401 means that the token is not accepted.",
           "After a call that worked, 401 is about the endpoint: the permission is named, and all others are read.",
           "error-401-resource", _never_401),
    Belief("access-scope-named", "Does a 403 name the permission that is missing?", "yes",
           "Intercom's words stand beside the connector's.", "The connector names the permission by itself.",
           "permission-message", _named),
)  # fmt: skip
