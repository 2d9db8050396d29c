"""Lay out, check, tell."""

import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tools.qa.checks import STANDS, run_all
from tools.qa.layout import lay_out

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run every check; print a line for each, and a summary. 0 when nothing fails but what is known to stand."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        lay_out(ROOT, folder)
        os.chdir(folder)
        verdicts = list(run_all())
        os.chdir(ROOT)
    for verdict in verdicts:
        known = " (known, stands)" if verdict.check in STANDS and not verdict.is_bad else ""
        sys.stdout.write(f"{verdict.status:<8} {verdict.check}{known}\n")
        if verdict.status != "PASSED":
            sys.stdout.write(f"         {STANDS.get(verdict.check, verdict.message)}\n")
    bad = [verdict.check for verdict in verdicts if verdict.is_bad]
    counts = ", ".join(f"{count} {status.lower()}" for status, count in Counter(v.status for v in verdicts).items())
    sys.stdout.write(f"Airbyte's checks: {len(verdicts)}: {counts}\n")
    if bad:
        sys.stdout.write(f"To be mended: {', '.join(bad)}\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
