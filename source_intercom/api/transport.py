"""What the streams of a process share on their way to Intercom, and the session that each of them has over it."""

import logging
import random
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import DefaultCookiePolicy
from typing import IO, Any, NamedTuple
from urllib.parse import urlsplit

import requests
from airbyte_cdk.sources.streams.call_rate import LimiterSession
from requests.auth import AuthBase

from source_intercom.api.answers import failure_of, is_window_limit
from source_intercom.api.bodies import keep_parsed
from source_intercom.api.budget import CallBudget, WindowPolicy, pause_after
from source_intercom.api.errors import Asked, CertificateRejected, DiskFull, RateLimited, TooLarge
from source_intercom.api.headers import is_web_page
from source_intercom.api.hosts import api_host, certificates_for
from source_intercom.api.masking import keep_secret, shortened
from source_intercom.api.memory import LONGEST, MemoryBudget, NoMemory, cost_of
from source_intercom.api.pace import Patience, time_scale
from source_intercom.api.tally import Tally
from source_intercom.api.wire import (
    MOST_BYTES,
    AnswerTooLarge,
    NotSaved,
    TimedAdapter,
    certificate_fault,
    read_body,
    save_body,
)
from source_intercom.options.config import Config

_LOGGER = logging.getLogger("airbyte")
_TELL_EVERY = 60.0


class Into(NamedTuple):
    """An open file that a good answer is to be written to, and how many bytes it may have."""

    file: IO[bytes]
    most: int


