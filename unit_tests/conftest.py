"""How long property tests run: SOAK times their usual number of examples (scripts/soak)."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import is_hypothesis_test, settings

FACTOR = int(os.environ.get("SOAK", "1"))


def deepen(test: Any, factor: int) -> None:
    """Give a property test so many times its examples. Where hypothesis keeps a test's settings is its own affair, so
    a test of this file watches it."""
    usual: settings = test._hypothesis_internal_use_settings
    test._hypothesis_internal_use_settings = settings(usual, max_examples=usual.max_examples * factor)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tests = {id(item.function): item.function for item in items if isinstance(item, pytest.Function)}
    for test in tests.values():
        if FACTOR > 1 and is_hypothesis_test(test):
            deepen(test, FACTOR)
