"""What a reader believes of the order in which a search answers."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_intercom.api.queries import Order
from source_intercom.shapes.place import Place
from source_intercom.sync.windows import Window

WINDOW = Window(100, 200)
# What changed since this moment may stand anywhere.
UNSETTLED = Window(190, 210)
BOTH: tuple[Order, Order] = ("ascending", "descending")
ORDERS = pytest.mark.parametrize("order", BOTH)


def place(order: Order, *pages: list[int | None], unsettled: Window = UNSETTLED) -> Place:
    made = Place(order, WINDOW, unsettled=unsettled)
    for page in pages:
        made.move(page)
    return made


def in_pages(moments: list[int | None], cuts: list[int]) -> list[list[int | None]]:
    edges = sorted({0, len(moments), *(cut for cut in cuts if cut < len(moments))})
    return [moments[start:end] for start, end in pairwise(edges)]


@given(
    order=st.sampled_from(BOTH),
    moments=st.lists(st.integers(80, 189), max_size=30),
    # A record that has just changed stands where its older time puts it, and one without a time anywhere.
    strangers=st.lists(st.tuples(st.integers(0, 30), st.integers(190, 210) | st.none()), max_size=5),
    cuts=st.lists(st.integers(1, 35), max_size=10),
)
def test_what_is_said_to_be_given_was_given_and_nothing_of_the_window_is_left_out(
    order: Order, moments: list[int], strangers: list[tuple[int, int | None]], cuts: list[int]
) -> None:
    line: list[int | None] = sorted(moments, reverse=order == "descending")
    for where, stranger in strangers:
        line.insert(where, stranger)
    made = place(order)
    pages = in_pages(line, cuts)
    for number, page in enumerate(pages):
        made.move(page)
        coming = [moment for later in pages[number + 1 :] for moment in later if moment and moment < UNSETTLED.start]
        inside = [moment for moment in coming if WINDOW.holds(moment)]
        covered = made.covered
        assert covered is None or not any(covered.holds(moment) for moment in coming)
        assert all(made.left.holds(moment) for moment in inside)
        assert not (made.is_beyond and inside)


class TestInOrder:
    @pytest.mark.parametrize(
        ("order", "pages", "covered", "left"),
        [
            # Of the second at the edge more may follow.
            ("ascending", [[90, 120]], Window(100, 119), Window(120, 200)),
            ("descending", [[189, 120]], Window(121, 200), Window(100, 120)),
            ("ascending", [[110, 120], [120, 130]], Window(100, 129), Window(130, 200)),
            ("descending", [[189, 150], [150, 101]], Window(102, 200), Window(100, 101)),
            # The first record of the window says nothing of what lies before it.
            ("ascending", [[90, 100]], None, Window(100, 200)),
            ("descending", [[189, 185, 100]], Window(101, 200), Window(100, 100)),
            # Not yet in the window.
            ("ascending", [[80, 90]], None, WINDOW),
        ],
    )
    def test_all_but_the_second_at_the_edge_has_been_given(
        self, order: Order, pages: list[list[int | None]], covered: Window | None, left: Window
    ) -> None:
        made = place(order, *pages)
        assert (made.covered, made.left, made.is_beyond) == (covered, left, False)

    @pytest.mark.parametrize(
        ("order", "page"), [("ascending", [150, 201]), ("descending", [150, 99]), ("descending", [99, 98])]
    )
    def test_beyond_the_window_nothing_of_it_can_follow(self, order: Order, page: list[int | None]) -> None:
        # Behind 200 lies nothing that is settled in this read; in a window of the past there is.
        made = place(order, page, unsettled=Window(1_000, 1_010))
        assert made.is_beyond
        assert made.covered == WINDOW
        assert made.left == WINDOW, "nobody asks on from beyond; whoever does gets all"

    @pytest.mark.parametrize(("order", "page"), [("ascending", [150, 200]), ("descending", [150, 100])])
    def test_at_the_last_second_of_the_window_more_may_follow(self, order: Order, page: list[int | None]) -> None:
        assert not place(order, page, unsettled=Window(1_000, 1_010)).is_beyond


class TestEqualTimes:
    """Equal times are in every order, so they prove none."""

    @ORDERS
    @pytest.mark.parametrize("moment", [90, 150])
    def test_say_nothing(self, order: Order, moment: int) -> None:
        made = place(order, [moment, moment, moment], [moment])
        assert made.covered is None
        assert not made.is_beyond
        assert made.left == WINDOW, "where the order is ignored, records of any time may follow"

    @ORDERS
    def test_nor_does_one_time_among_those_that_have_just_changed(self, order: Order) -> None:
        assert place(order, [150, 195, 198]).left == WINDOW

    @ORDERS
    def test_until_a_page_steps(self, order: Order) -> None:
        step = 151 if order == "ascending" else 149
        covered = Window(100, 150) if order == "ascending" else Window(150, 200)
        assert place(order, [150, 150], [step]).covered == covered


class TestBrokenOrder:
    """A server that ignores the order is believed for nothing, whatever comes later."""

    PAGES = (
        [[110, 120, 115], [130, 140]],
        # Each page by itself is in order.
        [[110, 120], [115, 140], [150, 160]],
        [[110, 120], [90, 95]],
    )

    @pytest.mark.parametrize("pages", PAGES)
    @ORDERS
    def test_is_believed_for_nothing_for_good(self, order: Order, pages: list[list[int | None]]) -> None:
        asked = pages if order == "ascending" else [[300 - (moment or 0) for moment in page] for page in pages]
        later = [120, 180] if order == "ascending" else [180, 120]
        made = place(order, *asked, later, unsettled=Window(1_000, 1_010))
        assert made.covered is None
        assert not made.is_beyond
        assert made.left == WINDOW

    @ORDERS
    def test_so_is_the_other_order(self, order: Order) -> None:
        wrong = [150, 90] if order == "ascending" else [90, 150]
        made = place(order, wrong, wrong)
        assert made.covered is None
        assert not made.is_beyond
        assert made.left == WINDOW


class TestOrderOfCreation:
    """It looks like the order of changes for as long as nothing has changed."""

    PAST = Window(1_000, 1_010)

    def made(self, order: Order, *pages: list[tuple[int, int | None]], is_promised: bool = False) -> Place:
        made = Place(order, WINDOW, unsettled=self.PAST)
        for page in pages:
            made.move([moment for moment, _ in page], () if is_promised else [other for _, other in page])
        return made

    def test_newest_first_says_nothing(self) -> None:
        made = self.made("descending", [(150, 150), (120, 120)], [(110, 110), (90, 90)])
        assert made.covered is None
        assert not made.is_beyond

    def test_oldest_first_says_only_what_both_orders_say(self) -> None:
        assert self.made("ascending", [(110, 105), (120, 115)]).covered == Window(100, 114)
        assert not self.made("ascending", [(110, 105), (220, 199)]).is_beyond
        assert self.made("ascending", [(110, 105), (220, 201)]).is_beyond

    @pytest.mark.parametrize(
        "pages",
        [
            [[(150, 80), (120, 120), (90, 90)]],
            # From one page to the next, and among records that have just changed.
            [[(150, 150), (120, 80)], [(110, 110), (90, 90)]],
            [[(1_005, 80), (1_004, 150), (120, 120), (90, 90)]],
            # Without the other time nothing can be told.
            [[(150, None), (90, None)]],
        ],
    )
    def test_is_told_apart_by_one_pair_that_does_not_follow_it(self, pages: list[list[tuple[int, int | None]]]) -> None:
        assert self.made("descending", *pages).is_beyond

    def test_is_not_feared_where_the_order_is_promised(self) -> None:
        made = self.made("descending", [(150, 150), (120, 120)], is_promised=True)
        assert made.covered == Window(121, 200)


class TestUnsettledTimes:
    """A record that has just changed may stand where its old time puts it."""

    @ORDERS
    def test_break_no_order_and_move_nothing(self, order: Order) -> None:
        plain = [120, 130] if order == "ascending" else [130, 120]
        made = place(order, [plain[0], 205, plain[1], 190, None])
        assert made.covered == place(order, plain).covered
        assert made.left == place(order, plain).left

    def test_alone_say_nothing(self) -> None:
        made = place("descending", [205, 195, 190])
        assert made.covered is None
        assert not made.is_beyond
        assert made.left == WINDOW

    def test_of_the_first_such_second_count(self) -> None:
        assert place("ascending", [105, 110, 189]).left.start == 189
        assert place("ascending", [105, 110, 190]).left.start == 110


class TestMoved:
    def test_tells_whether_the_edge_has_moved_since_that_was_claimed(self) -> None:
        made = place("ascending")
        assert not made.claim_move()
        made.move([120])
        assert made.claim_move()
        for page in ([], [120, 120], [None], [195]):
            made.move(page)
            assert not made.claim_move()
        made.move([121])
        made.move([121])
        assert made.claim_move()
