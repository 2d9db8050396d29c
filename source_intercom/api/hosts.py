"""Intercom's address: that of a region, or one that is set in the environment of the process."""

import ipaddress
import os
import re
import ssl
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from source_intercom.options.config import ConfigError

HOSTS: Mapping[str, str] = {
    "us": "https://api.intercom.io",
    "eu": "https://api.eu.intercom.io",
    "au": "https://api.au.intercom.io",
}

# One pattern judges the whole address. Parsers disagree on what they forgive: of "http://evil.example\@127.0.0.1" one
# sees the host before the backslash, the other the one behind it. What does not match here is refused, and the address
# that is connected to is put together from the parts that were judged.
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>(?:/[A-Za-z0-9._~-]+)*)/?",
    re.ASCII | re.IGNORECASE,
)
_DOTS = frozenset({".", ".."})


def api_host(region: str) -> str:
    """The base URL of a region, or that of the environment variable ``INTERCOM_API_URL``.

    Raises ``ConfigError`` when the variable is not HTTPS, except on this machine's own loopback.
    """
    override = os.environ.get("INTERCOM_API_URL", "")
    if override in ("", "/"):
        return HOSTS[region]
    address = _judged(override)
    if address is None:
        raise ConfigError(
            "The environment variable INTERCOM_API_URL must be an https:// address, "
            "or http:// on this machine itself: "  # ignore-https-check
            "a host, a port and a path if need be, and nothing else."
        )
    return address


def certificates_for(base_url: str) -> str | bool:
    """The file or folder of certificates that the environment names, as requests knows it; True for its own ones.

    Raises ``ConfigError`` when it cannot be used: each request would fail, and blame the network.
    """
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        path = os.environ.get(name)
        if path and base_url.startswith("https:"):
            try:
                _load_certificates(path)
            except (OSError, ValueError) as error:
                holds_none = isinstance(error, ssl.SSLError)
                reason = "it holds none" if holds_none else getattr(error, "strerror", None) or error
                raise ConfigError(
                    f"The file of certificates that the environment variable {name} names cannot be used ({path}: "
                    f"{reason}): name one that holds certificates in PEM form, or unset the variable."
                ) from None
        if path:
            return path
    return True


@cache
def _load_certificates(path: str) -> None:
    """Load certificates to see whether they can be; the usual file of them takes 35 ms. Raises as ``ssl`` does."""
    folder = Path(path).is_dir()
    ssl.create_default_context(cafile=None if folder else path, capath=path if folder else None)


def is_loopback(host: str) -> bool:
    """Whether a host, as it stands in an address, is this machine itself, whatever a name server says."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _judged(address: str) -> str | None:
    """The address as it will be used, None when it is not to be used."""
    parts = _ADDRESS.fullmatch(address)
    if parts is None:
        return None
    scheme, host, port, path = (parts[name] or "" for name in ("scheme", "host", "port", "path"))
    scheme, host = scheme.lower(), host.lower()
    if not _is_host(host) or (scheme == "http" and not is_loopback(host)):
        return None
    if (port and not 0 < int(port) < 65_536) or not _DOTS.isdisjoint(path.split("/")):
        return None
    return f"{scheme}://{host}{f':{int(port)}' if port else ''}{path}"


def _is_host(host: str) -> bool:
    """Whether it is a name, or an address written in full: "127.1" and "2130706433" mean different hosts elsewhere."""
    last = host.rsplit(".", 1)[-1]
    if host.startswith("[") or last.isdigit() or re.fullmatch("0x[0-9a-f]*", last):
        try:
            ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            return False
        return True
    return all(0 < len(label) < 64 for label in host.split("."))
