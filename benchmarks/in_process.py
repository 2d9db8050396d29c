"""This connector on the CDK's own way to stdout, a record at a time: what whoever drives the source in a process
of their own gets, and what the steps from there to ``source-intercom`` give.

``python -m benchmarks.in_process records read ...`` is the CDK's entrypoint alone; ``tuned`` adds the collector's
settings of ``source_intercom.startup``. The pages of finished lines, which ``source-intercom`` adds, are the last step.
"""

import gc
import sys

from airbyte_cdk.entrypoint import launch

from source_intercom.source import SourceIntercom

if __name__ == "__main__":
    step, *arguments = sys.argv[1:]
    if step == "tuned":
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
    launch(SourceIntercom(), arguments)
