"""Keeps the access token out of all that people read: a server may quote what it was sent."""

import base64
from urllib.parse import quote, quote_plus

from airbyte_cdk.utils.airbyte_secrets_utils import add_to_secrets, filter_secrets

# Intercom's tokens have sixty characters. What is shorter than this would be found in texts that do not mean it.
_SHORTEST = 8


def forms_of(token: str) -> tuple[str, ...]:
    """The token as URLs, headers and JSON may carry it, longest first: a form can be a part of another one."""
    forms = {token, token.strip(), quote(token, safe=""), quote_plus(token)}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):
            # Within a longer text, base64 of the token looks different by where it begins. What its neighbours touch
            # is left out.
            text = encode(b"\0" * shift + token.encode()).decode().rstrip("=")
            whole = (shift + len(token.encode())) * 8 // 6
            forms.add(text[-(-shift * 8 // 6) : whole])
    return tuple(sorted((form for form in forms if len(form) >= _SHORTEST), key=len, reverse=True))


def keep_secret(token: str) -> None:
    """Have the CDK's filter mask all forms of the token, in its own output and in our errors."""
    for form in forms_of(token):
        if form in filter_secrets(form):
            add_to_secrets(form)
