"""The workspace that is asked: through the connector's own client, in one row, and with a bounded number of calls."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import orjson
import requests

from source_intercom.api.answers import failure_of
from source_intercom.api.bodies import parse
from source_intercom.api.budget import CallBudget, WindowPolicy
from source_intercom.api.client import API_VERSION, Client, Json
from source_intercom.api.errors import IntercomError
from source_intercom.api.transport import Transport
from source_intercom.options.config import Config

MOST_CALLS = 200
NEWER = "2.16"
"""The version of the streams that 2.15 does not have."""
NEWEST = "2.17"
"""The version of the few streams that 2.16 does not have either."""
_RETRIES = 2  # as `check` has
_BOM = b"\xef\xbb\xbf"
_CODE = re.compile(r"[a-z]+(?:_[a-z]+)*")
_SCOPE = re.compile(r"\b(?:read|write)_[a-z_]+\b")

T = TypeVar("T")


class OutOfCalls(Exception):
    """A run has made as many calls as it may."""


@dataclass(frozen=True)
class Heard:
    """What an answer said besides its records: those of calls that were tried again too."""

    method: str
    path: str
    query: Mapping[str, str]
    version: str
    status: int
    headers: Mapping[str, str]
    is_strict: bool
    is_intercoms: bool
    code: str
    scopes: tuple[str, ...]

    @property
    def words(self) -> str:
        """The error in a few words, none of which are Intercom's prose: that can quote what people wrote."""
        return f"HTTP {self.status} {self.code}".strip()


class Refused(Exception):
    """A call came to nothing. ``cause`` is the connector's own error, ``heard`` the last answer, if there was one."""

    def __init__(self, cause: IntercomError, heard: Heard | None) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.heard = heard

    @property
    def status(self) -> int:
        return self.heard.status if self.heard else 0

    @property
    def words(self) -> str:
        return self.heard.words if self.heard else "no answer"


class _Listening(CallBudget):
    """The connector's budget, which also sees each answer and ends a run that has made too many calls."""

    def __init__(self, policy: WindowPolicy, most: int, listen: Callable[[requests.Response], None]) -> None:
        super().__init__(policy)
        self._most = most
        self._listen = listen
        self.calls = 0

    def acquire_call(self, request: Any, block: bool = True, timeout: float | None = None) -> None:
        if self.calls >= self._most:
            raise OutOfCalls
        self.calls += 1
        super().acquire_call(request, block, timeout)

    def update_from_response(self, request: Any, response: Any) -> None:
        super().update_from_response(request, response)
        self._listen(response)


class Workspace:
    """Asks one thing after another, and keeps each answer for the questions that follow.

    Every method that asks raises ``Refused``, or ``OutOfCalls`` when the run has made ``most_calls``.
    """

    def __init__(self, config: Config, *, most_calls: int = MOST_CALLS, scrolls: bool = True) -> None:
        self.config = config
        self.scrolls = scrolls
        self.heard: list[Heard] = []
        self._logger = logging.Logger("contract")  # one that nobody listens to: errors quote Intercom's prose
        self._transport = Transport(config)
        policy = WindowPolicy(config.api_rate_limit, scale=self._transport.time_scale)
        self._budget = _Listening(policy, most_calls, self._hear)
        self._transport.budget = self._budget
        self._clients: dict[tuple[str, bool], Client] = {}
        self._answers: dict[str, Json | Refused] = {}
        self._kept: dict[str, object] = {}

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transport.close()

    @property
    def calls(self) -> int:
        """How many calls have been made."""
        return self._budget.calls

    def get(
        self,
        path: str,
        params: Mapping[str, object] | None = None,
        *,
        version: str = API_VERSION,
        once: bool = False,
        fresh: bool = False,
    ) -> Json:
        """GET; the same question costs one call, unless it must be ``fresh``. ``once``: nothing is tried again."""
        client = self._client(version, once)
        return self._asked(f"GET {path} {_text(params)} {version}", lambda: client.get(path, params), fresh)

    def post(
        self, path: str, body: Json, *, version: str = API_VERSION, once: bool = False, fresh: bool = False
    ) -> Json:
        """POST, for searches only: nothing is ever written."""
        client = self._client(version, once)
        return self._asked(f"POST {path} {_text(body)} {version}", lambda: client.post(path, body), fresh)

    def keep(self, name: str, make: Callable[[], T]) -> T:
        """What several questions need, made once."""
        if name not in self._kept:
            self._kept[name] = make()
        kept: Any = self._kept[name]
        return kept  # type: ignore[no-any-return]

    def _client(self, version: str, once: bool) -> Client:
        if (version, once) not in self._clients:
            self._clients[version, once] = Client(
                "contract",
                self._transport,
                self._logger,
                permission="",
                version=version,
                retries=0 if once else _RETRIES,
            )
        return self._clients[version, once]

    def _asked(self, question: str, ask: Callable[[], Json], fresh: bool) -> Json:
        known = None if fresh else self._answers.get(question)
        if known is None:
            before = len(self.heard)
            try:
                known = ask()
            except IntercomError as error:
                known = Refused(error, self.heard[-1] if len(self.heard) > before else None)
            self._answers[question] = known
        if isinstance(known, Refused):
            raise known
        return known

    def _hear(self, response: requests.Response) -> None:
        request = response.request
        url = urlsplit(request.url or "")
        failure = failure_of(response) if response.status_code >= 400 else None
        self.heard.append(
            Heard(
                method=request.method or "",
                path=url.path,
                query=dict(parse_qsl(url.query)),
                version=str(request.headers.get("Intercom-Version", "")),
                status=response.status_code,
                headers=response.headers,
                is_strict=_is_strict(response.content),
                is_intercoms=failure is None or failure.is_intercoms,
                code=failure.code if failure and _CODE.fullmatch(failure.code) else "",
                scopes=tuple(_SCOPE.findall(failure.message)) if failure else (),
            )
        )


def _text(asked: Mapping[str, object] | None) -> str:
    return json.dumps(asked or {}, sort_keys=True)


def _is_strict(content: bytes) -> bool:
    """Whether the strict parser reads an answer without losing anything; pages of HTML are another matter."""
    if content.removeprefix(_BOM)[:1] not in (b"{", b"["):
        return True
    try:
        return bool(orjson.loads(content) == parse(content))
    except orjson.JSONDecodeError:
        return False
