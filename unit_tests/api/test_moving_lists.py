"""Lists whose records change places while their pages are read."""

from __future__ import annotations

import pytest
from api_helpers import HOST, make_client
from requests_mock import ANY, Mocker

from source_intercom.api.client import Client, Transport
from source_intercom.api.pages import list_pages


@pytest.fixture
def hasty(transport: Transport) -> Client:
    """A client that does not retry, so that what paging does shows."""
    return make_client(transport, retries=0)


class TestAListThatMoves:
    """Sorted by change: what changes while it is read moves to a page that has been read."""

    @staticmethod
    def read(client: Client, requests_mock: Mocker, *pages: str, total: int) -> list[str]:
        """The records of a list whose pages hold these, one letter each, and which tell a total."""
        bodies = []
        for at, names in enumerate(pages):
            following = None if names.endswith(".") else f"{HOST}/tags?n={at}"
            records = [{"id": name} for name in names.rstrip(".")]
            bodies.append({"tags": records, "total_count": total, "pages": {"next": following}})
        requests_mock.get(ANY, [{"json": body} for body in bodies])
        return [record["id"] for page in list_pages(client, "/tags", "tags", whole=True) for record in page]

    def test_is_read_again_where_it_is_short_and_repeats_records(
        self, hasty: Client, requests_mock: Mocker, caplog: pytest.LogCaptureFixture
    ) -> None:
        # Of abcd, d moves to the front after the first page: dabc.
        assert self.read(hasty, requests_mock, "ab", "bc.", "da", "bc.", total=4) == ["a", "b", "b", "c", "d"]
        assert "announces" not in caplog.text

    def test_is_read_again_only_once(
        self, hasty: Client, requests_mock: Mocker, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert self.read(hasty, requests_mock, "ab", "bc.", "ab", "bc.", total=4) == ["a", "b", "b", "c"]
        assert caplog.text.count("announces 4 records under /tags and gave 3") == 1

    @pytest.mark.parametrize("pages", [("ab", "bc."), ("ab", "c.")], ids=["complete", "without repeats"])
    def test_is_not_read_again_without_need(self, hasty: Client, requests_mock: Mocker, pages: tuple[str, ...]) -> None:
        """A total that is wrong for good must not cost a second reading in each sync."""
        self.read(hasty, requests_mock, *pages, total=3 if "bc." in pages else 4)
        assert requests_mock.call_count == 2
