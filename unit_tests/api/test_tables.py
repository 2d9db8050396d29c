"""Tables in files of Intercom: told by their first bytes, read by their columns, and never trusted."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from typing import IO

import pytest

from source_intercom.api import tables as module
from source_intercom.api.errors import RequestRefused, TooLarge, Unavailable
from source_intercom.api.tables import tables_in

CSV = 'receipt_id,title\r\n1,"Hello, ""you"""\r\n2,\r\n'
ROWS = [{"receipt_id": "1", "title": 'Hello, "you"'}, {"receipt_id": "2"}]


def zipped(**files: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return packed.getvalue()


def tarred(**files: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("__", "."))
            member.size = len(content.encode())
            archive.addfile(member, io.BytesIO(content.encode()))
    return packed.getvalue()


def opened(content: bytes | str) -> IO[bytes]:
    return io.BytesIO(content.encode() if isinstance(content, str) else content)


@pytest.mark.parametrize(
    "content",
    [
        CSV.encode(),
        gzip.compress(CSV.encode()),
        zipped(click_20240131__csv=CSV),
        tarred(click_20240131__csv=CSV),
        gzip.compress(tarred(click_20240131__csv=CSV)),
    ],
    ids=["plain", "gzip", "ZIP", "TAR", "TGZ"],
)
def test_the_first_bytes_tell_what_a_file_is(content: bytes) -> None:
    (table,) = tables_in(opened(content))
    assert table.columns() == ["receipt_id", "title"]
    assert table.lines() == 3
    # Each reading begins at the beginning.
    assert list(table.rows()) == list(table.rows()) == ROWS


def test_a_zip_file_has_a_table_for_each_csv_file() -> None:
    content = zipped(
        **{"data/Receipt_20240131__csv": CSV, "click_20240131_101500__csv": CSV, "readme__txt": "no table"}
    )
    assert [table.name for table in tables_in(opened(content))] == ["receipt_20240131", "click_20240131_101500"]
    assert tables_in(opened(zipped())) == []


def test_an_archive_has_a_table_for_each_csv_file() -> None:
    content = gzip.compress(tarred(**{"data/Report__csv": CSV, "readme__txt": "no table", "more__csv": "a\n1\n"}))
    first, second = tables_in(opened(content))
    assert (first.name, list(first.rows()), second.name, list(second.rows())) == ("report", ROWS, "more", [{"a": "1"}])
    # One within the other.
    assert [next(first.rows())["receipt_id"], next(second.rows())["a"]] == ["1", "1"]
    (nothing,) = tables_in(opened(gzip.compress(tarred())))
    assert list(nothing.rows()) == []


def test_an_archive_of_something_else_is_not_taken_for_nothing() -> None:
    with pytest.raises(RequestRefused) as caught:
        tables_in(opened(tarred(report__parquet="PAR1")))
    assert "report.parquet" in str(caught.value.internal_message)


def test_a_damaged_archive_is_found_before_its_rows_are_read() -> None:
    whole = gzip.compress(tarred(report__csv=CSV * 10_000))
    with pytest.raises(Unavailable, match="damaged"):
        (table,) = tables_in(opened(whole[:-40]))
        table.lines()


def test_cells_are_given_as_they_are() -> None:
    (table,) = tables_in(opened(" Brand ,brand,\n\n1,,3\n"))
    assert list(table.cells()) == [[" Brand ", "brand", ""], ["1", "", "3"]]


def test_a_zip_file_of_something_else_is_not_taken_for_nothing() -> None:
    with pytest.raises(RequestRefused) as caught:
        tables_in(opened(zipped(receipt__parquet="PAR1")))
    assert "receipt.parquet" in str(caught.value.internal_message)


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        pytest.param("\ufeffa,b\n1,2\n", [{"a": "1", "b": "2"}], id="with a mark at the beginning"),
        pytest.param(" A ,b\n1,2", [{"a": "1", "b": "2"}], id="names in capitals, no end of the last line"),
        pytest.param('a,b\n"two\nlines",2\n', [{"a": "two\nlines", "b": "2"}], id="a text of two lines"),
        pytest.param("a,b\n1\n1,2,3\n\n", [{"a": "1"}, {"a": "1", "b": "2"}], id="rows of other lengths, and none"),
        pytest.param("a,\n1,2\n", [{"a": "1"}], id="a column without a name"),
        pytest.param("a\n1\x002\n", [{"a": "12"}], id="a zero byte"),
        pytest.param(b"a\n\xe9t\xe9\n", [{"a": "\ufffdt\ufffd"}], id="no UTF-8"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_odd_tables_are_read(content: bytes | str, rows: list[dict[str, str]]) -> None:
    (table,) = tables_in(opened(content))
    assert list(table.rows()) == rows


def test_a_damaged_file_is_found_before_its_rows_are_read() -> None:
    whole = zipped(receipt_1__csv=CSV * 1_000)
    with pytest.raises(Unavailable, match="damaged"):
        tables_in(opened(whole[:-40]))
    broken = bytearray(whole)
    broken[60] ^= 0xFF
    (table,) = tables_in(opened(bytes(broken)))
    with pytest.raises(Unavailable, match="damaged"):
        table.lines()
    (cut,) = tables_in(opened(gzip.compress(CSV.encode() * 1_000)[:-9]))
    with pytest.raises(Unavailable, match="damaged"):
        cut.lines()


def test_no_line_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONGEST_LINE", 1_000)
    (table,) = tables_in(opened("a\n" + "x" * 5_000))
    with pytest.raises(RequestRefused) as caught:
        list(table.rows())
    assert "a line of more than" in str(caught.value.internal_message)
    # A quote that is never closed makes one cell of all that follows.
    (open_ended,) = tables_in(opened('a\n"' + "x" * 900 + "\n" + ("y" * 900 + "\n") * 200))
    with pytest.raises(RequestRefused) as caught:
        list(open_ended.rows())
    assert "no CSV" in str(caught.value.internal_message)


def test_no_file_unpacks_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_BYTES", 1_000_000)
    (table,) = tables_in(opened(gzip.compress(b"a\n" + b"1\n" * 5_000_000)))
    with pytest.raises(TooLarge):
        table.lines()


def test_columns_that_differ_in_capitals_only_hide_no_other() -> None:
    (table,) = tables_in(opened("Plan,plan,, plan ,plan_2\na,b,c,d,e\n"))
    assert table.columns() == ["plan", "plan_2", "", "plan_3", "plan_2_2"]
    assert list(table.rows()) == [{"plan": "a", "plan_2": "b", "plan_3": "d", "plan_2_2": "e"}]
