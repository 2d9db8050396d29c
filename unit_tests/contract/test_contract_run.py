"""A run: its budget, that it changes nothing and tells nothing of anybody, and how it ends."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from contract_bench import READS, TOKEN, answers, named, results, serving, workspace

from sandbox import Sandbox
from source_intercom.api.errors import TokenRejected, Unavailable
from tools.contract import command
from tools.contract.belief import Answer, Belief, no, not_seen, yes
from tools.contract.beliefs import BELIEFS
from tools.contract.run import ask, has_failed, reach
from tools.contract.table import printed, summary
from tools.contract.workspace import MOST_CALLS, Workspace

ROOT = Path(__file__).resolve().parents[2]
BIG = {"contacts": 5_000, "conversations": 3_000, "tickets": 3_000, "companies": 2_000, "activity_logs": 5_000,
       "articles": 800, "collections": 400, "internal_articles": 400, "news_items": 400, "macros": 400, "calls": 400,
       "tags": 200, "segments": 60}  # fmt: skip


def test_a_big_workspace_takes_less_than_the_calls_of_a_run() -> None:
    with serving(**BIG) as sandbox, workspace() as ws:
        made = ask(ws, BELIEFS)
        assert sandbox.calls()["total"] == ws.calls == sum(one.calls for one in made)
    assert 0 < ws.calls <= 170, "leave room for calls that are tried again"
    assert [one for one in made if has_failed(one)] == []


def test_nothing_is_left_unasked_where_calls_are_tried_again() -> None:
    made = results(quirks=["html-403=6"])
    assert sum(one.calls for one in made) <= MOST_CALLS
    assert not any("all of its calls" in one.answer.note for one in made)


def test_a_run_ends_asking_at_its_last_call() -> None:
    with serving() as sandbox, workspace(most_calls=7) as ws:
        made = ask(ws, BELIEFS)
        assert sandbox.calls()["total"] == ws.calls == 7
    by_name = {one.belief.name: one for one in made}
    assert by_name["me-answers"].answer == yes()
    assert by_name["list-places"].answer == not_seen("this run has made all of its calls")
    # What has been heard can still be judged.
    assert by_name["rate-headers"].answer.word == "yes"


def test_nothing_is_changed() -> None:
    with serving() as sandbox, workspace() as ws:
        before = {kind: sandbox.records(kind) for kind in ("contacts", "conversations", "tickets", "companies")}
        ask(ws, BELIEFS)
        asked = {(one.method, one.path) for one in ws.heard}
        assert {kind: sandbox.records(kind) for kind in before} == before
    searches = {"/contacts/search", "/conversations/search", "/tickets/search", "/calls/search"}
    assert {path for method, path in asked if method != "GET"} == searches
    assert {method for method, _ in asked} == {"GET", "POST"}
    # Both count as something that happened: a banner that was shown, a job that was made.
    made = [path for _, path in asked if "banner" in path or "export" in path]
    assert made == ["/export/reporting_data/get_datasets"], "a list, which makes none"


def test_one_call_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = set()
    heard = Workspace._hear

    def hear(ws: Workspace, response: Any) -> None:
        threads.add(threading.get_ident())
        heard(ws, response)

    monkeypatch.setattr(Workspace, "_hear", hear)
    results(named("search-size", "list-places", "conversation-by-id"))
    assert threads == {threading.get_ident()}


def words_of(value: object) -> Iterator[str]:
    """Every text and long number of some records."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from words_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from words_of(inner)
    elif isinstance(value, str) or (isinstance(value, int) and value > 9_999):
        yield str(value)


# Texts of records that are words of this program, too, or of Intercom's.
OURS = re.compile(r"[a-z_]{1,20}|[A-Z]{2}")


