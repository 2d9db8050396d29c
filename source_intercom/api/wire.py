"""Connections whose answers end in time, and bodies that fit into memory."""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from typing import IO, Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

# No answer, however it is packed, takes more memory than this: a megabyte of gzip can hold a gigabyte.
MOST_BYTES = 256 << 20
_PIECE = 256 << 10
# A connection that is slower than this counts as broken: an answer of a byte a second would take days.
_SLOWEST = 20_000  # bytes a second
# Beyond these, an answer must bring a byte of its body for so many that it sends. There is no end to what brings none:
# interim answers, lines behind the last chunk, gzip of nothing. The headers of an answer of Intercom have 2 KB.
_MOST_IN_VAIN = 512 << 10
_SENT_FOR_ONE = 4


class AnswerTooLarge(Exception):
    """More bytes than memory, or the disk, is meant for."""


class _InVain(http.client.HTTPException):
    """An answer goes on and on and brings nothing."""


class NotSaved(Exception):
    """An answer could not be written to the disk."""


class _InTime(io.RawIOBase):
    """The bytes of one answer, headers and all, within one time that grows with what has come.

    A socket's timeout bounds the time between two bytes only. Here it is the time that is left.
    """

    def __init__(self, raw: io.RawIOBase, connection: socket.socket) -> None:
        self._raw = raw
        self._connection = connection
        # Runs down only while we wait for the server: it is not to blame when an answer waits for room in memory.
        self._left = connection.gettimeout()
        self._in_vain = 0

    def brought(self, size: int) -> None:
        """Bytes of the body have come out of what was read."""
        self._in_vain -= size * _SENT_FOR_ONE

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._in_vain > _MOST_IN_VAIN:
            raise _InVain("the answer goes on and brings nothing")
        if self._left is None:
            return self._raw.readinto(buffer)
        if self._left <= 0:
            raise TimeoutError("the answer took too long for its size")
        self._connection.settimeout(self._left)
        began = time.monotonic()
        read = self._raw.readinto(buffer)
        self._left += (read or 0) / _SLOWEST - (time.monotonic() - began)
        self._in_vain += read or 0
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.timed: _InTime | None = None
        # A proxy that is spoken to in TLS within TLS has a socket of another kind, with timeouts of its own.
        if isinstance(sock, socket.socket) and isinstance(self.fp, io.BufferedReader):
            self.timed = _InTime(self.fp.detach(), sock)
            self.fp = io.BufferedReader(self.timed)


class _TimedHTTP(HTTPConnection):
    response_class = _TimedResponse


class _TimedHTTPS(HTTPSConnection):
    response_class = _TimedResponse


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _TimedHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _TimedHTTPS


_POOLS = {"http": _HTTPPool, "https": _HTTPSPool}


class TimedAdapter(HTTPAdapter):
    """Requests' adapter over connections whose answers end in time."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> urllib3.ProxyManager:
        manager: urllib3.ProxyManager = super().proxy_manager_for(*args, **kwargs)
        if type(manager) is urllib3.ProxyManager:
            manager.pool_classes_by_scheme = _POOLS
        return manager


def read_body(response: requests.Response, take: Callable[[int], None], most: int = MOST_BYTES) -> None:
    """Read an answer that was asked for as a stream, so that ``content`` has it.

    ``take`` is told the size of each piece before the piece is kept, and may wait or raise. Raises ``AnswerTooLarge``,
    or what requests raises for a body that breaks off.
    """
    # Grows in its place; pieces that are joined would for a moment be in memory twice. Closed on an error too, because
    # errors can be kept for long, with all that they came through.
    with io.BytesIO() as body, closing(_pieces(response, most)) as pieces:
        for piece in pieces:
            take(len(piece))
            body.write(piece)
        _keep(response, body.getvalue())


def save_body(response: requests.Response, file: IO[bytes], most: int) -> None:
    """Write the body of a good answer, requested as a stream, into a file, over what the file holds.

    Its ``content`` is then an empty JSON object. Raises as ``read_body``, and ``NotSaved``.
    """
    try:
        file.seek(0)
        file.truncate()
        for piece in _pieces(response, most):
            file.write(piece)
        file.flush()
    except OSError as error:
        # Errors can be kept for long, and the connection with them, which another request waits for.
        response.close()
        # What requests raises is an OSError too.
        if isinstance(error, requests.exceptions.RequestException):
            raise
        raise NotSaved(error.strerror) from error
    _keep(response, b"{}")


@contextmanager
def let_go_on_error(file: IO[bytes]) -> Iterator[None]:
    """A block that closes a file when it fails. What the file still holds fits onto a full disk no better now."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            file.close()
        raise


def _keep(response: requests.Response, content: bytes) -> None:
    """As requests itself keeps a body that it has read."""
    vars(response).update(_content=content, _content_consumed=True)


def _pieces(response: requests.Response, most: int) -> Generator[bytes, None, None]:
    size = 0
    timed = getattr(getattr(response.raw, "_fp", None), "timed", None)
    try:
        while piece := response.raw.read1(_PIECE, decode_content=True):
            size += len(piece)
            if timed:
                timed.brought(len(piece))
            if size > most:
                raise AnswerTooLarge
            yield piece
    except urllib3.exceptions.DecodeError as error:
        raise requests.exceptions.ContentDecodingError(error) from error
    except (urllib3.exceptions.ReadTimeoutError, TimeoutError) as error:
        raise requests.exceptions.ReadTimeout(error) from error
    except urllib3.exceptions.SSLError as error:
        raise requests.exceptions.SSLError(error) from error
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
        raise requests.exceptions.ChunkedEncodingError(error) from error
    finally:
        # A connection with something left in it is closed, one that has been read to its end is used again.
        response.close()


def certificate_fault(error: BaseException) -> str:
    """What is wrong with the other side's certificate; empty when the failure is another one."""
    seen: set[int] = set()
    pending: list[object] = [error]
    while pending:
        cause = pending.pop()
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message or "it cannot be verified"
        pending += [*cause.args, cause.__cause__, cause.__context__, getattr(cause, "reason", None)]
    return ""
