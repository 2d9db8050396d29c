"""Every belief, in the order in which they are asked: what has been heard meanwhile is judged at the end."""

from tools.contract.belief import Belief
from tools.contract.beliefs import (
    access,
    account,
    activity,
    children,
    conversations,
    days,
    filters,
    heard,
    lists,
    order,
    pages,
    people,
    records,
    reports,
    scroll,
    tickets,
)

BELIEFS: tuple[Belief, ...] = (
    *account.BELIEFS,
    *pages.BELIEFS,
    *order.BELIEFS,
    *days.BELIEFS,
    *filters.BELIEFS,
    *lists.BELIEFS,
    *people.BELIEFS,
    *conversations.BELIEFS,
    *tickets.BELIEFS,
    *activity.BELIEFS,
    *records.BELIEFS,
    *reports.BELIEFS,
    *scroll.BELIEFS,
    *children.BELIEFS,
    *access.BELIEFS,
    *pages.LATE,
    *heard.BELIEFS,
)
