"""Tables in a file of Intercom: CSV as it is, or in gzip, or several of them in a ZIP file or a TAR archive."""

import csv
import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO, cast

from source_intercom.api.errors import TooLarge, Unavailable, strange
from source_intercom.api.masking import shortened

# First bytes of a file, which alone tell what it is: the description says gzip, and what comes is ZIP
# (docs/intercom-api.md#exports). The second is a ZIP file of nothing.
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP = b"\x1f\x8b"
# The mark of a TAR archive, and where it stands.
_TAR, _TAR_AT = b"ustar", 257
# Ten million rows, the most there are, of two kilobytes.
_MOST_BYTES = 20 << 30
_LONGEST_LINE = 1 << 20
_PIECE = 1 << 20
_DAMAGED = (
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    tarfile.TarError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)


@dataclass(frozen=True)
class Table:
    """A table: its name, without folder and ending, and a way to read it from its beginning."""

    name: str
    _open: Callable[[], IO[bytes]]

    def lines(self) -> int:
        """How many lines it has, its head included; a row can have several. Reads it once.

        Raises ``Unavailable`` where the file is damaged, ``TooLarge``.
        """
        lines = size = 0
        with _told(), self._open() as stream:
            last = b"\n"
            while piece := stream.read(_PIECE):
                size += len(piece)
                if size > _MOST_BYTES:
                    raise TooLarge(
                        f"A file of Intercom's export unpacks to more than {_MOST_BYTES >> 30} GB.", self.name
                    )
                lines += piece.count(b"\n")
                last = piece[-1:]
        return lines + (last != b"\n")

    def cells(self) -> Iterator[list[str]]:
        """Its head and its rows, as they are; lines without anything are left out."""
        with _told(), self._open() as stream:
            yield from filter(None, csv.reader(_lines(stream)))

    def columns(self) -> list[str]:
        """The names of its columns, in small letters."""
        return [name.strip().lower() for name in next(self.cells(), [])]

    def rows(self) -> Iterator[dict[str, str]]:
        """Its rows by the names of the columns, in small letters; cells that are empty are left out."""
        lines = self.cells()
        names = [name.strip().lower() for name in next(lines, [])]
        for cells in lines:
            yield {name: cell for name, cell in zip(names, cells, strict=False) if cell and name}


def tables_in(file: IO[bytes]) -> list[Table]:
    """The tables of an open file, each of which may be read several times, one after the other.

    Raises ``Unavailable`` where the file is damaged.
    """
    file.seek(0)
    start = file.read(4)
    if start in _ZIP:
        with _told():
            archive = zipfile.ZipFile(file)
            names = archive.namelist()
        return _tables(names, archive.open, "ZIP file")
    whole = partial(_unzipped if start.startswith(_GZIP) else _plain, file)
    with _told(), whole() as stream:
        is_tar = stream.read(_TAR_AT + len(_TAR))[_TAR_AT:] == _TAR
    return _in_tar(whole) if is_tar else [Table("", whole)]


def _unzipped(file: IO[bytes]) -> IO[bytes]:
    return cast(IO[bytes], gzip.GzipFile(fileobj=_rewound(file), mode="rb"))


def _plain(file: IO[bytes]) -> IO[bytes]:
    return io.BufferedReader(_Shared(file))


def _in_tar(whole: Callable[[], IO[bytes]]) -> list[Table]:
    with _told(), whole() as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
        names = [member.name for member in archive if member.isfile()]
    return _tables(names, lambda name: _Member(whole(), name), "TAR archive")


def _tables(names: list[str], opened: Callable[[str], IO[bytes]], kind: str) -> list[Table]:
    tables = [Table(_stem(name), partial(opened, name)) for name in names if name.lower().endswith(".csv")]
    if names and not tables:
        raise strange(f"a {kind} without tables: {shortened(names[0], 80)!r}")
    return tables


class _Member(io.BufferedReader):
    """A file in a TAR archive, which is read from the archive's beginning up to it."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._archive = tarfile.open(fileobj=stream, mode="r:")  # noqa: SIM115
        self._stream = stream
        # Whoever listed the names has seen it.
        found = next(member for member in self._archive if member.isfile() and member.name == name)
        super().__init__(cast(io.RawIOBase, self._archive.extractfile(found)))

    def close(self) -> None:
        super().close()
        self._archive.close()
        self._stream.close()


def _stem(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2].rpartition(".")[0].lower()


def _rewound(file: IO[bytes]) -> IO[bytes]:
    file.seek(0)
    return file


class _Shared(io.RawIOBase):
    """A file from its beginning; that this is closed does not close the file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = _rewound(file)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # what io passes
        piece = self._file.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def _lines(stream: IO[bytes]) -> Iterator[str]:
    """Lines of text for the CSV reader, none of them longer than memory is meant for."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
    while line := text.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise strange("a table with a line of more than a million characters")
        # Python 3.10 reads no table with this sign.
        yield line.replace("\0", "") if "\0" in line else line


@contextmanager
def _told() -> Iterator[None]:
    """Says in our words what is wrong with a file."""
    try:
        yield
    except _DAMAGED as error:
        raise Unavailable(
            "A file of Intercom's export is damaged. The next sync fetches it again.",
            f"{type(error).__name__}: {error}",
        ) from None
    except csv.Error as error:
        raise strange(f"a table that is no CSV: {error}") from None
