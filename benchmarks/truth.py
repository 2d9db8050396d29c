"""Compares what was delivered with what the sandbox holds."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchmarks.messages import Version

Versions = Mapping[str, Counter[Version]]


@dataclass(frozen=True)
class Judgement:
    """Numbers of records, over all streams compared."""

    distinct: int
    """Different records delivered, by key."""
    duplicates: int
    """Deliveries of a record that this run had delivered already."""
    missing: dict[str, int]
    """By stream, where there are any: records of the workspace, in their newest version, that no run delivered."""
    again: int
    """Deliveries of what an earlier run had delivered in the same version: the price of an overlap."""


def judge(truth: Mapping[str, set[Version]], delivered: Versions, earlier: Versions | None = None) -> Judgement:
    """Judge one run. ``earlier`` is what the run before delivered, where this is a second sync.

    A first sync is asked for keys only: a record that changes while it is read may come in either version.
    """
    distinct = duplicates = again = 0
    missing: dict[str, int] = {}
    for stream, held in truth.items():
        versions = delivered.get(stream, Counter())
        keys = _keys(versions)
        distinct += len(keys)
        duplicates += sum(versions.values()) - len(keys)
        if earlier is None:
            absent = len(_keys(held) - keys)
        else:
            before = earlier.get(stream, Counter())
            absent = sum(version not in versions and version not in before for version in held)
            again += sum(count for version, count in versions.items() if version in before)
        if absent:
            missing[stream] = absent
    return Judgement(distinct, duplicates, missing, again)


def _keys(versions: Iterable[Version]) -> set[str]:
    return {key for key, _ in versions}
