"""``scripts/demo``: the connector at work on a sandbox workspace."""
