"""The recipes of the docs: their SQL runs on tables as a destination makes them, and answers what it promises."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from source_intercom.options.report_options import ReportOptions
from source_intercom.streams import CATALOGUE
from source_intercom.streams.reports import report_streams

RECIPES = Path(__file__).resolve().parents[1] / "docs" / "recipes.md"
KINDS = (*CATALOGUE, *report_streams([ReportOptions(dataset="conversation")]))
Rows = list[tuple[Any, ...]]
# A destination's columns; whatever else there is arrives as JSON.
SCALARS = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN"}


def recipes() -> dict[str, str]:
    """Heading -> the statements below it."""
    sections = re.split(r"^## ", RECIPES.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {
        section.partition("\n")[0]: "\n".join(re.findall(r"^```sql\n(.*?)^```", section, re.MULTILINE | re.DOTALL))
        for section in sections
    }


class Warehouse:
    """Tables in the types of the streams' schemas, as a destination makes them, in a DuckDB in memory."""

    def __init__(self) -> None:
        duckdb = pytest.importorskip("duckdb", reason="duckdb, which runs the recipes, is not installed here")
        self.connection = duckdb.connect(":memory:")

    def table(self, stream: str, *rows: dict[str, Any]) -> None:
        properties = next(kind for kind in KINDS if kind().name == stream)().get_json_schema()["properties"]
        kinds = {name: next(kind for kind in schema["type"] if kind != "null") for name, schema in properties.items()}
        columns = {name: SCALARS.get(kind, "JSON") for name, kind in kinds.items()}
        columns["_airbyte_extracted_at"] = "TIMESTAMP"
        declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        self.connection.execute(f"CREATE TABLE {stream} ({declared})")
        for row in rows:
            assert set(row) <= set(columns)
            values = [json.dumps(value) if isinstance(value, dict) else value for value in row.values()]
            marks = ", ".join("?" for _ in row)
            self.connection.execute(f"INSERT INTO {stream} ({', '.join(row)}) VALUES ({marks})", values)

    def run(self, statements: str) -> Rows:
        rows: Rows = self.connection.execute(statements).fetchall()
        return rows

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    with Warehouse() as made:
        yield made


def test_recipe_latest_row_of_each_key(warehouse: Warehouse) -> None:
    warehouse.table(
        "conversation_parts",
        {
            "id": "1",
            "body": "old",
            "conversation_updated_at": 10,
            "updated_at": 5,
            "_airbyte_extracted_at": "2024-01-02",
        },
        {
            "id": "1",
            "body": "new",
            "conversation_updated_at": 20,
            "updated_at": 5,
            "_airbyte_extracted_at": "2024-01-01",
        },
        {"id": "2", "body": "first", "conversation_updated_at": 20, "_airbyte_extracted_at": "2024-01-01"},
        {"id": "2", "body": "again", "conversation_updated_at": 20, "_airbyte_extracted_at": "2024-01-02"},
    )
    warehouse.run(recipes()["Latest row of each key"])
    assert warehouse.run("SELECT id, body FROM latest_conversation_parts ORDER BY id") == [("1", "new"), ("2", "again")]


def test_recipe_apply_deletions(warehouse: Warehouse) -> None:
    warehouse.table("conversations", {"id": "1"}, {"id": "2"})
    attached = ("conversation_parts", "conversation_tags", "conversation_contacts")
    for stream in attached:
        warehouse.table(stream, {"id": "a", "conversation_id": "1"}, {"id": "b", "conversation_id": "2"})
    warehouse.table("conversations_deleted", {"id": "2", "deleted_at": 5})
    warehouse.run(recipes()["Apply deletions"])
    assert warehouse.run("SELECT id FROM conversations") == [("1",)]
    for stream in attached:
        assert warehouse.run(f"SELECT conversation_id FROM {stream}") == [("1",)]


def test_recipe_apply_deletions_of_contacts(warehouse: Warehouse) -> None:
    names = ("kept", "deleted", "merged", "left", "other")
    warehouse.table("contacts", *({"id": name} for name in names))
    for stream in ("contact_tags", "contact_notes"):
        warehouse.table(stream, *({"id": "1", "contact_id": name} for name in names))
    merge = {"contact_id": "left", "merge_source_id": "merged", "merge_target_id": "left", "created_at": 7}
    failed = {"contact_id": "other", "merge_source_id": "other", "merge_target_id": "left", "created_at": 8}
    warehouse.table(
        "contact_activities",
        {"id": "1", "event_type": "contact.created", "contact_id": "kept", "created_at": 4},
        {"id": "2", "event_type": "contact.deleted", "contact_id": "deleted", "created_at": 5},
        {"id": "3", "event_type": "contact.merged", **merge},
        {"id": "4", "event_type": "contact.merge_failed", **failed},
    )
    warehouse.run(recipes()["Apply deletions of contacts"])
    gone = warehouse.run("SELECT * FROM gone_contacts ORDER BY gone_at")
    assert gone == [("deleted", None, 5), ("merged", "left", 7)]
    left = [("kept",), ("left",), ("other",)]
    assert warehouse.run("SELECT id FROM contacts ORDER BY id") == left
    for stream in ("contact_tags", "contact_notes"):
        assert warehouse.run(f"SELECT contact_id FROM {stream} ORDER BY contact_id") == left


