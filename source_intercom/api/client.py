"""The way to Intercom: hosts, token, version header, timeouts, pool, retries, and one budget for all."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from logging import Logger
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from airbyte_cdk.sources.streams.call_rate import LimiterSession
from airbyte_cdk.sources.streams.http import HttpClient
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from source_intercom.api.budget import CallBudget, WindowPolicy
from source_intercom.api.errors import (
    RETRIES,
    Failure,
    Meaning,
    RetryPolicy,
    body_of,
    error_for,
    is_window_limit,
    meaning_of,
    unavailable,
)
from source_intercom.options.config import Config, ConfigError

HOSTS: Mapping[str, str] = {
    "us": "https://api.intercom.io",
    "eu": "https://api.eu.intercom.io",
    "au": "https://api.au.intercom.io",
}
API_VERSION = "2.15"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_TIMEOUT = (10.0, 90.0)  # seconds to connect, seconds between two bytes; heavy searches think for a minute
_PATIENCE = 900.0  # seconds that one request may spend on 429 answers while others use the same allowance

Json = dict[str, Any]
T = TypeVar("T")
R = TypeVar("R")


@dataclass
class Tally:
    """What one stream has cost and could not get; the figures of the summary at the end."""

    calls: int = 0
    records: int = 0
    gone: int = 0
    capped: int = 0
    expected: int = 0
    began: float | None = None
    ended: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def seconds(self) -> float:
        """From the first call to the last record."""
        return 0.0 if self.began is None else self.ended - self.began

    def add(self, *, calls: int = 0, records: int = 0, gone: int = 0, capped: int = 0, expected: int = 0) -> None:
        """Add to the figures; workers of one stream count side by side."""
        with self._lock:
            self.ended = time.monotonic()
            self.began = self.began or self.ended
            self.calls += calls
            self.records += records
            self.gone += gone
            self.capped += capped
            self.expected += expected


def api_host(region: str) -> str:
    """The base URL of a region, or that of ``INTERCOM_API_URL``, which whoever runs the process may set.

    Raises ``ConfigError`` when the variable is not HTTPS, except on this machine's own loopback.
    """
    override = os.environ.get("INTERCOM_API_URL", "").rstrip("/")
    if not override:
        return HOSTS[region]
    try:
        url = urlsplit(override)
    except ValueError:
        url = urlsplit("")
    if url.hostname and (url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK)):
        return override
    raise ConfigError(
        "The environment variable INTERCOM_API_URL must be an https:// address, or http:// on this machine itself."
    )


class BearerToken(AuthBase):
    """Puts the access token on each request; its value shows in no representation."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Transport:
    """What all streams of a process share: host, token, connection pool, call budget, threads for child calls."""

    def __init__(self, config: Config) -> None:
        self.base_url = api_host(config.region)
        self.host = urlsplit(self.base_url).hostname or ""
        self.workers = config.num_workers
        self.auth = BearerToken(config.access_token)
        self.proxies: Mapping[str, str] = requests.utils.get_environ_proxies(self.base_url)
        self.certificates = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        self.budget = CallBudget(WindowPolicy(config.api_rate_limit))
        # A pool that blocks is what bounds the requests under way to the number of workers, whichever
        # threads they come from; with fewer connections than workers threads would queue unseen (peers #7).
        self.adapter = HTTPAdapter(pool_connections=1, pool_maxsize=config.num_workers, pool_block=True, max_retries=0)
        self.threads = ThreadPoolExecutor(config.num_workers, thread_name_prefix="details")
        # Answers of child calls wait in the order of their parents. Without a bound on all of them together, those of
        # 200,000 conversations took 770 MB. Twice the workers keep every worker busy.
        self.details = threading.Semaphore(2 * config.num_workers)

    def close(self) -> None:
        """Let go of threads and connections; requests still under way are not waited for."""
        self.threads.shutdown(wait=False, cancel_futures=True)
        self.adapter.close()


