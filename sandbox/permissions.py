"""The permissions of an Intercom token: one table of labels and OAuth scope names."""

from __future__ import annotations

from enum import Enum


class Permission(Enum):
    """A permission: the label shown in Intercom's Developer Hub, and the scope name its errors quote."""

    READ_PEOPLE = ("Read users and companies", "read_users_companies")
    WRITE_PEOPLE = ("Write users and companies", "write_users_companies")
    READ_CONVERSATIONS = ("Read conversations", "read_conversations")
    READ_TICKETS = ("Read tickets", "read_tickets")
    READ_ADMINS = ("Read admins", "read_admins")
    READ_BRANDS = ("Read brands", "read_brands")
    READ_EMAILS = ("Read emails", "read_emails")
    OFFICE_HOURS = ("Read and write office hours", "read_write_office_hours")
    READ_AUDIENCES = ("Read audiences", "read_audiences")
    READ_ACTIVITY_LOGS = ("Read admin activity logs", "read_activity_logs")
    READ_TAGS = ("Read tags", "read_tags")
    READ_EVENTS = ("Read events", "read_events")
    READ_ARTICLES = ("Read and list articles", "read_articles_scope")
    READ_DYNAMIC_CONTENT = ("Read dynamic content", "read_dynamic_content")
    READ_NEWS = ("Read and list news items and newsfeeds", "read_news")
    DATA_CONNECTORS = ("Read data connectors", "read_workflow_connector_execution_result")
    AI_CONTENT = ("Read and write AI content", "read_write_ai_content")
    READ_SNIPPETS = ("Read content snippets", "read_content_snippets")
    EXPORT_CONTENT = ("Export content data", "export_content_data")
    EXPORT_REPORTS = ("Export reporting data", "export_reporting_data")
    READ_REDIRECTS = ("Read help center redirects", "read_help_center_redirects_scope")
    READ_CUSTOM_OBJECTS = ("Read custom objects", "read_custom_object_instances")

    @property
    def label(self) -> str:
        return self.value[0]

    @property
    def scope(self) -> str:
        return self.value[1]

    @classmethod
    def labelled(cls, label: str) -> Permission:
        """The permission of a label; also accepts the scope name, as OAuth apps know only that."""
        for permission in cls:
            if label in permission.value:
                return permission
        known = ", ".join(permission.label for permission in cls)
        raise ValueError(f"no permission is called {label!r}; there are: {known}")

    @classmethod
    def all_reads(cls) -> frozenset[Permission]:
        return frozenset(p for p in cls if p is not cls.WRITE_PEOPLE)
