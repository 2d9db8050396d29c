"""Many small incremental syncs bring what one full refresh brings over the same changes."""

from __future__ import annotations

import time
from random import Random

import pytest

from sandbox import Sandbox, Settings
from tools.simulation.choices import CHANGES
from tools.simulation.destination import Destination
from tools.simulation.facts import FACTS, HOUR
from tools.simulation.inputs import catalog
from tools.simulation.options import Options
from tools.simulation.output import Output
from tools.simulation.plan import Small
from tools.simulation.process import Launcher, Run
from tools.simulation.truth import History, Workspace

TOKEN = "parity-token"
BEGAN = 1_762_000_000
SYNCS = 6
# What is exported is brought again for as long as it goes on changing, so that its syncs are not small.
BOTH_MODES = [name for name, facts in FACTS.items() if facts.cursor and not facts.is_exported]
# Small pages, so that a sync has many windows.
SMALL = Small(page=15, window_pages=2, checkpoint_pages=2, list_page=10, batch=10, message_days=88, report_days=61)
# What changes no time that windows go by is for full comparisons, which have tests of their own.
LOUD_CHANGES = {
    kind: sorted(set(verbs) - {"assign_quietly", "create_late"}) for kind, verbs in CHANGES.items() if verbs
}


class Syncs:
    """Reads of one workspace in one sync mode, and the warehouse that they fill."""

    def __init__(self, launcher: Launcher, sandbox: Sandbox, mode: str) -> None:
        self._launcher = launcher
        self._sandbox = sandbox
        self._modes = dict.fromkeys(BOTH_MODES, mode)
        self._states: dict[str, object] = {}
        self.destination = Destination(self._modes)
        self.printed: list[int] = []

    def read(self) -> Output:
        """One sync, from the last states on."""
        files = {
            "config": {"access_token": TOKEN, "reconcile_every_days": 0},
            "catalog": catalog(self._modes, deduplicates=True),
            **({"state": list(self._states.values())} if self._states else {}),
        }
        ahead = self._sandbox.settings.clock_ahead_seconds
        output = self._launcher.read(Run(None), url=self._sandbox.url, files=files, clock_ahead=ahead, small=SMALL)
        assert output.code == 0, output.errors
        for row in output.rows:
            self.destination.take(row.stream, row.data)
        self._states.update({name: said.message for name, said in output.states.items()})
        self.printed.append(sum(1 for _ in output.rows))
        return output


@pytest.mark.complaint(14)
def test_one_full_refresh_equals_many_incremental_syncs() -> None:
    dice = Random("parity")
    launcher = Launcher()
    settings = Settings(
        token=TOKEN,
        contacts=60,
        companies=20,
        conversations=40,
        tickets=30,
        activity_logs=40,
        rate_limit=0,
        timezone="Pacific/Kiritimati",
        clock_ahead_seconds=int(BEGAN - time.time()),
    )
    with Sandbox(settings) as sandbox:
        workspace = Workspace(sandbox.server.ws, BOTH_MODES, Options({}))
        history = History(workspace.snapshot(), sandbox.now)
        little = Syncs(launcher, sandbox, "incremental")
        little.read()
        for _ in range(SYNCS):
            kinds = dice.sample(sorted(LOUD_CHANGES), len(LOUD_CHANGES))
            for batch in (kinds[:10], kinds[10:20], kinds[20:]):
                # Some time passes between changes: many hours, or a moment.
                settings.clock_ahead_seconds += dice.choice((0, 1, 60, HOUR // 2, 3 * HOUR))
                history.look(history.now, sandbox.now)
                for kind in batch:
                    sandbox.change(**{kind: {dice.choice(LOUD_CHANGES[kind]): dice.randint(1, 2)}})
                history.look(workspace.snapshot(), sandbox.now)
            little.read()
        whole = Syncs(launcher, sandbox, "full_refresh")
        whole.read()
        held = workspace.snapshot()

    assert max(little.printed[1:]) < whole.printed[0] / 2, "the syncs were not small"
    for name in BOTH_MODES:
        full, gathered = whole.destination.rows(name), little.destination.rows(name)
        unseen = history.unseen[name].keys()
        assert full, name
        assert full.keys() == held[name].keys(), name
        missing = full.keys() - gathered.keys() - unseen
        assert not missing, f"{name}: {len(missing)} rows came with the full refresh alone: {sorted(missing)[:3]}"
        gone = gathered.keys() - full.keys()
        assert gone <= history.known[name] - held[name].keys(), f"{name}: rows that never were"
        # A list inside a contact that was cut once and is short again gives rows with other fields besides the link.
        fields = {key: {*one.record, FACTS[name].shows} for key, one in held[name].items()}
        other = [
            key
            for key in full.keys() - unseen
            if any(gathered[key].get(field) != full[key].get(field) for field in fields[key])
        ]
        assert not other, f"{name}: {len(other)} rows differ: {gathered[other[0]]} is not {full[other[0]]}"
    changed = sum(len(history.known[name]) for name in BOTH_MODES) - sum(len(held[name]) for name in BOTH_MODES)
    assert changed > 20, "hardly anything was deleted"