def test_recipe_rows_that_a_full_comparison_did_not_bring(warehouse: Warehouse) -> None:
    warehouse.table(
        "contacts",
        {"id": "before", "_airbyte_extracted_at": "2024-01-01 11:59:59"},
        {"id": "during", "_airbyte_extracted_at": "2024-01-01 12:00:01"},
        {"id": "after", "_airbyte_extracted_at": "2024-01-02"},
    )
    warehouse.table(
        "reconciliations",
        {"stream": "contacts", "began_at": 1_704_067_200, "records": 3},
        {"stream": "contacts", "began_at": 1_704_110_400, "records": 2},
        {"stream": "tickets", "began_at": 1_800_000_000, "records": 2},
    )
    warehouse.run(recipes()["Rows that a full comparison did not bring"])
    assert warehouse.run("SELECT id FROM contacts ORDER BY id") == [("after",), ("during",)]


def test_recipe_follow_merges(warehouse: Warehouse) -> None:
    warehouse.table("contacts", {"id": "lead"}, {"id": "user"}, {"id": "final"}, {"id": "other"})
    warehouse.table(
        "contact_merge_history",
        {"contact_id": "user", "source_contact_id": "lead", "merged_at": 1},
        {"contact_id": "final", "source_contact_id": "user", "merged_at": 2},
    )
    warehouse.table(
        "conversation_contacts",
        {"conversation_id": "1", "id": "lead"},
        {"conversation_id": "1", "id": "final"},
        {"conversation_id": "2", "id": "user"},
        {"conversation_id": "3", "id": "other"},
    )
    warehouse.run(recipes()["Follow merges"])
    assert warehouse.run("SELECT * FROM contact_now ORDER BY 1") == [("lead", "final"), ("user", "final")]
    links = warehouse.run("SELECT * FROM conversation_contacts_now ORDER BY 1")
    assert links == [("1", "final"), ("2", "final"), ("3", "other")]
    assert warehouse.run("SELECT id FROM contacts ORDER BY id") == [("final",), ("other",)]


def test_recipe_current_links_only(warehouse: Warehouse) -> None:
    warehouse.table("contacts", {"id": "1", "updated_at": 20}, {"id": "2", "updated_at": 30})
    warehouse.table(
        "contact_tags",
        {"contact_id": "1", "id": "kept", "contact_updated_at": 20},
        {"contact_id": "1", "id": "removed", "contact_updated_at": 10},
        {"contact_id": "2", "id": "all removed", "contact_updated_at": 10},
    )
    warehouse.run(recipes()["Current links only"])
    assert warehouse.run("SELECT contact_id, id FROM current_contact_tags") == [("1", "kept")]


def test_recipe_time_to_first_response(warehouse: Warehouse) -> None:
    asked = {"delivered_as": "customer_initiated"}
    warehouse.table(
        "conversations",
        {"id": "answered", "created_at": 100, "source": asked},
        {"id": "outbound", "created_at": 100, "source": {"delivered_as": "automated"}},
        {"id": "capped", "created_at": 100, "source": asked},
        {"id": "noted", "created_at": 100, "source": asked},
    )
    warehouse.table(
        "conversation_parts",
        *(
            {
                "id": str(number),
                "conversation_id": conversation,
                "conversation_total_parts": total,
                "part_type": kind,
                "body": body,
                "created_at": moment,
                "author": {"type": author},
            }
            for number, (conversation, total, kind, body, moment, author) in enumerate(
                [
                    ("answered", 5, "comment", "hello?", 105, "user"),
                    ("answered", 5, "assignment", None, 110, "admin"),
                    ("answered", 5, "note", "who takes it?", 120, "admin"),
                    ("answered", 5, "comment", "here you are", 160, "admin"),
                    ("answered", 5, "close", "bye", 170, "admin"),
                    ("outbound", 1, "comment", "did you see?", 150, "admin"),
                    ("capped", 501, "comment", "late", 900, "admin"),
                    ("noted", 2, "close", None, 110, "admin"),
                    ("noted", 2, "comment", "beep", 115, "bot"),
                ]
            )
        ),
    )
    warehouse.run(recipes()["Time to first response"])
    assert warehouse.run("SELECT * FROM first_response") == [("answered", 60)]


