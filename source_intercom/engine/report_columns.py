"""The columns of reports: the one part of a catalog that only Intercom can tell."""

import logging
from collections.abc import Sequence

from source_intercom.api import permissions
from source_intercom.api.client import Client, Transport
from source_intercom.api.datasets import Datasets
from source_intercom.api.errors import RETRIES, IntercomError
from source_intercom.options.config import Config
from source_intercom.shapes.report_export import Report


def describe_reports(
    reports: Sequence[Report], config: Config, logger: logging.Logger, *, retries: int = RETRIES
) -> None:
    """Ask which attributes their datasets have. Where Intercom does not tell, those that are known are named."""
    transport = Transport(config)
    try:
        client = Client(
            "datasets", transport, logger, permission=permissions.REPORTS, version=Report.version, retries=retries
        )
        datasets = Datasets().all(client)
    except IntercomError as error:
        logger.warning(
            "The columns of reports are named as far as this connector knows them, because Intercom did not tell: "
            f"{error.message}"
        )
        return
    finally:
        transport.close()
    for report in reports:
        report.described = datasets.get(report.options.dataset)
        if report.described is None:
            logger.warning(
                f"{report.name}: this Intercom workspace has no such reporting dataset. It has: {', '.join(datasets)}"
            )
