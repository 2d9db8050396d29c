"""The HTTP client of one stream."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from logging import Logger
from typing import IO, Any, TypeVar

import requests
from airbyte_cdk.sources.streams.http import HttpClient
from airbyte_cdk.sources.streams.http.exceptions import BaseBackoffException

from source_intercom.api.answers import RetryPolicy, error_at_last, error_class_of, failure_of, is_doubtful
from source_intercom.api.bodies import body_of
from source_intercom.api.budget import WINDOW_SECONDS, retry_after
from source_intercom.api.errors import RETRIES, Asked, IntercomError, TlsFailed, Unavailable, strange, unavailable
from source_intercom.api.headers import date_of, reset_of
from source_intercom.api.pace import Patience, patience_for
from source_intercom.api.tally import Tally
from source_intercom.api.transport import Into, StreamSession, Transport

__all__ = ["API_VERSION", "Client", "Json", "Tally", "Transport"]

API_VERSION = "2.15"

Json = dict[str, Any]
T = TypeVar("T")
R = TypeVar("R")


_A_DAY = 86_400
# From 2001 to 2286 in Unix seconds.
_MOMENTS = range(10**9, 10**10)


class _RetryingClient(HttpClient):
    """The CDK's client, with its retries counted here.

    The CDK's own loop prints a traceback as an ERROR log when retries are over, counts the minutes that a request
    waited for the rate limit against its tries, and always sleeps in real time.
    """

    def __init__(self, *args: Any, patience: Patience, time_scale: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._patience = patience
        self._scale = time_scale

    def _send_with_retry(
        self, request: requests.PreparedRequest, request_kwargs: Mapping[str, Any], *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Raises the ``BaseBackoffException`` of the last try."""
        tried = 0
        # What headers may still ask for, all tries together: a gateway may ask for two minutes each time.
        longest = self._patience.retry_after
        while True:
            try:
                return self._send(request, request_kwargs, *args, **kwargs)
            except BaseBackoffException as error:
                spent = vars(request).get("answer_seconds", 0.0)
                if tried >= self._max_retries or spent >= self._patience.answers:
                    raise
                told = error.response if isinstance(error.response, requests.Response) else None
                asked = 0.0 if told is None else retry_after(told, time.time(), longest)
                longest -= asked
                pause = max(2.0**tried * self._scale, asked)
                self._logger.info(f"{self._name}: Intercom did not answer ({error}); the next try is in {pause:g} s")
                time.sleep(pause)
                tried += 1


