"""From Intercom's OpenAPI description and a hand-written overlay to the schemas of the streams.

The description says which fields a record has. The overlay (schemas_overlay) says which record a
stream emits, mends what the description gets wrong, and puts every field into our own words; the head
of its common.yaml explains the format. A schema comes out open and nullable at every level, with one
type for each value, without enums, unions of schemas or references, so that nothing Intercom adds or
changes can stop a sync.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
OVERLAY = HERE / "schemas_overlay"
OUTPUT = HERE.parent / "source_intercom" / "schemas"

SCALARS = ("string", "integer", "number", "boolean")
REFERENCE = "#/components/schemas/"
MAX_DESCRIPTION = 119
PATCH_KEYS = {"drop", "types", "fields", "describe"}
STREAM_KEYS = PATCH_KEYS | {"schema", "version"}
OVERLAY_KEYS = {"version", "descriptions", "components", "streams"}


class SchemasError(Exception):
    """What is wrong with an input, in one sentence (or one line for each place)."""


# --- Files ------------------------------------------------------------------------------------------


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The fast loader, which refuses a key written twice instead of dropping the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands twice", key.start_mark
                )
            seen.add(key.value)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def load_yaml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SchemasError(f"{path} cannot be read: {reason}.") from error
    try:
        content = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise SchemasError(f"{path} is not valid YAML{where}: {problem or error}.") from error
    if not isinstance(content, dict):
        raise SchemasError(f"{path} does not hold a YAML mapping.")
    return content


@dataclass
class Spec:
    """One version of Intercom's OpenAPI description."""

    version: str
    components: dict[str, Any]
    paths: dict[str, Any]

    @classmethod
    def load(cls, path: Path) -> Spec:
        content = load_yaml(path)
        try:
            version, components = content["info"]["version"], content["components"]["schemas"]
        except (KeyError, TypeError) as error:
            raise SchemasError(f"{path} is not an OpenAPI description with a version and schemas.") from error
        return cls(str(version), components, content.get("paths") or {})


@dataclass
class Specs:
    """The descriptions at hand: one file, or a directory with an openapi-<version>.yaml for each."""

    path: Path
    loaded: dict[str, Spec] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.path.is_dir():
            spec = Spec.load(self.path)
            self.loaded[spec.version] = spec

    def get(self, version: str) -> Spec | None:
        """The description of a version; None when a single file of another version was given."""
        if version not in self.loaded and self.path.is_dir():
            spec = Spec.load(self.path / f"openapi-{version}.yaml")
            if spec.version != version:
                raise SchemasError(f"{self.path}/openapi-{version}.yaml describes version {spec.version}.")
            self.loaded[version] = spec
        return self.loaded.get(version)


@dataclass
class Overlay:
    version: str
    descriptions: dict[str, str]
    components: dict[str, dict[str, Any]]
    streams: dict[str, dict[str, Any]]

    @classmethod
    def load(cls, path: Path) -> Overlay:
        """From one file, or from the files of a directory, which are read as one."""
        content: dict[str, Any] = {}
        for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
            part = load_yaml(file)
            _known_keys(part, OVERLAY_KEYS, file.name)
            for key, value in part.items():
                _join(content, key, value, file.name)
        if lacking := sorted(OVERLAY_KEYS - set(content)):
            raise SchemasError(f"{path} lacks {', '.join(lacking)}.")
        for name, patch in content["components"].items():
            _known_keys(patch, PATCH_KEYS, f"component {name}")
        for name, stream in content["streams"].items():
            _known_keys(stream, STREAM_KEYS, f"stream {name}")
            if not isinstance(stream.get("version", ""), str):
                raise SchemasError(f'Stream {name} must quote its version ("2.16"): bare, it is a number.')
        return cls(**content)

    def version_of(self, stream: str) -> str:
        return str(self.streams[stream].get("version", self.version))


