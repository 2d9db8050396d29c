"""Makes the start of the process cheaper; imported by ``run`` before anything of the CDK.

Of a second of start-up nearly all is the import of the CDK. A third of it went into docstrings: for each message class
of the protocol its serializer parses the class's source code, for descriptions that nobody reads here. The garbage
collector looked through the growing pile of modules a hundred times. And a twelfth was Amazon's library, for a store in
which the CDK's cache of requests could keep answers.
"""

import gc
import os
import signal
import sys
from contextlib import suppress

if os.getpid() == 1:
    # The first process of a container gets no signal that it does not handle: until everything is loaded, which takes
    # most of a second, `docker stop` would go unheard and wait for ten. Nothing that matters has been printed yet.
    signal.signal(signal.SIGTERM, lambda number, _frame: os._exit(128 + number))

# Records are trees and die young, modules live for ever: looking every 700 objects, the collector's default, cost a
# quarter of the CPU of a read (measured: 200,000 contacts, 13.0 s before, 9.4 s after).
gc.set_threshold(50_000, 20, 20)


def _no_docstrings(cls: type) -> dict[str, str]:  # noqa: ARG001  # what it replaces has it
    return {}


# A release of the serializer without this function needs nothing.
with suppress(ImportError):
    import attributes_doc

    attributes_doc.get_attributes_doc = _no_docstrings

# The cache does without the stores whose libraries are not there.
if "boto3" not in sys.modules:
    sys.modules["boto3"] = None  # type: ignore[assignment]  # None is how a module is told not to be there
    with suppress(ImportError):
        import requests_cache  # noqa: F401  # for what it imports
    del sys.modules["boto3"]
