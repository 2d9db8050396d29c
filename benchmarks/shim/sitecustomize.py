"""Points a peer at the sandbox without touching its code. Python imports this when the peer's process starts.

The folder of this file is on the peer's ``PYTHONPATH``. Every request that goes through ``requests``, and the
peers know no other way, has its host replaced just before it is sent. A request to any other host is refused,
so that nothing leaves this machine.

Three more things are mended, because there the sandbox is stricter than what these peers meet every day: an
API version older than the sandbox knows becomes its oldest; in a search, seconds written with a fraction of
nothing (``1700000000.0``) become whole, and conditions that hold for every id (``id > ""``) are taken out.

``BENCH_URL`` is the sandbox's URL, without a slash at its end; ``BENCH_OLDEST_VERSION`` its oldest API version.
"""

import json
import os
from typing import Any
from urllib.parse import urlsplit

import requests

REAL = "https://api.intercom.io"
SANDBOX = os.environ.get("BENCH_URL", "")
OLDEST = os.environ.get("BENCH_OLDEST_VERSION", "0")

_send = requests.Session.send


def mapped(url: str) -> str:
    """The address in the sandbox; an error for a host that is neither Intercom nor the sandbox."""
    parts = urlsplit(url)
    host = f"{parts.scheme}://{parts.netloc}"
    if host == REAL:
        return SANDBOX + parts._replace(scheme="", netloc="").geturl()
    if host != SANDBOX:
        raise requests.ConnectionError(f"a benchmark speaks to its sandbox only, not to {host}")
    return url


def answerable(version: str) -> str:
    """The version to ask for: the peer's own, unless the sandbox is too young for it."""

    def number(text: str) -> list[int]:
        return [int(part) for part in text.split(".") if part.isdigit()]

    return OLDEST if number(version) < number(OLDEST) else version


def mended(node: Any) -> Any:
    """A search query as the sandbox takes it; None when nothing is left of it."""
    if not isinstance(node, dict):
        return node
    value = node.get("value")
    if isinstance(value, list) and "field" not in node:
        members = [member for member in map(mended, value) if member is not None]
        return {**node, "value": members} if members else None
    if isinstance(value, float) and value.is_integer():
        return {**node, "value": int(value)}
    return None if node.get("field") == "id" and value == "" else node


def _mend(request: requests.PreparedRequest) -> None:
    request.url = mapped(request.url or "")
    version = request.headers.get("Intercom-Version")
    if version is not None:
        request.headers["Intercom-Version"] = answerable(version)
    if request.body and request.url.endswith("/search"):
        search = json.loads(request.body)
        search["query"] = mended(search.get("query"))
        request.prepare_body(None, None, json=search)


def send(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
    """``Session.send``, to the sandbox."""
    _mend(request)
    # A proxy of this machine has no business between the peer and the sandbox.
    return _send(session, request, **{**options, "proxies": {}})


# Only where asked for, so that a test may import this file.
if SANDBOX:
    requests.Session.send = send  # type: ignore[method-assign, assignment]  # that is what a shim does
