"""From Intercom's OpenAPI description and a hand-written overlay to the schemas of the streams.

The description says which fields a record has. The overlay (the folder ``overlay``) says which record a
stream emits, mends what the description gets wrong, and puts every field into our own words; the head
of its common.yaml explains the format. A schema comes out open and nullable at every level, with one
type for each value, without enums, unions of schemas or references, so that nothing Intercom adds or
changes can stop a sync.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Container, Iterator, Sequence
from pathlib import Path

from tools.schemas.inputs import COMMIT, REPOSITORY, VARIABLE, Overlay, SchemasError, Spec, Specs
from tools.schemas.record import Builder, Node

ROOT = Path(__file__).resolve().parents[2]
OVERLAY = Path(__file__).resolve().parent / "overlay"
OUTPUT = ROOT / "source_intercom" / "schemas"

MAX_DESCRIPTION = 119


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


def build(specs: Specs, overlay: Overlay, wanted: Sequence[str], made: Container[str] = ()) -> dict[str, str]:
    """File text by stream, for the streams wanted, or for all that the descriptions at hand cover.

    One of those ``made`` already may go without its description; any other is an error.
    """
    if unknown := sorted(set(wanted) - set(overlay.streams)):
        raise SchemasError(f"The overlay has no such stream: {', '.join(unknown)}.")
    builders: dict[str, Builder] = {}
    texts: dict[str, str] = {}
    problems: list[str] = []
    for name in wanted or overlay.streams:
        version = overlay.version_of(name)
        spec = specs.get(version)
        if spec is None and overlay.stands_alone(name):
            builder = Builder(Spec(version), overlay)
        elif spec:
            builder = builders.setdefault(version, Builder(spec, overlay))
        elif wanted or (specs.path is None and name not in made):
            raise specs.lacking(name, version)
        else:
            continue
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
    texts = build(specs, overlay, args.stream, {path.stem for path in args.output.glob("*.json")})
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
    note = ""
    if left_out:
        note = f"; left out, another version: {', '.join(left_out)}"
        if args.openapi is None:
            note = f"; {len(left_out)} left as they are: they need --openapi (see --help)"
    sys.stdout.write(f"schemas: {verb} {len(texts)}{note}\n")


def main(argv: Sequence[str] | None = None) -> int:
    here = os.environ.get(VARIABLE)
    parser = argparse.ArgumentParser(
        prog="scripts/schemas",
        description="Write source_intercom/schemas/*.json. Streams whose fields all stand in the overlay need no more; "
        f"the others are made from Intercom's OpenAPI description: clone {REPOSITORY}, check out {COMMIT}, and name "
        f"its folder with --openapi or {VARIABLE}.",
    )
    parser.add_argument(
        "--openapi",
        type=Path,
        default=Path(here) if here else None,
        metavar="PATH",
        help=f"the clone, a folder of openapi-<version>.yaml files, or one such file (default: ${VARIABLE})",
    )
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a file is stale")
    parser.add_argument("--overlay", type=Path, default=OVERLAY, help="default: tools/schemas/overlay")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="default: source_intercom/schemas")
    parser.add_argument("stream", nargs="*", help="only these streams")
    try:
        run(parser.parse_args(argv))
    except SchemasError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0
