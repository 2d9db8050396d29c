"""Everything that chance decides about one simulation, decided beforehand and from its seed alone."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from random import Random

from tools.simulation.choices import CHANGES, CLOCKS, FAULTS, LOUD, PERMISSIONS, QUIET, ZONES
from tools.simulation.facts import DAY, FACTS, HOUR
from tools.simulation.options import Options

# Workspaces live in these years, so that no moment of theirs lies in the future of the machine.
_FIRST_MOMENT = 1_740_000_000
_MOMENTS = 450 * DAY
_SIGNALS = ("SIGKILL", "SIGKILL", "SIGKILL", "SIGTERM", "SIGTERM", "SIGINT", "pipe")
_OTHER_YEARS = ("odd-date=past", "odd-date=future")
_WINDOW_SECONDS = 10
_ORDER = frozenset({"ignored-sort", "refused-cursor", "refused-cursor=always"})
_HIDING = ("search-ends-early", "repeated-page", "empty-last-page", "no-pages")
Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Small:
    """Sizes of the connector made so small that a few records make many pages, windows and slices."""

    page: int
    window_pages: int
    checkpoint_pages: int
    list_page: int
    batch: int
    message_days: int
    report_days: int


@dataclass(frozen=True)
class Kill:
    """How the process is ended: by a signal, or "pipe", when nobody reads its output any more.

    When it has printed so many lines, or has made so many calls; one of the two is None.
    """

    by: str
    lines: int | None
    calls: int | None


@dataclass(frozen=True)
class Live:
    """A change of the workspace at the moment of a call of the sync."""

    call: int
    counts: Counts


@dataclass(frozen=True)
class Fault:
    """A rule of the sandbox's faults."""

    match: str
    kind: str
    times: int | None
    skip: int
    every: int


@dataclass(frozen=True)
class Turn:
    """What is otherwise in one sync than in the last ones.

    ``start`` is its start date in Unix seconds, 0 for none and None for the plan's; ``away`` are streams that its
    catalog does not have, ``lacking`` is a permission that its token lacks, ``zone`` the workspace's time zone, "" for
    the plan's.
    """

    start: int | None = None
    away: frozenset[str] = frozenset()
    lacking: str = ""
    zone: str = ""

    @classmethod
    def of(cls, dice: Random, began: int, modes: Mapping[str, str]) -> Turn:
        """Nothing is otherwise in half of all syncs."""
        if dice.random() < 0.5:
            return cls()
        away = frozenset(name for name in modes if dice.random() < 0.3) if dice.random() < 0.4 else frozenset()
        return cls(
            start=dice.choice((0, began - dice.randrange(120 * DAY))) if dice.random() < 0.4 else None,
            # A catalog without streams is no sync.
            away=frozenset() if len(away) == len(modes) else away,
            lacking=dice.choice(("Read tickets", dice.choice(PERMISSIONS))) if dice.random() < 0.3 else "",
            # Reports write times in the zone of the workspace, so a row of before can have the later time for ever.
            zone=dice.choice(ZONES) if dice.random() < 0.3 and not any(FACTS[name].dataset for name in modes) else "",
        )


@dataclass(frozen=True)
class Round:
    """One sync: what happens before it, while it runs, and to it.

    ``pause`` are seconds that pass before; ``skew`` is by how many seconds the clock of the machine is wrong.
    """

    pause: int
    before: Counts
    live: tuple[Live, ...] = ()
    faults: tuple[Fault, ...] = ()
    kill: Kill | None = None
    skew: int = 0
    turn: Turn = Turn()


