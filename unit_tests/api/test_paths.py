"""Paths: whatever a part says, it stays within its place."""

from __future__ import annotations

import pytest
import requests
from api_helpers import HOST
from hypothesis import given
from hypothesis import strategies as st

from source_intercom.api.paths import path_of


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ("5f1b", "/contacts/5f1b/tags"),
        (17, "/contacts/17/tags"),
        ("../segments?x=", "/contacts/..%2Fsegments%3Fx%3D/tags"),
        ("a/b", "/contacts/a%2Fb/tags"),
        ("a b#c%2F", "/contacts/a%20b%23c%252F/tags"),
        ("{id}", "/contacts/%7Bid%7D/tags"),
        ("Zoë", "/contacts/Zo%C3%AB/tags"),
    ],
)
def test_a_part_is_quoted(part: object, path: str) -> None:
    assert path_of("/contacts/{id}/tags", id=part) == path


@given(st.text(max_size=8) | st.sampled_from([".", "..", "...", "", "%2e%2e", "..\\", "/", "//evil.example"]))
def test_no_part_leads_elsewhere_on_the_wire(part: str) -> None:
    if any("\ud800" <= letter <= "\udfff" for letter in part):
        return
    sent = requests.Request("GET", HOST + path_of("/contacts/{id}/tags", id=part)).prepare()
    assert sent.url is not None
    assert sent.url.startswith(f"{HOST}/contacts/")
    steps = sent.path_url.split("/")
    assert (len(steps), steps[1], steps[3]) == (4, "contacts", "tags")
    assert set(steps[2]) - {"."}