def test_recipe_opens_by_message(warehouse: Warehouse) -> None:
    warehouse.table(
        "message_receipts",
        *({"receipt_id": receipt, "ruleset_id": "welcome", "content_title": "Welcome"} for receipt in ("1", "2", "3")),
        {"receipt_id": "4", "ruleset_id": "tour", "content_title": "A tour"},
    )
    warehouse.table(
        "message_opens",
        {"receipt_id": "1", "occurred_at": 10},
        {"receipt_id": "1", "occurred_at": 900_000},
        {"receipt_id": "2", "occurred_at": 11},
        {"receipt_id": "of another time", "occurred_at": 12},
    )
    warehouse.table(
        "message_clicks", {"receipt_id": "1", "occurred_at": 12}, {"receipt_id": "1", "occurred_at": 900_001}
    )
    warehouse.table("message_replies", {"receipt_id": "3", "occurred_at": 13})
    warehouse.run(recipes()["Opens by message"])
    rows = "SELECT title, received, opened, clicked, replied, open_rate FROM message_performance ORDER BY title"
    assert warehouse.run(rows) == [("A tour", 1, 0, 0, 0, 0.0), ("Welcome", 3, 2, 1, 1, 66.7)]


def test_recipe_conversations_that_nobody_answered(warehouse: Warehouse) -> None:
    warehouse.table("conversations", {"id": "1"}, {"id": "2"}, {"id": "3"})
    seconds = "first_response_time_excluding_bot_inbox"
    warehouse.table(
        "report_conversation",
        {"conversation_id": "1", "row_number": 1, "channel": "Email", seconds: "60"},
        {"conversation_id": "2", "row_number": 1, "channel": "Email", seconds: "90.0"},
        {"conversation_id": "3", "row_number": 1, "channel": "Chat", seconds: "n/a"},
        {"conversation_id": "4", "row_number": 1, "channel": "Email"},
    )
    warehouse.run(recipes()["Conversations that nobody answered"])
    rows = (
        "SELECT channel, started, unanswered, seconds_to_first_response FROM conversations_by_channel ORDER BY channel"
    )
    assert warehouse.run(rows) == [("Chat", 1, 0, None), ("Email", 3, 1, 75.0)]


def test_recipe_articles_and_their_readers(warehouse: Warehouse) -> None:
    warehouse.table("articles", {"id": "1", "title": "Start"}, {"id": "2", "title": "Prices"})
    warehouse.table(
        "article_statistics",
        {"article_id": "1", "counted_at": 10, "views": 5, "conversions": 1, "happy_reaction_percentage": 50.0},
        {"article_id": "1", "counted_at": 20, "views": 8, "conversions": 2, "happy_reaction_percentage": 75.0},
        {"article_id": "2", "counted_at": 10, "views": 3, "conversations": 4},
    )
    warehouse.run(recipes()["Articles and their readers"])
    rows = "SELECT title, views, conversations, happy FROM article_readers ORDER BY title"
    assert warehouse.run(rows) == [("Prices", 3, 4, None), ("Start", 8, 2, 75.0)]


def test_recipe_work_of_each_team(warehouse: Warehouse) -> None:
    warehouse.table("teams", {"id": "1", "name": "Billing"}, {"id": "2", "name": "Support"})
    warehouse.table(
        "team_metrics",
        {"team_id": "1", "admin_id": "7", "counted_at": 10, "open": 9, "idle": 9, "snoozed": 9},
        {"team_id": "1", "admin_id": "7", "counted_at": 20, "open": 2, "idle": 1, "snoozed": 0},
        {"team_id": "1", "admin_id": "8", "counted_at": 20, "open": 3, "idle": 0, "snoozed": 4},
        {"team_id": "2", "admin_id": "9", "counted_at": 15, "open": 1, "idle": 0, "snoozed": 0},
    )
    warehouse.run(recipes()["Work of each team"])
    rows = "SELECT team, open, idle, snoozed FROM team_work ORDER BY team"
    assert warehouse.run(rows) == [("Billing", 5, 1, 4), ("Support", 1, 0, 0)]


def test_recipe_files_by_kind(warehouse: Warehouse) -> None:
    warehouse.table(
        "conversation_attachments",
        {"conversation_id": "1", "position": "0", "content_type": "image/png", "filesize": 10},
        {"conversation_id": "1", "position": "1", "content_type": "image/jpeg", "filesize": 5},
        {"conversation_id": "2", "position": "0", "content_type": "application/pdf", "filesize": 90},
    )
    warehouse.run(recipes()["Files by kind"])
    rows = "SELECT kind, files, conversations, bytes FROM files_by_kind ORDER BY kind"
    assert warehouse.run(rows) == [("application", 1, 1, 90), ("image", 2, 1, 15)]


def test_every_recipe_is_tested() -> None:
    tested = {name.removeprefix("test_recipe_") for name in globals() if name.startswith("test_recipe_")}
    assert {heading.lower().replace(" ", "_") for heading in recipes()} == tested
