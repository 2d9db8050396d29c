"""Airbyte's own standard tests, as ``acceptance-test-config.yml`` names them, against the sandbox."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from airbyte_cdk.test.standard_tests import SourceTestSuiteBase

from sandbox import Sandbox, Settings
from source_intercom import SourceIntercom
from tools.qa.layout import CONNECTOR, lay_out

pytest_plugins = ["airbyte_cdk.test.standard_tests.pytest_hooks"]


@pytest.fixture(autouse=True, scope="class")
def workspace() -> Iterator[None]:
    """A sandbox for the whole suite; the connector finds it through the environment, as it always does."""
    with Sandbox(Settings(rate_limit=0)) as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "INTERCOM_API_URL", sandbox.url)
        yield


class TestStandard(SourceTestSuiteBase):
    """The suite finds the rest by the files of an Airbyte connector."""

    connector = SourceIntercom
    connector_name = "source-intercom"

    @classmethod
    def get_connector_root_dir(cls) -> Path:
        return Path(__file__).parent.parent

    # These build an image with a Dockerfile that they fetch from the internet. Ours is built by
    # scripts/image and tested through the `container` fixture.
    test_docker_image_build_and_spec = None
    test_docker_image_spec_backward_compatibility = None
    test_docker_image_build_and_check = None
    test_docker_image_build_and_config_matches_spec = None
    test_docker_image_build_and_discover = None
    test_docker_image_build_and_read = None


def test_the_cdks_own_command_finds_all_it_needs(tmp_path: Path) -> None:
    """It takes the connector's name from the folder, so it gets a folder with that name, whatever ours is called."""
    lay_out(Path(__file__).parent.parent, tmp_path)
    command = [Path(sys.executable).with_name("airbyte-cdk"), "connector", "test", tmp_path / CONNECTOR]
    chosen = ["--pytest-arg=-k", "--pytest-arg=(spec or check) and not docker and not image"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / CONNECTOR)}
    done = subprocess.run(
        [*command, *chosen], env=environment, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
