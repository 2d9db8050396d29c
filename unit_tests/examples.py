"""How many examples a property test runs: a third of those that it names, or SOAK times as many (scripts/soak).

The number at a test is what finds its faults for certain. Each run draws others, so that many short runs see as much.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings

SHARE = 3
LEAST = 10


def number_of(named: int, soak: int | None) -> int:
    """Examples of a test that names so many."""
    return named * soak if soak else max(min(named, LEAST), named // SHARE)


def set_number(test: Any, soak: int | None) -> None:
    """Where hypothesis keeps a test's settings is its own affair, so a test of this module watches it."""
    named: settings = test._hypothesis_internal_use_settings
    test._hypothesis_internal_use_settings = settings(named, max_examples=number_of(named.max_examples, soak))
