"""From the bytes of an answer to what they say."""

import json
import math
import re
import sys

import msgspec
import orjson
import requests

# Keeps nothing between two texts, so all threads may use it.
_DECODER = msgspec.json.Decoder()

_MOST_DIGITS = 4000  # Python reads integers of up to 4,300

_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPES = re.compile(rf"{_HIGH}{_LOW}|{_HIGH}|{_LOW}|\\.", re.DOTALL)
# One sign at a time: a pattern for a whole text in quotation marks takes a hundred bytes for each of its letters.
_STEPS = re.compile(r'\\.|["\[\]{}]', re.DOTALL)
# Orjson writes 254 levels.
_DEEPEST = 200
# The lenient parser has several copies of a text in memory, which may be four times as large each.
_MOST_LENIENT = 32 << 20
# Smaller bodies are kept with the answer, so that they can be logged.
_KEPT = 1 << 20


def written(value: object) -> bytes:
    """A value as JSON."""
    try:
        return orjson.dumps(value)
    except TypeError:
        # orjson stops at 64 bits; the CDK falls back to the standard library too.
        return json.dumps(value).encode()


def body_of(response: requests.Response) -> object:
    """The parsed body of an answer, None when it is not JSON. Parsed once: what is retried for is what is read."""
    known = vars(response)
    if "parsed_body" not in known:
        known["parsed_body"] = parse(response.content)
    return known["parsed_body"]


def keep_parsed(response: requests.Response) -> None:
    """Parse the body now, and free its bytes when they are many."""
    if body_of(response) is not None and len(response.content) > _KEPT:
        vars(response)["_content"] = b""


def parse(content: bytes) -> object:
    """What JSON says, None for what is none.

    The fast parser is strict, and what it refuses it would refuse for ever: one conversation with a torn emoji would
    keep its window from ever being read. So the standard parser reads what the strict one does not. An answer that was
    cut off on its way is no JSON for either.
    """
    try:
        # Not orjson: as fast, but it turns integers beyond 64 bits into floats, whose last digits are lost, and takes
        # up to four times the memory while it reads.
        return _DECODER.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _parse_leniently(content)


def _parse_leniently(content: bytes) -> object:
    """Read what is nearly JSON: U+FFFD for what is no text, null for what is no number, integers of any length."""
    if len(content) > _MOST_LENIENT:
        return None
    text = content.decode(json.detect_encoding(content), "replace")
    text = _ESCAPES.sub(_mended, text)
    try:
        return json.loads(
            _flattened(text), strict=False, parse_constant=_no_number, parse_float=_finite, parse_int=_integer
        )
    except (ValueError, RecursionError):
        return None


def _mended(escape: re.Match[str]) -> str:
    """Half of a pair of surrogates is no character, and no destination takes it."""
    text = escape.group()
    # One copy of each escape: there may be millions.
    return "\\ufffd" if len(text) == 6 else sys.intern(text)


def _no_number(_: str) -> None:
    """NaN and infinities: no warehouse has a number for them, and a made-up one would be wrong."""


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def _integer(text: str) -> int | str:
    return int(text) if len(text) <= _MOST_DIGITS else text


def _flattened(text: str) -> str:
    """The same JSON, but what lies deeper than anybody can read becomes the text that it is written with."""
    pieces: list[str] = []
    depth = done = start = 0
    in_text = False
    for step in _STEPS.finditer(text):
        sign = step.group()
        if sign == '"':
            in_text = not in_text
        elif in_text:
            continue
        elif sign in "[{":
            depth += 1
            if depth == _DEEPEST + 1:
                start = step.start()
        elif sign in "]}":
            if depth == _DEEPEST + 1:
                pieces += [text[done:start], json.dumps(text[start : step.end()])]
                done = step.end()
            depth -= 1
    return "".join([*pieces, text[done:]]) if pieces else text
