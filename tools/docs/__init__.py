"""``scripts/docs``: the stream reference, and the tables of streams in README.md and docs/intercom.md."""
