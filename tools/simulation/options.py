"""The options of the connector that chance chooses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from random import Random

from sandbox.records.reports import DATASETS, short
from source_intercom.options.config import Config
from tools.simulation.facts import DAY

ALL_CONTACTS = "events_all_contacts_every_days"


@dataclass(frozen=True)
class Options:
    """The connector's options, as far as the truth depends on them, and ``config`` with all of them.

    ``columns`` are the short names of the attributes that reports have, by dataset; none for all.
    """

    config: Mapping[str, object]
    start: int = 0
    lookback_days: int = 0
    roles: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    expands: bool = False
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, dice: Random, began: int) -> Options:
        """Some that chance chooses, for a workspace whose first sync begins at a moment in Unix seconds."""
        config: dict[str, object] = {
            "custom_object_types": ["Order", "Subscription"],
            "num_workers": dice.choice((1, 2, 4, 8)),
            "reconcile_every_days": dice.choice((None, None, 0, 1, 7)),
            "skip_failed_conversations": dice.random() < 0.2,
            "events_lookback_days": dice.choice((7, 7, 7, 3, 0)),
            "message_lookback_days": dice.choice((30, 30, 7, 0)),
            "report_lookback_days": dice.choice((30, 30, 7, 0)),
            ALL_CONTACTS: dice.choice((0, 0, 1, 2, 7)),
        }
        start = 0
        if dice.random() < 0.25:
            moment = datetime.fromtimestamp(began - dice.randrange(90 * DAY), timezone.utc)
            if dice.random() < 0.5:
                moment = moment.replace(hour=0, minute=0, second=0)
            start = int(moment.timestamp())
            config["start_date"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        lookback = dice.choice((0, 0, 0, 1, 3))
        config["lookback_window"] = lookback
        if dice.random() < 0.4:
            config["activity_logs_time_step"] = dice.choice((1, 5, 30))
        expands = dice.random() < 0.2
        if expands:
            config["expand"] = dice.sample(["tags", "companies", "notes", "subscriptions"], dice.randint(1, 4))
        roles: tuple[str, ...] = ()
        states: tuple[str, ...] = ()
        if dice.random() < 0.08:
            roles = (dice.choice(("user", "lead")),)
        if dice.random() < 0.08:
            states = tuple(sorted(dice.sample(["open", "closed", "snoozed"], dice.randint(1, 2))))
        config["filters"] = {"contacts": {"roles": list(roles)}, "conversations": {"states": list(states)}}
        columns = {name: _columns(dice, name) for name in DATASETS}
        config["reports"] = [{"dataset": name, "attributes": list(chosen)} for name, chosen in columns.items()]
        return cls(config, start, lookback, roles, states, expands, columns)

    def starting(self, start: int) -> Options:
        """The same with another start date in Unix seconds, 0 for none."""
        config = {name: value for name, value in self.config.items() if name != "start_date"}
        if start:
            config["start_date"] = datetime.fromtimestamp(start, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        return replace(self, config=config, start=start)

    def days(self, name: str) -> int:
        """An option that is a number of days; 0 for "", which is none."""
        return int(str(self.config.get(name, Config.model_fields[name].default))) if name else 0


def _columns(dice: Random, dataset: str) -> tuple[str, ...]:
    """Attributes of a report by their short names, as far as these are their own; none for all."""
    names = [short(name) for name in DATASETS[dataset].attributes]
    folded = [name.casefold() for name in names]
    own = [name for name in names if folded.count(name.casefold()) == 1]
    return tuple(dice.sample(own, dice.randint(1, 4))) if dice.random() < 0.3 else ()
