"""The files that a run is given."""

from __future__ import annotations

from collections.abc import Mapping

from tools.simulation.facts import FACTS


def catalog(modes: Mapping[str, str], *, deduplicates: bool) -> dict[str, object]:
    """A configured catalog: streams by name with their sync modes."""
    return {
        "streams": [
            {
                "stream": {
                    "name": name,
                    "json_schema": {},
                    "supported_sync_modes": ["full_refresh", *(["incremental"] if FACTS[name].cursor else [])],
                },
                "sync_mode": mode,
                "destination_sync_mode": "append_dedup" if deduplicates and mode == "incremental" else "append",
            }
            for name, mode in modes.items()
        ]
    }
