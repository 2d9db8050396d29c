"""The peers' own virtual environments, made once and kept."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
_INSTALL_SECONDS = 900


class Unavailable(Exception):
    """A connector cannot be installed or started here; the message says why."""


def environment(name: str, folder: Path) -> Path:
    """The folder of executables of ``requirements-NAME.txt``'s environment, with this Python. Raises Unavailable."""
    requirements = HERE / f"requirements-{name}.txt"
    home = folder / name
    made_of = f"{sys.version}\n{home.resolve()}\n{requirements.read_text()}"
    stamp = home / "made-of.txt"
    if not stamp.exists() or stamp.read_text() != made_of:
        sys.stderr.write(f"bench: installing {requirements.name} into {home.name}\n")
        _run([sys.executable, "-m", "venv", "--clear", str(home)])
        # -qq: only errors; warnings about the settings of this machine's pip help nobody here.
        pip = [str(home / "bin" / "pip"), "--disable-pip-version-check", "install", "-qq", "--requirement"]
        _run([*pip, str(requirements)])
        stamp.write_text(made_of)
    return home / "bin"


def versions(python: Path, *packages: str) -> dict[str, str]:
    """Installed versions of packages, as an environment's own Python sees them; without those it lacks."""
    program = (
        "import sys, importlib.metadata as m\n"
        "have = {d.metadata['Name'].lower(): d.version for d in m.distributions()}\n"
        "print(*(f'{p} {have[p]}' for p in sys.argv[1:] if p in have), sep='\\n')"
    )
    printed = _run([str(python), "-c", program, *packages])
    return dict(line.split(" ", 1) for line in printed.splitlines() if line)


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(str(error)) from error
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if "ERROR" in line or "error:" in line]
        raise Unavailable((errors or done.stderr.splitlines() or ["it ended without a word"])[-1].strip())
    return done.stdout
