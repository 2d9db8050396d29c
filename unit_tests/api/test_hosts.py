"""INTERCOM_API_URL: the host that is connected to is the one that was judged."""

from __future__ import annotations

from pathlib import Path

import certifi
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from source_intercom.api.hosts import HOSTS, _judged, api_host, certificates_for, is_loopback
from source_intercom.options.config import ConfigError

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
TRICKS = [
    "http://evil.example\\@127.0.0.1",
    "http://127.0.0.1\\@evil.example",
    "http://evil.example#@127.0.0.1",
    "http://evil.example?@127.0.0.1",
    "http://127.0.0.1:80@evil.example",
    "http://127.0.0.1@evil.example",
    "https://user:password@proxy.example",
    "https://proxy.example?x=1",
    "https://proxy.example#top",
    "https://proxy.example/a?b",
    "https://proxy.example/../x",
    "https://proxy.example/a/./b",
    "https://proxy.example/%2e%2e",
    "https://proxy.example//x",
    "https://proxy.example:0",
    "https://proxy.example:65536",
    "https://proxy.example:",
    "https://proxy.example:8o",
    "https://proxy.example:-1",
    "https://proxy.example\n",
    "\nhttps://proxy.example",
    "https://proxy\n.example",
    "https://proxy.example\r\nX-Header: 1",
    "https://proxy.example\t",
    "https://proxy .example",
    "https://proxy..example",
    "https://.example",
    "https://-proxy.example",
    "https://" + "a" * 64 + ".example",
    "https://prox\u0443.example",
    "https://proxy\u3002example",
    "https://\uff11\uff12\uff17.0.0.1",
    "http://[fe80::1%25eth0]",
    "http://[::1%25lo]",
    "http://[::1",
    "http://::1",
    "http://[::ffff:127.0.0.1]x",
    "http://127.1",
    "http://0177.0.0.1",
    "http://2130706433",
    "http://0x7f000001",
    "http://0x7f.0.0.1",
    "https://1.2.3.4.5",
    "https://256.1.1.1",
    "http://127.0.0.1.evil.example",
    "http://localhost.evil.example",
    "http://localhost.",
    "http:/127.0.0.1",
    "http:127.0.0.1",
    "//127.0.0.1",
    "ftp://127.0.0.1",
    "\u00a0",
    "//",
]


@pytest.mark.complaint(106)
@pytest.mark.parametrize("address", TRICKS)
def test_tricks_are_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("INTERCOM_API_URL", address)
    with pytest.raises(ConfigError, match="INTERCOM_API_URL must be an https:// address"):
        api_host("us")


@pytest.mark.parametrize(
    ("address", "base"),
    [
        ("HTTPS://Proxy.Example:08443/Intercom/v1", "https://proxy.example:8443/Intercom/v1"),
        ("http://127.0.0.53:8080", "http://127.0.0.53:8080"),
        ("http://[0:0:0:0:0:0:0:1]:8080", "http://[0:0:0:0:0:0:0:1]:8080"),
        ("http://LOCALHOST", "http://localhost"),
        ("https://10.1.2.3", "https://10.1.2.3"),
        ("https://intercom", "https://intercom"),
    ],
)
def test_good_addresses(monkeypatch: pytest.MonkeyPatch, address: str, base: str) -> None:
    monkeypatch.setenv("INTERCOM_API_URL", address)
    assert {api_host(region) for region in HOSTS} == {base}


pieces = st.sampled_from(
    [
        "http",
        "https",
        "://",
        ":",
        "/",
        "\\",
        "@",
        "?",
        "#",
        "127.0.0.1",
        "localhost",
        "[::1]",
        "evil.example",
        "80",
        "%",
        ".",
        "\n",
        "a",
    ]
)


@given(st.lists(pieces, max_size=9).map("".join))
def test_in_the_clear_to_this_machine_only(address: str) -> None:
    """Whatever passes is taken by requests for the same host."""
    judged = _judged(address)
    if judged is None:
        return
    sent = requests.Request("GET", f"{judged}/me").prepare()
    scheme, _, rest = judged.partition("://")
    host = rest.partition("/")[0]
    assert sent.url is not None
    assert sent.url.startswith(f"{scheme}://{host}/")
    if scheme == "http":
        assert any(host == name or host.startswith(f"{name}:") for name in LOOPBACK)


@pytest.mark.parametrize(("host", "is_it"), [("127.9.9.9", True), ("::1", True), ("0.0.0.0", False), ("a", False)])
def test_loopback(host: str, is_it: bool) -> None:
    assert is_loopback(host) is is_it


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("content", [None, b"", b"text", b"\0\xff"], ids=["no file", "empty", "text", "bytes"])
def test_certificates_that_cannot_be_used_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes | None
) -> None:
    path = tmp_path / "certificates.pem"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv(name, str(path))
    with pytest.raises(ConfigError, match=f"the environment variable {name} names cannot be used"):
        certificates_for("https://api.intercom.io")
    # Without TLS nobody looks at them.
    assert certificates_for("http://localhost:8089") == str(path)


def test_certificates_can_be_a_file_or_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (certifi.where(), str(tmp_path)):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", path)
        assert certificates_for("https://api.intercom.io") == path
