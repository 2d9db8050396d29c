"""Files that stand behind links of Intercom's answers, brought into the folder from which Airbyte moves them on.

A link leads to another host than Intercom's API, and is signed for a while. So nothing that this process knows goes
there with the request: no token, no cookie, no header but what every HTTP client sends.
"""

import contextlib
import ipaddress
import os
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import urljoin, urlsplit

import requests
from airbyte_cdk.sources.utils.files_directory import get_files_directory

from source_intercom.api.errors import DiskFull, RecordGone, TooLarge, Unavailable
from source_intercom.api.hosts import is_loopback
from source_intercom.api.transport import Transport
from source_intercom.api.wire import AnswerTooLarge, NotSaved, save_body

# As much as Airbyte's own sources take (airbyte-cdk 7.39.1).
MOST_BYTES = 1_500_000_000
_TRIES = 4
_REDIRECTS = 5
_TIMEOUT = (30.0, 60.0)  # seconds to connect, and between two pieces
_REFUSED = (400, 401, 403, 404, 410)
_NAME_BYTES = 150


class LinkRefused(RecordGone):
    """The host of the file refuses the link, which may have expired: a new link may work."""


class Brought(NamedTuple):
    """A file in the folder: where it is, its name below that folder, and its size in bytes."""

    path: str
    relative: str
    size: int


class Files:
    """Brings files. Used by many threads: nothing is written after the constructor."""

    def __init__(self, transport: Transport, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._folder = Path(get_files_directory())
        self._transport = transport
        self._sleep = sleep

    def bring(self, url: object, place: Path) -> Brought:
        """Download a file to ``place`` below the folder, over a file that is there already.

        Raises ``LinkRefused``, ``TooLarge``, ``DiskFull``, or ``Unavailable`` when all tries failed.
        """
        path = self._folder / place
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".coming-")
        except OSError as error:
            raise DiskFull.of(error.strerror or "unknown", str(self._folder)) from None
        try:
            with os.fdopen(handle, "w+b") as file:
                self._download(str(url), file)
                size = file.seek(0, os.SEEK_END)
            # Whoever moves it on may be another user.
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except NotSaved as error:
            raise DiskFull.of(str(error), str(self._folder)) from None
        except AnswerTooLarge:
            raise TooLarge(f"A file is larger than {MOST_BYTES >> 20} MB, the most that is synced.", "") from None
        finally:
            Path(name).unlink(missing_ok=True)
        return Brought(str(path), str(place), size)

    def _download(self, url: str, file: IO[bytes]) -> None:
        reason = ""
        for tried in range(_TRIES):
            if tried:
                self._sleep(2.0**tried * self._transport.time_scale)
            try:
                status = self._ask(url, file)
            except requests.exceptions.RequestException as error:
                reason = type(error).__name__
                continue
            if 200 <= status < 300:
                return
            if status in _REFUSED:
                raise LinkRefused(f"The host of a file refuses its link (HTTP {status}).")
            reason = f"HTTP {status}"
        raise Unavailable(f"The host of a file did not give it after {_TRIES} tries ({reason}).")

    def _ask(self, url: str, file: IO[bytes]) -> int:
        """One try, redirects followed one by one: each must lead to where files may come from."""
        for _ in range(_REDIRECTS):
            self._judge(url)
            with requests.Session() as session:
                # Nothing of the environment but the proxies: a .netrc would add a password.
                session.trust_env = False
                session.proxies.update(requests.utils.get_environ_proxies(url))
                session.verify = self._transport.certificates
                response = session.get(url, stream=True, allow_redirects=False, timeout=_TIMEOUT)
                with response:
                    if response.is_redirect:
                        url = urljoin(url, response.headers["Location"])
                        continue
                    if 200 <= response.status_code < 300:
                        save_body(response, file, MOST_BYTES)
                    return response.status_code
        raise LinkRefused("The link of a file leads from host to host without end.")

    def _judge(self, url: str) -> None:
        """Only https, and no address inside a network; on this machine only where Intercom's stand-in is, too."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            raise LinkRefused("The link of a file is not an address.") from None
        if is_loopback(host) and is_loopback(self._transport.host):
            return
        with contextlib.suppress(ValueError):
            if not ipaddress.ip_address(host).is_global:
                host = ""
        if parts.scheme != "https" or not host or is_loopback(host):
            raise LinkRefused("The link of a file leads to an address that files may not come from.")


def file_name(name: object) -> str:
    """A name that any file system takes, without a way to other folders."""
    kept = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]+', "_", "" if name is None else str(name)).strip(" .")
    if len(kept.encode()) > _NAME_BYTES:
        stem, dot, suffix = kept.rpartition(".")
        suffix = dot + suffix if stem and len(suffix.encode()) < 20 else ""
        kept = kept.encode()[: _NAME_BYTES - len(suffix.encode())].decode(errors="ignore") + suffix
    return kept or "file"
