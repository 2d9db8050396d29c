from dataclasses import replace
from xml.etree import ElementTree

import pytest

from benchmarks.cases import CASES, Case
from benchmarks.contenders import contenders
from benchmarks.measure import Figures, median
from benchmarks.plots import budget_over_time, ticks, wall_time
from benchmarks.report import CaseResult, Results, markdown, ratio

_BY_LETTER = {case.letter: case for case in CASES}
LIMITED, CPU_ONLY, NOTHING_NEW = _BY_LETTER["a"], _BY_LETTER["e"], _BY_LETTER["f"]
OURS = Figures(
    seconds=10.0, timed_out=False, error="", calls=20, refused=0, records=3000, distinct=3000, duplicates=0, missing={},
    again=0, held=3000, records_per_second=300.0, calls_per_1000=6.7, busy_share=0.9, best_share=1.0, cpu_seconds=2.0,
    cpu_us_per_record=50.0, peak_mb=100.0, first_record_seconds=1.5, load=0.1, windows=[(-3.0, 0.5), (7.0, 1.0)],
)  # fmt: skip
SLOW = replace(OURS, seconds=60.0, timed_out=True, distinct=600, missing={"contacts": 2400})


def _results(case: Case, **figures: Figures) -> Results:
    machine = dict.fromkeys(("cores", "processor", "memory", "system", "python", "load_before"), "?")
    result = CaseResult(case, 60, case.settings("small"), dict(figures))
    return Results("small", "today", machine, contenders(), [result])


def test_a_run_that_was_ended_is_a_lower_bound() -> None:
    report = markdown(_results(LIMITED, ours=OURS, official=SLOW))

    assert "| Airbyte's official | > 60 | ≥ 6.0x |" in report
    assert "ended at its time limit with 20% of the records delivered; at that pace all would take 300 s." in report


def test_what_was_not_delivered_is_named() -> None:
    report = markdown(_results(LIMITED, ours=OURS, tap=replace(OURS, missing={"contacts": 2})))

    assert "- tap-intercom did not deliver 2 contacts." in report


def test_a_connector_that_failed_has_no_ratio_and_its_reason() -> None:
    report = markdown(_results(LIMITED, ours=OURS, tap=replace(OURS, error="HTTP 400")))

    assert "| tap-intercom | 10.0 | - |" in report
    assert "- tap-intercom failed: HTTP 400" in report


def test_a_connector_that_could_not_be_measured_is_told() -> None:
    results = _results(LIMITED, ours=OURS)
    results.cases[0].failures["tap"] = "it did not install"

    assert "- tap-intercom: not measured, it did not install." in markdown(results)


def test_without_a_limit_there_is_no_budget_but_a_ratio_of_cpu() -> None:
    report = markdown(_results(CPU_ONLY, ours=OURS, bare=replace(OURS, cpu_us_per_record=100.0)))

    assert "budget" not in report
    assert "| 100 | 2.0x |" in report


def test_the_steps_of_the_hot_path_are_told_where_all_were_measured() -> None:
    costs = {"records": 100.0, "tuned": 80.0, "ours": 40.0}
    runs = {name: replace(OURS, cpu_us_per_record=cost) for name, cost in costs.items()}

    told = "CPU µs / record, step by step: the CDK's entrypoint 100; with the collector's settings 80; with pages of"

    assert told in markdown(_results(CPU_ONLY, **runs))
    assert "step by step" not in markdown(_results(CPU_ONLY, ours=OURS))


@pytest.mark.parametrize(
    ("value", "base", "words"), [(30.0, 10.0, "3.0x"), (300.0, 10.0, "30x"), (None, 1.0, "-"), (1.0, None, "-")]
)
def test_ratios(value: float | None, base: float | None, words: str) -> None:
    assert ratio(value, base) == words


def test_the_run_in_the_middle_counts() -> None:
    runs = [replace(OURS, seconds=seconds, cpu_seconds=10 - seconds) for seconds in (3.0, 1.0, 2.0)]

    assert median(runs).seconds == 2
    assert median(runs[:2]).seconds == 1
    assert median(runs[:2], by_cpu=True).seconds == 3


def test_plots_are_well_formed_and_name_everybody() -> None:
    results = _results(LIMITED, ours=OURS, official=SLOW)

    for drawing in (wall_time(results), budget_over_time(results, results.cases[0])):
        words = "".join(ElementTree.fromstring(drawing).itertext())
        assert "this connector" in words
        assert "Airbyte's official" in words


def test_a_plot_of_nothing_is_still_a_plot() -> None:
    results = _results(LIMITED)

    ElementTree.fromstring(wall_time(results))
    ElementTree.fromstring(budget_over_time(results, results.cases[0]))


@pytest.mark.parametrize(("highest", "marks"), [(1.0, [0, 1]), (9.0, [0, 2, 4, 6, 8, 10]), (61.0, [0, 20, 40, 60, 80])])
def test_axis_marks_are_round_and_reach_the_highest(highest: float, marks: list[float]) -> None:
    assert ticks(highest) == marks


def test_every_case_has_all_sizes() -> None:
    names = {one.name for one in contenders()}
    for case in CASES:
        assert set(case.counts) == {"small", "full"}
        assert set(case.contenders) <= names
        assert case.changes is None or set(case.changes) == set(case.counts)


def test_a_sync_with_nothing_new_is_told_as_one_after_a_first() -> None:
    report = markdown(_results(NOTHING_NEW, ours=replace(OURS, again=7)))

    assert "the sync after a first one and no changes." in report
    assert "| read again |" in report
