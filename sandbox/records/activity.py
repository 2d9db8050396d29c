"""Activity logs: what admins did, with `metadata` of many shapes."""

from __future__ import annotations

from ..collection import Record
from ..dice import roll
from ..world import World
from .small import admin_name

SHAPES: tuple[tuple[str, Record], ...] = (
    ("admin_login_success", {"sign_in_method": "email_password"}),
    ("admin_away_mode_change", {"away_mode": True, "away_status_reason": "Lunch", "reassign_conversations": False}),
    ("app_name_change", {"before": "before", "after": "after"}),
    ("message_state_change", {"message": {"id": 123, "title": "Hello"}, "before": "draft", "after": "live"}),
    ("admin_logout", {}),
    ("team_assignment_limit_change", {"team": {"id": 814860, "name": "Team 1"}, "team_assignment_limit": 20}),
    ("bulk_export", {"external_id": "9f2c"}),
    ("admin_conversation_assignment_limit_change", {"conversation_assignment_limit": 15}),
    ("admin_ticket_assignment_limit_change", {"ticket_assignment_limit": 4}),
    ("admin_occupancy_state_change", {
        "source": "admin update from web", "auto_changed": "false", "update_by": 93, "update_by_name": "Ada",
        "previous_state": "available", "new_state": "at capacity"}),
    ("automatic_away_mode_setting_change", {
        "threshold_minutes": 20, "last_activity_at": 1_700_000_000, "auto": True, "mode": "auto"}),
    ("office_hours_change", {"setting_type": "hours", "changes": {"timezone": {"before": "UTC", "after": "CET"}}}),
    ("admin_impersonation_consent_approved", {"consent_id": 7, "expired_at": "2025-12-04T09:31:57Z"}),
    ("temporary_expectation_change", {"enabled": False}),
)  # fmt: skip
"""Types of activity, each with the metadata it brings."""

_EVENT_TYPES = """
    admin_conversation_assignment_limit_change admin_ticket_assignment_limit_change admin_avatar_change
    admin_away_mode_change admin_deletion admin_deprovisioned admin_impersonation_end admin_impersonation_start
    admin_impersonation_consent_approved admin_impersonation_consent_revoked admin_invite_change
    admin_invite_creation admin_invite_deletion admin_login_failure admin_login_success admin_logout
    admin_occupancy_setting_change admin_occupancy_state_change admin_password_reset_request
    admin_password_reset_success admin_permission_change admin_provisioned admin_two_factor_auth_change
    admin_unauthorized_sign_in_method app_admin_join app_authentication_method_change app_data_deletion
    app_data_export app_google_sso_domain_change app_identity_verification_change app_name_change
    app_outbound_address_change app_package_installation app_package_token_regeneration app_package_uninstallation
    app_team_creation app_team_deletion app_team_membership_modification app_timezone_change app_webhook_creation
    app_webhook_deletion articles_in_messenger_enabled_change automatic_away_mode_setting_change bulk_delete
    bulk_export campaign_deletion campaign_state_change conversation_deletion_schedule_creation
    conversation_deletion_schedule_deletion conversation_deletion_schedule_state_change
    conversation_deletion_schedule_update conversation_part_deletion conversation_pdf_export
    conversation_topic_change conversation_topic_creation conversation_topic_deletion
    content_redaction_rule_creation content_redaction_rule_deletion content_redaction_rule_update
    csv_import_completion csv_import_creation custom_authentication_token_creation help_center_settings_change
    inbound_conversations_change inbox_access_change macro_creation macro_deletion macro_update macro_usage_export
    malicious_domains_setting_change message_deletion message_state_change messenger_api_secret_creation
    messenger_api_secret_deletion messenger_look_and_feel_change messenger_search_required_change
    messenger_spaces_change oauth_token_revocation office_hours_change role_change role_creation role_deletion
    ruleset_activation_title_preview ruleset_creation ruleset_deletion search_browse_enabled_change
    search_browse_required_change seat_change seat_revoke security_settings_change series_creation series_deletion
    series_settings_update series_status_change series_update strip_inbound_email_links_change
    temporary_expectation_change team_assignment_limit_change trusted_domains_setting_change
    unassign_unsnoozed_at_capacity_setting_change unassign_unsnoozed_when_away_setting_change
    upfront_email_collection_change allowed_attachment_filetypes_setting_change
    attach_uploads_inline_setting_change teammate_gifs_setting_change user_camera_attachments_setting_change
    user_conversation_attachments_setting_change user_file_attachments_setting_change user_gifs_setting_change
    user_media_attachments_setting_change user_voice_notes_setting_change welcome_message_change
    workspace_deletion_request hide_csat_from_agents_setting_change
"""
EVENT_TYPES = tuple(_EVENT_TYPES.split())
"""`GET /admins/activity_log_event_types`: all there are, most of them never seen here."""


def kind_of(ws: World, number: int) -> str:
    return SHAPES[roll(ws.seed, "activity_logs", number)[0] % len(SHAPES)][0]


def build(ws: World, number: int) -> Record:
    """One entry of `GET /admins/activity_logs`."""
    dice = roll(ws.seed, "activity_logs", number)
    kind, metadata = SHAPES[dice[0] % len(SHAPES)]
    who = dice[1] % max(1, ws.laid_out("admins"))
    return {
        "id": ws.activity_logs.id(number),
        "performed_by": {
            "type": "admin",
            "id": str(ws.admin_number(who)),
            "email": f"admin{who}@example.com",
            "ip": f"10.0.{dice[2]}.{dice[3]}",
        },
        "metadata": dict(metadata) if dice[4] < 245 else None,
        "created_at": ws.activity_logs.created[number],
        "activity_type": kind,
        "activity_description": f"{admin_name(ws, who)} did something: {kind.replace('_', ' ')}.",
    }
