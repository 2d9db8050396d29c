"""No module of the sandbox leads back to itself."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from import_cycles import circles, graph_of

ROOT = Path(__file__).parents[2]


def test_the_modules_of_the_sandbox_form_no_circle() -> None:
    graph = graph_of(ROOT / "sandbox")
    assert "sandbox.quirks.chain" in graph["sandbox.server"]
    assert "sandbox.world" in graph["sandbox.records.contacts"]
    assert circles(graph) == []


def test_a_circle_is_found(tmp_path: Path) -> None:
    package = tmp_path / "ring"
    (package / "deep").mkdir(parents=True)
    for name, text in {
        "__init__.py": "", "deep/__init__.py": "",
        "one.py": "from .deep import two\n",
        "deep/two.py": "from __future__ import annotations\nTYPE_CHECKING = False\n"
                       "if TYPE_CHECKING:\n    from ..three import name\n",
        "three.py": "def late():\n    import ring.one\n",
        "four.py": "from . import one, three\n",
    }.items():  # fmt: skip
        (package / name).write_text(text)
    assert circles(graph_of(package)) == [["ring.deep.two", "ring.one", "ring.three"]]
