"""The demo's page: what the warehouse holds and what it cost, as one HTML file that needs no network."""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
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
_TOTALS = """
    select count(*), count(*) filter (state <> 'closed'),
           median((statistics ->> 'time_to_admin_reply')::bigint) / 60.0
    from intercom.conversations
"""
_SYNCS = ("#1f6feb", "#d1652b")
_ALLOWED = 10_000  # requests a minute that Intercom gives an app (docs/intercom-api.md#rate-limit)
_SHOWN = 15  # streams with a bar of their own in the chart of requests
_PLAIN = {"displayModeBar": False, "responsive": True}
_STYLE = """
    body { font: 16px/1.5 system-ui, sans-serif; color: #24292f; background: #f6f8fa; margin: 0 }
    main { max-width: 1100px; margin: 2rem auto; padding: 0 1rem }
    h1 { font-size: 1.6rem; margin: 0 } h2 { font-size: 1.15rem; margin: 0 } p { margin: .3rem 0; max-width: 75ch }
    .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 1rem; margin: 1.2rem 0 }
    .tiles div, section { background: #fff; border: 1px solid #d0d7de; border-radius: 8px; padding: 1rem 1.2rem }
    .tiles b { display: block; font-size: 1.7rem; line-height: 1.3 } .tiles span { color: #57606a; font-size: .9rem }
    section { margin: 1rem 0 }
"""


Query = Callable[[str], Sequence[tuple[Any, ...]]]


class Cost(NamedTuple):
    """What a stream brought and cost in one sync, how many rows of it the warehouse holds, and what was left out."""

    stream: str
    requests: int
    rows: int
    left_out: str = ""


def write_page(path: Path, query: Query, syncs: Mapping[str, Sequence[Cost]]) -> None:
    """Write the page. ``query`` asks the warehouse; ``syncs`` are the costs of each sync by title, in their order."""
    last = list(syncs.values())[-1]
    charts = [
        (
            "Conversations by week and state",
            "By the week in which they began (conversations.created_at). The first and the last week are not whole.",
            _conversations(query(_BY_WEEK)),
        ),
        (
            "Time to the first reply of a teammate, in minutes",
            "Half of the conversations were answered faster than the median, nine in ten faster than the other line.",
            _responses(query(_RESPONSE)),
        ),
        ("Where the requests went", _of_the_limit(syncs), _requests(syncs)),
        ("Rows by stream", _without_rows(last), _rows(last)),
    ]
    sections = "\n".join(
        f"<section>\n<h2>{title}</h2>\n<p>{words}</p>\n"
        f"{figure.to_html(full_html=False, include_plotlyjs=False, config=_PLAIN)}\n</section>"
        for title, words, figure in charts
    )
    tiles = "".join(f"<div><b>{figure}</b><span>{words}</span></div>" for figure, words in _tiles(query, syncs))
    path.write_text(
        "<!doctype html>\n<html lang='en'>\n<head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'><title>Intercom in a warehouse</title>"
        f"<style>{_STYLE}</style><script>{get_plotlyjs()}</script></head>\n<body>\n<main>\n"
        "<h1>A sample Intercom workspace in a warehouse</h1>\n"
        "<p>Made by <code>scripts/demo</code> from the tables that the connector filled.</p>\n"
        f"<div class='tiles'>{tiles}</div>\n{sections}\n</main>\n</body>\n</html>\n",
        encoding="utf-8",
    )


def _tiles(query: Query, syncs: Mapping[str, Sequence[Cost]]) -> list[tuple[str, str]]:
    """The figures at the head of the page, each with what it counts."""
    last = list(syncs.values())[-1]
    ((conversations, open_ones, median),) = query(_TOTALS)
    filled = sum(1 for cost in last if cost.rows)
    return [
        (f"{sum(cost.rows for cost in last):,}", f"rows in the warehouse, in {filled} of {len(last)} streams"),
        *((f"{_requests_of(costs):,}", f"requests in the {title}") for title, costs in syncs.items()),
        (f"{conversations:,}", f"conversations, of which {open_ones:,} are not closed"),
        ("none" if median is None else f"{median:,.0f} min", "median time to the first reply"),
    ]


def _of_the_limit(syncs: Mapping[str, Sequence[Cost]]) -> str:
    seconds = " and ".join(
        f"{60 * _requests_of(costs) / _ALLOWED:,.0f} seconds for the {title}" for title, costs in syncs.items()
    )
    return (
        f"Intercom allows an app {_ALLOWED:,} requests a minute, so these take at least {seconds}. Streams without "
        "requests came inside the records of others."
    )


def _requests_of(costs: Sequence[Cost]) -> int:
    return sum(cost.requests for cost in costs)


def _without_rows(costs: Sequence[Cost]) -> str:
    words = "What lies in the warehouse after both syncs. The scale grows tenfold with each step."
    empty = [f"{cost.stream}{f' ({cost.left_out})' if cost.left_out else ''}" for cost in costs if not cost.rows]
    return f"{words} No rows: {escape(', '.join(empty))}." if empty else words


def _rows(costs: Sequence[Cost]) -> go.Figure:
    shown = sorted((cost for cost in costs if cost.rows), key=lambda cost: cost.rows)
    figure = _figure(
        _bars("", [cost.stream for cost in shown], [cost.rows for cost in shown], "#1f6feb"),
        height=80 + 18 * len(shown),
    )
    # From a half, so that one row has a bar too, and to where the largest number has room behind its bar.
    top = 10 ** (math.log10(max((cost.rows for cost in shown), default=1)) + 0.4)
    figure.update_xaxes(type="log", range=[math.log10(0.5), math.log10(top)], dtick=1, tickformat=",d", title="rows")
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
        go.Scatter(
            name="median", x=weeks, y=[median for _, median, _ in rows], mode="lines+markers", line_color="#1f6feb"
        ),
        go.Scatter(
            name="nine in ten", x=weeks, y=[upper for _, _, upper in rows], mode="lines+markers", line_color="#d1652b"
        ),
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
        bars.append(_bars(title, list(requests), list(requests.values()), colour))
    figure = _figure(*bars, height=120 + 34 * (len(shown) + 1))
    figure.update_layout(barmode="group", bargap=0.25)
    most = max((number for bar in bars for number in bar.x), default=1)
    figure.update_xaxes(title="requests", tickformat=",d", range=[0, 1.1 * most])
    figure.update_yaxes(autorange="reversed")
    return figure


def _bars(name: str, labels: Sequence[str], numbers: Sequence[int], colour: str) -> go.Bar:
    """Lying bars with their numbers behind them."""
    return go.Bar(
        name=name,
        y=labels,
        x=numbers,
        orientation="h",
        marker_color=colour,
        text=[f"{number:,}" for number in numbers],
        textposition="outside",
        textangle=0,
        textfont_size=11,
        cliponaxis=False,
        hovertemplate="%{y}: %{text}<extra></extra>",
    )


def _figure(*data: go.Bar | go.Scatter, height: int = 360) -> go.Figure:
    figure = go.Figure(list(data))
    figure.update_layout(height=height, margin={"l": 10, "r": 40, "t": 20, "b": 40}, template="plotly_white")
    # Above the chart: below it, the legend would run into the title of the axis.
    figure.update_layout(legend={"orientation": "h", "traceorder": "normal", "y": 1, "yanchor": "bottom"})
    figure.update_yaxes(automargin=True, ticksuffix=" ")
    return figure
