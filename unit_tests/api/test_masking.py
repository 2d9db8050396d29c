"""The token: in no text that leaves, in whichever form it stands there."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from api_helpers import HOST, FakeTime, fault, make_client, make_transport
from hypothesis import given
from hypothesis import strategies as st
from requests_mock import Mocker

from source_intercom.api.errors import IntercomError
from source_intercom.api.masking import forms_of

TOKEN = "dG9rOjEy/MzQ1+Njc4OTA=abc-XYZ_0123456789"


def mask(text: str, token: str) -> str:
    """As the CDK's filter does it with all forms of the token."""
    for form in forms_of(token):
        text = text.replace(form, "****")
    return text


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


FORMS = {
    "plain": TOKEN,
    "in a URL": f"https://x/?token={quote(TOKEN, safe='')}&y",
    "basic": base64_of(TOKEN),
    "basic with a name": base64_of(f"user:{TOKEN}"),
    "bearer": base64_of(f"Bearer {TOKEN}"),
    "bearer and more": base64_of(f"a Bearer {TOKEN}, and more"),
}


@pytest.mark.complaint(107)
@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_masked(form: str) -> None:
    text = mask(f"before {FORMS[form]} after", TOKEN)
    assert "****" in text
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert TOKEN not in text
    assert TOKEN[4:-4] not in text
    # Of base64 nothing is left that says more than a letter or two.
    assert base64_of(TOKEN[3:-3])[4:-4] not in text


@given(
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=12, max_size=70),
    st.binary(max_size=9),
    st.binary(max_size=9),
)
def test_base64_of_a_text_with_the_token_is_masked(token: str, before: bytes, after: bytes) -> None:
    packed = base64.b64encode(before + token.encode() + after).decode()
    assert "****" in mask(packed, token)


@pytest.mark.parametrize("token", ["", "a", "token", " short "])
def test_what_is_too_short_for_a_token_masks_nothing(token: str) -> None:
    """Else every text in which an "a" stands would be unreadable."""
    assert mask("a token that is short", token) == "a token that is short"


def test_other_texts_stay() -> None:
    assert mask("nothing of it", TOKEN) == "nothing of it"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_no_error_quotes_it(time: FakeTime, requests_mock: Mocker, form: str, status: int) -> None:
    transport = make_transport(time, access_token=TOKEN)
    requests_mock.get(f"{HOST}/things", status_code=status, json=fault(FORMS[form], f"You sent {FORMS[form]}"))
    with pytest.raises(IntercomError) as caught:
        make_client(transport, retries=0).get("/things")
    said = (
        f"{caught.value.message} {caught.value.internal_message} {caught.value.as_airbyte_message()} {caught.value!r}"
    )
    assert "****" in said or status in (404, 500)
    assert mask(said, TOKEN) == said
    transport.close()
