"""Answers that come too slowly, never, or in an amount that nobody can hold."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Iterator

from aiohttp import web

from .router import Reply

Trouble = Callable[[web.BaseRequest, Reply, dict[str, str], str], Awaitable[web.StreamResponse]]
MEGABYTE = 1 << 20
BEFORE, AFTER = b'{"type":"list","data":[{"type":"tag","id":"1","name":"', b'"}]}'
"""What stands around the megabytes: a list of one record whose name they are."""
FILLING = b"0" * MEGABYTE
DIGITS = 400
SAME = 1_700_000_000


async def silent(
    request: web.BaseRequest, _reply: Reply, _headers: dict[str, str], _rest: str
) -> web.StreamResponse:  # fmt: skip
    """Wait until the caller has gone."""
    while not _gone(request):
        await asyncio.sleep(0.05)
    return web.StreamResponse()


async def drip(request: web.BaseRequest, reply: Reply, headers: dict[str, str], rest: str) -> web.StreamResponse:
    """The body byte by byte."""
    response = web.StreamResponse(status=reply.status, headers=headers)
    response.content_length, response.content_type = len(reply.body), reply.content_type
    await response.prepare(request)
    for at in range(len(reply.body)):
        if _gone(request):
            break
        await _write(response, reply.body[at : at + 1])
        await asyncio.sleep(float(rest))
    return response


async def drip_headers(
    request: web.BaseRequest, reply: Reply, headers: dict[str, str], rest: str
) -> web.StreamResponse:  # fmt: skip
    """The status line and the headers byte by byte, then the body at once."""
    told = {**headers, "Content-Type": reply.content_type, "Content-Length": str(len(reply.body)),
            "Connection": "close"}  # fmt: skip
    lines = [f"HTTP/1.1 {reply.status} OK", *(f"{name}: {value}" for name, value in told.items()), "", ""]
    for byte in "\r\n".join(lines).encode():
        if _gone(request):
            return web.StreamResponse()
        _raw(request, bytes([byte]))
        await asyncio.sleep(float(rest))
    _raw(request, reply.body)
    return await _finished(request)


async def header_flood(
    request: web.BaseRequest, reply: Reply, headers: dict[str, str], rest: str
) -> web.StreamResponse:  # fmt: skip
    flood = {f"X-Flood-{at}": "x" * 60 for at in range(int(rest))}
    response = web.Response(body=reply.body, status=reply.status, headers={**headers, **flood},
                            content_type=reply.content_type)  # fmt: skip
    await response.prepare(request)
    return response


async def bomb(request: web.BaseRequest, _reply: Reply, headers: dict[str, str], rest: str) -> web.StreamResponse:
    """Little on the wire, much in memory."""
    response = web.StreamResponse(headers={**headers, "Content-Encoding": "gzip"})
    response.content_type = "application/json"
    await response.prepare(request)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    for piece in _pieces(int(rest)):
        packed = packer.compress(piece)
        if packed and not _gone(request):
            await _write(response, packed)
        await asyncio.sleep(0)
    await _write(response, packer.flush())
    return response


async def big(request: web.BaseRequest, _reply: Reply, headers: dict[str, str], rest: str) -> web.StreamResponse:
    """Much on the wire too."""
    response = web.StreamResponse(headers=headers)
    response.content_type = "application/json"
    await response.prepare(request)
    for piece in _pieces(int(rest)):
        if _gone(request):
            break
        await _write(response, piece)
    return response


def limit_headers(headers: dict[str, str], what: str, clock: float) -> None:
    """What a 429 says of the moment from which calls are welcome again."""
    reset = {"same": SAME, "past": int(clock) - 60, "now": int(clock), "ms": int(clock * 1_000) + 2_000}.get(what)
    if reset is not None:
        headers["X-RateLimit-Reset"] = str(reset)
    elif what == "digits":
        headers["X-RateLimit-Reset"] = headers["X-RateLimit-Limit"] = "9" * DIGITS
    elif what == "zero":
        headers["X-RateLimit-Limit"] = headers["X-RateLimit-Remaining"] = "0"
    else:
        for name in [name for name in headers if name.startswith("X-RateLimit")]:
            del headers[name]
        if what.startswith("after"):
            headers["Retry-After"] = what.partition("-")[2] or "2"


def _pieces(megabytes: int) -> Iterator[bytes]:
    yield BEFORE
    for _ in range(megabytes):
        yield FILLING
    yield AFTER


def _gone(request: web.BaseRequest) -> bool:
    return request.transport is None or request.transport.is_closing()


def _raw(request: web.BaseRequest, data: bytes) -> None:
    if isinstance(request.transport, asyncio.WriteTransport):
        request.transport.write(data)


async def _write(response: web.StreamResponse, data: bytes) -> None:
    try:
        await response.write(data)
    except ConnectionResetError:
        return  # the caller has had enough


async def _finished(request: web.BaseRequest) -> web.StreamResponse:
    """Close a connection on which an answer was written by hand; the server must not write one of its own."""
    await asyncio.sleep(0.05)
    if request.transport is not None:
        request.transport.close()
    return web.StreamResponse()


TROUBLES: dict[str, Trouble] = {
    "silent": silent, "drip": drip, "drip-headers": drip_headers, "header-flood": header_flood, "bomb": bomb,
    "big": big,
}  # fmt: skip
