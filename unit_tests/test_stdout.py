"""What threads log and what the main thread prints must not run into each other: stdout is the protocol's."""

import json
import subprocess
import sys

SCRIPT = """
import threading
from airbyte_cdk.logger import init_logger
from source_intercom.run import print_lines

logger = init_logger("airbyte")
page = (b'{"type":"RECORD","text":"' + b"y" * 2000 + b'"}' + b"\\n") * 150
talk = lambda: [logger.info("x" * 300) for _ in range(1500)]
threads = [threading.Thread(target=talk) for _ in range(3)]
for thread in threads:
    thread.start()
print_lines(page for _ in range(200))
for thread in threads:
    thread.join()
"""


def test_pages_and_log_lines_stay_whole_on_a_pipe() -> None:
    # A file takes a page in one piece; only a pipe shows what happens between two pieces.
    printed = subprocess.run([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, check=True).stdout
    kinds = [json.loads(line)["type"] for line in printed.splitlines()]
    assert kinds.count("RECORD") == 150 * 200
    assert kinds.count("LOG") == 1500 * 3