def _join(content: dict[str, Any], key: str, value: Any, where: str) -> None:
    if key not in content:
        content[key] = value
        return
    twice = sorted(set(content[key]) & set(value)) if isinstance(value, dict) else [key]
    if twice:
        raise SchemasError(f"{where} has what another file of the overlay has: {', '.join(twice)}.")
    content[key] |= value


def _known_keys(mapping: dict[str, Any], known: set[str], what: str) -> None:
    if unknown := sorted(set(mapping) - known):
        raise SchemasError(f"{what} has unknown overlay keys: {', '.join(unknown)}.")


# --- The shape of a record --------------------------------------------------------------------------


@dataclass
class Node:
    """A value: the types it may have (null apart), and what is inside it."""

    types: list[str] = field(default_factory=list)
    properties: dict[str, Node] = field(default_factory=dict)
    items: Node | None = None
    format: str | None = None
    description: str | None = None

    def merge(self, other: Node) -> None:
        """Widen to what either of the two may be."""
        if not self.types:
            self.format = other.format
        elif (self.types, self.format) != (other.types, other.format):
            self.format = None  # holds for some of the values only
        self.types += [kind for kind in other.types if kind not in self.types]
        if "number" in self.types and "integer" in self.types:
            self.types.remove("integer")
        for name, node in other.properties.items():
            if name in self.properties:
                self.properties[name].merge(node)
            else:
                self.properties[name] = node
        if self.items and other.items:
            self.items.merge(other.items)
        self.items = self.items or other.items
        self.description = self.description or other.description

    def walk(self, prefix: str = "") -> Iterator[tuple[str, str, Node]]:
        """Every property inside: its path, its name, its node."""
        for name, node in self.properties.items():
            yield f"{prefix}{name}", name, node
            yield from node.walk(f"{prefix}{name}.")
        if self.items:
            yield from self.items.walk(f"{prefix.rstrip('.')}[].")

    def at(self, path: str) -> Node | None:
        """The node at `a.b[].c`, seen from here."""
        node: Node | None = self
        for step in path.split("."):
            name = step.rstrip("[]")
            node = node.properties.get(name) if node and name else node
            for _ in range(step.count("[]")):
                node = node.items if node else None
        return node

    def render(self) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": ["null", *self.types]}
        if self.description:
            schema["description"] = self.description
        if self.format:
            schema["format"] = self.format
        if "object" in self.types:
            schema["additionalProperties"] = True
            if self.properties:
                schema["properties"] = {name: node.render() for name, node in self.properties.items()}
        if self.items:
            schema["items"] = self.items.render()
        return schema


