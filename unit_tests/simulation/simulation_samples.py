"""One small run of the connector, made by hand, for the checks to judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from tools.simulation.destination import Destination
from tools.simulation.facts import FACTS
from tools.simulation.options import Options
from tools.simulation.output import Output
from tools.simulation.plan import Plan
from tools.simulation.sync import Sync
from tools.simulation.truth import Held, History

BEGAN = 1_750_000_000
Json = dict[str, Any]


def contact(number: int, updated: int, **more: Any) -> Json:
    return {"id": str(number), "updated_at": updated, **more}


def record(stream: str, data: Json) -> Json:
    return {"type": "RECORD", "record": {"stream": stream, "data": data, "emitted_at": 1}}


def state(stream: str, value: Json) -> Json:
    return {
        "type": "STATE",
        "state": {"type": "STREAM", "stream": {"stream_descriptor": {"name": stream}, "stream_state": value}},
    }


def status(stream: str, word: str) -> Json:
    told = {"stream_descriptor": {"name": stream}, "status": word}
    return {"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 1, "stream_status": told}}


def error(stream: str, message: str) -> Json:
    told = {"message": message, "stream_descriptor": {"name": stream}}
    return {"type": "TRACE", "trace": {"type": "ERROR", "emitted_at": 1, "error": told}}


def printed(*messages: Json, code: int = 0, **more: Any) -> Output:
    lines = b"".join(orjson.dumps(message) + b"\n" for message in messages)
    return Output(code=code, stdout=more.pop("stdout", lines), stderr=more.pop("stderr", b""), seconds=1.0, **more)


def plan(
    modes: Mapping[str, str] | None = None,
    *,
    quirks: tuple[str, ...] = (),
    lag: int = 0,
    config: Mapping[str, object] | None = None,
) -> Plan:
    return replace(
        Plan.of(1),
        modes=modes or {"contacts": "incremental"},
        quirks=quirks,
        options=Options(config or {}),
        workspace={"index_lag_seconds": lag},
    )


def held(*records: Json, stream: str = "contacts") -> dict[str, dict[tuple[object, ...], Held]]:
    """What the workspace holds of one stream."""
    return {
        stream: {
            FACTS[stream].key_of(one): Held(one, one["updated_at"] if FACTS[stream].cursor else None, one["updated_at"])
            for one in records
        }
    }


def sync(
    output: Output,
    *records: Json,
    stream: str = "contacts",
    mode: str = "incremental",
    resumed: Json | None = None,
    anew: bool = False,
    **more: Any,
) -> Sync:
    """A run over a workspace that held these records before, and still does."""
    snapshot = held(*records, stream=stream)
    return Sync(
        plan=plan({stream: mode}, **more),
        output=output,
        same=snapshot,
        history=History(snapshot, BEGAN),
        resumed={stream: resumed} if resumed else {},
        anew=frozenset([stream] if anew else []),
        second=BEGAN,
        ended=BEGAN + 5,
        begin=BEGAN,
    )


def destination(*records: Json, stream: str = "contacts", mode: str = "incremental") -> Destination:
    """One that holds records of earlier runs."""
    made = Destination({stream: mode})
    for one in records:
        made.take(stream, one)
    return made
