"""Statistics of articles: which of them a sync asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import pytest
from stream_fakes import NOW, FakeIntercom, FakeReading, Json, made, rows_of

from source_intercom.shapes.base import Sync
from source_intercom.streams.help_center import ArticleStatistics
from source_intercom.sync.windows import DAY, HOUR, Window

NewSync = Callable[..., Sync]
WEEK = 7 * DAY
OLD = NOW - 400 * DAY


def article(name: str, updated_at: int | None = OLD) -> Json:
    return {"id": name, "updated_at": updated_at, "created_at": OLD}


def table(*articles: Json) -> FakeIntercom:
    intercom = FakeIntercom().on("GET", "/articles", {"data": list(articles)})
    for one in articles:
        counted = {"type": "article_statistics", "views": int(one["id"])}
        intercom.on("GET", f"/articles/{one['id']}", {**one, "statistics": counted})
    return intercom


@pytest.mark.parametrize("step", [HOUR, 5 * HOUR, DAY, 10 * DAY])
def test_an_article_that_nobody_edits_is_counted_once_a_week(new_sync: NewSync, step: int) -> None:
    articles = [article(str(number)) for number in range(80)]
    stream = made(ArticleStatistics, new_sync(), table())
    edges = range(NOW, NOW + 10 * WEEK + 1, step)
    counted = Counter(
        one["id"]
        for before, after in pairwise(edges)
        for one in articles
        if stream.wants(one, Window(before, after - 1))
    )
    times = 10 if step <= WEEK else len(edges) - 1
    assert counted == {one["id"]: times for one in articles}


def test_a_sync_asks_for_what_changed_and_for_what_is_due(new_sync: NewSync) -> None:
    articles = [article(str(number)) for number in range(200)] + [article("900", NOW - 60), article("901", None)]
    intercom = table(*articles)
    stream = made(ArticleStatistics, new_sync(), intercom)
    window = Window(NOW - DAY, NOW)
    rows = list(rows_of(stream, window))
    asked = {path for _, path, _ in intercom.calls} - {"/articles"}
    assert asked == {f"/articles/{row['article_id']}" for row in rows}
    names = {row["article_id"] for row in rows}
    assert {"900", "901"} <= names
    # A seventh of the others, give or take.
    assert 10 < len(names) < 60
    assert all(row["counted_at"] == NOW and row["views"] == int(row["article_id"]) for row in rows)
    assert {row["article_updated_at"] for row in rows} == {OLD, NOW - 60, None}


def test_a_full_refresh_asks_for_all(new_sync: NewSync) -> None:
    stream = made(ArticleStatistics, new_sync(), table(article("1"), article("2")), full=True)
    assert [row["article_id"] for row in rows_of(stream, Window(NOW, NOW))] == ["1", "2"]


def test_the_first_sync_counts_all_whatever_the_start_date_says(new_sync: NewSync) -> None:
    articles = [article(str(number)) for number in range(50)]
    sync = new_sync(start_date="2025-06-01")
    stream = made(ArticleStatistics, sync, table(*articles))
    assert len(list(rows_of(stream, Window(sync.config.start, sync.config.start + DAY)))) == 50
    assert len(list(rows_of(stream, Window(sync.config.start + 1, sync.config.start + DAY)))) < 25


def test_an_article_without_statistics_has_no_row(new_sync: NewSync) -> None:
    intercom = table(article("1"), article("2")).on("GET", "/articles/1", {"id": "1", "statistics": None})
    rows = rows_of(made(ArticleStatistics, new_sync(), intercom), Window(0, NOW))
    assert [row["article_id"] for row in rows] == ["2"]


def test_a_reading_that_breaks_off_is_gone_on_with(new_sync: NewSync) -> None:
    articles = [article(str(number)) for number in range(1_000, 1_600)]
    stream = made(ArticleStatistics, new_sync(), table(*reversed(articles)))
    reading = FakeReading()
    pages = list(stream.source.pages(Window(0, NOW), reading))
    assert [len(page) for page in pages] == [500, 100]
    assert reading.places == ["1499", "1599"]
    assert stream.source.lies_within(pages[0][-1], "1499")
    assert not stream.source.lies_within(pages[1][0], "1499")
