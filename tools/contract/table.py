"""The table that is printed for a workspace, and the one of docs/intercom-api.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tools.contract.beliefs import BELIEFS
from tools.contract.run import Result

_WIDEST = 90
_EXPECTED = {"either": "sources disagree or are silent"}


def printed(results: Sequence[Result]) -> Iterator[str]:
    """Lines in Markdown that read well as they are too."""
    rows = [("belief", "question", "answer", "verdict")]
    rows += [(one.belief.name, one.belief.question, str(one.answer), one.verdict) for one in results]
    yield from _aligned(rows)
    differing = [one for one in results if one.verdict == "differs"]
    if differing:
        yield ""
        yield "What the connector does where Intercom differs from what it expects:"
        yield ""
        yield from (f"- {one.belief.name}: {one.belief.does(one.answer)}" for one in differing)


def summary(results: Sequence[Result], calls: int) -> str:
    """One line of figures."""
    verdicts = [one.verdict for one in results]
    return (
        f"{len(results)} questions in {calls} calls: {verdicts.count('agrees')} agree, {verdicts.count('differs')} "
        f"differ, {verdicts.count('open')} answer what sources disagree on, {verdicts.count('not seen')} could not be "
        "seen here."
    )


def documented() -> Iterator[str]:
    """The beliefs as a table of docs/intercom-api.md."""
    yield "| belief | question | expected | if yes, the connector does | if no |"
    yield "|---|---|---|---|---|"
    for belief in BELIEFS:
        cells = (
            f"[{belief.name}](#{belief.fact})",
            belief.question,
            _EXPECTED.get(belief.expected, belief.expected),
            belief.if_yes,
            belief.if_no,
        )
        yield f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return text.replace("|", "&#124;").replace("\n", " ")


def _aligned(rows: Sequence[Iterable[str]]) -> Iterator[str]:
    cells = [[_cell(text) for text in row] for row in rows]
    # A long answer stands out of its column and makes no other line longer.
    widths = [min(max(map(len, column)), _WIDEST) for column in zip(*cells, strict=True)]
    for number, row in enumerate(cells):
        yield f"| {' | '.join(text.ljust(width) for text, width in zip(row, widths, strict=True))} |".rstrip()
        if number == 0:
            yield f"|{'|'.join('-' * (width + 2) for width in widths)}|"
