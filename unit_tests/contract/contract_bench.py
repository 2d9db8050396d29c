"""Asks a sandbox about beliefs, over HTTP."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from sandbox import Sandbox, Settings
from source_intercom.options.config import Config
from tools.contract.belief import Answer, Belief
from tools.contract.beliefs import BELIEFS
from tools.contract.run import Result, ask, has_failed
from tools.contract.workspace import Workspace

TOKEN = "sandbox-token"
SIZES = {"contacts": 170, "conversations": 155, "tickets": 155, "companies": 130, "max_parts": 8}
"""Searches have two pages of 150, and the scroll two of 100."""
READS = ["Read conversations", "Read users and companies", "Read admins", "Read tags"]
"""Permissions without that for tickets."""

Changes = dict[str, dict[str, int]]


def named(*names: str) -> list[Belief]:
    known = {belief.name: belief for belief in BELIEFS}
    return [known[name] for name in names]


@contextmanager
def serving(changes: Changes | None = None, **settings: Any) -> Iterator[Sandbox]:
    """A sandbox that whoever makes a Workspace meets, with short waits."""
    with Sandbox(Settings(**{**SIZES, **settings})) as sandbox:
        variables = {"INTERCOM_API_URL": sandbox.url, "SOURCE_INTERCOM_TIME_SCALE": "0.01"}
        with patch.dict(os.environ, variables):
            if changes:
                sandbox.change(**changes)
            yield sandbox


def workspace(**how: Any) -> Workspace:
    return Workspace(Config.load({"access_token": TOKEN}), **how)


def results(beliefs: Sequence[Belief] = BELIEFS, changes: Changes | None = None, **settings: Any) -> list[Result]:
    """What a sandbox answers. No check may fail by its own fault, whatever the sandbox does."""
    with serving(changes, **settings), workspace() as ws:
        made = ask(ws, beliefs)
    assert [str(one.answer) for one in made if has_failed(one)] == []
    return made


def answers(beliefs: Sequence[Belief] = BELIEFS, changes: Changes | None = None, **settings: Any) -> dict[str, Answer]:
    return {one.belief.name: one.answer for one in results(beliefs, changes, **settings)}
