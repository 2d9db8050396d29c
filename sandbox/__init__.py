"""A local Intercom workspace that speaks the real API over HTTP, for tests, the demo and benchmarks."""

from .sandbox import Sandbox
from .settings import Settings

__all__ = ["Sandbox", "Settings"]
