"""The list of beliefs: complete, in words, and the source of the table in docs/intercom-api.md."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tools.contract.belief import Belief
from tools.contract.beliefs import BELIEFS
from tools.contract.table import documented

ROOT = Path(__file__).resolve().parents[2]
FACTS = (ROOT / "docs" / "intercom-api.md").read_text(encoding="utf-8")
CONFLICTS = re.findall(r'<a id="(conflict-[\w-]+)">', FACTS)


def named() -> list[object]:
    return [pytest.param(belief, id=belief.name) for belief in BELIEFS]


@pytest.mark.parametrize("belief", named())
def test_says_what_it_asks_and_what_follows(belief: Belief) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", belief.name)
    assert belief.question[0].isupper()
    assert belief.question.endswith("?")
    for sentence in (belief.if_yes, belief.if_no):
        assert sentence[0].isupper() or sentence.startswith("`")
        assert sentence.endswith(".")
    assert belief.expected in ("yes", "no", "either")
    assert f'<a id="{belief.fact}">' in FACTS, f"docs/intercom-api.md has no fact {belief.fact}"


def test_no_name_stands_for_two() -> None:
    assert [name for name, count in Counter(belief.name for belief in BELIEFS).items() if count > 1] == []


@pytest.mark.parametrize("conflict", CONFLICTS)
def test_every_conflict_of_sources_is_asked_about(conflict: str) -> None:
    assert [belief.name for belief in BELIEFS if belief.fact == conflict], f"no belief asks about {conflict}"


def test_the_table_has_a_row_for_each() -> None:
    rows = list(documented())
    assert len(rows) == len(BELIEFS) + 2
    assert {row.replace("\\|", "").count("|") for row in rows} == {6}
    for belief, row in zip(BELIEFS, rows[2:], strict=True):
        assert row.startswith(f"| [{belief.name}](#{belief.fact}) | ")
        assert row in FACTS
