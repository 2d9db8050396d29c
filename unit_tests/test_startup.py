"""What the process does before it loads the CDK, tried in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

import source_intercom


def told(code: str) -> Any:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def test_the_package_alone_loads_nothing_of_the_cdk() -> None:
    code = "import source_intercom, sys, json; print(json.dumps('airbyte_cdk' in sys.modules))"
    assert told(code) is False


def test_no_source_is_parsed_for_docstrings() -> None:
    code = """
import inspect, json
inspected = []
getsource = inspect.getsource
inspect.getsource = lambda thing: inspected.append(str(thing)) or getsource(thing)
import source_intercom.run
print(json.dumps([name for name in inspected if "airbyte" in name]))
"""
    assert told(code) == []


def test_the_collector_looks_seldom() -> None:
    assert told("import source_intercom.run, gc, json; print(json.dumps(gc.get_threshold()[0]))") == 50_000


def test_no_client_of_amazons_is_loaded_and_whoever_wants_it_gets_it() -> None:
    code = """
import source_intercom.run, sys, json
before = "boto3" in sys.modules
import boto3
print(json.dumps([before, boto3.__name__]))
"""
    assert told(code) == [False, "boto3"]


def test_it_does_without_the_parser_of_docstrings() -> None:
    code = """
import json, sys
sys.modules["attributes_doc"] = None
import source_intercom.startup
print(json.dumps("loaded"))
"""
    assert told(code) == "loaded"


def test_the_first_process_of_a_container_hears_a_signal_while_it_loads() -> None:
    code = """
import os, signal
os.getpid = lambda: 1
os._exit = lambda code: print(code)
import source_intercom.startup
signal.raise_signal(signal.SIGTERM)
"""
    assert told(code) == 143


def test_the_source_is_found_in_the_package() -> None:
    assert source_intercom.SourceIntercom().name == "source-intercom"
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = source_intercom.Nothing
