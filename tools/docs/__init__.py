"""``scripts/docs``: the stream reference, and the tables of streams in README.md and the page for Airbyte."""
