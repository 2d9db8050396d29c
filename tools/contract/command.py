"""The command line: which workspace is asked, and what is printed."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_intercom.inputs.json_files import config_of, load
from source_intercom.options.config import Config
from tools.contract.belief import Belief
from tools.contract.beliefs import BELIEFS
from tools.contract.run import ask, reach
from tools.contract.table import printed, summary
from tools.contract.workspace import MOST_CALLS, Workspace

_AGREES, _DIFFERS, _CANNOT = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 when nothing differs from what was expected, 1 when something does, 2 when nothing can be asked."""
    options = _parsed(arguments)
    try:
        config = Config.load(load(options.config, "config", config_of))
        with _silent(), Workspace(config, most_calls=options.calls, scrolls=not options.without_scroll) as ws:
            reach(ws)
            results = ask(ws, _chosen(options.only), _tell)
            calls = ws.calls
    except AirbyteTracedException as error:
        sys.stderr.write(f"contract: {error.message}\n")
        return _CANNOT
    lines = [*printed(results), "", summary(results, calls)]
    sys.stdout.write("\n".join(lines) + "\n")
    return _DIFFERS if any(one.verdict == "differs" for one in results) else _AGREES


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/contract",
        description="Ask a workspace what the connector believes of Intercom. Nothing is changed, and what is printed "
        "holds no personal data.",
    )
    parser.add_argument("--config", required=True, help="the connector's config, with the access token")
    parser.add_argument(
        "--calls",
        type=int,
        default=MOST_CALLS,
        choices=range(1, MOST_CALLS + 1),
        metavar="N",
        help=f"make at most N calls, 1 to {MOST_CALLS} (default: {MOST_CALLS})",
    )
    parser.add_argument(
        "--without-scroll",
        action="store_true",
        help="leave out the scroll over companies: Intercom allows one at a time, so for a minute another integration "
        "may have to wait",
    )
    parser.add_argument("--only", nargs="+", metavar="BELIEF", default=[], help="only these beliefs, by their names")
    options = parser.parse_args(arguments)
    known = {belief.name for belief in BELIEFS}
    if unknown := [name for name in options.only if name not in known]:
        parser.error(f"no belief is called {', '.join(unknown)}; there are: {', '.join(sorted(known))}")
    return options


def _chosen(names: Sequence[str]) -> list[Belief]:
    return [belief for belief in BELIEFS if not names or belief.name in names]


def _tell(belief: Belief) -> None:
    sys.stderr.write(f"contract: {belief.question}\n")


@contextmanager
def _silent() -> Iterator[None]:
    """Without the connector's own log lines: they quote Intercom, which can quote records."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