class Builder:
    """Resolves components of one version, mended by the overlay, into nodes."""

    def __init__(self, spec: Spec, overlay: Overlay) -> None:
        self.spec = spec
        self.overlay = overlay
        self.patched: set[str] = set()

    def stream(self, name: str) -> Node:
        stream = self.overlay.streams[name]
        node = self._record(name, stream["schema"]) if "schema" in stream else Node(["object"])
        self._patch(node, stream, f"stream {name}")
        for _, key, inner in node.walk():
            inner.description = inner.description or self.overlay.descriptions.get(key)
        return node

    def _record(self, stream: str, source: str) -> Node:
        """The record at `component`, `component.path[]` or `GET /path data[]` (of the 200 answer)."""
        method, _, rest = source.partition(" ")
        if rest:
            path, _, inside = rest.partition(" ")
            try:
                answer = self.spec.paths[path][method.lower()]["responses"]["200"]
                node = self.resolve(answer["content"]["application/json"]["schema"], ())
            except KeyError as error:
                raise SchemasError(
                    f"Stream {stream}: {method} {path} has no JSON answer in version {self.spec.version}."
                ) from error
        else:
            component, _, inside = source.partition(".")
            if component not in self.spec.components:
                raise SchemasError(f"Stream {stream}: version {self.spec.version} has no schema {component!r}.")
            node = self.component(component, ())
        found = node.at(inside) if inside else node
        if found is None:
            raise SchemasError(f"Stream {stream}: there is no record at {source!r}.")
        return found

    def component(self, name: str, stack: tuple[str, ...]) -> Node:
        if name in stack:  # a cycle: cut it into an open object
            return Node(["object"])
        if name not in self.spec.components:
            raise SchemasError(f"Version {self.spec.version} has no schema {name!r}.")
        node = self.resolve(self.spec.components[name], (*stack, name))
        for key in (name, f"{name}@{self.spec.version}"):
            if key in self.overlay.components:
                self.patched.add(key)
                self._patch(node, self.overlay.components[key], f"component {key}", (*stack, name))
        return node

    def resolve(self, schema: dict[str, Any], stack: tuple[str, ...]) -> Node:
        if "$ref" in schema:
            return self.component(str(schema["$ref"]).removeprefix(REFERENCE), stack)
        node = Node()
        for keyword in ("allOf", "anyOf", "oneOf"):
            for part in schema.get(keyword, ()):
                node.merge(self.resolve(part, stack))
        properties = {name: self.resolve(inner, stack) for name, inner in schema.get("properties", {}).items()}
        items = self.resolve(schema["items"], stack) if "items" in schema else None
        kind = schema.get("type") or ("object" if properties else "array" if items else None)
        # The description marks whole numbers as date-time too: the format only means text.
        form = "date-time" if (kind, schema.get("format")) == ("string", "date-time") else None
        node.merge(Node([kind] if kind else [], properties, items, form))
        return node

    def _patch(self, node: Node, patch: dict[str, Any], where: str, stack: tuple[str, ...] = ()) -> None:
        for path in patch.get("drop", ()):
            parent, name = self._parent(node, path, where)
            if parent.properties.pop(name, None) is None:
                raise SchemasError(f"The overlay's {where} drops {path}, which is not in the description.")
        for section, expected in (("types", True), ("fields", False)):
            for path, text in patch.get(section, {}).items():
                parent, name = self._parent(node, path, where)
                if (name in parent.properties) is not expected:
                    hint = "is not there yet: use fields" if expected else "is there already: use types"
                    raise SchemasError(f"The overlay's {where} sets {path}, which {hint}.")
                kind, _, description = text.partition(";")
                new = self._typed(kind.strip(), f"{where}, {path}", stack)
                old = parent.properties.get(name)
                new.description = description.strip() or (old.description if old else None)
                parent.properties[name] = new
        for path, description in patch.get("describe", {}).items():
            described = node.at(path)
            if described is None:
                raise SchemasError(f"The overlay's {where} describes {path}, which does not exist.")
            described.description = description

    @staticmethod
    def _parent(node: Node, path: str, where: str) -> tuple[Node, str]:
        inside, _, name = path.rpartition(".")
        parent = node.at(inside) if inside else node
        if parent is None or "object" not in parent.types:
            raise SchemasError(f"The overlay's {where} names {path}, but there is no object to hold it.")
        return parent, name

    def _typed(self, text: str, where: str, stack: tuple[str, ...]) -> Node:
        """`string`, `date-time`, `object`, a component, any of these with `[]`."""
        if text.endswith("[]"):
            return Node(["array"], items=self._typed(text[:-2], where, stack))
        if text in SCALARS or text == "object":
            return Node([text])
        if text == "date-time":
            return Node(["string"], format=text)
        if text in self.spec.components:
            return self.component(text, stack)
        raise SchemasError(f"The overlay's {where} has the unknown type {text!r}.")


# --- Schemas ----------------------------------------------------------------------------------------


def faults(node: Node) -> Iterator[str]:
    """What keeps a record's shape from becoming a schema, one line for each place."""
    for path, _, inner in node.walk():
        yield from _type_faults(path, inner)
        description = inner.description
        if not description:
            yield f"{path}: no description"
        elif description != " ".join(description.split()):
            yield f"{path}: stray white space in the description"
        elif len(description) > MAX_DESCRIPTION:
            yield f"{path}: description of {len(description)} characters, the most is {MAX_DESCRIPTION}"


