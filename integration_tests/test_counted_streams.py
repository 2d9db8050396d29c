"""Figures of the moment: of articles, which only some calls of a sync bring, and of teams."""

from typing import Any

from integration_tests.conftest import Workspace
from integration_tests.support import Output, Process, assert_delivered, assert_same, catalog, config, key_of, truth
from sandbox import Sandbox

STATISTICS = "article_statistics"
DAY = 86_400


def read(process: Process, sandbox: Sandbox, *streams: str, state: Any = None) -> Output:
    sandbox.reset_calls()
    return process.run("read", sandbox.url, config=config(), catalog=catalog(*streams, mode="incremental"), state=state)


def rows(output: Output, stream: str = STATISTICS) -> dict[tuple[Any, ...], Any]:
    return {key_of(stream, record): record for record in output.records[stream]}


def test_statistics_of_articles_that_nobody_edits_come_within_a_week(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(articles=120)
    first = read(process, sandbox, STATISTICS)
    assert first.code == 0, first.errors
    assert_delivered(first, sandbox, STATISTICS)
    before = truth(sandbox, STATISTICS)
    sandbox.change(article_statistics={"create": 20})
    edited = sandbox.change(articles={"update": 4})["articles"]["update"]
    held = truth(sandbox, STATISTICS)
    assert len([key for key in held if held[key] != before[key]]) > 15
    at_once = read(process, sandbox, STATISTICS, state=first.state)
    assert at_once.code == 0, at_once.errors
    # What was edited, and of the others those whose hour it is.
    assert {(name,) for name in edited} & held.keys() <= rows(at_once).keys()
    assert sandbox.calls()["by_endpoint"]["GET /articles/{id}"] < 20
    (state,) = at_once.state
    state["stream"]["stream_state"]["counted_at"] -= 7 * DAY
    week_later = read(process, sandbox, STATISTICS, state=[state])
    assert_same(STATISTICS, rows(week_later), held)


def test_versions_come_for_articles_that_changed(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(articles=60)
    first = read(process, sandbox, "article_versions")
    assert first.code == 0, first.errors
    assert_delivered(first, sandbox, "article_versions")
    edited = sandbox.change(articles={"update": 4})["articles"]["update"]
    second = read(process, sandbox, "article_versions", state=first.state)
    assert {record["article_id"] for record in second.records["article_versions"]} >= set(edited)
    assert sandbox.calls()["by_endpoint"]["GET /articles/{id}/versions"] < 10
    both = {**rows(first, "article_versions"), **rows(second, "article_versions")}
    assert_same("article_versions", both, truth(sandbox, "article_versions"))


def test_a_workspace_without_real_time_monitoring_loses_one_stream(process: Process, workspace: Workspace) -> None:
    sandbox = workspace(realtime_monitoring=False, teams=2)
    output = read(process, sandbox, "team_metrics", "teams")
    assert output.status == {"team_metrics": "INCOMPLETE", "teams": "COMPLETE"}
    said = output.errors["team_metrics"]["message"]
    # Of the workspace, and not of some of its teams.
    assert said.startswith("This Intercom workspace's plan does not include this data")
    assert "Real-time monitoring is not enabled" in said
    check = process.run("check", sandbox.url, config=config())
    (status,) = check.of("CONNECTION_STATUS")
    assert status["status"] == "SUCCEEDED"
    assert "team_metrics" in status["message"] + check.log
