from collections import Counter

from benchmarks.messages import Version
from benchmarks.truth import Versions, judge

TRUTH: dict[str, set[Version]] = {"contacts": {("1", 10), ("2", 20), ("3", 30)}}


EARLIER: Versions = {"contacts": Counter({("1", 9): 1, ("2", 20): 1, ("3", 30): 1})}


def test_a_perfect_first_sync() -> None:
    judged = judge(TRUTH, {"contacts": Counter(TRUTH["contacts"])})

    assert (judged.distinct, judged.duplicates, judged.missing, judged.again) == (3, 0, {}, 0)


def test_what_came_twice_and_what_did_not_come() -> None:
    judged = judge(TRUTH, {"contacts": Counter({("1", 10): 3, ("2", 20): 1})})

    assert (judged.distinct, judged.duplicates, judged.missing) == (2, 2, {"contacts": 1})


def test_a_record_that_changed_during_a_first_sync_may_come_in_either_version() -> None:
    judged = judge({"contacts": {("1", 11)}}, {"contacts": Counter({("1", 10): 1})})

    assert not judged.missing


def test_two_versions_of_one_record_in_one_sync_are_a_duplicate() -> None:
    judged = judge({"contacts": {("1", 11)}}, {"contacts": Counter({("1", 10): 1, ("1", 11): 1})})

    assert (judged.distinct, judged.duplicates) == (1, 1)


def test_a_stream_that_was_not_delivered_is_missing_whole() -> None:
    assert judge({**TRUTH, "tags": {("a", None)}}, {}).missing == {"contacts": 3, "tags": 1}


def test_a_second_sync_owes_the_newest_version() -> None:

    assert judge(TRUTH, {}, EARLIER).missing == {"contacts": 1}
    assert not judge(TRUTH, {"contacts": Counter({("1", 10): 1})}, EARLIER).missing


def test_a_second_sync_that_reads_again_says_how_much() -> None:

    judged = judge(TRUTH, {"contacts": Counter({("1", 10): 1, ("2", 20): 1})}, EARLIER)

    assert (judged.distinct, judged.again) == (2, 1)
