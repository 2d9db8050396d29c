"""Events of active contacts at each sync, and of all contacts in their turn."""

from __future__ import annotations

from integration_tests.conftest import Workspace
from integration_tests.support import Process, State, catalog, config, key_of, truth

STREAMS = ("contact_events", "contact_event_summaries")
OPTION = {"events_all_contacts_every_days": 7}
CONTACTS = 120


def aged(state: State, days: int) -> State:
    """The same state, with the last sync that asked all so many days back."""
    return [
        {
            **one,
            "stream": {
                **one["stream"],
                "stream_state": {
                    **one["stream"]["stream_state"],
                    "asked_all_at": one["stream"]["stream_state"]["asked_all_at"] - days * 86_400,
                },
            },
        }
        for one in state
    ]


def test_what_active_contacts_did_comes_at_once_and_the_rest_in_its_turn(
    process: Process, workspace: Workspace
) -> None:
    sandbox = workspace(contacts=CONTACTS, history_days=400)
    options = config(**OPTION)

    def read(state: State | None = None) -> tuple[set[object], State, int]:
        sandbox.reset_calls()
        output = process.run(
            "read", sandbox.url, config=options, catalog=catalog(*STREAMS, mode="incremental"), state=state
        )
        assert output.code == 0, output.errors
        came = {key_of("contact_events", event) for event in output.records["contact_events"]}
        return came, output.state, sandbox.calls()["by_endpoint"].get("GET /events", 0)

    came, state, _ = read()
    before = truth(sandbox, "contact_events").keys()
    assert came == before
    # Some come with their contacts, others from servers, with an older time and without moving their contact's.
    sandbox.change(contact_events={"create": 5})
    at_once = truth(sandbox, "contact_events").keys() - before
    sandbox.change(contact_events={"create_late": 6})
    late = truth(sandbox, "contact_events").keys() - before - at_once
    assert at_once
    assert late

    came, state, asked = read(state)
    assert at_once <= came
    # Two requests for each active contact; chance may strike one twice, and some changed in the last hour.
    assert asked < CONTACTS // 4
    assert late - came, "nothing was left for the turn of all"

    came, state, _ = read(aged(state, 8))
    assert late <= came
    assert read(state)[2] < CONTACTS // 4
