"""The bare CDK path: contacts, read the way most Python sources of the CDK do, with nothing of ours.

A yardstick for CPU time only. It has no windows, no state and no budget: one stream, one partition, a page after
the other, through ``ConcurrentSource`` and ``StreamFacade``. ``BENCH_URL`` is the sandbox's URL.
"""

import logging
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import requests
from airbyte_cdk.entrypoint import launch
from airbyte_cdk.models import ConnectorSpecification
from airbyte_cdk.sources.concurrent_source.concurrent_source import ConcurrentSource
from airbyte_cdk.sources.concurrent_source.concurrent_source_adapter import ConcurrentSourceAdapter
from airbyte_cdk.sources.message import InMemoryMessageRepository
from airbyte_cdk.sources.streams import Stream
from airbyte_cdk.sources.streams.checkpoint import Cursor
from airbyte_cdk.sources.streams.concurrent.adapters import StreamFacade
from airbyte_cdk.sources.streams.concurrent.cursor import FinalStateCursor
from airbyte_cdk.sources.streams.http import HttpStream

LOGGER = logging.getLogger("airbyte")
Json = Mapping[str, Any]


class Contacts(HttpStream):
    """Every contact, by the search endpoint, 150 a page."""

    name = "contacts"
    primary_key = "id"
    http_method = "POST"
    url_base = os.environ.get("BENCH_URL", "") + "/"

    def __init__(self, config: Json) -> None:
        super().__init__()
        self._token = config["access_token"]

    def get_cursor(self) -> Cursor | None:
        # The CDK would read one page and leave the rest to a resumable full refresh, which the facade does not do.
        return None

    def path(self, **_: Any) -> str:
        return "contacts/search"

    def get_json_schema(self) -> Json:  # type: ignore[override]  # the CDK promises any mapping
        return {"type": "object", "additionalProperties": True, "properties": {"id": {"type": "string"}}}

    def request_headers(self, *_: Any, **__: Any) -> Json:
        return {"Authorization": f"Bearer {self._token}", "Intercom-Version": "2.15"}

    def request_body_json(
        self, stream_state: Json | None, stream_slice: Json | None = None, next_page_token: Json | None = None
    ) -> Json:
        return {
            "query": {"field": "updated_at", "operator": ">", "value": 0},
            "pagination": {"per_page": 150, **(next_page_token or {})},
            "sort": {"field": "updated_at", "order": "ascending"},
        }

    def next_page_token(self, response: requests.Response) -> Json | None:
        following = response.json()["pages"].get("next")
        return following and {"starting_after": following["starting_after"]}

    def parse_response(self, response: requests.Response, **_: Any) -> Iterable[Json]:
        yield from response.json()["data"]


class Source(ConcurrentSourceAdapter):
    """One stream behind the facade."""

    message_repository = InMemoryMessageRepository()

    def __init__(self) -> None:
        super().__init__(ConcurrentSource.create(2, 1, LOGGER, self._slice_logger, self.message_repository))

    def spec(self, logger: logging.Logger) -> ConnectorSpecification:
        return ConnectorSpecification(connectionSpecification={"type": "object"})

    def check_connection(self, logger: logging.Logger, config: Json) -> tuple[bool, Any]:
        return True, None

    def streams(self, config: Json) -> list[Stream]:
        cursor = FinalStateCursor("contacts", None, self.message_repository)
        return [StreamFacade.create_from_stream(Contacts(config), self, LOGGER, None, cursor)]


if __name__ == "__main__":
    launch(Source(), sys.argv[1:])
