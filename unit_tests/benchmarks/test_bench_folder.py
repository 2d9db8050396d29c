import json
from argparse import Namespace
from pathlib import Path

import pytest

from benchmarks.__main__ import Plan, parser, plan
from benchmarks.cases import CASES
from benchmarks.folder import Folder
from benchmarks.startup import Start, starts_text


def test_a_run_replaces_what_it_measured_and_keeps_the_rest(tmp_path: Path) -> None:
    Folder(tmp_path).put("memory", {"memory": 1}, "## Memory\n\nold")
    Folder(tmp_path).put("cases", {"scale": "small", "cases": {"a": 1}}, "## (a)\n\nfirst")
    Folder(tmp_path, tmp_path / "copy.json").put("memory", {"memory": 2}, "## Memory\n\nnew\n")

    assert (tmp_path / "results.md").read_text() == (
        "# Benchmark\n\n<!-- cases -->\n## (a)\n\nfirst\n\n<!-- memory -->\n## Memory\n\nnew\n"
    )
    figures = json.loads((tmp_path / "results.json").read_text())
    assert figures == {"memory": 2, "scale": "small", "cases": {"a": 1}}
    assert json.loads((tmp_path / "copy.json").read_text()) == figures


def _options(*words: str) -> Namespace:
    return parser().parse_args(words)


def test_everything_but_the_large_reads_is_measured_unless_something_is_named() -> None:
    letters = [case.letter for case in CASES]

    assert plan(_options()) == Plan(letters, start_up=True, calls=True, memory=None)
    assert plan(_options("--connectors", "tap")) == Plan(letters, start_up=False, calls=False, memory=None)
    assert plan(_options("--case", "a,f")) == Plan(["a", "f"], start_up=False, calls=False, memory=None)
    assert plan(_options("--calls")) == Plan([], start_up=False, calls=True, memory=None)
    assert plan(_options("--memory", "--start-up")) == Plan([], start_up=True, calls=False, memory=1.0)
    assert plan(_options("--memory", "0.02")).memory == 0.02


@pytest.mark.parametrize("share", ["0", "2", "-1"])
def test_a_share_of_nothing_or_more_than_all_is_refused(share: str) -> None:
    with pytest.raises(SystemExit):
        _options("--memory", share)


def test_a_start_is_told_beside_the_cdks() -> None:
    names = ('python -c "pass"', 'python -c "import airbyte_cdk.entrypoint, gc; gc.freeze()"', "spec")

    text = starts_text([Start(name, seconds, seconds) for name, seconds in zip(names, (0.01, 0.9, 1.0), strict=True)])

    assert "| `spec` | 1.00 | 1.00 | 0.10 | 0.10 |" in text
    assert '| `python -c "pass"` | 0.01 | 0.01 |  |  |' in text
