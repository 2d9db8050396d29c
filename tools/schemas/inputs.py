"""What the schemas are made from: Intercom's OpenAPI descriptions and the overlay."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

# Where Intercom publishes the description, and the commit of 2026-08-21 that the schemas here were made from.
REPOSITORY = "https://github.com/intercom/Intercom-OpenAPI"
COMMIT = "8889625"
# Names the folder where it is not named on the command line.
VARIABLE = "INTERCOM_OPENAPI_DIR"

PATCH_KEYS = {"drop", "types", "fields", "describe"}
STREAM_KEYS = PATCH_KEYS | {"schema", "version"}
OVERLAY_KEYS = {"version", "descriptions", "components", "streams"}


class SchemasError(Exception):
    """What is wrong with an input, in one sentence (or one line for each place)."""


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
    components: dict[str, Any] = field(default_factory=dict)
    paths: dict[str, Any] = field(default_factory=dict)

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
    """The descriptions at hand: one file, a folder with an openapi-<version>.yaml for each, or a clone of REPOSITORY.

    Without a path there are none.
    """

    path: Path | None
    loaded: dict[str, Spec] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path and not self.path.is_dir():
            spec = Spec.load(self.path)
            self.loaded[spec.version] = spec

    def get(self, version: str) -> Spec | None:
        """The description of a version; None without a path, or when a single file of another version was given."""
        if version not in self.loaded and self.path and self.path.is_dir():
            file = self._file(self.path, version)
            spec = Spec.load(file)
            if spec.version != version:
                raise SchemasError(f"{file} describes version {spec.version}.")
            self.loaded[version] = spec
        return self.loaded.get(version)

    def lacking(self, stream: str, version: str) -> SchemasError:
        """What to tell when a stream cannot be made for want of a description."""
        if self.path:
            return SchemasError(f"Stream {stream} needs version {version}, which {self.path} is not.")
        return SchemasError(
            f"Stream {stream} is made from version {version} of Intercom's OpenAPI description, which is not at hand: "
            f"clone {REPOSITORY}, check out {COMMIT}, and name its folder with --openapi or {VARIABLE}."
        )

    @staticmethod
    def _file(folder: Path, version: str) -> Path:
        cloned = folder / "descriptions" / version / "api.intercom.io.yaml"
        return cloned if cloned.is_file() else folder / f"openapi-{version}.yaml"


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

    def stands_alone(self, stream: str) -> bool:
        """Whether the overlay has every field of a stream itself."""
        return "schema" not in self.streams[stream]


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
