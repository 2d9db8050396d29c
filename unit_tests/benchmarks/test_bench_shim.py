from typing import Any

import pytest
import requests

from benchmarks.shim import sitecustomize as shim


@pytest.fixture(autouse=True)
def _sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shim, "SANDBOX", "http://127.0.0.1:8089")
    monkeypatch.setattr(shim, "OLDEST", "2.11")


def test_importing_it_without_a_sandbox_patches_nothing() -> None:
    assert requests.Session.send.__module__ == "requests.sessions"


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("https://api.intercom.io/tags?page=2", "http://127.0.0.1:8089/tags?page=2"),
        ("https://api.intercom.io//conversations/1", "http://127.0.0.1:8089//conversations/1"),
        ("http://127.0.0.1:8089/tags", "http://127.0.0.1:8089/tags"),
    ],
)
def test_intercoms_host_becomes_the_sandboxs(asked: str, sent: str) -> None:
    assert shim.mapped(asked) == sent


@pytest.mark.parametrize("url", ["https://example.com/", "http://127.0.0.1:9999/tags", "http://api.intercom.io/tags"])
def test_any_other_host_is_refused(url: str) -> None:
    with pytest.raises(requests.ConnectionError, match="its sandbox only"):
        shim.mapped(url)


@pytest.mark.parametrize(("asked", "sent"), [("2.9", "2.11"), ("2.10", "2.11"), ("2.11", "2.11"), ("2.15", "2.15")])
def test_a_version_before_the_sandboxs_oldest_is_raised_to_it(asked: str, sent: str) -> None:
    assert shim.answerable(asked) == sent


def test_a_condition_that_holds_for_every_id_is_taken_out() -> None:
    everything = {"field": "id", "operator": ">", "value": ""}
    changed = {"field": "updated_at", "operator": ">", "value": 5.0}
    query = {"operator": "AND", "value": [{"operator": "OR", "value": [everything]}, changed]}

    assert shim.mended(query) == {"operator": "AND", "value": [{**changed, "value": 5}]}


def test_a_condition_on_a_certain_id_stays() -> None:
    certain: dict[str, Any] = {"field": "id", "operator": "=", "value": "12"}

    assert shim.mended(certain) == certain


def test_a_request_is_mended_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[requests.PreparedRequest, dict[str, Any]]] = []

    def remember(_: object, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        sent.append((request, options))
        return requests.Response()

    monkeypatch.setattr(shim, "_send", remember)
    request = requests.Request(
        "POST",
        "https://api.intercom.io/contacts/search",
        headers={"Intercom-Version": "2.10"},
        json={"query": {"field": "updated_at", "operator": ">", "value": 12.0}},
    ).prepare()

    shim.send(requests.Session(), request, timeout=3, proxies={"https": "http://proxy"})

    assert request.url == "http://127.0.0.1:8089/contacts/search"
    assert request.headers["Intercom-Version"] == "2.11"
    assert request.body == b'{"query": {"field": "updated_at", "operator": ">", "value": 12}}'
    assert request.headers["Content-Length"] == str(len(request.body))
    assert sent == [(request, {"timeout": 3, "proxies": {}})]
