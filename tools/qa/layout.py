"""Lays this repository out as a connector of Airbyte's repository, because the checks look for files in its places."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

NAME = "source-intercom"
CONNECTOR = Path("airbyte-integrations/connectors") / NAME
PAGE = Path("docs/integrations/sources/intercom.md")
# As Airbyte rates its own Intercom connector: more checks apply than to a connector of the community.
RATING = {"supportLevel": "certified", "ab_internal": "{sl: 300, ql: 300}"}
# Where the page is read when a connector is Airbyte's. The checks find the page's file by this address.
AIRBYTES_PAGE = "https://docs.airbyte.com/integrations/sources/intercom"


def tracked(root: Path) -> list[Path]:
    """Files that git tracks, from the root of the checkout."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in listed.split("\0") if name and (root / name).is_file()]


def lay_out(root: Path, folder: Path) -> None:
    """Copy what git tracks into an empty folder: the page for Airbyte among its pages, the rest as a connector."""
    for name in tracked(root):
        target = folder / name if name == PAGE else folder / CONNECTOR / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, target)
    metadata = folder / CONNECTOR / "metadata.yaml"
    metadata.write_text(as_airbytes(metadata.read_text(encoding="utf-8")), encoding="utf-8")


def as_airbytes(metadata: str) -> str:
    """metadata.yaml with the address and the rating that it would have there."""
    for key, value in {"documentationUrl": AIRBYTES_PAGE, **RATING}.items():
        metadata, found = re.subn(rf"(?m)^  {key}: .*$", f"  {key}: {value}", metadata)
        metadata = metadata if found else f"{metadata.rstrip()}\n  {key}: {value}\n"
    return metadata
