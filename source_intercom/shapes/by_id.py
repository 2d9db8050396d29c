"""Records that the user's filters name by id."""

from collections.abc import Iterator, Sequence

from source_intercom.api.errors import IntercomError, RecordGone, Unavailable
from source_intercom.api.figures import Page
from source_intercom.api.paths import path_of
from source_intercom.shapes.base import IntercomStream


def records_by_id(stream: IntercomStream, template: str, ids: Sequence[str]) -> Iterator[Page]:
    """Records asked for one by one, a page each. Raises ``Unavailable`` at the end, naming those that were refused."""

    def ask(record_id: str) -> Page | IntercomError:
        try:
            return [stream.client.get(path_of(template, id=record_id))]
        except RecordGone:
            stream.logger.warning(f"{stream.name}: Intercom has no record with the id '{record_id}' of the filters")
            return []
        except IntercomError as error:
            if not error.may_be_of_one:
                raise
            return error

    refused: dict[str, IntercomError] = {}
    for record_id, found in zip(ids, stream.client.each(ask, ids), strict=True):
        if isinstance(found, IntercomError):
            refused[record_id] = found
        else:
            yield found
    if refused:
        reason = next(iter(refused.values()))
        raise Unavailable(
            f"Intercom did not give the records with these ids of the filters: {', '.join(refused)}. All others were "
            f"read. The first reason: {reason.message}",
            str(reason.internal_message),
        )
