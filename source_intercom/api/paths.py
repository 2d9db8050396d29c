"""Paths of endpoints."""

from urllib.parse import quote


def path_of(template: str, **parts: object) -> str:
    """A path with its parts quoted: a part is data, and data must not lead to another endpoint."""
    return template.format(**{name: _quoted(str(part)) for name, part in parts.items()})


def _quoted(part: str) -> str:
    # No part at all would ask for the list above it. Dots lead there too, and requests turns a quoted dot back into a
    # dot. So both are sent as names that nobody has.
    if not part:
        return "%20"
    return part.replace(".", "%252E") if set(part) == {"."} else quote(part, safe="")
