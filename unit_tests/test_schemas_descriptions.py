"""scripts/schemas: where it takes Intercom's OpenAPI description from, and what it says without one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from schemas_bench import Bench

from tools.schemas.generator import main


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "cannot be read: No such file or directory."),
        (b"\xff\xfe\xff", "cannot be read: not UTF-8 text."),
        (b"a: [", "is not valid YAML at line "),
        (
            b"openapi: 3.0.1\ninfo: 2.15\ncomponents: []",
            "is not an OpenAPI description with a version and schemas.",
        ),
        (b"- a", "does not hold a YAML mapping."),
        (b"openapi: 3.0.1", "is not an OpenAPI description with a version and schemas."),
    ],
)
def test_a_bad_description_is_named_in_one_sentence(
    bench: Bench, capsys: pytest.CaptureFixture[str], text: bytes | None, complaint: str
) -> None:
    bad = bench.openapi.with_name("bad.yaml")
    if text is not None:
        bad.write_bytes(text)
    assert bench.run(openapi=bad) == 1
    error = capsys.readouterr().err
    assert str(bad) in error
    assert complaint in error
    assert error.count("\n") == 1


def test_a_directory_serves_every_version_and_a_file_its_own(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.overlay["streams"]["newer"] = {"schema": "person", "version": "2.16"}
    assert bench.run() == 0
    assert "left out, another version: newer" in capsys.readouterr().out
    assert not (bench.output / "newer.json").exists()
    assert bench.run("newer") == 1
    assert "newer needs version 2.16" in capsys.readouterr().err
    assert bench.run("elder") == 1
    assert "no such stream: elder" in capsys.readouterr().err

    directory = bench.openapi.parent
    assert bench.run(openapi=directory) == 1
    assert "openapi-2.16.yaml cannot be read" in capsys.readouterr().err
    shutil.copy(bench.openapi, directory / "openapi-2.16.yaml")
    assert bench.run(openapi=directory) == 1
    assert "openapi-2.16.yaml describes version 2.15" in capsys.readouterr().err
    text = bench.openapi.read_text("utf-8").replace("2.15", "2.16")
    (directory / "openapi-2.16.yaml").write_text(text, "utf-8")
    assert bench.run(openapi=directory) == 0
    assert list(bench.properties("newer")) == ["id", "boss"]


def test_without_a_description_what_needs_none_is_made(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INTERCOM_OPENAPI_DIR", raising=False)
    assert bench.run() == 0
    bench.overlay["streams"]["counts"] = {"fields": {"id": "string"}}
    bench.overlay_path.write_text(yaml.safe_dump(bench.overlay), "utf-8")
    options = ["--overlay", str(bench.overlay_path), "--output", str(bench.output)]
    capsys.readouterr()

    assert main(options) == 0
    assert capsys.readouterr().out == "schemas: 1 written of 1; 1 left as they are: they need --openapi (see --help)\n"
    assert list(bench.properties("counts")) == ["id"]
    (bench.output / "counts.json").unlink()
    assert main([*options, "--check"]) == 1
    assert capsys.readouterr().err == "Stale, run scripts/schemas: counts.json.\n"

    # One that has no file yet, or is asked for by name, cannot be left as it is.
    sentence = "Stream things is made from version 2.15 of Intercom's OpenAPI description, which is not at hand: clone "
    assert main([*options, "things"]) == 1
    assert capsys.readouterr().err.startswith(sentence)
    (bench.output / "things.json").unlink()
    assert main(options) == 1
    error = capsys.readouterr().err
    assert error.startswith(sentence)
    assert "https://github.com/intercom/Intercom-OpenAPI" in error
    assert "--openapi" in error
    assert error.count("\n") == 1


def test_a_clone_of_the_description_will_do(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bench.run() == 0
    written = bench.properties()
    clone = bench.openapi.parent / "clone"
    (clone / "descriptions" / "2.15").mkdir(parents=True)
    bench.openapi.rename(clone / "descriptions" / "2.15" / "api.intercom.io.yaml")
    (bench.output / "things.json").unlink()
    monkeypatch.setenv("INTERCOM_OPENAPI_DIR", str(clone))
    assert main(["--overlay", str(bench.overlay_path), "--output", str(bench.output)]) == 0
    assert bench.properties() == written
