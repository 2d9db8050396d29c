"""The results of several runs in one folder: what a run measures takes the place of what was there, and no more."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PARTS = ("cases", "start_up", "calls", "hourly", "memory", "endings")
"""In the order of the report."""
_HEAD = "# Benchmark\n"
_MARK = re.compile(r"^<!-- (\w+) -->\n", re.MULTILINE)


class Folder:
    """``results.json`` (a key or more for each part) and ``results.md`` (a section or more), and plots."""

    def __init__(self, path: Path, copy: Path | None = None) -> None:
        """``copy``: a file that gets the figures too."""
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._copy = copy

    def put(self, part: str, figures: Mapping[str, Any], text: str) -> None:
        """Write a part: its figures under keys of their own, its text in its place."""
        known = self.path / "results.json"
        kept = json.loads(known.read_text()) if known.exists() else {}
        written = json.dumps({**kept, **figures}, indent=1) + "\n"
        for file in (known, self._copy):
            if file is not None:
                file.write_text(written)
        texts = {**self._texts(), part: text.strip() + "\n"}
        body = "\n".join(f"<!-- {name} -->\n{texts[name]}" for name in PARTS if name in texts)
        (self.path / "results.md").write_text(f"{_HEAD}\n{body}")

    def _texts(self) -> dict[str, str]:
        file = self.path / "results.md"
        pieces = _MARK.split(file.read_text()) if file.exists() else [""]
        return {name: text.strip() + "\n" for name, text in zip(pieces[1::2], pieces[2::2], strict=True)}
