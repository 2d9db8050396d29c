"""The sandbox's own endpoints, and the sandbox as a process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
import requests
from sandbox_client import Client, serve

from sandbox import Sandbox, Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def client() -> Iterator[Client]:
    with serve(contacts=20, conversations=20, tickets=5, companies=5) as made:
        yield made


def test_calls_are_counted_and_control_calls_are_not(client: Client) -> None:
    client.get("/tags")
    client.get("/contacts/nobody")
    client.post("/contacts/search", {})
    url = client.sandbox.url + "/_sandbox/calls"
    report = requests.get(url, timeout=5).json()
    assert report == client.sandbox.calls()
    assert report["total"] == 3
    assert report["by_endpoint"] == {"GET /tags": 1, "GET /contacts/{id}": 1, "POST /contacts/search": 1}
    assert report["by_status"] == {"200": 1, "404": 1, "400": 1}
    assert requests.delete(url, timeout=5).json()["total"] == 0
    client.get("/tags")
    assert client.sandbox.calls()["total"] == 1
    client.sandbox.reset_calls()
    assert client.sandbox.calls()["total"] == 0


@pytest.mark.parametrize(
    "kind", ["contacts", "conversation_parts", "company_segments", "contact_attributes", "segments", "articles",
             "contact_tags", "team_admins", "activity_log_event_types"]
)  # fmt: skip
def test_the_truth_over_http(client: Client, kind: str) -> None:
    lines = requests.get(f"{client.sandbox.url}/_sandbox/records/{kind}", timeout=5).content.splitlines()
    assert [orjson.loads(line) for line in lines] == client.sandbox.records(kind)
    assert lines


def test_the_truth_is_what_lists_answer(client: Client) -> None:
    sandbox = client.sandbox
    assert client.get("/tags").json()["data"] == sandbox.records("tags")
    assert client.get("/teams").json()["teams"] == sandbox.records("teams")
    assert client.get("/admins").json()["admins"] == sandbox.records("admins")
    assert client.get("/segments", include_count="true").json()["segments"] == sandbox.records("segments")
    for model in ("contact", "company"):
        shown = client.get("/data_attributes", model=model, include_archived="true").json()["data"]
        assert shown == sandbox.records(f"{model}_attributes")
        assert len(client.get("/data_attributes", model=model).json()["data"]) == len(shown) - 1


def test_control_over_http(client: Client) -> None:
    url = client.sandbox.url + "/_sandbox"
    done = requests.post(f"{url}/change", json={"contacts": {"update": 2}}, timeout=5).json()
    assert len(done["contacts"]["update"]) == 2
    rules = requests.post(f"{url}/faults", json={"match": "GET /tags", "kind": "status:503"}, timeout=5).json()
    assert [rule["kind"] for rule in rules["faults"]] == ["status:503"]
    assert client.get("/tags").status_code == 503
    assert requests.delete(f"{url}/faults", timeout=5).json() == {"faults": []}
    assert requests.post(f"{url}/faults", json={"rule": "GET /tags=status:500"}, timeout=5).status_code == 200
    assert client.get("/tags").status_code == 500
    assert requests.patch(f"{url}/settings", json={"timezone": "UTC"}, timeout=5).status_code == 200
    assert client.get("/me").json()["app"]["timezone"] == "UTC"
    assert requests.post(f"{url}/spend", json={"calls": 10_000}, timeout=5).json() == {"remaining": "0"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "nothing", None, 404),
        ("GET", "records/pets", None, 404),
        ("PATCH", "settings", {"no_such": 1}, 400),
        ("PATCH", "settings", {"contacts": 9}, 400),
        ("PATCH", "settings", {"macros": 9}, 400),
        ("PATCH", "settings", {"timezone": "Mars/Olympus"}, 400),
        ("PATCH", "settings", {"scopes": ["Read minds"]}, 400),
        ("POST", "faults", {"match": "GET /tags", "kind": "explode"}, 400),
        ("POST", "faults", {"match": "GET /tags", "kind": "reset", "when": {"moon": 1}}, 400),
        ("POST", "change", {"pets": {"update": 1}}, 400),
        ("POST", "change", {"contacts": {"update": -1}}, 400),
    ],
)
def test_nonsense_is_refused(client: Client, method: str, path: str, body: object, status: int) -> None:
    answer = requests.request(method, f"{client.sandbox.url}/_sandbox/{path}", json=body, timeout=5)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_a_refused_change_of_settings_changes_nothing(client: Client) -> None:
    body = {"latency_ms": 700, "timezone": "Mars/Olympus"}
    requests.patch(f"{client.sandbox.url}/_sandbox/settings", json=body, timeout=5)
    assert client.sandbox.settings.latency_ms == 0


def test_latency_does_not_add_up_over_concurrent_calls(client: Client) -> None:
    client.sandbox.settings.latency_ms = 150
    tokens = {"Authorization": "Bearer sandbox-token", "Intercom-Version": "2.15"}
    answers: list[float] = []

    def ask() -> None:
        answer = requests.get(client.sandbox.url + "/me", headers=tokens, timeout=10)
        answers.append(answer.elapsed.total_seconds())

    threads = [threading.Thread(target=ask) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 30
    assert min(answers) >= 0.15
    assert sum(answers) > 30 * 0.15 > max(answers)


def test_compression(client: Client) -> None:
    plain = client.get("/contacts")
    assert "Content-Encoding" not in plain.headers
    client.sandbox.settings.gzip = True
    packed = client.get("/contacts")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.json() == plain.json()


def test_a_port_in_use_is_told_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        sandbox = Sandbox(Settings(port=taken.getsockname()[1]))
        with pytest.raises(OSError):
            sandbox.__enter__()


@pytest.mark.parametrize(
    "values",
    [{"skew": "odd"}, {"contacts": -1}, {"timezone": "Mars/Olympus"}, {"vanished_percent": 101},
     {"scopes": ["Read minds"]}, {"max_parts": 20_000}, {"history_days": 0}, {"articles": -1},
     {"custom_object_types": []}],
)  # fmt: skip
def test_bad_settings(values: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Settings(**values)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_as_a_process(stop: signal.Signals) -> None:
    options = ["--port", "0", "--contacts", "30", "--scopes", "Read tags", "--fault", "GET /tags=status:503:times=1",
               "--timezone", "Pacific/Auckland", "--no-rate-headers", "--articles", "3", "--custom-object-types",
               "Pet, Toy"]  # fmt: skip
    command = [sys.executable, "-m", "sandbox", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:")
            headers = {"Authorization": "Bearer sandbox-token", "Intercom-Version": "2.15"}
            answers = [
                requests.get(url + path, headers=headers, timeout=5) for path in ("/tags", "/tags", "/admins", "/me")
            ]
            assert [answer.status_code for answer in answers] == [503, 200, 401, 200]
            assert answers[3].json()["app"]["timezone"] == "Pacific/Auckland"
            records = f"{url}/_sandbox/records"
            assert len(requests.get(f"{records}/articles", timeout=5).content.splitlines()) == 3
            objects = requests.get(f"{records}/custom_object_instances", timeout=5).content.splitlines()
            assert {orjson.loads(line)["type_identifier"] for line in objects} == {"Pet", "Toy"}
            process.send_signal(stop)
            assert process.wait(10) == 0
        finally:
            process.kill()  # of no effect once it has ended; without it a failed assertion would wait for ever


@pytest.mark.parametrize(
    "options", [["--scopes", "Read minds"], ["--fault", "nonsense"], ["--timezone", "Mars/Olympus"]]
)
def test_bad_options_are_told(options: list[str]) -> None:
    command = [sys.executable, "-m", "sandbox", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert "sandbox: error:" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_launcher() -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run([ROOT / "scripts" / "sandbox", "--help"], capture_output=True, text=True, timeout=20,
                          env={**os.environ, "PATH": path}, cwd=ROOT.parent)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "--index-lag-seconds" in done.stdout
