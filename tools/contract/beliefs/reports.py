"""What the reporting export offers. No export is made: only the list of its datasets is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from source_intercom.api.datasets import PATH, Dataset, datasets_in
from source_intercom.shapes.report_export import TIME, Report
from source_intercom.streams.reports import IDS
from tools.contract.belief import Answer, Belief, not_seen, told
from tools.contract.workspace import Workspace

_NAMED = 12


def _datasets(ws: Workspace) -> Mapping[str, Dataset]:
    return datasets_in(ws.get(PATH, version=Report.version))


def _unless(ws: Workspace, faulty: Iterable[str]) -> Answer:
    if not _datasets(ws):
        return not_seen("there are no datasets")
    return told(not (found := list(faulty)), unless=", ".join(found[:_NAMED]))


def _full(ws: Workspace) -> Answer:
    return _unless(
        ws, (one.name for one in _datasets(ws).values() if any("." not in each.name for each in one.attributes))
    )


def _own(ws: Workspace) -> Answer:
    def shares(one: Dataset) -> bool:
        return len({each.short for each in one.attributes}) < len(one.attributes)

    return _unless(ws, (one.name for one in _datasets(ws).values() if shares(one)))


def _timed(ws: Workspace) -> Answer:
    return _unless(ws, (one.name for one in _datasets(ws).values() if not one.called(one.time)))


def _keyed(ws: Workspace) -> Answer:
    offered = [one for one in _datasets(ws).values() if one.name in IDS]
    lacking = [
        f"{one.name}.{name}" for one in offered for name in IDS[one.name] if name != TIME and not one.called(name)
    ]
    return _unless(ws, lacking) if offered else not_seen("none of the known datasets is there")


BELIEFS = (
    Belief("report-full-names", "Has every attribute of a reporting dataset a full name?", "yes",
           "Exports are asked for by full names.",
           "Attributes are asked for by their ids. Where two share one, only one of them comes.",
           "reporting-attributes", _full),
    Belief("report-short-names", "Is each attribute's short name unique within its dataset?", "either",
           "Columns have short names.", "Those that share one have columns with their full names.",
           "reporting-attributes", _own),
    Belief("report-time", "Does each dataset name the time attribute by which its exports are filtered?", "yes",
           "The column `occurred_at` holds that time, and the state says up to which time was exported.",
           "The stream ends incomplete and says so.", "reporting-export", _timed),
    Belief("report-keys", "Do the datasets have the attributes that identify their rows?", "yes",
           "They are the key.", "The stream ends incomplete and names what is missing.",
           "reporting-datasets", _keyed),
)  # fmt: skip
