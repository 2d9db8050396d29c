"""`python -m sandbox`: serve a workspace until told to stop. The first line printed is its URL."""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import sys
from dataclasses import fields

from .faults import KINDS, Fault, parse_fault
from .permissions import Permission
from .quirks.names import helped
from .server import Server
from .settings import Settings

HELP = {
    "seed": "the same seed and --now give the same data",
    "contacts": "how many contacts; a million is fine",
    "conversations": "how many conversations",
    "max_parts": "parts of a conversation, at most; more than 500 shows the cap",
    "max_tags": "tags of a contact, at most; more than 10 shows the cap",
    "history_days": "how far back the records reach",
    "now": "Unix second the workspace takes for the start moment (default: the real one)",
    "clock_ahead_seconds": "how far its clock is ahead of this machine's, or with a minus behind it",
    "skew": "even: changes spread over the history; burst: most in one week, many on one second",
    "token": "the access token it accepts",
    "timezone": "zone of the workspace; contact search sees its whole days",
    "region": "region that /me tells",
    "port": "0 picks a free one",
    "latency_ms": "wait before every answer",
    "rate_limit": "calls a minute, in windows of ten seconds; 0 is no limit",
    "index_lag_seconds": "records changed less long ago are not found by search",
    "scroll_page": "companies on a page of the scroll",
    "scroll_expiry_seconds": "idle time after which a scroll dies",
    "silent_conversations": "how many conversations that nobody ever answered, which only reports tell of",
    "export_polls": "a job of an export is ready when it was asked after so often",
    "export_seconds": "or when it is so old",
    "vanished_percent": "companies whose children, and conversations which, answer 404",
    "touch_every": "after each so many calls one record changes; 0 is never",
    "gzip": "compress answers for clients that accept it",
    "inclusive_bounds": "let > and < on exact seconds include the second itself",
    "rate_headers": "--no-rate-headers leaves the X-RateLimit headers out",
}


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="sandbox",
        description="A local Intercom workspace that speaks the real API on 127.0.0.1.",
        epilog="permissions: "
        + "; ".join(permission.label for permission in Permission)
        + "\n\nquirks, each a way in which Intercom may behave; in brackets the evidence, or that it is inference:\n"
        + helped(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for one in fields(Settings):
        flag, default = "--" + one.name.replace("_", "-"), one.default
        text = HELP.get(one.name, f"how many {one.name.replace('_', ' ')}")
        if one.name in ("scopes", "plan_restricted", "tokens", "custom_object_types", "quirks"):
            continue
        if isinstance(default, bool):
            made.add_argument(flag, action=argparse.BooleanOptionalAction, default=default, help=text)
        elif one.name == "skew":
            made.add_argument(flag, choices=("even", "burst"), default=default, help=text)
        else:
            kind = int if default is None else type(default) if one.name not in _FLOATS else float
            made.add_argument(flag, type=kind, default=default, metavar="N" if kind is not str else "TEXT",
                              help=text + ("" if default is None else f" (default: {default})"))  # fmt: skip
    made.add_argument(
        "--scopes", type=_labels, help="permissions of the token, separated by commas (default: all that read)"
    )
    made.add_argument("--custom-object-types", type=_names, default=["Order", "Subscription"], metavar="TEXT",
                      help="types of custom objects, separated by commas (default: Order,Subscription)")  # fmt: skip
    made.add_argument("--plan-restricted", type=_labels, default=[], help="permissions the workspace's plan lacks: 403")
    made.add_argument("--quirk", action="append", dest="quirks", default=[], metavar="NAME[=VALUE]",
                      help="behave in an odd way; may be given several times, see the list below")  # fmt: skip
    made.add_argument("--fault", action="append", type=_fault, default=[], metavar="RULE",
                      help="'POST /contacts/search=status:503:times=2'; kinds and what each needs after a colon: "
                           + "; ".join(f"{kind}: {needed}" for kind, (_, needed) in KINDS.items()))  # fmt: skip
    return made


_FLOATS = ("latency_ms", "scroll_expiry_seconds", "export_seconds", "vanished_percent")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _labels(text: str) -> list[str]:
    labels = _names(text)
    for label in labels:
        try:
            Permission.labelled(label)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error
    return labels


def _fault(text: str) -> Fault:
    try:
        return parse_fault(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


async def serve(settings: Settings, faults: list[Fault]) -> None:
    """Run until SIGINT or SIGTERM."""
    # Answers are made of many small objects and no cycles: the collector finds nothing, at a fifth of the time.
    gc.set_threshold(100_000, 50, 50)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    server = Server(settings)
    server.faults.rules.extend(faults)
    url = await server.start()
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()
    await stop.wait()
    await server.stop()


def main() -> None:
    made = parser()
    options = vars(made.parse_args())
    faults: list[Fault] = options.pop("fault")
    try:
        settings = Settings(**options)
    except ValueError as error:
        made.error(str(error))
    asyncio.run(serve(settings, faults))


if __name__ == "__main__":
    main()
