"""The sandbox's own endpoints, under `/_sandbox/`: they need no token and are neither counted nor limited."""

from __future__ import annotations

import json
from typing import Protocol

import orjson
from aiohttp import web

from .calls import Ledger
from .changes import Changes, verbs_of
from .collection import Record
from .faults import Fault, Faults, When, parse_fault
from .limiter import Limiter
from .settings import Settings
from .truths import TRUTHS, truth
from .workspace import Workspace

CHUNK_BYTES = 256 << 10


class Served(Protocol):
    """What the control endpoints reach of the server that they belong to."""

    settings: Settings
    ws: Workspace
    changes: Changes
    ledger: Ledger
    faults: Faults
    limiter: Limiter


class Control:
    """What a test may ask of the sandbox and do to it; `Sandbox` offers the same as methods."""

    def __init__(self, server: Served) -> None:
        self._server = server

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        what, _, rest = request.path[len("/_sandbox/") :].partition("/")
        try:
            if what == "records" and request.method == "GET":
                return await self._records(request, rest)
            raw = await request.read()
            body = orjson.loads(raw) if raw else {}
            return _json(self._act(request.method, what, body))
        except KeyError as error:
            return _json({"error": f"no such thing: {error}"}, 404)
        except (ValueError, TypeError, LookupError) as error:
            return _json({"error": str(error)}, 400)

    def _act(self, method: str, what: str, body: dict[str, object]) -> object:
        server = self._server
        if what == "calls" and method in ("GET", "DELETE"):
            return self.calls() if method == "GET" else self.reset_calls()
        if what == "change" and method == "POST":
            return self.change(body)
        if what == "faults" and method in ("GET", "POST", "DELETE"):
            if method == "POST":
                self.fault(body)
            elif method == "DELETE":
                server.faults.rules.clear()
            return {"faults": [{"match": f.match, "kind": f.kind, "seen": f.seen, "fired": f.fired}
                               for f in server.faults.rules]}  # fmt: skip
        if what == "settings" and method == "PATCH":
            server.settings.change(body)
            return {"changed": sorted(body)}
        if what == "spend" and method == "POST":
            server.limiter.spend(_whole(body.get("calls", 1), "calls"))
            return {"remaining": server.limiter.headers().get("X-RateLimit-Remaining")}
        raise KeyError(f"{method} /_sandbox/{what}")

    def calls(self) -> dict[str, object]:
        return self._server.ledger.report()

    def reset_calls(self) -> dict[str, object]:
        self._server.ledger = Ledger()
        return self.calls()

    def change(self, counts: dict[str, object]) -> dict[str, dict[str, list[str]]]:
        """`{"contacts": {"update": 5, "create": 2, "delete": 1}, ...}` -> the ids touched."""
        wanted: dict[str, dict[str, int]] = {}
        for kind, asked in counts.items():
            verbs = verbs_of(kind)
            if not isinstance(asked, dict) or set(asked) - set(verbs):
                raise ValueError(f"{kind} needs an object of {', '.join(verbs)}")
            wanted[kind] = {name: _whole(count, name) for name, count in asked.items()}
        return {kind: self._server.changes.change(kind, **asked) for kind, asked in wanted.items()}

    def fault(self, body: dict[str, object]) -> None:
        """A rule as JSON, or `{"rule": "POST /tickets/search=status:503:times=2"}`."""
        if "rule" in body:
            self._server.faults.rules.append(parse_fault(str(body["rule"])))
            return
        unknown = set(body) - {"match", "kind", "times", "skip", "every", "when", "ids"}
        if unknown:
            raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
        when = body.get("when") or {}
        if not isinstance(when, dict):
            raise ValueError("when must be an object")
        if "ids" in body:
            when = {**when, "ids": body["ids"]}
        times = body.get("times")
        rule = Fault(
            match=str(body["match"]),
            kind=str(body["kind"]),
            times=None if times is None else _whole(times, "times"),
            skip=_whole(body.get("skip", 0), "skip"),
            every=max(1, _whole(body.get("every", 1), "every")),
            when=When.of(when),
        )
        self._server.faults.rules.append(rule)

    async def _records(self, request: web.BaseRequest, kind: str) -> web.StreamResponse:
        """The truth as NDJSON, sent in pieces so that a million records need no million in memory."""
        if kind not in TRUTHS:
            raise KeyError(kind)
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        piece = bytearray()
        for record in truth(self._server.ws, kind):
            piece += _line(record)
            if len(piece) > CHUNK_BYTES:
                await response.write(bytes(piece))
                piece.clear()
        await response.write(bytes(piece))
        await response.write_eof()
        return response


def _line(record: Record) -> bytes:
    try:
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # an integer beyond 64 bits, which quirks may bring
        return json.dumps(record).encode() + b"\n"


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")


def _whole(value: object, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} must be a whole number, not negative")
    return value