@dataclass(frozen=True)
class Plan:
    """One simulation."""

    seed: int
    began: int
    workspace: Mapping[str, object]
    quirks: tuple[str, ...]
    options: Options
    modes: Mapping[str, str]
    deduplicates: bool
    small: Small
    rounds: tuple[Round, ...]
    last_pause: int
    clock_error: int = 0
    """By how many seconds, 0 or fewer, a read may end before it began, as Intercom's own clock is wrong."""
    lacking: str = ""
    """The permission that the token lacks."""

    def turned(self, turn: Turn) -> Plan:
        """The plan as it is for one sync."""
        modes = {name: mode for name, mode in self.modes.items() if name not in turn.away}
        options = self.options if turn.start is None else self.options.starting(turn.start)
        return replace(self, modes=modes, options=options)

    @classmethod
    def of(cls, seed: int) -> Plan:
        dice = Random(f"simulation {seed}")
        began = _FIRST_MOMENT + dice.randrange(_MOMENTS)
        modes = _modes(dice)
        quirks = _quirks(dice)
        workspace = _workspace(dice, quirks)
        lacking = dice.choice(PERMISSIONS) if dice.random() < 0.1 else ""
        if lacking:
            workspace["scopes"] = [permission for permission in PERMISSIONS if permission != lacking]
            quirks = (*quirks, "hidden-tickets")
        small = Small(
            # From pages of three, an order that is ignored looks kept, and half a day of records is too much for one.
            page=dice.choice((20, 150) if _ORDER.intersection(quirks) else (3, 7, 20, 150)),
            window_pages=dice.choice((1, 2, 4, 10)),
            checkpoint_pages=dice.choice((1, 2, 10)),
            list_page=dice.choice((3, 10, 50)),
            batch=dice.choice((3, 10, 500)),
            message_days=_message_days(dice, quirks),
            report_days=dice.choice((20, 61)),
        )
        deduplicates = dice.random() < 0.5
        options = Options.of(dice, began)
        rounds = [_round(dice, modes, odd_clock=_has_odd_clock(quirks)) for _ in range(dice.choice((1, 2, 2, 3, 3, 4)))]
        # Dice of their own, so that a seed goes on to mean what it meant before there were turns.
        turning = Random(f"turns {seed}")
        turns = [Turn.of(turning, began, modes) for _ in rounds]
        if any(turn.lacking for turn in turns) and "hidden-tickets" not in quirks:
            quirks = (*quirks, "hidden-tickets")
        return cls(
            seed=seed,
            began=began,
            workspace=workspace,
            quirks=quirks,
            options=options,
            modes=modes,
            deduplicates=deduplicates,
            small=small,
            rounds=tuple(replace(one, turn=turn) for one, turn in zip(rounds, turns, strict=True)),
            # A whole comparison is due after a week, and ten days are what quiet changes wait for.
            last_pause=dice.choice((10 * DAY, 10 * DAY, 5 * HOUR)),
            clock_error=_clock_error(quirks),
            lacking=lacking,
        )


def _has_odd_clock(quirks: tuple[str, ...]) -> bool:
    return any(name in CLOCKS for name in quirks)


def _clock_error(quirks: tuple[str, ...]) -> int:
    for name in quirks:
        if name in _OTHER_YEARS:
            return -_WINDOW_SECONDS
        if name in CLOCKS:
            return min(0, int(name.partition("=")[2]))
    return 0


def _modes(dice: Random) -> dict[str, str]:
    names = list(FACTS)
    chance = dice.random()
    count = len(names) if chance < 0.05 else dice.randint(1, 3) if chance < 0.4 else dice.randint(4, 12)
    chosen = dice.sample(names, count)
    # What carries the data is chosen more often.
    chosen += [name for name in ("contacts", "conversations", "tickets", "companies") if dice.random() < 0.25]
    all_full = dice.random() < 0.1
    modes = {}
    for name in sorted(set(chosen), key=names.index):
        incremental = bool(FACTS[name].cursor) and not all_full and dice.random() < 0.8
        modes[name] = "incremental" if incremental else "full_refresh"
    return modes


def _quirks(dice: Random) -> tuple[str, ...]:
    chance = dice.random()
    count = 0 if chance < 0.25 else dice.randint(1, 4) if chance < 0.75 else dice.randint(5, 12)
    if chance > 0.96:
        count = len(QUIET)
    chosen = dice.sample(QUIET, count)
    if dice.random() < 0.2:
        chosen.append(dice.choice(LOUD).quirk)
    if dice.random() < 0.12:
        chosen.append(dice.choice(CLOCKS))
    # Each of these hides the rest of a search once, which one more try finds. Together they hide the same records from
    # try after try, and no one can tell that from a total that is wrong.
    hiding = [name for name in chosen if name in _HIDING]
    chosen = [name for name in chosen if name not in hiding[1:]]
    if any(name in _OTHER_YEARS for name in chosen):
        # The end of the rate-limit window is what tells the time then, and must not be wrong as well.
        chosen = [name for name in chosen if not name.startswith("odd-rate-headers")]
    if "report-names" in chosen:
        # Nothing is headed by names that nobody is told.
        chosen = [name for name in chosen if not name.startswith("report-heads")]
    # Of two forms of one quirk the sandbox would take the last.
    return tuple({name.partition("=")[0]: name for name in chosen}.values())


def _message_days(dice: Random, quirks: Container[str]) -> int:
    """The days of a content export. Half of them are for what people do with messages later, up to thirty days."""
    days = dice.choice((62, 75, 88))
    # Who may not see when the workspace was made asks for the messages of 15 years: sixty exports, one after another.
    return 1_000 if "me-refused" in quirks else days


