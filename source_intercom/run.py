"""The process: hands the source to the CDK's entrypoint (console script ``source-intercom``)."""

import sys
from collections.abc import Mapping
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import PRINT_BUFFER
from airbyte_cdk.models import ConnectorSpecification

from source_intercom.config import Config
from source_intercom.source import SourceIntercom


class Entrypoint(AirbyteEntrypoint):
    """The CDK's entrypoint, with our own words about a faulty config instead of a JSON Schema validator's."""

    @staticmethod
    def validate_connection(source_spec: ConnectorSpecification, config: Mapping[str, Any]) -> None:
        Config.load(config)


def run(arguments: list[str] | None = None) -> None:
    """Run one protocol command and print its messages to stdout.

    ``arguments`` are those of the command line when None. Raises what ends the process with a non-zero code,
    after the CDK has printed it as a trace.
    """
    entrypoint = Entrypoint(SourceIntercom())
    parsed = entrypoint.parse_args(sys.argv[1:] if arguments is None else arguments)
    with PRINT_BUFFER:
        for message in entrypoint.run(parsed):
            # One write for text and line break: lines of several threads must not run into each other.
            print(f"{message}\n", end="")  # noqa: T201


if __name__ == "__main__":
    run()
