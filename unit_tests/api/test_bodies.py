"""Bodies: what strict JSON refuses is read all the same, and nothing is lost on the way."""

from __future__ import annotations

import json
import time
from typing import Any

import orjson
import pytest
from api_helpers import answer
from hypothesis import given, settings
from hypothesis import strategies as st

from source_intercom.api import bodies
from source_intercom.api.bodies import body_of, parse

BIG = 12345678901234567890123


@pytest.mark.complaint(89)
@pytest.mark.parametrize(
    ("content", "read"),
    [
        # half of a pair of surrogates, beside a whole pair, and as text that only looks like one
        (rb'{"a": "x\ud83dy"}', {"a": "x\ufffdy"}),
        (rb'{"a": "\udc00"}', {"a": "\ufffd"}),
        (rb'{"a": "\ud83d\ud83d\ude00"}', {"a": "\ufffd\U0001f600"}),
        (rb'{"a": "\ud83d\n"}', {"a": "\ufffd\n"}),
        (rb'{"a": "\\ud83d \ud83d"}', {"a": "\\ud83d \ufffd"}),
        (rb'{"\ud83d": 1}', {"\ufffd": 1}),
        # no number that a warehouse has
        (
            b'{"a": NaN, "b": [Infinity, -Infinity], "c": 1e400, "d": -1e400}',
            {"a": None, "b": [None] * 2, "c": None, "d": None},
        ),
        # a mark at the beginning
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ('{"a": "\u00e9"}'.encode("utf-16"), {"a": "\u00e9"}),
        # bytes that are no text
        (b'{"a": "caf\xe9"}', {"a": "caf\ufffd"}),
        (b'{"a": "\xed\xa0\xbd"}', {"a": "\ufffd\ufffd\ufffd"}),
        # a line break within a text
        (b'{"a": "one\ntwo\tthree"}', {"a": "one\ntwo\tthree"}),
        # integers beyond 64 bits
        (b'{"a": %d, "b": -%d, "c": [%d]}' % (BIG, BIG, 2**64), {"a": BIG, "b": -BIG, "c": [2**64]}),
        (b"[%d,-%d,%d]" % (BIG, BIG, BIG), [BIG, -BIG, BIG]),
        (b'{"a":%d,\n"b":\n%d}' % (BIG, BIG), {"a": BIG, "b": BIG}),
        (b'{"a": 18446744073709551615}', {"a": 2**64 - 1}),
        (b'{"a": 1%s}' % (b"0" * 5000), {"a": "1" + "0" * 5000}),
        (b'{"a": "%d", "b": 1.5}' % BIG, {"a": str(BIG), "b": 1.5}),
    ],
)
def test_what_strict_parsers_refuse_or_bend(content: bytes, read: Any) -> None:
    assert parse(content) == read
    # And it can be written again.
    json.dumps(read)


@pytest.mark.parametrize("shift", range(5))
@pytest.mark.parametrize("number", [2**64, BIG])
def test_integers_beyond_64_bits_are_found_wherever_they_stand(shift: int, number: int) -> None:
    # Ids have many digits in a row, and digits at every place that is looked at.
    like_ids = [f"{'6b0ae81c23815b5c01000bb7'[turn:]}{10**19 - 1}" for turn in range(5)]
    content = b" " * shift + b'{"ids":["%s"],"n":%d}' % ('","'.join(like_ids).encode(), number)
    assert parse(content) == {"ids": like_ids, "n": number}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"{",
        b'{"a": "x',
        b'{"a": 1}}',
        b"<html>",
        b'{"a": 1}<html>',
        b"\xff\xfe",
        b'{"a": 01}',
        b"[1,]",
        b"\x00",
    ],
)
def test_what_is_cut_off_or_no_json_is_none(content: bytes) -> None:
    assert parse(content) is None


@pytest.mark.complaint(89)
@pytest.mark.parametrize("depth", [1100, 5000, 100_000])
@pytest.mark.parametrize(("begin", "end"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_what_lies_too_deep_becomes_text(depth: int, begin: bytes, end: bytes) -> None:
    content = b'{"before": [1, "]"], "deep": %s1%s, "behind": 2}' % (begin * depth, end * depth)
    read: Any = parse(content)
    assert read["before"] == [1, "]"]
    assert read["behind"] == 2
    at, levels = read["deep"], 0
    while not isinstance(at, str):
        at, levels = (at[0] if isinstance(at, list) else at["a"]), levels + 1
    assert levels < 254  # more than orjson writes
    assert at == ((begin * (depth - levels)) + b"1" + (end * (depth - levels))).decode()


@pytest.mark.parametrize("nasty", [b'"' * 200_000, b"\\" * 200_000, b'{"a": "' + b"\\ud83d" * 50_000, b"[" * 200_000])
def test_no_body_takes_long(nasty: bytes) -> None:
    began = time.monotonic()
    parse(nasty)
    assert time.monotonic() - began < 2


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(VALUES)
def test_good_json_says_what_it_says(value: Any) -> None:
    content = json.dumps(value).encode()
    assert parse(content) == json.loads(content)
    assert bodies._parse_leniently(content) == json.loads(content)


@given(st.binary(max_size=60))
def test_nothing_raises(content: bytes) -> None:
    parse(content)


def test_what_is_no_json_and_huge_is_not_looked_at_any_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_MOST_LENIENT", 20)
    assert bodies.parse(b'[NaN, "short enough"]') is None
    assert bodies.parse(b'[NaN, "short"]') == [None, "short"]


def test_an_ordinary_body_is_parsed_once_and_by_the_fast_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    content = orjson.dumps(
        {"data": [{"id": f"{at:024}", "phone": "+4915112345678", "at": 1795859051123} for at in range(150)]}
    )
    calls: list[bytes] = []
    monkeypatch.setattr(bodies, "_parse_leniently", calls.append)
    response = answer(200, content)
    assert body_of(response) is body_of(response)
    assert calls == []
