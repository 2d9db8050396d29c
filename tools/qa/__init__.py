"""``scripts/qa``: Airbyte's own checks of connectors, on this repository as it would lie in Airbyte's."""