class Client:
    """The HTTP client of one stream.

    ``version`` goes out as ``Intercom-Version`` with every request: without it Intercom answers in the shape
    that was stored when the app was made. ``permission`` is what its errors ask for; a ``tally`` that is given counts
    for several clients together.

    Used by all threads that ask for the stream. Nothing of it is written after the constructor; the tally has a lock
    of its own, and so has what the transport shares.
    """

    def __init__(
        self,
        name: str,
        transport: Transport,
        logger: Logger,
        *,
        permission: str,
        version: str = API_VERSION,
        retries: int = RETRIES,
        tally: Tally | None = None,
    ) -> None:
        self.tally = tally or Tally()
        self._transport = transport
        self._permission = permission
        patience = patience_for(retries)
        self.http = self._http_client(name, logger, version, retries, patience)
        self._http_once = self._http_client(name, logger, version, 0, patience)

    def _http_client(self, name: str, logger: Logger, version: str, retries: int, patience: Patience) -> HttpClient:
        return _RetryingClient(
            name=name,
            logger=logger,
            error_handler=RetryPolicy(retries),
            session=StreamSession(self._transport, version, self.tally, patience),
            request_timeout=(patience.connect, patience.answer),
            patience=patience,
            time_scale=self._transport.time_scale,
        )

    @property
    def time_scale(self) -> float:
        """By how much the waits that we choose are shorter, in tests."""
        return self._transport.time_scale

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, retry: bool = True) -> Json:
        """GET a path or a path with its query; returns the JSON object. Raises an ``IntercomError``."""
        return _decode(self._send("GET", path, params=params, retry=retry))

    def post(self, path: str, body: Json, *, retry: bool = True) -> Json:
        """POST a JSON body; returns the JSON object. Raises an ``IntercomError``."""
        return _decode(self._send("POST", path, json=body, retry=retry))

    def download(self, path: str, file: IO[bytes], most: int) -> None:
        """GET what is no JSON into an open file, at most so many bytes. Raises an ``IntercomError``."""
        self._send("GET", path, into=Into(file, most))

    def get_with_time(self, path: str) -> tuple[Json, int]:
        """As ``get``, with the moment of the answer on Intercom's clock, in Unix seconds, on ours if it names none.

        Raises an ``IntercomError``, which knows the moment too where Intercom has answered.
        """
        response = self._send("GET", path)
        return _decode(response), _moment_of(response)

    def each(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Map over items with the shared threads, in order; what is not yet begun is dropped on an error."""
        child_calls = self._transport.child_calls
        futures: deque[Future[R]] = deque()
        try:
            for item in items:
                # Give the results that are there before more is asked for. Without any, wait for other callers.
                while not child_calls.acquire(blocking=not futures):
                    yield self._first(futures)
                futures.append(self._transport.threads.submit(function, item))
            while futures:
                yield self._first(futures)
        finally:
            for future in futures:
                future.cancel()
                child_calls.release()

    def _first(self, futures: deque[Future[R]]) -> R:
        try:
            return futures.popleft().result()
        finally:
            self._transport.child_calls.release()

    def ahead(self, items: Iterator[T]) -> Iterator[T]:
        """The same items, each fetched by one of the shared threads while the one before it is being used."""

        def begin() -> Future[T | None]:
            return self._transport.threads.submit(lambda: next(items, None))

        coming = begin()
        while (item := coming.result()) is not None:
            coming = begin()
            yield item
            del item

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Json | None = None,
        retry: bool = True,
        into: Into | None = None,
    ) -> requests.Response:
        asked = Asked(f"{method} {path.partition('?')[0]}", self._permission, self._transport.host)

        def send() -> requests.Response:
            return (self.http if retry else self._http_once).send_request(
                method,
                self._transport.base_url + path,
                request_kwargs={"into": into} if into else {},
                headers={"Accept": "application/octet-stream"} if into else None,
                params=params,
                json=json,
            )[1]

        try:
            response = send()
            if retry and is_doubtful(response):
                time.sleep(self._transport.time_scale)
                response = send()
        except BaseBackoffException as error:
            raise self._error_of(error, asked) from None
        if kind := error_class_of(response):
            raise self._told(kind, response, asked)
        self._transport.token_worked = True
        return response

    def _error_of(self, error: BaseBackoffException, asked: Asked) -> IntercomError:
        """The error of a request whose retries are over, by its last try."""
        response = error.response
        kind = error_class_of(response) if isinstance(response, requests.Response) else None
        if kind is not None and kind is not Unavailable:
            return self._told(kind, response, asked)
        detail = f"{asked.endpoint}: {error}"
        if str(error) == requests.exceptions.SSLError.__name__:
            return TlsFailed(
                f"No secure connection to {asked.host} was possible after several tries: a proxy or firewall on the "
                "way may break TLS, or Intercom has a fault. Check https://www.intercomstatus.com.",
                detail,
            )
        return unavailable(detail)

    def _told(self, kind: type[IntercomError], response: requests.Response, asked: Asked) -> IntercomError:
        failure = failure_of(response)
        error = error_at_last(failure, kind, token_worked=self._transport.token_worked).told(failure, asked)
        error.answered_at = _moment_of(response)
        return error


def _moment_of(response: requests.Response) -> int:
    """The moment of an answer on Intercom's clock, in Unix seconds, on ours if it names none.

    The end of the rate-limit window is a second word of the same clock. Where it and ``Date`` are a day apart, one of
    them is wrong: the one that is further from our clock.
    """
    ours = int(time.time())
    date, reset = date_of(response), reset_of(response)
    if date is None:
        return ours
    told = [int(date)]
    if reset is not None and reset in _MOMENTS and abs(reset - told[0]) > _A_DAY:
        told.append(reset - WINDOW_SECONDS)
    return min(told, key=lambda moment: abs(moment - ours))


def _decode(response: requests.Response) -> Json:
    body = body_of(response)
    if body == []:
        # Intercom's empty lists stand in an object. This says nothing, and would pass as a list without records.
        raise strange("an empty list, and no word of what it lists")
    return body if isinstance(body, dict) else {"data": body}
