"""Endpoints are declared, not wired: a path, a permission, a version and a function.

A function takes a `Call` and gives a `Reply` (or raises `ApiError`); it never waits, so each answer is made in
one piece while nothing else changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import orjson

from .errors import ApiError, bad_parameter
from .permissions import Permission
from .search.engine import Engine
from .world import World

VERSIONS = ("2.11", "2.12", "2.13", "2.14", "2.15", "2.16", "2.17")
"""Versions the sandbox answers to, oldest first. Shapes are those of 2.15, or of 2.16 where that differs."""
FIRST_STRICT_VERSION = "2.14"
"""Endpoints of this version and younger refuse a missing permission with 403, older ones with 401."""


@dataclass
class Reply:
    """An answer. `ids` are the records in it, so that faults may be aimed at a record."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    ids: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Call:
    """A request that has passed the doorkeepers."""

    ws: World
    engine: Engine
    version: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    granted: frozenset[Permission]
    """What the token may do."""
    accept: str
    """The header `Accept`."""
    url: str
    """Of the endpoint, without the query: what `pages.next` begins with."""

    def json(self) -> dict[str, object]:
        """The request body; bad JSON is a 400 like any bad parameter."""
        try:
            value = orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise bad_parameter("the request body is not valid JSON") from error
        if not isinstance(value, dict):
            raise bad_parameter("the request body must be an object")
        return value

    def number(self, name: str, default: int, low: int = 1, high: int | None = None) -> int:
        """A whole number from the query string, within bounds."""
        raw = self.query.get(name)
        if raw is None or raw == "":
            return default
        return whole_number(raw, name, low, high)

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() in ("true", "1")

    def at_least(self, version: str) -> bool:
        return VERSIONS.index(self.version) >= VERSIONS.index(version)


def whole_number(raw: object, name: str, low: int, high: int | None) -> int:
    """A number from a query string or a body, or the 400 that says what is wrong with it."""
    if isinstance(raw, str) and re.fullmatch(r"-?\d+", raw):
        raw = int(raw)
    if not isinstance(raw, int) or isinstance(raw, bool):
        raise bad_parameter(f"{name} must be a whole number", name)
    if raw < low:
        raise bad_parameter(f"{name} must be at least {low}", name)
    if high is not None and raw > high:
        raise bad_parameter(f"{name} must be at most {high}", name)
    return raw


Handler = Callable[[Call], Reply]


@dataclass(frozen=True)
class Endpoint:
    """One operation of the API."""

    method: str
    path: str
    permission: Permission | None
    since: str
    handler: Handler

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    def refusal(self) -> ApiError:
        """What a token without the permission is told."""
        if VERSIONS.index(self.since) < VERSIONS.index(FIRST_STRICT_VERSION):
            return ApiError(401, "token_unauthorized", "Not authorized to access resource")
        scope = self.permission.scope if self.permission else ""
        return ApiError(403, "action_forbidden", f"You do not have the required scope ({scope}) for this action")


class Router:
    """All endpoints. Where a path could be two, the one with fewer parameters wins (`/companies/scroll`)."""

    def __init__(self) -> None:
        self.endpoints: list[Endpoint] = []
        self._exact: dict[tuple[str, str], Endpoint] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Endpoint]] = []

    def add(self, method: str, path: str, permission: Permission | None, handler: Handler, since: str) -> None:
        endpoint = Endpoint(method, path, permission, since, handler)
        self.endpoints.append(endpoint)
        if "{" not in path:
            self._exact[method, path] = endpoint
            return
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))
        self._patterns.append((method, re.compile(pattern), endpoint))
        self._patterns.sort(key=lambda one: one[2].path.count("{"))

    def get(self, path: str, permission: Permission | None, since: str = VERSIONS[0]) -> Callable[[Handler], Handler]:
        return self._declare("GET", path, permission, since)

    def post(self, path: str, permission: Permission | None, since: str = VERSIONS[0]) -> Callable[[Handler], Handler]:
        return self._declare("POST", path, permission, since)

    def _declare(
        self, method: str, path: str, permission: Permission | None, since: str
    ) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            self.add(method, path, permission, handler, since)
            return handler

        return declare

    def match(self, method: str, path: str) -> tuple[Endpoint, dict[str, str]] | None:
        endpoint = self._exact.get((method, path))
        if endpoint is not None:
            return endpoint, {}
        for wanted, pattern, candidate in self._patterns:
            if wanted == method:
                found = pattern.fullmatch(path)
                if found is not None:
                    return candidate, found.groupdict()
        return None
