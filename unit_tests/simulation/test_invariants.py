"""Each invariant is broken once by hand, and must be seen."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from simulation_samples import BEGAN, Json, contact, destination, error, held, printed, record, state, status, sync

from tools.simulation.facts import DAY, FACTS, HOUR, Key
from tools.simulation.invariants import check_complete, check_process, check_repeats, check_states
from tools.simulation.outcome import check_end
from tools.simulation.sync import Sync, Violation

RECEIPT = {"receipt_id": "1", "updated_at": BEGAN - 20 * DAY}
OLD, NEW = contact(1, BEGAN - 90_000), contact(2, BEGAN - 50)
TOKEN = "dG9r+secret/token"


def one_key(one: Sync) -> Key:
    """The key of the only record that the workspace holds."""
    ((key, _),) = one.same[next(iter(one.same))].items()
    return key


def names(found: object) -> list[str]:
    return [one.invariant for one in found if isinstance(one, Violation)]  # type: ignore[attr-defined]


class TestStates:
    def test_a_state_behind_its_records_is_good(self) -> None:
        output = printed(record("contacts", OLD), record("contacts", NEW), state("contacts", {"updated_at": BEGAN}))
        made = destination()
        assert names(check_states(sync(output, OLD, NEW), made)) == []
        assert set(made.rows("contacts")) == {("1",), ("2",)}

    def test_a_state_before_its_record_is_seen(self) -> None:
        output = printed(record("contacts", OLD), state("contacts", {"updated_at": BEGAN}), record("contacts", NEW))
        (found,) = check_states(sync(output, OLD, NEW), destination())
        assert found.invariant == "overtaken"
        assert "('2',)" in found.text

    def test_what_earlier_runs_brought_counts(self) -> None:
        output = printed(record("contacts", NEW), state("contacts", {"updated_at": BEGAN}))
        assert names(check_states(sync(output, OLD, NEW), destination(OLD))) == []

    def test_an_older_version_does_not_count(self) -> None:
        older = {**OLD, "updated_at": OLD["updated_at"] - 7}
        output = printed(state("contacts", {"updated_at": BEGAN - 100}))
        assert names(check_states(sync(output, OLD), destination(older))) == ["overtaken"]

    def test_windows_beyond_a_hole_are_claims_too(self) -> None:
        slices = [{"start": 0, "end": 5}, {"start": NEW["updated_at"], "end": BEGAN}]
        output = printed(state("contacts", {"updated_at": 5, "slices": slices}))
        assert names(check_states(sync(output, OLD, NEW), destination())) == ["overtaken"]

    # The start date may have moved into a later window of the saved state.
    @pytest.mark.parametrize("old", [{}, {"updated_at": 0, "slices": [{"start": 1, "end": BEGAN - 10}]}])
    def test_the_hour_before_the_state_that_it_began_with_may_still_be_unread(self, old: Json) -> None:
        printed_state = {"updated_at": BEGAN - 10}
        resumed, output = {**printed_state, **old}, printed(state("contacts", printed_state))
        assert names(check_states(sync(output, OLD, NEW, resumed=resumed), destination(OLD))) == []
        assert names(check_states(sync(output, OLD, NEW, resumed=resumed), destination())) == ["overtaken"]

    def test_a_state_that_goes_back_is_seen(self) -> None:
        output = printed(state("contacts", {"updated_at": BEGAN - 11}))
        found = check_states(sync(output, resumed={"updated_at": BEGAN - 10}), destination())
        assert names(found) == ["back"]

    @pytest.mark.parametrize("more", [{"read_from": 7}, {"without_permissions": ["Read tickets"]}])
    def test_an_earlier_start_date_or_a_permission_takes_it_back_and_rows_come_again(self, more: Json) -> None:
        output = printed(record("contacts", OLD), state("contacts", {"updated_at": 5}))
        one = sync(output, OLD, resumed={"updated_at": BEGAN, **more})
        assert names(check_states(one, destination())) == []
        assert names(check_repeats(one, {"contacts": {("1",): OLD}})) == []

    def test_a_state_of_the_future_is_seen(self) -> None:
        output = printed(state("contacts", {"updated_at": BEGAN + 6}))
        assert names(check_states(sync(output), destination())) == ["ahead"]

    def test_what_the_index_cannot_know_is_not_asked_for(self) -> None:
        output = printed(state("contacts", {"updated_at": BEGAN}))
        assert names(check_states(sync(output, NEW, lag=120), destination())) == []
        assert names(check_states(sync(output, OLD, lag=120), destination())) == ["overtaken"]

    def test_what_changed_without_moving_its_time_is_not_asked_for(self) -> None:
        one = sync(printed(state("contacts", {"updated_at": BEGAN})), OLD)
        one.history.unseen["contacts"][("1",)] = BEGAN
        assert names(check_states(one, destination())) == []


class TestComplete:
    def test_a_list_that_is_complete_and_lacks_a_record_is_seen(self) -> None:
        output = printed(record("tags", OLD), status("tags", "COMPLETE"))
        one = sync(output, OLD, NEW, stream="tags", mode="full_refresh")
        full = destination(OLD, NEW, stream="tags", mode="full_refresh")
        assert names(check_complete(one, full)) == []
        lacking = destination(OLD, stream="tags", mode="full_refresh")
        assert names(check_complete(one, lacking)) == ["complete"]

    @pytest.mark.parametrize(("received", "found"), [(BEGAN, ["complete"]), (BEGAN + 1, [])])
    def test_an_export_ends_with_the_moment_at_which_the_sync_began(self, received: int, found: list[str]) -> None:
        told = {"occurred_at": BEGAN}
        output = printed(state("message_opens", told), status("message_opens", "COMPLETE"))
        opened = {"receipt_id": "1", "updated_at": received}
        one = sync(output, opened, stream="message_opens", mode="full_refresh")
        assert names(check_complete(one, destination(stream="message_opens", mode="full_refresh"))) == found

    @pytest.mark.parametrize(("happened", "found"), [(BEGAN, ["complete"]), (BEGAN + 1, [])])
    def test_events_end_with_that_moment_too(self, happened: int, found: list[str]) -> None:
        output = printed(state("contact_events", {"created_at": BEGAN}), status("contact_events", "COMPLETE"))
        event = {"id": "7", "updated_at": happened}
        one = sync(output, event, stream="contact_events", mode="full_refresh")
        assert names(check_complete(one, destination(stream="contact_events", mode="full_refresh"))) == found

    @pytest.mark.parametrize("position", [None, BEGAN - 1])
    def test_complete_with_a_state_that_is_not_through_is_seen(self, position: int | None) -> None:
        messages = [state("contacts", {"updated_at": position})] if position else []
        output = printed(*messages, status("contacts", "COMPLETE"))
        assert names(check_complete(sync(output), destination())) == ["complete"]

    def test_a_stream_must_end_somehow_and_say_why(self) -> None:
        assert names(check_complete(sync(printed(status("contacts", "RUNNING"))), destination())) == ["status"]
        assert names(check_complete(sync(printed(status("contacts", "INCOMPLETE"))), destination())) == ["said"]
        said = printed(status("contacts", "INCOMPLETE"), error("contacts", "why"))
        assert names(check_complete(sync(said), destination())) == []


class TestRepeats:
    def test_a_row_twice_in_one_run_is_seen(self) -> None:
        output = printed(record("contacts", OLD), record("contacts", OLD))
        assert names(check_repeats(sync(output, OLD), {"contacts": {}})) == ["twice"]

    def test_a_row_that_had_been_read_is_seen(self) -> None:
        one = sync(printed(record("contacts", OLD)), OLD, resumed={"updated_at": BEGAN})
        assert names(check_repeats(one, {"contacts": {("1",): OLD}})) == ["again"]

    def test_the_last_hour_and_a_comparison_may_bring_rows_again(self) -> None:
        one = sync(printed(record("contacts", NEW)), NEW, resumed={"updated_at": BEGAN})
        assert names(check_repeats(one, {"contacts": {("2",): NEW}})) == []
        output = printed(record("contacts", OLD), state("contacts", {"updated_at": BEGAN, "reconciled_at": BEGAN}))
        one = sync(output, OLD, resumed={"updated_at": BEGAN, "reconciled_at": 7})
        assert names(check_repeats(one, {"contacts": {("1",): OLD}})) == []

    @pytest.mark.parametrize(("moment", "found"), [(1, []), (BEGAN - 2 * HOUR, ["again"])])
    def test_a_list_may_come_again_from_the_page_whose_cursor_was_kept(self, moment: int, found: list[str]) -> None:
        resumed = {"updated_at": BEGAN, "page_cursor": {"after": "x", "moment": moment}}
        one = sync(printed(record("contacts", OLD)), OLD, resumed=resumed)
        assert names(check_repeats(one, {"contacts": {("1",): OLD}})) == found

    @pytest.mark.parametrize(("days", "found"), [(30, []), (7, ["again"])])
    def test_what_was_exported_may_come_again_for_as_long_as_the_options_say(self, days: int, found: list[str]) -> None:
        config = {"message_lookback_days": days}
        output = printed(record("message_receipts", RECEIPT))
        one = sync(output, RECEIPT, stream="message_receipts", resumed={"received_at": BEGAN}, config=config)
        assert names(check_repeats(one, {"message_receipts": {one_key(one): RECEIPT}})) == found
        by_time = replace(one, plan=replace(one.plan, quirks=("export-statistics=by-time",)))
        assert names(check_repeats(by_time, {"message_receipts": {one_key(one): RECEIPT}})) == []

    @pytest.mark.parametrize(("asked_all", "found"), [(BEGAN - 20 * DAY, []), (BEGAN - DAY, ["again"])])
    def test_events_may_come_again_since_all_contacts_were_asked(self, asked_all: int, found: list[str]) -> None:
        event = {"id": "7", "updated_at": BEGAN - 20 * DAY}
        resumed = {"created_at": BEGAN, "asked_all_at": asked_all}
        one = sync(printed(record("contact_events", event)), event, stream="contact_events", resumed=resumed)
        assert names(check_repeats(one, {"contact_events": {one_key(one): event}})) == found

    @pytest.mark.parametrize(
        ("resumed", "quirks", "found"),
        [
            ({"received_at": 7}, (), ["twice"]),
            ({"received_at": 7, "job": {"id": "a"}}, (), []),
            ({"received_at": 7}, ("export-statistics=by-time",), []),
        ],
    )
    def test_what_two_jobs_tell_of_may_come_twice(
        self, resumed: dict[str, object], quirks: tuple[str, ...], found: list[str]
    ) -> None:
        output = printed(*[record("message_receipts", RECEIPT)] * 2)
        one = sync(output, RECEIPT, stream="message_receipts", resumed=resumed, quirks=quirks)
        assert names(check_repeats(one, {"message_receipts": {}})) == found


class TestEnd:
    COMPLETE = (state("contacts", {"updated_at": BEGAN}), status("contacts", "COMPLETE"))

    def test_a_destination_that_is_the_workspace_is_good(self) -> None:
        assert names(check_end(sync(printed(*self.COMPLETE), OLD, NEW), destination(OLD, NEW))) == []

    def test_a_missing_row_is_seen(self) -> None:
        assert names(check_end(sync(printed(*self.COMPLETE), OLD, NEW), destination(OLD))) == ["lost"]

    def test_an_older_row_is_seen(self) -> None:
        older = {**NEW, "updated_at": NEW["updated_at"] - 1}
        assert names(check_end(sync(printed(*self.COMPLETE), NEW), destination(older))) == ["stale"]
        altered = {**NEW, "name": "other"}
        assert names(check_end(sync(printed(*self.COMPLETE), NEW), destination(altered))) == ["stale"]

    def test_a_row_that_never_was_is_seen_and_one_that_is_gone_is_not(self) -> None:
        assert names(check_end(sync(printed(*self.COMPLETE), OLD), destination(OLD, NEW))) == ["foreign"]
        one = sync(printed(*self.COMPLETE), OLD)
        one.history.known["contacts"].add(("2",))
        assert names(check_end(one, destination(OLD, NEW))) == []

    @pytest.mark.parametrize(("anew", "found"), [(True, ["foreign"]), (False, [])])
    def test_a_row_that_is_gone_stays_only_from_a_full_refresh_that_broke_off(
        self, anew: bool, found: list[str]
    ) -> None:
        one = sync(printed(status("contacts", "COMPLETE")), OLD, mode="full_refresh", anew=anew)
        one.history.known["contacts"].add(("2",))
        assert names(check_end(one, destination(OLD, NEW, mode="full_refresh"))) == found

    def test_a_row_of_a_job_that_was_left_may_be_gone(self) -> None:
        output = printed(state("message_opens", {"occurred_at": BEGAN}), status("message_opens", "COMPLETE"))
        for resumed, found in (({"job": {"id": "a"}}, []), ({"filters": "a"}, ["foreign"])):
            one = sync(output, stream="message_opens", mode="full_refresh", anew=True, resumed=resumed)
            one.history.known["message_opens"].add(("1", None))
            made = destination({"receipt_id": "1"}, stream="message_opens", mode="full_refresh")
            assert names(check_end(one, made)) == found

    def test_a_stream_that_cannot_be_read_must_have_a_reason_that_is_said(self) -> None:
        refused = printed(status("contacts", "INCOMPLETE"), error("contacts", "announces 5 records"))
        assert names(check_end(sync(refused), destination())) == ["end"]
        assert names(check_end(sync(refused, quirks=("wrong-total-for-good",)), destination())) == []
        other = printed(status("contacts", "INCOMPLETE"), error("contacts", "something else"))
        assert names(check_end(sync(other, quirks=("wrong-total-for-good",)), destination())) == ["end"]

    def test_what_may_come_and_need_not_is_neither_lost_nor_foreign(self) -> None:
        one = sync(printed(*self.COMPLETE), OLD)
        one.same["contacts"][("1",)] = replace(one.same["contacts"][("1",)], is_promised=False)  # type: ignore[index]
        assert names(check_end(one, destination())) == []
        assert names(check_end(one, destination(OLD))) == []

    def test_what_came_while_a_full_refresh_ran_is_not_foreign(self) -> None:
        one = sync(printed(*self.COMPLETE), OLD, mode="full_refresh", anew=True)
        one.history.now = {"contacts": {**one.same["contacts"], **held(NEW)["contacts"]}}
        assert names(check_end(one, destination(OLD, NEW, mode="full_refresh"))) == []

    def test_nothing_read_at_all_is_seen(self) -> None:
        assert "end" in names(check_end(sync(printed(error("", "no"), code=1)), destination()))


class TestProcess:
    def test_a_good_end_is_good(self) -> None:
        assert names(check_process(sync(printed(*TestEnd.COMPLETE)), TOKEN)) == []

    @pytest.mark.parametrize(
        ("more", "invariant"),
        [
            ({"late": True}, "ends"),
            ({"was_killed": True, "dying": 60.0, "code": -15}, "ends"),
            ({"code": 120}, "ends"),
            ({"stderr": b"Traceback (most recent call last)"}, "ends"),
            ({"stdout": b"hello\n"}, "protocol"),
            ({"stdout": b'{"type":"REC'}, "protocol"),
        ],
    )
    def test_a_bad_end_is_seen(self, more: dict[str, object], invariant: str) -> None:
        assert names(check_process(sync(printed(**more)), TOKEN)) == [invariant]  # type: ignore[arg-type]

    def test_a_line_that_sigkill_tore_is_no_fault_and_one_that_sigterm_tore_is(self) -> None:
        torn = {"stdout": b'{"type":"REC', "was_killed": True}
        assert names(check_process(sync(printed(**torn, code=-9)), TOKEN)) == []
        assert names(check_process(sync(printed(**torn, code=-15)), TOKEN)) == ["protocol"]

    @pytest.mark.parametrize("form", [TOKEN, "dG9r%2Bsecret/token", base64.b64encode(TOKEN.encode()).decode()])
    def test_the_token_is_seen_in_each_form(self, form: str) -> None:
        assert names(check_process(sync(printed(stderr=form.encode())), TOKEN)) == ["token"]

    def test_an_error_of_the_code_is_seen(self) -> None:
        output = printed(error("contacts", "Something went wrong in the connector. See the logs."))
        assert names(check_process(sync(output), TOKEN)) == ["said"]


def test_samples_hold_what_they_say() -> None:
    assert held(OLD)["contacts"][("1",)].moment == OLD["updated_at"]


class TestWhatNobodyCanFind:
    """What is not asked for, and where it is asked for all the same."""

    def test_a_change_that_no_time_tells_of_waits_for_a_comparison(self) -> None:
        one = sync(printed(*TestEnd.COMPLETE), OLD)
        one.history.unseen["contacts"][("1",)] = BEGAN
        assert names(check_end(one, destination())) == []
        compared = printed(
            state("contacts", {"updated_at": BEGAN, "reconciled_at": BEGAN}), status("contacts", "COMPLETE")
        )
        one = sync(compared, OLD)
        one.history.unseen["contacts"][("1",)] = BEGAN
        assert names(check_end(one, destination())) == ["lost"]

    @pytest.mark.parametrize(("began", "found"), [(BEGAN - 9, []), (BEGAN + 9, ["lost"]), (None, ["lost"])])
    def test_a_full_refresh_that_is_gone_on_with_has_passed_what_came_behind_it(
        self, began: int | None, found: list[str]
    ) -> None:
        resumed = {"updated_at": BEGAN, "full_refresh_began_at": began} if began else None
        one = sync(printed(*TestEnd.COMPLETE), OLD, mode="full_refresh", resumed=resumed)
        one.history.unseen["contacts"][("1",)] = BEGAN
        assert names(check_end(one, destination(mode="full_refresh"))) == found

    def test_of_open_tickets_it_is_asked_for_always(self) -> None:
        output = printed(state("tickets", {"updated_at": BEGAN}), status("tickets", "COMPLETE"))
        one = sync(output, OLD, stream="tickets")
        one.history.unseen["tickets"][("1",)] = BEGAN
        assert names(check_end(one, destination(stream="tickets"))) == ["lost"]

    @pytest.mark.parametrize(("days", "found"), [(7, []), (30, ["lost"])])
    def test_what_comes_of_a_message_later_is_asked_for_as_long_as_the_options_say(
        self, days: int, found: list[str]
    ) -> None:
        output = printed(state("message_opens", {"occurred_at": BEGAN}), status("message_opens", "COMPLETE"))
        opened = {"receipt_id": "1", "occurred_at": BEGAN - 9, "updated_at": BEGAN - 20 * DAY}
        one = sync(output, opened, stream="message_opens", config={"message_lookback_days": days})
        one.history.unseen["message_opens"][one_key(one)] = BEGAN - 9
        assert names(check_end(one, destination(stream="message_opens"))) == found

    @pytest.mark.parametrize("stream", ["contact_events", "contact_event_summaries"])
    @pytest.mark.parametrize(("asked_all", "found"), [(None, ["lost"]), (BEGAN - 9, []), (BEGAN, ["lost"])])
    def test_what_comes_late_waits_until_all_contacts_are_asked(
        self, stream: str, asked_all: int | None, found: list[str]
    ) -> None:
        cursor = FACTS[stream].cursor
        told = {cursor: BEGAN, **({"asked_all_at": asked_all} if asked_all else {})}
        output = printed(state(stream, told), status(stream, "COMPLETE"))
        one = sync(output, {"intercom_user_id": "1", "updated_at": BEGAN - 2 * DAY}, stream=stream)
        one.history.unseen[stream][one_key(one)] = BEGAN - 9
        assert names(check_end(one, destination(stream=stream))) == found

    def test_records_that_are_announced_and_never_given_are_nobodys_fault(self) -> None:
        quirks = ("no-pages=always",)
        assert names(check_end(sync(printed(*TestEnd.COMPLETE), OLD, quirks=quirks), destination())) == []

    def test_a_full_refresh_goes_on_only_where_it_broke_off(self) -> None:
        resumed = {"updated_at": BEGAN - 10}
        output = printed(state("contacts", resumed))
        going_on = {**resumed, "full_refresh_began_at": 7}
        one = sync(output, NEW, mode="full_refresh", resumed=going_on)
        assert names(check_states(one, destination(mode="full_refresh"))) == []
        one = sync(output, NEW, mode="full_refresh", resumed=resumed)
        assert names(check_states(one, destination(mode="full_refresh"))) == ["overtaken"]

    def test_a_reading_of_every_contact_that_goes_on_ends_as_of_its_own_beginning(self) -> None:
        began = BEGAN - 5_000
        output = printed(state("contacts", {"updated_at": began}), status("contacts", "COMPLETE"))
        under_way = {"updated_at": 7, "under_way": {"began_at": began, "through": 9}}
        one = sync(output, NEW, resumed=under_way)
        assert names(check_complete(one, destination())) == []
        assert names(check_end(one, destination())) == []
        assert names(check_complete(sync(output, NEW, resumed={"updated_at": 7}), destination())) == ["complete"]
