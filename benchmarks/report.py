"""Results as JSON and as Markdown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.cases import Case
from benchmarks.contenders import Contender
from benchmarks.measure import Figures

BASE = "ours"
"""All ratios are to this connector."""

_STEPS = {
    "records": "the CDK's entrypoint",
    "tuned": "with the collector's settings",
    "ours": "with pages of finished lines, which is what ships",
}
"""What made a read cheaper, one after the other, by the contender that has it and all before."""


@dataclass
class CaseResult:
    """The middle run of each contender, and what failed before it could be measured."""

    case: Case
    limit_seconds: float
    settings: Mapping[str, float]
    figures: dict[str, Figures] = field(default_factory=dict)
    runs: dict[str, int] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


@dataclass
class Results:
    """Everything a report is made of."""

    scale: str
    date: str
    machine: Mapping[str, str]
    contenders: Sequence[Contender]
    cases: list[CaseResult] = field(default_factory=list)

    def title(self, name: str) -> str:
        return next(one.title for one in self.contenders if one.name == name)

    def as_json(self) -> dict[str, Any]:
        return {
            "scale": self.scale,
            "date": self.date,
            "machine": dict(self.machine),
            "connectors": {
                one.name: {
                    "title": one.title,
                    "versions": one.versions,
                    "unavailable": one.unavailable,
                    "start_up_cpu_seconds": one.start_up_seconds,
                }
                for one in self.contenders
            },
            "cases": {
                result.case.letter: {
                    "title": result.case.title,
                    "limit_seconds": result.limit_seconds,
                    "settings": dict(result.settings),
                    "streams": list(result.case.streams),
                    "runs": result.runs,
                    "failures": result.failures,
                    "figures": {name: figures.as_json() for name, figures in result.figures.items()},
                }
                for result in self.cases
            },
        }


Column = tuple[str, Callable[[Figures], str]]


def number(value: float | None, digits: int = 0) -> str:
    """With thousands separated; a dash for what cannot be said."""
    return "-" if value is None else f"{value:,.{digits}f}"


def percent(share: float | None) -> str:
    """A share as a percentage."""
    return "-" if share is None else f"{share:.0%}"


def seconds(figures: Figures) -> str:
    """Wall time, or the bound that it exceeded."""
    return f"> {figures.seconds:.0f}" if figures.timed_out else number(figures.seconds, 1)


def ratio(value: float | None, base: float | None, bound: bool = False) -> str:
    """How many times the base a value is; ``bound`` where the value is only known to be larger."""
    if value is None or not base:
        return "-"
    return f"{'≥ ' if bound else ''}{value / base:.{1 if value / base < 20 else 0}f}x"


def markdown(results: Results) -> str:
    """The comparison with the peers."""
    lines = [_preamble(results), ""]
    for result in results.cases:
        lines += [f"## ({result.case.letter}) {result.case.title}", "", _setting(result), ""]
        lines += [*_table(results, result), *_remarks(results, result), ""]
    return "\n".join(lines)


def _preamble(results: Results) -> str:
    machine = results.machine
    lines = [
        f"Scale `{results.scale}`, {results.date}. {machine['cores']} cores ({machine['processor']}), "
        f"{machine['memory']}, {machine['system']}, {machine['python']}; load before the first run "
        f"{machine['load_before']}. Sandbox and connectors share the machine.",
        "",
        "| connector | versions | CPU to start |",
        "|---|---|---|",
    ]
    for one in results.contenders:
        versions = ", ".join(f"{package} {version}" for package, version in one.versions.items())
        start = f"could not be run: {one.unavailable}" if one.unavailable else f"{one.start_up_seconds:.2f} s"
        lines.append(f"| {one.title} | {versions} | {start} |")
    return "\n".join(lines)


def _setting(result: CaseResult) -> str:
    case = result.case
    amounts = {name: result.settings[name] for name in ("contacts", "companies", "conversations", "tickets")}
    held = ", ".join(f"{number(count)} {name}" for name, count in amounts.items() if count and _matters(name, case))
    touched = f", {case.touched_percent}% of them changed today" if case.touched_percent else ""
    text = f"A workspace of {held}{touched}; streams: {', '.join(case.streams)}. "
    text += f"{case.latency_ms:g} ms a call, " if case.latency_ms else "No latency, "
    text += f"{number(case.calls_a_minute)} calls a minute" if case.limited else "no limit within reach"
    text += f"; a run is ended after {result.limit_seconds:g} s."
    if case.changes is not None:
        some = "some" if any(case.changes.values()) else "no"
        text += f" Measured is the sync after a first one and {some} changes."
    return text


def _matters(kind: str, case: Case) -> bool:
    return any(stream.startswith(kind.rstrip("s")) or stream == kind for stream in case.streams)


def _columns(case: Case, base: Figures | None) -> list[Column]:
    """The figures of a table; what a case cannot show is left out."""

    def wall_ratio(one: Figures) -> str:
        return "-" if one.error else ratio(one.seconds, base.seconds if base else None, one.timed_out)

    columns: list[Column] = [("wall s", seconds), ("wall x", wall_ratio)]
    columns += [
        ("calls", lambda one: number(one.calls)),
        ("calls / 1,000 records", lambda one: number(one.calls_per_1000, 1)),
    ]
    if case.limited:
        columns += [
            ("budget, busy", lambda one: percent(one.busy_share)),
            ("budget, best 10 s", lambda one: percent(one.best_share)),
            ("429", lambda one: number(one.refused)),
        ]
    columns += [
        ("records / s", lambda one: number(one.records_per_second)),
        ("CPU µs / record", lambda one: number(one.cpu_us_per_record)),
    ]
    if not case.limited:
        columns.append(("CPU x", lambda one: ratio(one.cpu_us_per_record, base.cpu_us_per_record if base else None)))
    columns += [
        ("memory MB", lambda one: number(one.peak_mb)),
        ("first record s", lambda one: number(one.first_record_seconds, 1)),
        ("records", lambda one: number(one.distinct)),
        ("twice", lambda one: number(one.duplicates)),
    ]
    if case.changes is not None:
        columns.append(("read again", lambda one: number(one.again)))
    columns.append(("missing", lambda one: number(None if one.timed_out else sum(one.missing.values()))))
    return columns


def _table(results: Results, result: CaseResult) -> list[str]:
    base = result.figures.get(BASE)
    columns = _columns(result.case, base)
    lines = [
        "| connector | " + " | ".join(name for name, _ in columns) + " |",
        "|---|" + "---:|" * len(columns),
    ]
    for name in result.case.contenders:
        figures = result.figures.get(name)
        if figures is not None:
            cells = " | ".join(show(figures) for _, show in columns)
            lines.append(f"| {results.title(name)} | {cells} |")
        elif name in result.failures:
            lines.append(f"| {results.title(name)} |" + " - |" * len(columns))
    return lines


def _remarks(results: Results, result: CaseResult) -> list[str]:
    """In words, what a number in the table would hide."""
    remarks = [f"{results.title(name)}: not measured, {why}." for name, why in result.failures.items()]
    for name, figures in result.figures.items():
        title = results.title(name)
        if figures.timed_out:
            got = figures.distinct / figures.held if figures.held else 0
            remark = f"{title} was ended at its time limit with {got:.0%} of the records delivered"
            if got:
                remark += f"; at that pace all would take {number(figures.seconds / got)} s"
            # Only a first sync owes every record; of a later one nobody can say how far it got.
            first = result.case.changes is None
            remarks.append(f"{remark}." if first else f"{title} was ended at its time limit.")
        elif figures.missing and not figures.error:
            absent = ", ".join(f"{number(count)} {stream}" for stream, count in figures.missing.items())
            remarks.append(f"{title} did not deliver {absent}.")
        if figures.error:
            remarks.append(f"{title} failed: {figures.error}")
    if steps := _steps(result):
        remarks.append(steps)
    return ["", *(f"- {remark}" for remark in remarks)] if remarks else []


def _steps(result: CaseResult) -> str:
    """What each step of the hot path gave, where all were measured."""
    costs = {name: one.cpu_us_per_record for name, one in result.figures.items() if name in _STEPS}
    if len(costs) < len(_STEPS):
        return ""
    return "CPU µs / record, step by step: " + "; ".join(f"{_STEPS[name]} {number(costs[name])}" for name in _STEPS)