@pytest.mark.parametrize("quirks", [[], ["refused-conversation", "odd-times", "odd-nested-items"]])
def test_nothing_of_a_record_is_told(quirks: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with serving(conversations=20, quirks=quirks) as sandbox:
        code, out, _ = run(capsys, tmp_path)
        kinds = ("contacts", "conversations", "tickets", "companies", "admins", "tags", "segments", "activity_logs",
                 "articles", "calls", "macros")  # fmt: skip
        held = {word for kind in kinds for word in words_of(sandbox.records(kind)) if not OURS.fullmatch(word)}
    assert code in (0, 1)
    assert len(held) > 1_000
    assert TOKEN not in out
    tokens = set(re.findall(r"[\w@.+-]+", out))
    assert [word for word in held if len(word) > 3 and (word in tokens or (len(word) > 12 and word in out))] == []


# --- What a check may come to ---------------------------------------------------------------------------


def belief(ask_for: Callable[[Workspace], Answer], expected: Any = "yes") -> Belief:
    return Belief("invented", "Is it so?", expected, "It goes on.", "It stops.", "search-days", ask_for)


def test_a_check_at_fault_stops_no_other_and_quotes_nothing() -> None:
    def breaks(_: Workspace) -> Answer:
        raise KeyError("jane@example.com")

    with serving(), workspace() as ws:
        broken, fine = ask(ws, [belief(breaks), belief(lambda _: yes())])
    assert has_failed(broken)
    assert str(broken.answer) == "not seen: this check failed (KeyError); please report it"
    assert fine.answer == yes()


def test_what_the_token_may_not_read_is_not_seen() -> None:
    made = answers(scopes=["Read admins"])
    assert made["search-size"] == not_seen("HTTP 401 token_unauthorized")
    assert made["conversation-by-id"].word == "not seen"
    assert made["me-answers"].word == "yes"
    denied = made["access-permissions"]
    assert denied.word == "no"
    assert "/contacts/search" in denied.note


def test_a_missing_permission_is_named_as_intercom_does() -> None:
    made = answers(named("access-permissions", "access-scope-named", "tickets-shown"), scopes=READS)
    assert made["tickets-shown"].word == "no"
    assert made["access-permissions"].word == "no"
    assert made["access-scope-named"] == yes(
        "read_activity_logs, read_articles_scope, read_audiences, read_brands, read_content_snippets, "
        "read_dynamic_content, read_emails, read_workflow_connector_execution_result, read_write_office_hours"
    )


@pytest.mark.parametrize(
    ("expected", "answer", "verdict"),
    [
        ("yes", yes(), "agrees"),
        ("yes", no(), "differs"),
        ("no", no("few"), "agrees"),
        ("no", yes(), "differs"),
        ("either", yes(), "open"),
        ("either", no(), "open"),
        ("yes", not_seen("none"), "not seen"),
    ],
)
def test_verdicts(expected: Any, answer: Answer, verdict: str) -> None:
    assert belief(lambda _: answer, expected).verdict(answer) == verdict


def test_an_empty_workspace_leaves_no_check_at_a_loss() -> None:
    nothing = dict.fromkeys((*BIG, "newsfeeds", "help_centers", "content_snippets", "audiences", "brands"), 0)
    made = answers(**nothing)
    assert made["search-total"].word == "not seen"
    assert made["me-answers"].word == "yes"


def test_a_page_too_heavy_is_seen_and_stops_nothing() -> None:
    with serving() as sandbox:
        sandbox.fault("POST /conversations/search", "status:502", when={"per_page_over": 100})
        with workspace() as ws:
            made = {one.belief.name: one.answer for one in ask(ws, BELIEFS)}
    assert made["search-heavy"] == no("conversations: a page of 150 does not come, a smaller one does")
    assert made["conversation-by-id"] == yes()


SCROLL = ("scroll-conflict", "scroll-token", "scroll-page", "scroll-end")


@pytest.mark.parametrize("nth", [2, 3, 4])
def test_a_gateway_in_the_way_of_the_scroll(nth: int) -> None:
    made = answers(named(*SCROLL), quirks=[f"html-403={nth}"])
    assert [made[name].word for name in SCROLL] == ["yes"] * 4, made


def test_a_scroll_that_breaks_off_is_no_end() -> None:
    with serving() as sandbox:
        sandbox.fault("GET /companies/scroll", "status:500", skip=2)
        with workspace() as ws:
            made = {one.belief.name: one.answer for one in ask(ws, named(*SCROLL))}
    assert made["scroll-end"] == not_seen("it broke off (HTTP 500 server_error)")


def test_a_scroll_of_somebody_else_is_told() -> None:
    with serving(), workspace() as other, workspace() as ws:
        other.get("/companies/scroll")
        made = {one.belief.name: one.answer for one in ask(ws, named(*SCROLL))}
    assert made["scroll-conflict"] == yes()
    assert made["scroll-end"] == not_seen("somebody else has a scroll open")


def test_a_query_that_is_refused_is_no_and_not_unseen() -> None:
    made = answers(named("search-window-tickets", "search-slices-tickets"), quirks=["refused-field=tickets.id"])
    assert made["search-window-tickets"] == made["search-slices-tickets"] == no("HTTP 400 invalid_field")


# --- The command ------------------------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], folder: Path, *words: str, **config: Any) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    path = folder / "config.json"
    path.write_text(json.dumps({"access_token": TOKEN, **config}))
    code = command.main(["--config", str(path), *words])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_prints_a_table_and_what_the_connector_does(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with serving(quirks=["null-next"]):
        code, out, err = run(capsys, tmp_path, "--only", "search-next-absent", "me-answers", "search-days-tickets")
    assert code == 1
    lines = out.splitlines()
    assert lines[0].split() == ["|", "belief", "|", "question", "|", "answer", "|", "verdict", "|"]
    assert [line.split("|")[1].strip() for line in lines[2:5]] == [
        "me-answers", "search-next-absent", "search-days-tickets",
    ]  # fmt: skip
    assert [line.split("|")[4].strip() for line in lines[2:5]] == ["agrees", "differs", "open"]
    assert "- search-next-absent: A `next` whose cursor is null is the end too." in lines
    assert lines[-1].startswith("3 questions in ")
    assert "contract: Does `/me` answer this token?" in err


def test_as_a_process_it_prints_nothing_but_the_table(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"access_token": TOKEN}))
    words = [sys.executable, "-m", "tools.contract", "--config", str(path), "--only", "version-served", "rate-headers"]
    # Both are things of which the connector's own log has a line.
    with serving(quirks=["other-version-served", "odd-rate-headers"]):
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert [line[0] for line in lines if line] == [*"||||", "W", *"--", "2"]
    assert all(line.startswith("contract: ") for line in done.stderr.splitlines()), done.stderr


