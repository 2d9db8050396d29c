"""Runs the checks of ``airbyte-internal-ops``. Only the environment of scripts/qa has that package.

Its command, ``airbyte-ops local connector qa``, ends at the first check that finds no network, and imports 200 packages
that have nothing to do with checks. Here the same checks run one by one, without a network.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.qa.layout import NAME

PACKAGE = "airbyte_ops_mcp"

STANDS = {
    "CheckConnectorUsesPythonBaseImage": (
        "There has to be a Dockerfile: it builds the image where no registry answers, and by hashes. "
        "It starts from the base image that metadata.yaml declares."
    ),
}
"""Checks that fail and will: by name, why."""
NEEDS_NETWORK = {
    "CheckDocumentationLinks": "asks every site that the page links to",
    "CheckVersionIncrement": "compares with the connector of this name in Airbyte's repository, which is another one",
}
"""Checks that cannot be run here: by name, why."""


@dataclass(frozen=True)
class Verdict:
    """The result of one check."""

    check: str
    """Its class."""
    status: str
    """PASSED, FAILED, SKIPPED (it does not apply), CRASHED or NOT RUN."""
    message: str

    @property
    def is_bad(self) -> bool:
        """Whether somebody has to do something: it fails without a reason, or it has one and passes."""
        if self.check in STANDS:
            return self.status != "FAILED"
        return self.status in ("FAILED", "CRASHED")


def run_all() -> Iterator[Verdict]:
    """Run every check that is switched on, on the layout in the current folder."""
    _leave_out_the_rest()
    utils: Any = importlib.import_module(f"{PACKAGE}.connector_ops.utils")
    validator: Any = importlib.import_module(f"{PACKAGE}.metadata_validator")
    checks = importlib.import_module(f"{PACKAGE}.connector_qa.checks").ENABLED_CHECKS
    # What the checks ask of a network: Airbyte's registry, which does not have this connector's id, and Docker Hub,
    # for the base image, whose digest a test compares with the Dockerfile's.
    utils.download_catalog = lambda _address: {"sources": [], "destinations": []}
    validator.is_image_on_docker_hub = lambda *_, **__: True
    validator.get_latest_version_on_dockerhub = lambda _name: None
    connector = utils.Connector(NAME)
    for check in checks:
        name = type(check).__name__
        if name in NEEDS_NETWORK:
            yield Verdict(name, "NOT RUN", NEEDS_NETWORK[name])
            continue
        try:
            # Some print what they are about to do.
            with contextlib.redirect_stdout(io.StringIO()):
                result = check.run(connector)
        except Exception as error:
            yield Verdict(name, "CRASHED", f"{type(error).__name__}: {error}")
        else:
            yield Verdict(name, result.status.name, " ".join(str(result.message).split()))


def _leave_out_the_rest() -> None:
    """Stand in for the packages whose ``__init__`` imports all that surrounds the checks: clouds, chats, databases."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.submodule_search_locations is None:
        raise SystemExit(f"qa: {PACKAGE} is not installed here; scripts/qa has an environment for it")
    home = Path(next(iter(found.submodule_search_locations)))
    for name in ("", "airbyte_repo", "registry"):
        package = types.ModuleType(f"{PACKAGE}.{name}".rstrip("."))
        package.__path__ = [str(home / name)]
        sys.modules[package.__name__] = package
