"""What has been asked of the sandbox: the ledger that tests and benchmarks read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Ledger:
    """Counts of Intercom calls; control calls are never counted."""

    total: int = 0
    without_version: int = 0
    rate_limited: int = 0
    by_endpoint: Counter[str] = field(default_factory=Counter)
    by_status: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)

    def came(self, endpoint: str, version: str | None) -> None:
        self.total += 1
        self.by_endpoint[endpoint] += 1
        if version is None:
            self.without_version += 1
        else:
            self.versions[version] += 1

    def answered(self, status: str) -> None:
        """`status` is a number, or "reset" where no answer was given."""
        self.by_status[status] += 1
        if status == "429":
            self.rate_limited += 1

    def report(self) -> dict[str, object]:
        return {
            "total": self.total,
            "by_endpoint": dict(self.by_endpoint),
            "by_status": dict(self.by_status),
            "without_version": self.without_version,
            "rate_limited": self.rate_limited,
            "versions": dict(self.versions),
        }
