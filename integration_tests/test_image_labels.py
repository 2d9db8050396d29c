"""What the image tells of itself."""

from __future__ import annotations

import os
from pathlib import Path

import docker
import pytest
import yaml

from integration_tests.support import Container
from source_intercom.options.home import HOME

pytestmark = pytest.mark.container


def test_its_labels_are_those_of_metadata(container: Container) -> None:  # noqa: ARG001  # skips without an engine
    data = yaml.safe_load((Path(__file__).parents[1] / "metadata.yaml").read_text(encoding="utf-8"))["data"]
    labels = docker.from_env().images.get(os.environ["SOURCE_INTERCOM_IMAGE"]).labels
    assert labels["io.airbyte.name"] == data["dockerRepository"]
    assert labels["io.airbyte.version"] == labels["org.opencontainers.image.version"] == data["dockerImageTag"]
    assert labels["org.opencontainers.image.licenses"] == data["license"]
    assert labels["org.opencontainers.image.source"] == HOME