def test_ends_with_zero_where_nothing_differs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with serving():
        code, out, _ = run(capsys, tmp_path, "--calls", "2", "--only", "me-answers")
    assert code == 0
    assert out.splitlines()[-1] == (
        "1 questions in 1 calls: 1 agree, 0 differ, 0 answer what sources disagree on, 0 could not be seen here."
    )


def test_leaves_the_scroll_out_when_told_to(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with serving() as sandbox:
        code, out, _ = run(capsys, tmp_path, "--without-scroll", "--only", "scroll-end", "scroll-conflict")
        by_endpoint: Any = sandbox.calls()["by_endpoint"]
        assert "GET /companies/scroll" not in by_endpoint
    assert code == 0
    assert out.count("not seen: left out, as --without-scroll asks for") == 2


def test_a_bad_token_is_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with serving() as sandbox:
        code, out, err = run(capsys, tmp_path, access_token="another-token")
        assert sandbox.calls()["total"] == 1
    assert (code, out) == (2, "")
    assert "does not accept the access token" in err
    assert err.count("\n") == 1
    assert "another-token" not in err


def test_a_bad_config_is_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = run(capsys, tmp_path, region="moon")
    assert (code, out) == (2, "")
    assert "region" in err
    assert command.main(["--config", str(tmp_path / "none.json")]) == 2
    assert "does not exist" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--calls", "201"], ["--calls", "0"], ["--only", "no-such"], []])
def test_what_is_no_option_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main([*words] if not words else ["--config", "config.json", *words])
    assert ended.value.code == 2
    assert capsys.readouterr().err


def test_nobody_there_is_told_before_any_question() -> None:
    with serving() as sandbox:
        gone = sandbox.url
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTERCOM_API_URL", gone)
        patch.setenv("SOURCE_INTERCOM_TIME_SCALE", "0.001")
        with workspace() as ws, pytest.raises(Unavailable):
            reach(ws)


def test_me_refused_is_no_reason_to_stop() -> None:
    with serving(quirks=["me-refused"]), workspace() as ws:
        reach(ws)
        assert ws.calls == 1


def test_a_revoked_token_stops_the_run() -> None:
    sandbox: Sandbox
    with serving() as sandbox, workspace() as ws:
        sandbox.settings.token = "another"
        with pytest.raises(TokenRejected):
            reach(ws)


def test_cells_hold_no_bars() -> None:
    made = results([belief(lambda _: no("a|b"))])
    row = next(line for line in printed(made) if "invented" in line)
    assert row.count("|") == 5
    assert summary(made, 0).startswith("1 questions in 0 calls")
