#!/usr/bin/env python3
"""A Singer tap that runs this connector; docs/clients/meltano.md says how Meltano uses it."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

CONNECTOR = os.environ.get("SOURCE_INTERCOM", "connector-venv/bin/source-intercom")


def messages(command, **files):
    """Run the connector, and give the messages that it prints. If it fails, this program ends with its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        words = [CONNECTOR, command]
        for name, content in files.items():
            path = Path(folder, f"{name}.json")
            path.write_text(json.dumps(content), encoding="utf-8")
            words += [f"--{name}", str(path)]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
            for line in process.stdout:
                message = json.loads(line)
                if message["type"] == "LOG":
                    print(message["log"]["level"], message["log"]["message"], file=sys.stderr)
                yield message
        if process.returncode:
            sys.exit(process.returncode)


def discovered(config):
    """The streams of the connector by name."""
    found = next(m["catalog"]["streams"] for m in messages("discover", config=config) if m["type"] == "CATALOG")
    return {stream["name"]: stream for stream in found}


def key_of(stream):
    """The columns of the primary key."""
    return [path[0] for path in stream["source_defined_primary_key"]]


def say(**message):
    """Print a Singer message."""
    print(json.dumps(message), flush=message["type"] == "STATE")


def discover(config):
    """Print Singer's catalog."""
    entries = []
    for name, stream in discovered(config).items():
        method = "INCREMENTAL" if "incremental" in stream["supported_sync_modes"] else "FULL_TABLE"
        facts = {"inclusion": "available", "table-key-properties": key_of(stream), "forced-replication-method": method}
        entries.append(
            {
                "tap_stream_id": name,
                "stream": name,
                "key_properties": key_of(stream),
                "schema": stream["json_schema"],
                "metadata": [{"breadcrumb": [], "metadata": facts}],
            }
        )
    # On many lines: Meltano cannot read a line of more than 64 KB here.
    json.dump({"streams": entries}, sys.stdout, indent=1)


def is_selected(entry):
    """Whether Meltano has selected a stream of the catalog."""
    stream = next((one["metadata"] for one in entry["metadata"] if not one["breadcrumb"]), {})
    return stream.get("selected", stream.get("selected-by-default", True))


def sync(config, catalog, state):
    """Print the records of the selected streams, and after them the states."""
    streams = discovered(config)
    if catalog:
        streams = {entry["stream"]: streams[entry["stream"]] for entry in catalog["streams"] if is_selected(entry)}
    wanted = [
        {
            "stream": stream,
            "sync_mode": "incremental" if "incremental" in stream["supported_sync_modes"] else "full_refresh",
            "destination_sync_mode": "append_dedup",
        }
        for stream in streams.values()
    ]
    for name, stream in streams.items():
        say(type="SCHEMA", stream=name, schema=stream["json_schema"], key_properties=key_of(stream))
    states = {one["stream"]["stream_descriptor"]["name"]: one for one in state.get("airbyte", [])}
    for message in messages("read", config=config, catalog={"streams": wanted}, state=list(states.values())):
        if message["type"] == "RECORD":
            say(type="RECORD", stream=message["record"]["stream"], record=message["record"]["data"])
        elif message["type"] == "STATE":
            # Without the counts beside it, such as 300.0: Singer's targets fail at a fraction in a state.
            stream = message["state"]["stream"]
            states[stream["stream_descriptor"]["name"]] = {"type": "STREAM", "stream": stream}
            say(type="STATE", value={"airbyte": list(states.values())})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--catalog", "--properties")
    parser.add_argument("--state")
    parser.add_argument("--discover", action="store_true")
    words = parser.parse_args()

    def content(path):
        return json.loads(Path(path).read_text(encoding="utf-8")) if path else {}

    options = content(words.config)
    if words.discover:
        discover(options)
    else:
        sync(options, content(words.catalog), content(words.state))