class BearerToken(AuthBase):
    """Puts the access token on each request; its value shows in no representation."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Transport:
    """What all streams of a process share: host, token, connection pool, call budget, threads for child calls.

    Used by every thread that asks Intercom. The pool, the executor, the semaphore and the two budgets have
    locks of their own. All else but the following is never written after the constructor. ``token_worked`` goes from
    false to true once, by whichever thread has the first good answer, and needs no lock. What has been logged
    already (``_told_versions``, ``_tell_again``) is read and written under ``_lock`` only. Since when the rate limit
    lets nothing pass (``_limited_since``) is written under it.
    """

    def __init__(self, config: Config) -> None:
        self.base_url = api_host(config.region)
        self.host = urlsplit(self.base_url).hostname or ""
        self.workers = config.num_workers
        self.auth = BearerToken(config.access_token)
        keep_secret(config.access_token)
        self.time_scale = time_scale(self.base_url)
        self.proxies: Mapping[str, str] = requests.utils.get_environ_proxies(self.base_url)
        self.certificates = certificates_for(self.base_url)
        self.budget = CallBudget(WindowPolicy(config.api_rate_limit, scale=self.time_scale))
        # A pool that blocks is what bounds the requests under way to the number of workers, whichever threads they
        # come from; with fewer connections than workers threads would queue unseen.
        self.adapter = TimedAdapter(pool_connections=1, pool_maxsize=config.num_workers, pool_block=True, max_retries=0)
        self.threads = ThreadPoolExecutor(config.num_workers, thread_name_prefix="child-calls")
        # Answers of child calls wait in the order of their parents. Without a bound on all of them together, those of
        # 200,000 conversations took 770 MB. Twice the workers keep every worker busy.
        self.child_calls = threading.Semaphore(2 * config.num_workers)
        self.memory = MemoryBudget(longest=LONGEST * self.time_scale)
        # Whether Intercom has accepted the token in this process: a 401 after that is about one resource.
        self.token_worked = False
        self._lock = threading.Lock()
        self._told_versions: set[tuple[str, str]] = set()
        self._tell_again = 0.0
        self._limited_since: float | None = None

    def limited_since(self, now: float) -> float:
        """Since when the rate limit has let no request of this process pass; ``now`` when it just begins."""
        with self._lock:
            if self._limited_since is None:
                self._limited_since = now
            return self._limited_since

    def has_passed(self) -> None:
        """The rate limit has let a request pass."""
        # Asked at each good answer: the lock is for the few that have something to write.
        if self._limited_since is not None:
            with self._lock:
                self._limited_since = None

    def heard_version(self, asked: str, served: str | None) -> None:
        """Say once when Intercom serves another version than it was asked for, as it may (Forest Admin, 2026)."""
        if served is None or served == asked:
            return
        with self._lock:
            if (asked, served) in self._told_versions:
                return
            self._told_versions.add((asked, served))
        _LOGGER.warning(
            f"Intercom serves API version {shortened(served, 40)!r} where this connector asks for {asked}: fields can "
            "differ from what the documentation of the streams says."
        )

    def tell_wait(self, seconds: float, why: str) -> None:
        """Say for what this process waits, at most once a minute."""
        with self._lock:
            now = time.monotonic()
            if now < self._tell_again:
                return
            self._tell_again = now + _TELL_EVERY
        _LOGGER.info(f"Waiting {seconds:.0f} s for Intercom's rate limit ({why})")

    def close(self) -> None:
        """Let go of threads and connections; requests still under way are not waited for."""
        self.threads.shutdown(wait=False, cancel_futures=True)
        self.adapter.close()


class StreamSession(LimiterSession):
    """A session of one stream: the stream's version header and tally over the shared pool and budget.

    Used by all threads that ask for the stream. Nothing here is written after the constructor; what belongs to one
    request is kept with that request.
    """

    def __init__(self, transport: Transport, version: str, tally: Tally, patience: Patience) -> None:
        super().__init__(api_budget=transport.budget)
        self._transport = transport
        self._version = version
        self._tally = tally
        self._patience = patience
        self.auth = transport.auth
        self.headers.update({"Intercom-Version": version, "Accept": "application/json"})
        # The environment's proxies and certificates are asked for once: to look them up anew for each request, as
        # requests does, is a fifth of its CPU.
        self.trust_env = False
        self.proxies.update(transport.proxies)
        self.verify = transport.certificates
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.mount("https://", transport.adapter)
        self.mount("http://", transport.adapter)  # ignore-https-check: to this machine itself only

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: nothing is followed. What stands elsewhere is no answer of Intercom, and its data would be rows."""
        return None

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send within the budget. A spent window is waited out here: it is no failure of the request.

        A good answer is written to a file where ``into`` names one; a page of a gateway is no file. Raises
        ``RateLimited`` when waiting takes too long, ``TooLarge``, ``DiskFull``, ``CertificateRejected``, or what
        requests raises.
        """
        into = kwargs.pop("into", None)
        spent = vars(request)
        tries = 0
        while True:
            self._transport.budget.acquire_call(request)
            self._tally.add(calls=1)
            began = time.monotonic()
            try:
                response = self._answer(request, kwargs, into)
            except BaseException:
                self._transport.budget.release()
                raise
            finally:
                spent["answer_seconds"] = spent.get("answer_seconds", 0.0) + time.monotonic() - began
            self._transport.budget.update_from_response(request, response)
            if not is_window_limit(response):
                self._transport.has_passed()
                self._transport.heard_version(self._version, response.headers.get("Intercom-Version"))
                return response
            self._wait_for_the_limit(request, response, tries)
            tries += 1

    def _answer(
        self, request: requests.PreparedRequest, kwargs: Mapping[str, Any], into: Into | None
    ) -> requests.Response:
        try:
            response = requests.Session.send(self, request, **{**kwargs, "stream": True})
            if into and 200 <= response.status_code < 300 and not is_web_page(response):
                save_body(response, *into)
            else:
                memory = self._transport.memory
                with memory.share() as share:
                    read_body(response, share.take)
                    with memory.parsing(len(response.content), lambda: cost_of(response.content)):
                        keep_parsed(response)
        except AnswerTooLarge:
            size, where = (into.most, "onto the disk") if into else (MOST_BYTES, "into memory")
            raise TooLarge(
                f"Intercom's answer to {_endpoint(request)} is larger than {size >> 20} MB, more than this connector "
                f"takes {where}.",
                _endpoint(request),
            ) from None
        except NoMemory:
            # The error is kept until its stream ends, and with it the answer.
            vars(response)["_content"] = b""
            raise TooLarge(
                f"Intercom's answer to {_endpoint(request)} does not fit into memory beside others that are being read "
                'at the same time. Fewer "Parallel requests" (num_workers) need less memory.',
                _endpoint(request),
            ) from None
        except NotSaved as error:
            raise DiskFull.of(str(error), _endpoint(request)) from None
        except requests.exceptions.SSLError as error:
            if fault := certificate_fault(error):
                raise CertificateRejected(
                    f"The certificate of {self._transport.host} is not trusted on this machine ({fault}): if a proxy "
                    "here has a certificate of its own, set REQUESTS_CA_BUNDLE to a file that holds it.",
                    _endpoint(request),
                ) from None
            raise
        return response

    def _wait_for_the_limit(self, request: requests.PreparedRequest, response: requests.Response, tries: int) -> None:
        failure = failure_of(response)
        now = time.monotonic()
        # One bound for all requests: a read asks for many things one after another, and each would wait as long.
        waited = now - min(self._transport.limited_since(now), vars(request).setdefault("limited_since", now))
        scale = self._transport.time_scale
        if waited >= self._patience.rate_limit * scale:
            raise RateLimited.told(failure, Asked(f"{_endpoint(request)}, after {waited:.0f} s of waiting"))
        longest = self._patience.retry_after
        pause = pause_after(response, tries, time.time(), random.random(), scale=scale, longest=longest)
        self._transport.tell_wait(pause, f"{_endpoint(request)}: {failure}")
        time.sleep(pause)


def _endpoint(request: requests.PreparedRequest) -> str:
    """Method and path. The query can hold what people search for, which is nobody else's business."""
    return f"{request.method} {urlsplit(request.url or '').path}"
