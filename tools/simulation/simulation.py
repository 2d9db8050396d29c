"""One simulation: a workspace, syncs under trouble, a last one in peace, and the checks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from sandbox import Sandbox, Settings
from sandbox.calls import Ledger
from source_intercom.shapes.coercion import Record
from tools.simulation.choices import INSIDE_CONVERSATION, PERMISSIONS
from tools.simulation.destination import Destination
from tools.simulation.facts import FACTS, HOUR, Key
from tools.simulation.inputs import catalog
from tools.simulation.invariants import check_complete, check_process, check_repeats, check_states
from tools.simulation.outcome import check_end
from tools.simulation.output import Output
from tools.simulation.plan import Counts, Plan, Round, Turn
from tools.simulation.process import BOUND, Launcher, Run
from tools.simulation.sync import Sync, Violation
from tools.simulation.truth import History, Workspace

Rows: TypeAlias = Mapping[str, Mapping[Key, Record]]


@dataclass
class Result:
    """What came of one simulation."""

    seed: int
    violations: list[Violation] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    log: list[str] = field(default_factory=list)
    printed: list[bytes] = field(default_factory=list)
    """Stdout of each run."""


class _Calls(Ledger):
    """The sandbox's ledger, which tells of every call as it comes: in the sandbox's own thread, between two calls."""

    def __init__(self, heard: Callable[[int], None]) -> None:
        super().__init__()
        self._heard = heard

    def came(self, endpoint: str, version: str | None) -> None:
        super().came(endpoint, version)
        self._heard(self.total)


class Simulation:
    """One seed. ``launcher`` starts the processes; ``bound`` is how many seconds each may take."""

    def __init__(self, plan: Plan, launcher: Launcher, bound: float = BOUND) -> None:
        self._plan = plan
        self._launcher = launcher
        self._bound = bound
        self._token = f"dG9rOnNpbXVsYXRpb24{plan.seed:08d}"
        self._destination = Destination(plan.modes)
        self._states: dict[str, Mapping[str, object]] = {}
        self._finished: set[str] = set()
        self._result = Result(plan.seed)

    def run(self) -> Result:
        """All of it. Raises what the simulation itself does wrong."""
        plan = self._plan
        settings = Settings(
            **plan.workspace,  # type: ignore[arg-type]  # the plan's numbers and words are those of the settings
            token=self._token,
            quirks=list(plan.quirks),
            clock_ahead_seconds=self._ahead(plan.began),
        )
        with Sandbox(settings) as sandbox:
            self._sandbox = sandbox
            self._workspace = Workspace(sandbox.server.ws, plan.modes, plan.options)
            self._history = History(self._workspace.snapshot(), self._now())
            for number, one in enumerate(plan.rounds):
                self._sync(one, f"sync {number + 1}")
            self._sync(Round(pause=plan.last_pause, before={}), "last sync", is_last=True)
            self._sync(Round(pause=2 * HOUR, before={}), "sync without changes", is_last=True)
        counts = self._result.counts
        counts["seeds"] += 1
        counts["quirks"] += len(plan.quirks)
        counts["violations"] += len(self._result.violations)
        return self._result

    def _ahead(self, moment: int) -> int:
        return int(moment - time.time())

    def _now(self) -> int:
        return int(self._sandbox.server.ws.clock())

    def _change(self, counts: Counts) -> None:
        """Change the workspace, and look at what that did."""
        if not counts:
            return
        made = self._sandbox.server.control.change({kind: dict(verbs) for kind, verbs in counts.items()})
        self._result.counts["changes"] += sum(len(ids) for verbs in made.values() for ids in verbs.values())
        self._look()

    def _look(self) -> None:
        self._history.look(self._workspace.snapshot(), self._now())
        for name, keys in self._workspace.seen.items():
            # An open ticket is given for a new part although its own time lies before the start date.
            self._history.known[name] |= keys

    def _turn(self, turn: Turn, plan: Plan) -> None:
        """Let the workspace, the token and the options be as they are for one sync."""
        settings = self._sandbox.settings
        settings.timezone = turn.zone or str(self._plan.workspace["timezone"])
        # Some records show the zone, and no time of theirs tells that it has changed.
        self._look()
        lacking = {turn.lacking, self._plan.lacking} - {""}
        settings.scopes = [one for one in PERMISSIONS if one not in lacking] if lacking else None
        seen = self._workspace.seen
        self._workspace = Workspace(self._sandbox.server.ws, self._plan.modes, plan.options)
        self._workspace.seen = seen
        self._history.choose(self._workspace.snapshot())

    def _sync(self, one: Round, name: str, *, is_last: bool = False) -> None:
        sandbox, plan, counts = self._sandbox, self._plan.turned(one.turn), self._result.counts
        sandbox.settings.clock_ahead_seconds += one.pause
        self._look()
        self._turn(one.turn, plan)
        self._change(one.before)
        run = Run(one.kill, self._bound)
        live = {change.call: change.counts for change in one.live}

        def heard(calls: int) -> None:
            if calls in live:
                self._change(live[calls])
            run.called(calls)

        sandbox.server.ledger = _Calls(heard)
        sandbox.clear_faults()
        for fault in one.faults:
            sandbox.fault(fault.match, fault.kind, times=fault.times, skip=fault.skip, every=fault.every)
        self._history.begin()
        second = self._now()
        rows = {stream: dict(self._destination.rows(stream)) for stream in self._plan.modes}
        anew = {
            stream
            for stream in plan.modes
            if stream in self._finished or not FACTS[stream].is_resumable or not rows[stream]
        }
        self._finished -= plan.modes.keys()
        resumed = {
            stream: state["stream"]["stream_state"]  # type: ignore[index]
            for stream, state in self._states.items()
        }
        self._destination.begin(anew)
        output = self._launcher.read(
            run,
            url=sandbox.url,
            files=self._files(plan),
            clock_ahead=sandbox.settings.clock_ahead_seconds + one.skew,
            small=plan.small,
        )
        self._look()
        counts.update(
            syncs=1,
            kills=int(output.was_killed),
            faults=sum(rule.fired for rule in sandbox.server.faults.rules),
            records=sum(1 for _ in output.rows),
            states=len(output.events) - sum(1 for _ in output.rows),
            calls=sandbox.server.ledger.total,
        )
        sync = Sync(
            plan=plan,
            output=output,
            same=self._history.unchanged(),
            history=self._history,
            resumed=resumed,
            anew=frozenset(anew),
            second=second,
            ended=self._now() + 1,
            begin=second + min(0, one.skew if one.skew > -HOUR * 24 else 0, plan.clock_error),
        )
        self._hide(sync)
        self._check(sync, rows, name, is_last)
        self._states.update({stream: said.message for stream, said in output.states.items()})
        self._finished.update(stream for stream, status in output.status.items() if status == "COMPLETE")

    def _hide(self, sync: Sync) -> None:
        """What no later sync will find.

        Parts that were left out as an option asks for it. And what contacts did whose own change was not in the search
        index yet: a sync asks for the events of all contacts that the search finds, and its state then says that their
        times have been read. Events of one that is not found come only where the next syncs look back as far.
        """
        if b"Left out, as the options ask for it" in sync.output.stdout:
            for name in INSIDE_CONVERSATION & sync.plan.modes.keys():
                facts = FACTS[name]
                came = {facts.key_of(row.data) for row in sync.output.rows if row.stream == name}
                came |= self._destination.rows(name).keys()
                self._history.hidden[name] |= self._history.now[name].keys() - came
        held = self._history.now.get("contact_events", {})
        if sync.lag and held:
            found_to = sync.second - sync.lag
            hidden = {key for key, one in held.items() if one.indexed is not None and one.indexed > found_to}
            self._history.hidden["contact_events"] |= hidden

    def _check(self, sync: Sync, rows: Rows, name: str, is_last: bool) -> None:
        found = [
            *check_process(sync, self._token),
            *check_states(sync, self._destination),
            *check_complete(sync, self._destination),
            *check_repeats(sync, rows),
            *(check_end(sync, self._destination) if is_last else ()),
        ]
        output: Output = sync.output
        self._result.printed.append(output.stdout)
        incomplete = {stream: output.errors.get(stream, "") for stream, status in output.status.items()
                      if status != "COMPLETE"}  # fmt: skip
        self._result.log.append(
            f"{name}: {output.seconds:.1f} s, code {output.code}, killed {output.was_killed}, begun {sync.second}, "
            f"{len(output.events)} records and states, not complete: {incomplete}"
        )
        self._result.log.extend(f"{name}: {violation}" for violation in found)
        self._result.violations.extend(Violation(one.invariant, one.stream, f"{name}: {one.text}") for one in found)

    def _files(self, plan: Plan) -> dict[str, object]:
        files: dict[str, object] = {
            "config": {"access_token": self._token, **plan.options.config},
            "catalog": catalog(plan.modes, deduplicates=plan.deduplicates),
        }
        if self._states:
            files["state"] = list(self._states.values())
        return files
