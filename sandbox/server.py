"""The HTTP side: every request passes the same doorkeepers, in the order of the real API.

token -> rate limit -> version -> path -> permission -> faults -> the endpoint.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from email.utils import formatdate

from aiohttp import web

from .calls import Ledger
from .changes import Changes
from .control import Control
from .endpoints import routes
from .errors import ApiError, not_found
from .faults import Fault, Faults
from .html import page, title
from .limiter import Limiter
from .quirks.chain import Chain
from .router import VERSIONS, Call, Endpoint, Reply
from .search.engine import Engine
from .settings import Settings
from .trouble import TROUBLES, limit_headers
from .workspace import Workspace

SCROLL_FAILED = "Request failed due to an internal network error. Please restart the scroll operation."


class Server:
    """One workspace on one port. Everything runs on one event loop, so no state needs a lock."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.ws = Workspace(settings)
        self.changes = Changes(self.ws)
        self.ledger = Ledger()
        self.faults = Faults()
        self.limiter = Limiter(settings)
        self.quirks = Chain(settings)
        self.router = routes()
        self._engine = Engine(self.ws)
        self.control = Control(self)
        self._runner: web.ServerRunner | None = None

    async def start(self) -> str:
        """Listen on 127.0.0.1, and nowhere else; the URL."""
        listener = web.Server(self.handle, access_log=None)
        self._runner = web.ServerRunner(listener, handle_signals=False, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.settings.port, backlog=1024)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"  # ignore-https-check: of this machine itself

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith("/_sandbox/"):
            return await self.control.handle(request)
        body = await request.read()
        endpoint, params = self.router.match(request.method, request.path) or (None, {})
        version = request.headers.get("Intercom-Version")
        # A path that does not exist is counted as it came: a test wants to see it.
        self.ledger.came(endpoint.name if endpoint else f"{request.method} {request.path}", version)
        headers: dict[str, str] = {}
        fault: Fault | None = None
        charged = self._charge(request, headers)
        if self.settings.latency_ms:
            await asyncio.sleep(self.settings.latency_ms / 1000)
        try:
            if isinstance(charged, ApiError):
                raise charged
            call = self._admit(request, endpoint, params, version, charged, body)
            assert endpoint is not None
            fault = self.faults.before(endpoint.name, call)
            if fault is None or fault.answered:
                reply = self.quirks.answer(endpoint.name, endpoint.handler, call)
                fault = fault or self.faults.after(endpoint.name, call, reply.ids)
                self._age()
            else:
                reply = Reply(b"{}")
        except ApiError as error:
            reply = Reply(error.body(), error.status, error.content_type)
        headers["Date"] = formatdate(self.settings.clock(), usegmt=True)
        if version is not None:
            headers["Intercom-Version"] = version
        self.quirks.headers(headers)
        if fault is not None:
            return await self._fail(request, fault, reply, headers)
        return self._answer(reply, headers, request)

    def _charge(self, request: web.BaseRequest, headers: dict[str, str]) -> str | ApiError:
        """The token of a request, once it is known and has been charged for the call, or why not."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or self.settings.permissions(token.strip()) is None:
            return ApiError(401, "unauthorized", "Access Token Invalid")
        refused = self.limiter.take()
        headers.update(self.limiter.headers())
        return refused or token.strip()

    def _admit(self, request: web.BaseRequest, endpoint: Endpoint | None, params: dict[str, str],
               version: str | None, token: str, body: bytes) -> Call:  # fmt: skip
        """The call, if its version, path and permission are in order."""
        if version is None:
            # The real API falls back to the app's stored version, 1.0 when there is none, whose
            # shapes nobody wants; the sandbox says so instead of answering in them.
            raise ApiError(400, "intercom_version_invalid", "The Intercom-Version header is missing")
        if version not in VERSIONS:
            raise ApiError(400, "intercom_version_invalid", f"The requested version {version} could not be found")
        if endpoint is None:
            raise not_found()
        if VERSIONS.index(version) < VERSIONS.index(endpoint.since):
            raise ApiError(400, "intercom_version_invalid", f"This endpoint needs version {endpoint.since}")
        permission, granted = endpoint.permission, self.settings.permissions(token)
        if permission is not None:
            if granted is None or permission not in granted:
                raise endpoint.refusal()
            if permission.label in self.settings.plan_restricted:
                raise ApiError(403, "api_plan_restricted", "Active subscription needed.")
        return Call(self.ws, self._engine, version, params, dict(request.query), body, granted or frozenset(),
                    request.headers.get("Accept", ""),
                    str(request.url.with_query(None)))  # fmt: skip

    def _age(self) -> None:
        """Let records change while somebody reads."""
        if self.settings.touch_every and self.ledger.total % self.settings.touch_every == 0:
            self.changes.touch()

    def _answer(self, reply: Reply, headers: dict[str, str], request: web.BaseRequest) -> web.Response:
        self.ledger.answered(str(reply.status))
        response = web.Response(body=reply.body, status=reply.status, headers=headers, content_type=reply.content_type)
        if reply.content_type == "application/json":
            response.charset = "utf-8"
        if self.settings.gzip and "gzip" in request.headers.get("Accept-Encoding", ""):
            response.enable_compression(web.ContentCoding.gzip)
        return response

    async def _fail(self, request: web.BaseRequest, fault: Fault, reply: Reply,
                    headers: dict[str, str]) -> web.StreamResponse:  # fmt: skip
        """Do to an answer what a fault says."""
        kind, _, rest = fault.kind.partition(":")
        if kind == "hang":
            await asyncio.sleep(float(rest))
        elif kind in ("reset", "truncate"):
            return await self._cut(request, kind, reply, headers)
        elif kind in TROUBLES:
            self.ledger.answered(kind)
            return await TROUBLES[kind](request, reply, headers, rest)
        elif kind == "limit":
            limit_headers(headers, rest, self.settings.clock())
            reply = broken("status", "429")
        elif kind == "redirect":
            headers["Location"] = rest.rstrip("/") + request.path_qs
            reply = broken("status", "302")
        elif kind == "quote-token":
            said = f"Access Token Invalid: {request.headers.get('Authorization', '')}"
            reply = broken("error", f"400:bad_request:{said}")
        elif kind == "scroll":
            self.ws.scroll.die()
            reply = Reply(ApiError(500, "server_error", SCROLL_FAILED).body(), 500)
        else:
            reply = broken(kind, rest)
        return self._answer(reply, headers, request)

    async def _cut(
        self, request: web.BaseRequest, kind: str, reply: Reply, headers: dict[str, str]
    ) -> web.StreamResponse:
        """Close the connection: at once, or half-way through the body that was promised."""
        self.ledger.answered("reset")
        response = web.StreamResponse(headers=headers)
        if kind == "truncate":
            response.content_length = len(reply.body)
            response.content_type = reply.content_type
            await response.prepare(request)
            await response.write(reply.body[: len(reply.body) // 2])
            await asyncio.sleep(0.01)  # let the half go out before the connection does
        if request.transport is not None:
            if kind == "reset":  # a zero linger time makes the kernel send RST instead of FIN
                connection = request.transport.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.transport.abort()
        return response


def broken(kind: str, rest: str) -> Reply:
    """The answer of a fault that is an answer: a bare status, a gateway's page, an error, or nothing at all."""
    if kind == "empty":
        return Reply(b"")
    if kind == "error":
        status, code, *message = re.split(":", rest, maxsplit=2)
        return Reply(ApiError(int(status), code, message[0] if message else code.replace("_", " ")).body(), int(status))
    status_number = int(rest)
    if kind == "html":
        return page(status_number)
    code = (
        "service_unavailable"
        if status_number == 503
        else "rate_limit_exceeded"
        if status_number == 429
        else "server_error"
    )
    return Reply(ApiError(status_number, code, title(status_number)).body(), status_number)
