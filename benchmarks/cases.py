"""What is measured, and how large."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from benchmarks.messages import KEYS

LATENCY_MS = 250
"""What a call to Intercom takes, roughly, from afar."""
CALLS_A_MINUTE = 10_000
"""Intercom's limit for an app."""
OUT_OF_REACH = 6_000_000
"""A limit nobody meets. Not "none": without limit headers the official connector sleeps a second a call."""
HISTORY_DAYS = 365

PEERS = ("ours", "official", "tap", "before")
OURS = ("ours", "before")
"""For what has changed between two versions of this connector."""
Counts = dict[str, int]
Changes = dict[str, dict[str, int]]
HOURLY: dict[str, Counts] = {
    "small": {"contacts": 1_500, "companies": 300, "conversations": 100},
    "full": {"contacts": 20_000, "companies": 3_000, "conversations": 2_000},
}
"""What the cases of later syncs hold."""
NONE: dict[str, Changes] = {"small": {}, "full": {}}


@dataclass(frozen=True)
class Case:
    """One comparison. ``counts`` is how much is in the workspace, by scale."""

    letter: str
    title: str
    streams: tuple[str, ...]
    counts: dict[str, Counts]
    contenders: tuple[str, ...] = PEERS
    latency_ms: float = LATENCY_MS
    calls_a_minute: int = CALLS_A_MINUTE
    runs: int = 1
    changes: dict[str, Changes] | None = None
    """By scale. When given, an untimed first sync comes before, then these changes; the sync after them is measured."""
    touched_percent: int = 0
    """Of the contacts so many have changed today, as a nightly job leaves them, before the first sync begins."""
    history_days: int = HISTORY_DAYS

    @property
    def limited(self) -> bool:
        """Whether the rate limit can be felt."""
        return self.calls_a_minute < OUT_OF_REACH

    def settings(self, scale: str) -> dict[str, float]:
        """The sandbox's settings. No contact has more tags than its record shows, because the tap would make
        calls for the rest, and the others would not: all do the same work."""
        made = workspace_settings(self.counts[scale], self.latency_ms, self.calls_a_minute)
        return made | {"max_tags": 10, "history_days": self.history_days}


def workspace_settings(counts: Counts, latency_ms: float, calls_a_minute: int) -> dict[str, float]:
    """The sandbox's settings for a year of history that holds these counts and little else."""
    empty = {"contacts": 0, "companies": 0, "conversations": 0, "tickets": 0, "activity_logs": 0}
    behaviour = {"history_days": HISTORY_DAYS, "latency_ms": latency_ms, "rate_limit": calls_a_minute}
    return {**empty, **counts, **behaviour}


def start_date(history_days: int = HISTORY_DAYS) -> str:
    """A moment before all that a workspace holds."""
    return (datetime.now(timezone.utc) - timedelta(days=history_days + 2)).strftime("%Y-%m-%dT00:00:00Z")


LIMIT_SECONDS = {"small": 45, "full": 420}
"""How long a single run may take."""

CASES = (
    Case(
        "a",
        "First sync of contacts",
        ("contacts",),
        {"small": {"contacts": 6_000}, "full": {"contacts": 100_000}},
    ),
    Case(
        "b",
        "First sync of conversations with their parts",
        ("conversations", "conversation_parts"),
        {
            "small": {"conversations": 4_000, "contacts": 500},
            "full": {"conversations": 10_000, "contacts": 2_000},
        },
    ),
    Case(
        "c",
        "First sync of a mixed workspace",
        tuple(KEYS),
        {
            "small": {"contacts": 1_500, "companies": 300, "conversations": 100},
            "full": {"contacts": 20_000, "companies": 3_000, "conversations": 1_000},
        },
    ),
    Case(
        "d",
        "Incremental sync after a few changes",
        tuple(KEYS),
        HOURLY,
        changes={
            "small": {
                "contacts": {"update": 40, "create": 10},
                "companies": {"update": 5},
                "conversations": {"update": 15, "create": 5},
            },
            "full": {
                "contacts": {"update": 400, "create": 100},
                "companies": {"update": 30},
                "conversations": {"update": 80, "create": 20},
            },
        },
    ),
    Case(
        "e",
        "CPU only: contacts, no latency, no limit within reach",
        ("contacts",),
        {"small": {"contacts": 20_000}, "full": {"contacts": 100_000}},
        contenders=(*PEERS, "bare", "records", "tuned"),
        latency_ms=0,
        calls_a_minute=OUT_OF_REACH,
        runs=3,
    ),
    Case(
        "f",
        "Incremental sync with nothing new",
        tuple(KEYS),
        HOURLY,
        changes=NONE,
    ),
    Case(
        "g",
        "First sync of tickets",
        ("tickets",),
        {"small": {"tickets": 6_000}, "full": {"tickets": 30_000}},
        contenders=OURS,
    ),
    Case(
        "h",
        "First sync of contacts of which a nightly job has touched 19%",
        ("contacts",),
        {"small": {"contacts": 30_000}, "full": {"contacts": 100_000}},
        contenders=OURS,
        touched_percent=19,
        history_days=3 * HISTORY_DAYS,
    ),
    Case(
        "i",
        "First sync of contacts that a nightly job has touched, each one",
        ("contacts",),
        {"small": {"contacts": 30_000}, "full": {"contacts": 100_000}},
        contenders=OURS,
        touched_percent=100,
        history_days=3 * HISTORY_DAYS,
    ),
)
