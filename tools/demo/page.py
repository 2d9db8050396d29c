"""The demo's page: what the warehouse holds and what it cost, as one HTML file that needs no network."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

_STATES = {"open": "#1f6feb", "snoozed": "#b9a032", "closed": "#7d8590"}
_BY_WEEK = """
    select date_trunc('week', to_timestamp(created_at))::date as week, state, count(*)
    from intercom.conversations group by all order by week
"""
_RESPONSE = """
    select date_trunc('week', to_timestamp(created_at))::date as week,
           median((statistics ->> 'time_to_admin_reply')::bigint) / 60.0,
           quantile_cont((statistics ->> 'time_to_admin_reply')::bigint, 0.9) / 60.0
    from intercom.conversations
    where statistics ->> 'time_to_admin_reply' is not null
    group by week order by week
"""
_SYNCS = ("#1f6feb", "#d1652b")
_SHOWN = 15  # streams with a bar of their own in the chart of requests
_PLAIN = {"displayModeBar": False, "responsive": True}
_STYLE = """
    body { font: 16px/1.5 system-ui, sans-serif; color: #24292f; max-width: 1100px; margin: 2rem auto; padding: 0 1rem }
    h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin: 2rem 0 0 } p { margin: .3rem 0 }
"""


Query = Callable[[str], Sequence[tuple[Any, ...]]]


class Cost(NamedTuple):
    """What a stream brought and cost in one sync, and how many rows of it the warehouse holds."""

    stream: str
    requests: int
    rows: int


def write_page(path: Path, query: Query, syncs: Mapping[str, Sequence[Cost]]) -> None:
    """Write the page. ``query`` asks the warehouse; ``syncs`` are the costs of each sync by title, in their order."""
    charts = [
        ("Rows by stream", "What lies in the warehouse after both syncs.", _rows(list(syncs.values())[-1])),
        (
            "Conversations by week and state",
            "By the week in which they began (conversations.created_at).",
            _conversations(query(_BY_WEEK)),
        ),
        (
            "Time to the first reply of a teammate, in minutes",
            "Half of the conversations were answered faster than the median, nine in ten faster than the other line.",
            _responses(query(_RESPONSE)),
        ),
        (
            "Where the requests went",
            "Requests by stream in each sync: what Intercom's rate limit was spent on. Streams without requests came "
            "inside the records of others.",
            _requests(syncs),
        ),
    ]
    sections = "\n".join(
        f"<h2>{title}</h2>\n<p>{words}</p>\n{figure.to_html(full_html=False, include_plotlyjs=False, config=_PLAIN)}"
        for title, words, figure in charts
    )
    path.write_text(
        "<!doctype html>\n<html lang='en'>\n<head><meta charset='utf-8'><title>Intercom in a warehouse</title>"
        f"<style>{_STYLE}</style><script>{get_plotlyjs()}</script></head>\n<body>\n"
        "<h1>A sample Intercom workspace in a warehouse</h1>\n"
        "<p>Made by <code>scripts/demo</code> from the tables that the connector filled.</p>\n"
        f"{sections}\n</body>\n</html>\n",
        encoding="utf-8",
    )


def _rows(costs: Sequence[Cost]) -> go.Figure:
    shown = sorted((cost for cost in costs if cost.rows), key=lambda cost: cost.rows)
    bars = go.Bar(
        y=[cost.stream for cost in shown], x=[cost.rows for cost in shown], orientation="h", marker_color="#1f6feb"
    )
    figure = _figure(bars, height=80 + 18 * len(shown))
    figure.update_xaxes(type="log", dtick=1, tickformat=",d", title="rows (each step is ten times as many)")
    return figure


def _conversations(rows: Sequence[tuple[Any, ...]]) -> go.Figure:
    bars = [
        go.Bar(
            name=state,
            x=[week for week, one, _ in rows if one == state],
            y=[count for _, one, count in rows if one == state],
            marker_color=colour,
        )
        for state, colour in _STATES.items()
    ]
    figure = _figure(*bars)
    figure.update_layout(barmode="stack")
    figure.update_yaxes(title="conversations")
    return figure


def _responses(rows: Sequence[tuple[Any, ...]]) -> go.Figure:
    weeks = [week for week, _, _ in rows]
    figure = _figure(
        go.Scatter(name="median", x=weeks, y=[median for _, median, _ in rows], line_color="#1f6feb"),
        go.Scatter(name="nine in ten", x=weeks, y=[upper for _, _, upper in rows], line_color="#d1652b"),
    )
    figure.update_yaxes(title="minutes", rangemode="tozero")
    return figure


def _requests(syncs: Mapping[str, Sequence[Cost]]) -> go.Figure:
    totals = {cost.stream: 0 for costs in syncs.values() for cost in costs}
    for costs in syncs.values():
        for cost in costs:
            totals[cost.stream] += cost.requests
    ranked = sorted((stream for stream, total in totals.items() if total), key=lambda stream: -totals[stream])
    shown, others = ranked[:_SHOWN], ranked[_SHOWN:]
    rest = f"the other {len(others)} streams"
    bars = []
    for (title, costs), colour in zip(syncs.items(), _SYNCS, strict=False):
        by_stream = {cost.stream: cost.requests for cost in costs}
        requests = {stream: by_stream.get(stream, 0) for stream in shown}
        if others:
            requests[rest] = sum(by_stream.get(stream, 0) for stream in others)
        bars.append(
            go.Bar(name=title, y=list(requests), x=list(requests.values()), orientation="h", marker_color=colour)
        )
    figure = _figure(*bars, height=120 + 22 * (len(shown) + 1))
    figure.update_layout(barmode="stack")
    figure.update_xaxes(title="requests", tickformat=",d")
    figure.update_yaxes(autorange="reversed")
    return figure


def _figure(*data: go.Bar | go.Scatter, height: int = 360) -> go.Figure:
    figure = go.Figure(list(data))
    figure.update_layout(height=height, margin={"l": 10, "r": 10, "t": 20, "b": 40}, template="plotly_white")
    # Above the chart: below it, the legend would run into the title of the axis.
    figure.update_layout(legend={"orientation": "h", "traceorder": "normal", "y": 1, "yanchor": "bottom"})
    figure.update_yaxes(automargin=True, ticksuffix=" ")
    return figure