class _Session(LimiterSession):
    """A session of one stream: the stream's version header and tally over the shared pool and budget."""

    def __init__(self, transport: Transport, version: str, tally: Tally) -> None:
        super().__init__(api_budget=transport.budget)
        self._budget = transport.budget
        self._tally = tally
        self.auth = transport.auth
        self.headers.update({"Intercom-Version": version, "Accept": "application/json"})
        # The environment's proxies and certificates are asked for once: to look them up anew for each request, as
        # requests does, is a fifth of its CPU.
        self.trust_env = False
        self.proxies.update(transport.proxies)
        self.verify = transport.certificates
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.mount("https://", transport.adapter)
        self.mount("http://", transport.adapter)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send within the budget. A spent window is waited out here: it is no failure of the request."""
        give_up = time.monotonic() + _PATIENCE
        while True:
            self._budget.acquire_call(request)
            self._tally.add(calls=1)
            try:
                response = requests.Session.send(self, request, **kwargs)
            except BaseException:
                self._budget.release()
                raise
            self._budget.update_from_response(request, response)
            if not is_window_limit(response) or time.monotonic() > give_up:
                return response


class Client:
    """One stream's line to Intercom.

    ``version`` goes out as ``Intercom-Version`` with every request: without it Intercom answers in the shape
    that was stored when the app was made (notes §2). ``permission`` is what its errors ask for; a ``tally`` that is
    given counts for several lines together.
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
        self.http = self._http_client(name, logger, version, retries)
        self._http_once = self._http_client(name, logger, version, 0)

    def _http_client(self, name: str, logger: Logger, version: str, retries: int) -> HttpClient:
        return HttpClient(
            name=name,
            logger=logger,
            error_handler=RetryPolicy(retries),
            session=_Session(self._transport, version, self.tally),
            request_timeout=_TIMEOUT,
        )

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, retry: bool = True) -> Json:
        """GET a path or a path with its query; returns the JSON object. Raises an ``IntercomError``."""
        return self._call("GET", path, params=params, json=None, retry=retry)

    def post(self, path: str, body: Json) -> Json:
        """POST a JSON body; returns the JSON object. Raises an ``IntercomError``."""
        return self._call("POST", path, params=None, json=body, retry=True)

    def server_time(self) -> tuple[Json, int]:
        """``/me`` and the moment of its answer on Intercom's clock, in Unix seconds, ours if it names none."""
        response = self._send("GET", "/me", params=None, json=None, retry=True)
        try:
            moment = int(parsedate_to_datetime(response.headers["Date"]).timestamp())
        except (KeyError, ValueError):
            moment = int(time.time())
        return _decode(response), moment

    def each(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Map over items with the shared threads, in order; what is not yet begun is dropped on an error."""
        details = self._transport.details
        futures: deque[Future[R]] = deque()
        try:
            for item in items:
                # Whoever has results makes room by giving them; whoever has none may wait for the others to do so.
                while not details.acquire(blocking=not futures):
                    yield self._first(futures)
                futures.append(self._transport.threads.submit(function, item))
            while futures:
                yield self._first(futures)
        finally:
            for future in futures:
                future.cancel()
                details.release()

    def _first(self, futures: deque[Future[R]]) -> R:
        try:
            return futures.popleft().result()
        finally:
            self._transport.details.release()

    def begin(self, function: Callable[[], R]) -> Future[R]:
        """Have one of the shared threads do it meanwhile."""
        return self._transport.threads.submit(function)

    def _call(
        self, method: str, path: str, *, params: Mapping[str, Any] | None, json: Json | None, retry: bool
    ) -> Json:
        return _decode(self._send(method, path, params=params, json=json, retry=retry))

    def _send(
        self, method: str, path: str, *, params: Mapping[str, Any] | None, json: Json | None, retry: bool
    ) -> requests.Response:
        endpoint = f"{method} {path.partition('?')[0]}"
        try:
            _, response = (self.http if retry else self._http_once).send_request(
                method, self._transport.base_url + path, request_kwargs={}, params=params, json=json
            )
        except AirbyteTracedException as error:
            # Only exhausted retries end here: RetryPolicy lets everything else through.
            raise unavailable(f"{endpoint}: {error.internal_message}") from None
        meaning = meaning_of(response)
        if meaning is not Meaning.OK:
            raise error_for(
                meaning,
                Failure.of(response),
                endpoint=endpoint,
                permission=self._permission,
                host=self._transport.host,
            )
        return response


def _decode(response: requests.Response) -> Json:
    body = body_of(response)
    return body if isinstance(body, dict) else {"data": body}
