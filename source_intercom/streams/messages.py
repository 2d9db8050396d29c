"""Messages that were sent to contacts, and what these did with them, from Intercom's content export."""

from source_intercom.shapes.content_export import Exported


class MessageReceipts(Exported):
    """Messages that contacts received: emails, chats, posts, surveys, tours."""

    file = "receipt"
    # It is not documented whether receipt_id alone is unique over all kinds of content.
    key = ("receipt_id", "ruleset_id", "content_id")
    may_lack = ("ruleset_id", "content_id")
    cursor_time = "received_at"


class MessageOpens(Exported):
    """When contacts opened messages."""

    file = "open"


class MessageClicks(Exported):
    """When contacts clicked links, buttons or images in messages."""

    file = "click"


class MessageReplies(Exported):
    """When contacts replied to messages."""

    file = "reply"


class MessageCompletions(Exported):
    """When contacts completed messages, such as tours and surveys."""

    file = "completion"


class MessageGoalSuccesses(Exported):
    """When contacts met the goal of a message."""

    file = "goal_success"


class MessageDismissals(Exported):
    """When contacts dismissed messages."""

    file = "dismissal"


class MessageUnsubscribes(Exported):
    """When contacts unsubscribed through a message."""

    file = "unsubscribe"


class MessageHardBounces(Exported):
    """When messages bounced permanently, for example because the address does not exist."""

    file = "hard_bounce"


class MessageAnswers(Exported):
    """What contacts answered to the questions of surveys."""

    file = "answer"
    key = ("receipt_id", "question_id", "occurred_at")
    may_lack = ("question_id", "occurred_at")


class MessageOtherStatistics(Exported):
    """All other statistics of messages, such as reactions, soft bounces or the end of a series."""

    file = "other"
    key = ("receipt_id", "statistic", "occurred_at")
