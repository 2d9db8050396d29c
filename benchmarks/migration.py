"""``python -m benchmarks.migration``: a connection of Airbyte's own connector, continued by this one.

Airbyte's connector, as published on PyPI, reads a sandbox workspace. Then records change, and this connector goes on
from the very files of the first: its config, its catalog and the state that it wrote. Printed is, by stream, what the
workspace holds in its newest version and neither of the two has delivered. It should be nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.contenders import Airbyte, contenders
from benchmarks.messages import Delivery
from benchmarks.process import run
from benchmarks.truth import judge
from benchmarks.workspace import ROOT, Workspace, sandbox

# Those of release 0.8.3 but company_segments, whose rows there do not say of which company they are.
STREAMS = (
    *("activity_logs", "admins", "companies", "company_attributes", "contact_attributes", "contacts"),
    *("conversation_parts", "conversations", "segments", "tags", "teams"),
)
WORKSPACE = {"contacts": 2000, "companies": 300, "conversations": 500, "rate_limit": 10_000}
CHANGES = {kind: {"update": 30, "create": 5} for kind in ("contacts", "conversations", "companies")}
# As its form saves it, with its defaults.
OPTIONS = {"lookback_window": 0, "activity_logs_time_step": 30, "num_workers": 10, "api_rate_limit": 9500}
_LIMIT_SECONDS = 600


def read(connector: Airbyte, workspace: Workspace, folder: Path) -> tuple[Delivery, float]:
    """Run a sync with the files of a folder; what it delivered, and its seconds."""
    done = run(connector.command(folder), connector.env(workspace.url), folder, _LIMIT_SECONDS)
    delivery = connector.read(done.stdout)
    if done.failed or delivery.errors:
        sys.exit(f"{connector.title} failed: {'; '.join(delivery.errors) or done.stderr.read_text()[-500:]}")
    return delivery, done.seconds


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.migration", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument(
        "--tools", type=Path, default=ROOT / ".tools" / "bench", help="folder of the peers' environments"
    )
    options = parser.parse_args()
    ours, official = (one for one in contenders() if isinstance(one, Airbyte) and one.name in ("ours", "official"))
    official.install(options.tools)
    if official.unavailable:
        sys.exit(f"{official.title} cannot be installed: {official.unavailable}")
    with tempfile.TemporaryDirectory() as made, sandbox(WORKSPACE) as workspace:
        folder = Path(made)
        official.write(folder, "2015-01-01T00:00:00Z", STREAMS, None, OPTIONS)
        first, first_seconds = read(official, workspace, folder)
        workspace.change(CHANGES)
        # Same config, same catalog; only the state is new, as a platform would hand it over.
        official.write(folder, "2015-01-01T00:00:00Z", STREAMS, first.state, OPTIONS)
        itself, its_seconds = read(official, workspace, folder)
        second, second_seconds = read(ours, workspace, folder)
        truth = {stream: workspace.truth(stream) for stream in STREAMS}
    sys.stdout.write(
        f"Airbyte's {official.versions['airbyte-source-intercom']}: {first.count} records in {first_seconds:.1f} s\n"
        f"after changes, from its state: {itself.count} records in {its_seconds:.1f} s\n"
        f"this connector, from the same state: {second.count} records in {second_seconds:.1f} s\n"
        f"{'stream':<20}{'held':>8}{'first':>8}{'then':>8}{'missing':>9}\n"
    )
    missing = judge(truth, second.records, first.records).missing
    for stream, held in truth.items():
        came, continued = (sum(one.records[stream].values()) for one in (first, second))
        sys.stdout.write(f"{stream:<20}{len(held):>8}{came:>8}{continued:>8}{missing.get(stream, 0):>9}\n")
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main()
