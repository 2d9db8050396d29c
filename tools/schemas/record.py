"""The shape of a record: a tree of nodes, resolved from a description and mended by the overlay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tools.schemas.inputs import Overlay, SchemasError, Spec

SCALARS = ("string", "integer", "number", "boolean")
REFERENCE = "#/components/schemas/"


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
