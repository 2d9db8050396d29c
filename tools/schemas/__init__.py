"""``scripts/schemas``: the streams' JSON schemas, from Intercom's OpenAPI description and ``overlay/``."""
