"""Finds circles among the modules of a package: modules each of which leads, by imports, back to itself."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator
from pathlib import Path


def imports_of(path: Path, root: Path, names: Container[str]) -> Iterator[str]:
    """Modules a file imports, also those that only a type checker follows.

    `from . import shapes` is an import of `shapes`, not of the package that both lie in.
    """
    package = list(path.relative_to(root.parent).with_suffix("").parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: -node.level] if node.level else []
            if node.level and path.name == "__init__.py":
                base = package[: len(package) - node.level]
            whole = ".".join([*base, *((node.module or "").split(".") if node.module else [])])
            yield from (one if (one := f"{whole}.{alias.name}") in names else whole for alias in node.names)


def graph_of(root: Path) -> dict[str, set[str]]:
    """Which modules of a package import which others of it. A package's own `__init__` goes by the package's name."""
    names = {
        ".".join(path.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__"): path
        for path in root.rglob("*.py")
    }
    return {name: {one for one in imports_of(path, root, names) if one in names and one != name}
            for name, path in names.items()}  # fmt: skip


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that lead back to each other, the largest first (Tarjan's algorithm)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in order:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], order[other])
        if low[name] == order[name]:
            group = []
            while not group or group[-1] != name:
                group.append(stack.pop())
            if len(group) > 1:
                found.append(sorted(group))

    for name in sorted(graph):
        if name not in order:
            visit(name)
    return sorted(found, key=len, reverse=True)
