"""The user's filters as terms of a search."""

from __future__ import annotations

from source_intercom.api.queries import equals
from source_intercom.options.config import Config
from source_intercom.streams.choices import contact_choices


def test_contacts_by_their_ids_are_still_those_of_the_segments() -> None:
    filters = {"contacts": {"ids": ["7", "8"], "segment_ids": ["s"]}}
    config = Config.load({"access_token": "t", "filters": filters})
    assert contact_choices(config, []) == [
        [equals("segment_id", "s")],
        [equals("id", "7"), equals("id", "8")],
    ]
