"""A dlt pipeline that reads Intercom with this connector; docs/clients/dlt.md says how to run it."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import dlt

CONNECTOR = os.environ.get("SOURCE_INTERCOM", "connector-venv/bin/source-intercom")
TYPES = {"string": "text", "integer": "bigint", "number": "double", "boolean": "bool"}
# What the connector could not read, in its own words.
errors = []


def messages(command, **files):
    """Run the connector, and give the messages that it prints."""
    with tempfile.TemporaryDirectory() as folder:
        words = [CONNECTOR, command]
        for name, content in files.items():
            path = Path(folder, f"{name}.json")
            path.write_text(json.dumps(content), encoding="utf-8")
            words += [f"--{name}", str(path)]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
            for line in process.stdout:
                message = json.loads(line)
                if message["type"] == "LOG" and message["log"]["level"] in ("WARN", "ERROR", "FATAL"):
                    print(message["log"]["message"], file=sys.stderr)
                elif message["type"] == "TRACE" and message["trace"]["type"] == "ERROR":
                    errors.append(message["trace"]["error"]["message"])
                yield message


def columns(schema):
    """The types of a table's columns. An object or a list becomes one column of JSON."""
    types = {}
    for name, described in schema["properties"].items():
        kind = described.get("type", "object")
        first = next(one for one in ([kind] if isinstance(kind, str) else kind) if one != "null")
        types[name] = {"data_type": TYPES.get(first, "json")}
    return types


def wanted(stream):
    """A stream as the connector is asked for it. dlt replaces the row of a key, as `append_dedup` says."""
    mode = "incremental" if "incremental" in stream["supported_sync_modes"] else "full_refresh"
    return {"stream": stream, "sync_mode": mode, "destination_sync_mode": "append_dedup"}


@dlt.resource(name="intercom", max_table_nesting=0)
def intercom(streams=(), access_token=dlt.secrets.value, **options):
    """The streams with these names, or all. Each becomes a table with one row for each key."""
    config = {"access_token": access_token, **options}
    found = next(m["catalog"]["streams"] for m in messages("discover", config=config) if m["type"] == "CATALOG")
    chosen = [stream for stream in found if not streams or stream["name"] in streams]
    for stream in chosen:
        hints = dlt.mark.make_hints(
            table_name=stream["name"],
            primary_key=[path[0] for path in stream["source_defined_primary_key"]],
            write_disposition="merge",
            columns=columns(stream["json_schema"]),
        )
        yield dlt.mark.with_hints([], hints, create_table_variant=True)
    # dlt saves this together with the rows, so nothing counts as read that was not loaded.
    states = dlt.current.resource_state().setdefault("states", {})
    catalog = {"streams": [wanted(stream) for stream in chosen]}
    for message in messages("read", config=config, catalog=catalog, state=list(states.values())):
        if message["type"] == "RECORD":
            yield dlt.mark.with_table_name(message["record"]["data"], message["record"]["stream"])
        elif message["type"] == "STATE":
            states[message["state"]["stream"]["stream_descriptor"]["name"]] = message["state"]


if __name__ == "__main__":
    pipeline = dlt.pipeline(
        "intercom", destination=dlt.destinations.duckdb("workspace.duckdb"), dataset_name="intercom"
    )
    print(pipeline.run(intercom()))
    if errors:
        sys.exit("Some streams are incomplete:\n" + "\n".join(dict.fromkeys(errors)))
