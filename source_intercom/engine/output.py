"""How rows leave a worker: as records of the CDK, or as a page of finished protocol lines.

A record costs the CDK some 100 microseconds on its one main thread: a place in the queue, a message object, a
serializer that runs twice, a print. A page of lines made by the worker costs that once for up to 150 records. Both ways
print the same bytes; the process of ours takes pages, whoever drives the source through the CDK gets records.
"""

import time
from collections.abc import Iterator

import orjson
from airbyte_cdk.models import AirbyteMessage, AirbyteRecordMessageFileReference, Type
from airbyte_cdk.sources.types import Record as CdkRecord
from airbyte_cdk.sources.types import StreamSlice

from source_intercom.api.bodies import written
from source_intercom.shapes.coercion import FILE, Record

# A page of long texts is cut, so that the queue's bound in pages is one in memory too.
_PAGE_BYTES = 1 << 20


class RecordPage(AirbyteMessage):
    """``count`` RECORD messages of one stream as ``lines``, ready for stdout."""

    def __init__(self, stream: str, lines: bytes, count: int) -> None:
        super().__init__(type=Type.RECORD)
        self.stream = stream
        self.lines = lines
        self.count = count


def as_pages(stream: str, rows: list[Record]) -> Iterator[RecordPage]:
    """Rows as pages of lines, as the CDK's serializer would write them: it leaves out nulls at the top level."""
    head = b'{"type":"RECORD","record":{"stream":' + orjson.dumps(stream) + b',"data":'
    tail = b',"emitted_at":%d}}\n' % (time.time_ns() // 1_000_000)
    lines: list[bytes] = []
    size = count = 0
    for row in rows:
        file = row.pop(FILE, None)
        line = written(_without_nulls(row))
        lines += (head, line, tail[:-3] + b',"file_reference":' + orjson.dumps(file) + b"}}\n" if file else tail)
        size += len(line)
        count += 1
        if size > _PAGE_BYTES:
            yield RecordPage(stream, b"".join(lines), count)
            lines, size, count = [], 0, 0
    if lines:
        yield RecordPage(stream, b"".join(lines), count)


def _without_nulls(row: Record) -> Record:
    # Quicker than a dictionary that is made anew.
    left = row.copy()
    for name, value in row.items():
        if value is None:
            del left[name]
    return left


def as_records(stream: str, rows: list[Record], slice_: StreamSlice) -> Iterator[CdkRecord]:
    """Rows as the CDK's own records."""
    for row in rows:
        file = row.pop(FILE, None)
        reference = AirbyteRecordMessageFileReference(**file) if file else None
        yield CdkRecord(data=row, stream_name=stream, associated_slice=slice_, file_reference=reference)
