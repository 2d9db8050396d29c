"""Half a data file of coverage is told from a whole one, and goes before all are put together."""

from __future__ import annotations

import warnings
from pathlib import Path

import coverage
import pytest
from coverage.exceptions import CoverageException

from integration_tests.torn import removed


@pytest.fixture
def data(tmp_path: Path) -> bytes:
    """A data file of many pages."""
    path = tmp_path / "made"
    made = coverage.CoverageData(str(path))
    made.add_arcs({f"/a/folder/module_{number}.py": {(1, number), (number, 2)} for number in range(500)})
    made.write()
    made.close()
    content = path.read_bytes()
    path.unlink()
    return content


def combined(folder: Path) -> coverage.CoverageData:
    measuring = coverage.Coverage(data_file=str(folder / ".coverage"), config_file=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        measuring.combine([str(folder)])
    return measuring.get_data()


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.7, 0.95])
def test_what_is_torn_goes_and_the_rest_is_counted(tmp_path: Path, data: bytes, kept: float) -> None:
    whole, half = tmp_path / ".coverage.host.1.whole", tmp_path / ".coverage.host.2.half"
    whole.write_bytes(data)
    half.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises((CoverageException, Warning)):
        combined(tmp_path)
    whole.write_bytes(data)
    half.write_bytes(data[: int(len(data) * kept)])
    assert list(removed(tmp_path)) == [half]
    assert len(combined(tmp_path).measured_files()) == 500


def test_an_empty_file_goes_too(tmp_path: Path) -> None:
    (tmp_path / ".coverage.host.3.empty").touch()
    assert len(list(removed(tmp_path))) == 1
