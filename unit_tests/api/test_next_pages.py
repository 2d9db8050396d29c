"""What a next page that Intercom names and does not find says about its list."""

from __future__ import annotations

import pytest
from api_helpers import HOST, fault, make_client
from requests_mock import ANY, Mocker

from source_intercom.api.client import Client, Json, Transport
from source_intercom.api.errors import RecordGone, RequestRefused
from source_intercom.api.figures import Page
from source_intercom.api.pages import list_pages


@pytest.fixture
def hasty(transport: Transport) -> Client:
    """A client that does not retry, so that what paging does shows."""
    return make_client(transport, retries=0)


def ids(pages: list[Page]) -> list[int]:
    return [record["id"] for page in pages for record in page]


class TestANextPageThatIsNotThere:
    """Intercom's own example of events links to a page that leads nowhere: that is no contact who is gone."""

    @staticmethod
    def read(client: Client, requests_mock: Mocker, first: Json, *later: Json) -> list[Page]:
        following = {"pages": {"next": f"{HOST}/tags?page=2"}}
        answers = [{"json": {"tags": [{"id": 1}], **following, **first}}, {"status_code": 404, "json": fault("gone")}]
        requests_mock.get(ANY, [*answers, *later])
        return list(list_pages(client, "/tags", "tags"))

    def test_ends_the_list_in_an_error(self, hasty: Client, requests_mock: Mocker) -> None:
        with pytest.raises(RequestRefused, match="/tags names a next page and does not find it, after 1 records"):
            self.read(hasty, requests_mock, {}, {"json": {"tags": []}})

    def test_is_the_end_where_all_have_come(self, hasty: Client, requests_mock: Mocker) -> None:
        assert ids(self.read(hasty, requests_mock, {"total_count": 1})) == [1]

    def test_is_gone_where_the_first_page_is_gone_too(self, hasty: Client, requests_mock: Mocker) -> None:
        with pytest.raises(RecordGone):
            self.read(hasty, requests_mock, {})
