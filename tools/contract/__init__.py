"""``scripts/contract``: what the connector believes of Intercom, asked of a workspace."""