def _workspace(dice: Random, quirks: tuple[str, ...]) -> dict[str, object]:
    size = dice.choice((0.3, 1, 1, 2))

    def some(most: int) -> int:
        return round(dice.randint(0, most) * size)

    counts = {
        "contacts": some(60), "companies": some(25), "conversations": some(40), "tickets": some(30),
        "activity_logs": some(60), "articles": some(25), "collections": some(15), "internal_articles": some(25),
        "news_items": some(20), "newsfeeds": dice.randint(0, 3), "external_pages": some(30), "macros": some(25),
        "content_snippets": some(15), "calls": some(30), "custom_object_instances": some(20),
        "data_connector_execution_results": some(30), "help_center_redirects": some(10), "tags": dice.randint(1, 20),
        "deleted_conversations": some(10), "segments": dice.randint(1, 6), "message_receipts": some(60),
        "silent_conversations": some(10),
    }  # fmt: skip
    return {
        **counts,
        "seed": dice.randrange(10_000),
        "max_parts": dice.choice((3, 12, 40)),
        "max_tags": dice.choice((3, 16)),
        "history_days": dice.choice((2, 30, 365, 900)),
        "skew": dice.choice(("even", "even", "burst")),
        "timezone": dice.choice(ZONES),
        "latency_ms": dice.choice((0, 0, 1, 4)),
        # A second word of the clock, where Date is wrong.
        "rate_limit": 100_000 if _has_odd_clock(quirks) else dice.choice((0, 0, 100_000)),
        "gzip": dice.random() < 0.3,
        "index_lag_seconds": dice.choice((0, 0, 0, 120, 1_500)),
        "inclusive_bounds": dice.random() < 0.3,
        "scroll_page": dice.choice((7, 20, 100)),
        "scroll_expiry_seconds": 0.6,
        "vanished_percent": dice.choice((0, 0, 5)),
        "export_polls": dice.choice((1, 2, 3)),
        "export_seconds": dice.choice((0.1, 0.5, 2)),
    }


def _counts(dice: Random, modes: Mapping[str, str], kinds: int) -> dict[str, dict[str, int]]:
    """Changes, more often of what is synced."""
    near = [kind for kind in CHANGES if kind in modes or FACTS[kind].family in {FACTS[name].family for name in modes}]
    counts: dict[str, dict[str, int]] = {}
    for _ in range(kinds):
        kind = dice.choice(near if near and dice.random() < 0.8 else list(CHANGES))
        verb = dice.choice(CHANGES[kind])
        counts.setdefault(kind, {})[verb] = dice.choice((1, 1, 2, 5))
    return counts


def _round(dice: Random, modes: Mapping[str, str], *, odd_clock: bool) -> Round:
    faults = []
    if dice.random() < 0.5:
        paths = sorted({path for name in modes for path in FACTS[name].paths})
        for _ in range(dice.randint(1, 4)):
            faults.append(
                Fault(
                    match="*" if dice.random() < 0.5 else dice.choice(paths),
                    kind=dice.choice(FAULTS),
                    times=None if dice.random() < 0.05 else dice.randint(1, 4),
                    skip=int(dice.random() ** 2 * 60),
                    every=dice.randint(1, 3),
                )
            )
    kill = None
    if dice.random() < 0.75:
        by = dice.choice(_SIGNALS)
        if dice.random() < 0.5:
            kill = Kill(by, lines=1 + int(dice.random() ** 2 * 150), calls=None)
        else:
            kill = Kill(by, lines=None, calls=1 + int(dice.random() ** 2 * 50))
    live = [
        Live(2 + int(dice.random() ** 2 * 80), _counts(dice, modes, dice.randint(1, 3)))
        for _ in range(dice.choice((0, 0, 1, 2, 4)))
    ]
    skew = 0
    if not odd_clock and dice.random() < 0.2:
        # Behind by less than the last pause, ahead, or of another year.
        skew = dice.choice((-2 * HOUR, -90, 90, 3 * HOUR, 400 * DAY, -4_000 * DAY))
    return Round(
        pause=dice.choice((0, 1, 20, 15 * 60, 2 * HOUR, 7 * HOUR, DAY, 3 * DAY, 9 * DAY)),
        before=_counts(dice, modes, dice.randint(0, 4)),
        live=tuple(sorted(live, key=lambda one: one.call)),
        faults=tuple(faults),
        kill=kill,
        skew=skew,
    )
