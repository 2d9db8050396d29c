"""Keeps the access token out of all that people read: a server may quote what it was sent."""

import base64
import re
from urllib.parse import quote, quote_plus

from airbyte_cdk.utils.airbyte_secrets_utils import add_to_secrets, filter_secrets

# Intercom's tokens have sixty characters. What is shorter than this would be found in texts that do not mean it.
_SHORTEST = 8
# So many letters of it are not in a text by chance.
_TELLING = 16


def forms_of(token: str) -> tuple[str, ...]:
    """The token as URLs, headers, JSON and pages may carry it, longest first: a form can be a part of another one."""
    forms = {token, token.strip(), quote(token, safe=""), quote_plus(token), token.encode().hex()}
    # Of a token each way of quoting leaves the letters and digits as they are.
    forms |= {run for run in re.findall("[A-Za-z0-9]+", token) if len(run) >= _TELLING}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):
            # Within a longer text, base64 of the token looks different by where it begins. What its neighbours touch
            # is left out.
            text = encode(b"\0" * shift + token.encode()).decode().rstrip("=")
            whole = (shift + len(token.encode())) * 8 // 6
            forms.add(text[-(-shift * 8 // 6) : whole])
    return tuple(sorted((form for form in forms if len(form) >= _SHORTEST), key=len, reverse=True))


def shortened(text: str, most: int) -> str:
    """The first letters of what a server has sent, masked before: no filter finds the token when a part is left."""
    return filter_secrets(text)[:most]


def keep_secret(token: str) -> None:
    """Have the CDK's filter mask all forms of the token, in its own output and in our errors."""
    for form in forms_of(token):
        if form in filter_secrets(form):
            add_to_secrets(form)
