"""A file's way in: from its path to its text, from its text to JSON, with a sentence for everything in between."""

import codecs
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from source_intercom.options.config import ConfigError
from source_intercom.options.faults import kind_of

# The largest catalog, all streams with their schemas, has 2 MB. What is larger was given by mistake, such as a device
# that never ends.
_LARGEST = 64 << 20
_SHOWN = 60

Json: TypeAlias = dict[str, Any]
T = TypeVar("T")

_BYTE_ORDER_MARKS = (
    # UTF-32 first: its mark begins with that of UTF-16.
    ("UTF-32", (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)),
    ("UTF-16", (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)),
)


class Fault(ValueError):
    """What is wrong with a text, as the rest of a sentence that begins with the name of its file."""


class InputError(ConfigError):
    """A file cannot be used; the message is one sentence that names it, the place and the fault."""


def load(path: str, kind: str, read: Callable[[str], T], *, advice: str = "") -> T:
    """What ``read`` makes of a file's text. ``kind`` is what the file is for, ``advice`` ends the sentence of a fault.

    Raises ``InputError``.
    """
    try:
        return read(_text_of(path))
    except Fault as fault:
        raise InputError(f"The {kind} file '{path}' {fault}.{' ' * bool(advice)}{advice}") from None


def _text_of(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        raise Fault("does not exist") from None
    except IsADirectoryError:
        raise Fault("is a directory, not a file") from None
    except PermissionError:
        raise Fault("cannot be opened: this process is not permitted to read it") from None
    except (OSError, ValueError) as error:
        raise Fault(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(content) > _LARGEST:
        raise Fault(f"is larger than {_LARGEST >> 20} MB")
    for name, marks in _BYTE_ORDER_MARKS:
        if content.startswith(marks):
            raise Fault(f"is encoded in {name}: save it as UTF-8")
    if b"\0" in content:
        raise Fault("holds zero bytes, as text in UTF-16 does: save it as UTF-8")
    try:
        # Editors of Windows begin a file in UTF-8 with a mark, which is no part of its text.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Fault(f"is not text in UTF-8: line {line} has the byte 0x{content[error.start]:02x}") from None


def json_of(text: str) -> Any:
    """A text as JSON, more strictly than Python reads it. Raises ``Fault``."""
    if not text.strip():
        raise Fault("is empty")
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
        # Half a character, as in "\ud800", fits into no message.
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise Fault(f"is not JSON: line {error.lineno}, column {error.colno} {_reason(text, error)}") from None
    except RecursionError:
        raise Fault("is nested too deeply") from None
    except UnicodeEncodeError:
        raise Fault(r"holds half a character (a \u escape from d800 to dfff without its other half)") from None
    except Fault:
        raise
    except ValueError:
        # Python reads whole numbers of up to 4,300 digits.
        raise Fault("holds a number of thousands of digits") from None
    return value


def _reason(text: str, error: json.JSONDecodeError) -> str:
    before, after = text[: error.pos].rstrip(), text[error.pos :].lstrip()
    if text.lstrip()[:1] not in ("{", "[", '"', "'") and ":" in text:
        return "looks like YAML, not like JSON"
    # Newer Pythons point at the comma, older ones at what comes after it.
    if (before.endswith(",") and after[:1] in ("}", "]")) or (
        after[:1] == "," and after[1:].lstrip()[:1] in ("}", "]")
    ):
        return "has a comma before the closing bracket"
    if after[:1] == "'":
        return "has ' where JSON has \""
    if after[:1] == "#" or after[:2] in ("//", "/*"):
        return "begins a comment, which JSON does not have"
    if not after:
        return "is the end of the file, where something is missing"
    if error.msg.startswith("Extra data"):
        return "is behind the end of the JSON value"
    if error.msg.startswith("Expecting ','"):
        return "is where a comma or a closing bracket is missing"
    if error.msg.startswith("Unterminated string"):
        return "begins a text that has no closing quotation mark"
    if error.msg.startswith("Expecting property name"):
        return "is where a name in quotation marks belongs"
    if error.msg.startswith("Expecting ':'"):
        return "is where a colon is missing"
    if error.msg == "Expecting value":
        return "begins with something that JSON does not have"
    if error.msg.startswith("Invalid control character"):
        return "is a line break, a tab or another control character inside a text"
    if error.msg.startswith("Invalid \\"):
        return "has a backslash that begins nothing that JSON knows"
    return f"cannot be understood ({error.msg})"


def _object(pairs: list[tuple[str, Any]]) -> Json:
    values = dict(pairs)
    if len(values) < len(pairs):
        # PyAirbyte writes a name that says nothing, "global_", twice into its state files (0.71, November 2026).
        for name, value in pairs:
            if value != values[name]:
                raise Fault(f"has {quoted(name)} twice in one object, with different values")
    return values


def _constant(name: str) -> Any:
    raise Fault(f"holds {name}, which is no number of JSON")


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise Fault(f"holds the number {digits[:_SHOWN]}, which is too large")
    return number


def quoted(value: object) -> str:
    """A JSON value in a sentence, cut where it is long. For what cannot be a secret only."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def config_of(text: str) -> Json:
    """A config, of which the options are still to be judged. Raises ``Fault``."""
    value = json_of(text)
    if not isinstance(value, dict):
        raise Fault(f"holds {kind_of(value)}, not an object with the options")
    return value
