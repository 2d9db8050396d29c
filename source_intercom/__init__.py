"""Airbyte source connector for Intercom."""

from source_intercom.source import SourceIntercom

__all__ = ["SourceIntercom"]
