"""Plots as plain SVG: wall time by connector, and the rate budget used over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from benchmarks.budget import WINDOW_SECONDS
from benchmarks.report import BASE, CaseResult, Results, ratio, seconds

COLOURS = {"ours": "#1f6feb", "official": "#d1652b", "tap": "#7d8590", "bare": "#b9a032", "before": "#8250df"}
_INK, _FAINT = "#24292f", "#d8dee4"
_WIDTH, _LEFT, _RIGHT = 760, 150, 120


def _text(x: float, y: float, words: str, anchor: str = "start", size: int = 12, weight: str = "normal") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" '
        f'fill="{_INK}">{escape(words)}</text>'
    )


def _rect(x: float, y: float, width: float, height: float, fill: str, opacity: float = 1) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height:.1f}" fill="{fill}" '
        f'fill-opacity="{opacity:g}"/>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str = _FAINT) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _document(height: float, title: str, parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" '  # ignore-https-check: a name, not an address
        f'viewBox="0 0 {_WIDTH} {height:.0f}" width="{_WIDTH}" '
        f'height="{height:.0f}" font-family="Helvetica, Arial, sans-serif" role="img">\n'
        f"<title>{escape(title)}</title>\n"
        f"{_rect(0, 0, _WIDTH, height, '#ffffff')}\n{body}\n</svg>\n"
    )


def ticks(highest: float, most: int = 6) -> list[float]:
    """Round numbers from 0 that reach the highest value, not more than ``most`` steps."""
    steps = (digit * 10**power for power in range(9) for digit in (1.0, 2.0, 5.0))
    step = next(step for step in steps if highest / step <= most)
    return [step * at for at in range(int(-(-highest // step)) + 1)]


def wall_time(results: Results) -> str:
    """A panel for each case, each on a scale of its own; a bar for each connector. Seconds."""
    bar, gap, head = 20, 6, 44
    parts: list[str] = []
    y = 10.0
    room = _WIDTH - _LEFT - _RIGHT
    for result in results.cases:
        shown = {name: one for name, one in result.figures.items() if not one.error}
        if not shown or not result.case.limited:
            continue
        parts.append(_text(10, y + 20, f"({result.case.letter}) {result.case.title}", size=14, weight="bold"))
        longest = max(one.seconds for one in shown.values())
        base = shown.get(BASE)
        y += head - 10
        for name, one in shown.items():
            length = room * one.seconds / longest
            words = f"{seconds(one)} s"
            if base and name != BASE:
                words += f"  ({ratio(one.seconds, base.seconds, one.timed_out)})"
            parts.append(_text(_LEFT - 8, y + bar * 0.7, results.title(name), "end"))
            # A run that was ended is drawn pale: it would have gone on.
            parts.append(_rect(_LEFT, y, length, bar, COLOURS[name], 0.55 if one.timed_out else 1))
            parts.append(_text(_LEFT + length + 8, y + bar * 0.7, words))
            y += bar + gap
        y += 14
    parts.append(_text(10, y + 8, "Wall time in seconds; each panel has its own scale. Pale: ended at the time limit."))
    return _document(y + 24, "Wall time by connector", parts)


@dataclass(frozen=True)
class _Axes:
    """Where a plot stands, and what a second and a full budget measure on it."""

    top: float
    height: float
    last: float

    def x(self, second: float) -> float:
        return _LEFT - 80 + (_WIDTH - _LEFT - _RIGHT + 100) * second / self.last

    def y(self, share: float) -> float:
        return self.top + self.height * (1 - min(share, 1))


def budget_over_time(results: Results, result: CaseResult) -> str:
    """The share of each 10-second window that a connector used, over the seconds of its run."""
    shown = {name: one for name, one in result.figures.items() if one.windows}
    end = max((one.windows[-1][0] + WINDOW_SECONDS for one in shown.values()), default=1.0)
    marks = ticks(end, 8)
    axes = _Axes(64, 240, marks[-1])
    parts = [_text(10, 24, f"Rate budget used: {result.case.title.lower()}", size=14, weight="bold")]
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(_line(axes.x(0), axes.y(share), axes.x(axes.last), axes.y(share)))
        parts.append(_text(axes.x(0) - 8, axes.y(share) + 4, f"{share:.0%}", "end"))
    for second in marks:
        parts.append(_text(axes.x(second), axes.y(0) + 18, f"{second:g}", "middle"))
    parts.append(_text(axes.x(axes.last / 2), axes.y(0) + 38, "seconds since the start of the sync", "middle"))
    for at, (name, one) in enumerate(shown.items()):
        x = 70.0 + 220 * at
        parts += [_rect(x, 38, 12, 12, COLOURS[name]), _text(x + 18, 48, f"{results.title(name)}, {seconds(one)} s")]
        parts += _steps(axes, one.windows, COLOURS[name])
    return _document(axes.y(0) + 56, f"Rate budget used over time: {result.case.title}", parts)


def _steps(axes: _Axes, windows: Sequence[tuple[float, float]], colour: str) -> list[str]:
    """A filled area of steps, as wide as the windows are."""
    corners = [(axes.x(max(0.0, windows[0][0])), axes.y(0))]
    for start, share in windows:
        corners.append((axes.x(max(0.0, start)), axes.y(share)))
        corners.append((axes.x(start + WINDOW_SECONDS), axes.y(share)))
    corners.append((axes.x(windows[-1][0] + WINDOW_SECONDS), axes.y(0)))
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return [f'<polyline points="{points}" fill="{colour}" fill-opacity="0.18" stroke="{colour}" stroke-width="2"/>']