def _type_faults(path: str, node: Node) -> Iterator[str]:
    if not node.types:
        yield f"{path}: no type"
    elif len(node.types) > 1:
        yield f"{path}: {' or '.join(node.types)}, of which the overlay must choose one"
    if "array" in node.types:
        if node.items:
            yield from _type_faults(f"{path}[]", node.items)
        else:
            yield f"{path}: an array without a type for its items"


def to_json(node: Node) -> str:
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "additionalProperties": True,
        "properties": {name: inner.render() for name, inner in node.properties.items()},
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def build(specs: Specs, overlay: Overlay, wanted: Sequence[str]) -> dict[str, str]:
    """File text by stream, for the streams wanted, or for all that the descriptions at hand cover."""
    if unknown := sorted(set(wanted) - set(overlay.streams)):
        raise SchemasError(f"The overlay has no such stream: {', '.join(unknown)}.")
    builders: dict[str, Builder] = {}
    texts: dict[str, str] = {}
    problems: list[str] = []
    for name in wanted or overlay.streams:
        version = overlay.version_of(name)
        spec = specs.get(version)
        if spec is None:
            if wanted:
                raise SchemasError(f"Stream {name} needs version {version}, which {specs.path} is not.")
            continue
        builder = builders.setdefault(version, Builder(spec, overlay))
        node = builder.stream(name)
        problems += [f"{name}: {fault}" for fault in faults(node)]
        texts[name] = to_json(node)
    if problems:
        raise SchemasError("\n".join(problems))
    if len(texts) == len(overlay.streams):
        used = {name for builder in builders.values() for name in builder.patched}
        if idle := sorted(set(overlay.components) - used):
            raise SchemasError(f"The overlay mends components that no stream uses: {', '.join(idle)}.")
    return texts


def stale_files(texts: dict[str, str], output: Path) -> list[str]:
    return [
        f"{name}.json"
        for name, text in texts.items()
        if not (output / f"{name}.json").is_file() or (output / f"{name}.json").read_text(encoding="utf-8") != text
    ]


def run(args: argparse.Namespace) -> None:
    specs, overlay = Specs(args.openapi), Overlay.load(args.overlay)
    texts = build(specs, overlay, args.stream)
    strangers = sorted(path.name for path in args.output.glob("*.json") if path.stem not in overlay.streams)
    if strangers and not args.stream:
        raise SchemasError(f"No stream of the overlay is called like these files: {', '.join(strangers)}.")
    stale = stale_files(texts, args.output)
    if args.check:
        if stale:
            raise SchemasError(f"Stale, run scripts/schemas: {', '.join(stale)}.")
    else:
        args.output.mkdir(parents=True, exist_ok=True)
        for name in stale:
            (args.output / name).write_text(texts[Path(name).stem], encoding="utf-8")
    left_out = sorted(set(overlay.streams) - set(texts)) if not args.stream else []
    verb = "checked" if args.check else f"{len(stale)} written of"
    note = f"; left out, another version: {', '.join(left_out)}" if left_out else ""
    sys.stdout.write(f"schemas: {verb} {len(texts)}{note}\n")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="schemas", description="Write source_intercom/schemas/*.json.")
    parser.add_argument(
        "--openapi",
        type=Path,
        required=True,
        metavar="PATH",
        help="an OpenAPI file, or a directory holding openapi-<version>.yaml files",
    )
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a file is stale")
    parser.add_argument("--overlay", type=Path, default=OVERLAY, help="default: beside this script")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="default: source_intercom/schemas")
    parser.add_argument("stream", nargs="*", help="only these streams")
    try:
        run(parser.parse_args(argv))
    except SchemasError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0
