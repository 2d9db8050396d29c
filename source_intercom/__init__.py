"""Airbyte source connector for Intercom."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from source_intercom.source import SourceIntercom

__all__ = ["SourceIntercom"]


def __getattr__(name: str) -> Any:
    # Not imported at once, so that ``run`` can prepare the process before it loads the CDK.
    if name == "SourceIntercom":
        from source_intercom.source import SourceIntercom

        return SourceIntercom
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
