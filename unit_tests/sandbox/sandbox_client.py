"""A client of the sandbox, and the small queries that most tests ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from sandbox import Sandbox, Settings

NOW = 1_760_000_000
"""A fixed moment (2025-10-09 08:53:20 UTC), so that every run sees the same workspace."""

Json = dict[str, Any]


class Client:
    """Calls a sandbox as a connector would; `headers` may be overridden by call, None leaves one out."""

    def __init__(self, sandbox: Sandbox, session: requests.Session) -> None:
        self.sandbox = sandbox
        self.session = session
        self.session.headers.update({"Authorization": f"Bearer {sandbox.settings.token}", "Intercom-Version": "2.15"})

    def get(self, path: str, headers: dict[str, str | None] | None = None, **query: object) -> requests.Response:
        url = path if path.startswith("http") else self.sandbox.url + path
        return self.session.get(url, params=query, headers=headers, timeout=10)

    def post(self, path: str, body: object, headers: dict[str, str | None] | None = None,
             **query: object) -> requests.Response:  # fmt: skip
        return self.session.post(self.sandbox.url + path, json=body, params=query, headers=headers, timeout=10)

    def pages(self, path: str, key: str = "data", version: str = "2.17", **query: object) -> list[list[Json]]:
        """The pages of a list, by whichever way it is paged: a URL, a cursor, or counters alone."""
        found: list[list[Json]] = []
        headers: dict[str, str | None] = {"Intercom-Version": version}
        url, more = path, dict(query)
        while True:
            answer = self.get(url, headers=headers, **more)
            assert answer.status_code == 200, answer.text
            body = answer.json()
            found.append(body[key])
            pages = body.get("pages") or body
            following = pages.get("next")
            if isinstance(following, str):
                url, more = following, {}
            elif isinstance(following, dict):
                more = {**query, "starting_after": following["starting_after"]}
            elif body.get("next_cursor"):
                more = {**query, "cursor": body["next_cursor"]}
            elif "next" not in pages and pages.get("page", 1) < pages.get("total_pages", 1):
                more = {**query, "page": pages["page"] + 1}
            else:
                return found

    def all(self, path: str, key: str = "data", version: str = "2.17", **query: object) -> list[Json]:
        """The records of all pages."""
        return [one for page in self.pages(path, key, version, **query) for one in page]

    def search(self, kind: str, query: Json, **more: object) -> requests.Response:
        return self.post(f"/{kind}/search", {"query": query, **more})

    def walk(self, kind: str, query: Json, sort: Json | None = None, per_page: int = 150) -> list[Json]:
        """Every record of a search, page by page, as the API wants it done."""
        body: Json = {"query": query, "pagination": {"per_page": per_page}}
        if sort is not None:
            body["sort"] = sort
        found: list[Json] = []
        while True:
            answer = self.post(f"/{kind}/search", body)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["data" if kind == "contacts" else kind]
            if "next" not in page["pages"]:
                return found
            body["pagination"] = {**body["pagination"], "starting_after": page["pages"]["next"]["starting_after"]}


def where(field: str, operator: str, value: object) -> Json:
    return {"field": field, "operator": operator, "value": value}


def every(*members: Json) -> Json:
    return {"operator": "AND", "value": list(members)}


def either(*members: Json) -> Json:
    return {"operator": "OR", "value": list(members)}


def ascending(field: str = "updated_at") -> Json:
    return {"field": field, "order": "ascending"}


def error_of(answer: requests.Response) -> tuple[int, str]:
    """Status and code of an error answer, whose envelope must be Intercom's."""
    body = answer.json()
    assert body["type"] == "error.list"
    return answer.status_code, body["errors"][0]["code"]


@contextmanager
def serve(**settings: Any) -> Iterator[Client]:
    """A client of a workspace that lives as long as the block."""
    with Sandbox(Settings(**{"now": NOW, **settings})) as sandbox, requests.Session() as session:
        yield Client(sandbox, session)
