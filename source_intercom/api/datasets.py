"""The datasets of Intercom's reporting export: what they are called, and which attributes they have."""

import re
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from source_intercom.api.client import Client
from source_intercom.api.errors import AccessDenied, NotOffered, RecordGone, strange

PATH = "/export/reporting_data/get_datasets"
T = TypeVar("T")


@dataclass(frozen=True)
class Attribute:
    """An attribute of a dataset.

    ``name`` is what Intercom's exports are asked for: ``people.Brand`` where the part before the dot tells two
    attributes of one name apart (docs/intercom-api.md#reporting-attributes), and only ``Brand`` where Intercom tells no
    more. ``title`` is what people see.
    """

    name: str
    title: str = ""

    @property
    def short(self) -> str:
        """The name without what stands before the dot."""
        return self.name.partition(".")[2] or self.name

    @property
    def names(self) -> frozenset[str]:
        """All that it may be called, by people and at the head of a column, in small letters."""
        return frozenset(name.casefold() for name in (self.name, self.short, self.title) if name)


@dataclass(frozen=True)
class Dataset:
    """A dataset. ``time`` is the name or short name of the attribute that its exports are cut by."""

    name: str
    time: str = ""
    attributes: tuple[Attribute, ...] = ()

    def called(self, name: str) -> Attribute | None:
        """The attribute of a name, full or short. The full name decides where several share the short one."""
        wanted = name.casefold()
        exact = [one for one in self.attributes if one.name.casefold() == wanted]
        return next(iter(exact or [one for one in self.attributes if one.short.casefold() == wanted]), None)

    def fields(self, keys: Iterable[str] = (), taken: Iterable[str] = ()) -> dict[Attribute, str]:
        """What the column of each attribute is called in a warehouse.

        The short name, or the full one where warehouses could not tell short ones apart: they know neither capitals
        nor signs. ``keys`` are attributes that have their short name in any case, ``taken`` are names that none has.
        """
        named = {one: name for name in keys if (one := self.called(name))}
        used = {_folded(name) for name in (*taken, *named.values())}
        sharing = Counter(_folded(one.short) for one in self.attributes)
        for one in self.attributes:
            if one not in named:
                is_clear = sharing[_folded(one.short)] == 1 and _folded(one.short) not in used
                named[one] = _free(one.short if is_clear else one.name.replace(".", "_", 1), used)
                used.add(_folded(named[one]))
        return named


def fields_of(head: Sequence[str], asked: Sequence[Attribute], fields: Mapping[Attribute, str]) -> list[str]:
    """What the columns of a file are called in a warehouse, by its head.

    Columns come in the order in which they were asked for, and are headed by short names, says the code of public
    clients (docs/intercom-api.md#reporting-files). Where they come otherwise, each is known by its head. A column that
    nobody asked for, or whose head could be of several, keeps it.
    """
    heads = [name.strip() for name in head]
    if len(heads) == len(asked) and all(name.casefold() in one.names for name, one in zip(heads, asked, strict=True)):
        return [fields[one] for one in asked]
    found = [_only([one for one in asked if name.casefold() in one.names]) for name in heads]
    taken = Counter(one for one in found if one)
    used = {_folded(name) for name in fields.values()}
    named = []
    for name, one in zip(heads, found, strict=True):
        named.append(fields[one] if one and taken[one] == 1 else _free(name, used) if name else "")
        used.add(_folded(named[-1]))
    return named


def _only(items: Sequence[T]) -> T | None:
    return items[0] if len(items) == 1 else None


def _free(name: str, used: set[str]) -> str:
    """A name, or one with the first number behind it that makes it another than those in use."""
    names = [name, *(f"{name}_{number}" for number in range(2, len(used) + 3))]
    return next(one for one in names if _folded(one) not in used)


def _folded(name: str) -> str:
    return re.sub(r"[^0-9a-z]+", "_", name.casefold())


class Datasets:
    """The datasets that this workspace has, asked for once, and once only too where the token may not ask.

    Shared by all workers; ``_known`` is read and written under the lock.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: Mapping[str, Dataset] | AccessDenied | None = None

    def all(self, client: Client) -> Mapping[str, Dataset]:
        """The datasets by their names. Raises an ``IntercomError``."""
        with self._lock:
            if self._known is None:
                try:
                    self._known = datasets_in(client.get(PATH))
                except AccessDenied as error:
                    self._known = error
                except RecordGone as error:
                    raise NotOffered.of(error, PATH) from None
            if isinstance(self._known, AccessDenied):
                raise self._known
            return self._known


def datasets_in(answer: Mapping[str, Any]) -> dict[str, Dataset]:
    """The datasets of an answer of Intercom, by their names. Raises ``RequestRefused`` for another shape."""
    data = answer.get("data")
    if not isinstance(data, list):
        raise strange("a list of reporting datasets without data")
    datasets = [
        Dataset(
            one["id"],
            time=_text(one.get("default_time_attribute_id")),
            attributes=tuple(_attributes_in(one.get("attributes"))),
        )
        for one in data
        if isinstance(one, dict) and _text(one.get("id"))
    ]
    return {one.name: one for one in datasets}


def _attributes_in(raw: object) -> Iterable[Attribute]:
    seen: set[str] = set()
    for one in raw if isinstance(raw, list) else ():
        if not isinstance(one, dict):
            continue
        name = _text(one.get("qualified_id")) or _text(one.get("id"))
        if name and name not in seen:
            seen.add(name)
            yield Attribute(name, _text(one.get("name")))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
