"""Help: commands in panels, whole summaries, an example that parses, errors that point to the command's own help."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from flows.cli.app import _exit_status, command_line
from flows.cli.examples import EXAMPLES
from flows.cli.help import with_examples
from flows.cli.options import OK, USAGE


def commands(command: Any = None, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each command with its path, such as ``questions import``."""
    members = getattr(command or with_examples(command_line()), "commands", None)
    if members is None:
        yield path, command
    for name, member in (members or {}).items():
        yield from commands(member, f"{path} {name}".strip())


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = OK) -> str:
    capsys.readouterr()
    assert _exit_status(list(arguments)) == status
    return capsys.readouterr().out


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("RAGLAKE_LAKE", raising=False)


def test_help_shows_every_command_in_its_panel(capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys)
    headings = [line for line in shown.splitlines() if line.endswith(":") and not line.startswith(" ")]
    panels = ["Index", "Search", "Operate", "Evaluate", "Serve", "Administer"]
    assert headings == ["Options:", *[f"{panel}:" for panel in panels]]
    assert "..." not in shown.replace("[ARGS]...", "")
    assert max(map(len, shown.splitlines())) <= 80
    for path, _ in commands():
        assert f"\n  {path.split()[0]} " in shown
    assert printed(capsys, "-h") == printed(capsys, "--help") == shown


@pytest.mark.parametrize("path", [path for path, _ in commands()])
def test_each_commands_help_ends_with_an_example(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = printed(capsys, *path.split(), "-h")
    assert shown.rstrip().endswith(EXAMPLES[path])
    assert EXAMPLES[path].startswith(f"raglake {path}")
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("path", EXAMPLES)
def test_an_example_is_a_command_that_parses(path: str) -> None:
    words = shlex.split(EXAMPLES[path].partition(" > ")[0])[1:]
    command: Any = with_examples(command_line())
    context = command.make_context("raglake", words)
    while hasattr(command, "commands"):
        name, command, words = command.resolve_command(context, words)
        parent, context = context, command.make_context(name, list(words), parent=context)
        words = [*getattr(context, "_protected_args", ()), *context.args]
        assert context.parent is parent


def test_a_group_alone_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "questions") == printed(capsys, "questions", "--help")


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    assert printed(capsys, "--version") == f"raglake {version('raglake')}\n"


@pytest.mark.parametrize(
    ("words", "help"),
    [
        (["nonsense"], "raglake --help"),
        (["questions", "imprt"], "raglake questions --help"),
        (["questions", "import", "--nonsense"], "raglake questions import --help"),
        (["query", "x"], "raglake query --help"),
    ],
)
def test_a_usage_error_points_to_the_commands_own_help(
    words: list[str], help: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _exit_status(words) == USAGE
    assert capsys.readouterr().err.endswith(f"See `{help}`\n")


def test_the_lake_may_be_in_the_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAGLAKE_LAKE", "/no/such lake")
    assert _exit_status(["status"]) == USAGE
    assert "`raglake ingest SOURCE --lake '/no/such lake'`" in capsys.readouterr().err


def test_the_shell_completes_commands(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_RAGLAKE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "raglake que")
    monkeypatch.setenv("COMP_CWORD", "1")
    with pytest.raises(SystemExit):
        _exit_status([])
    assert capfd.readouterr().out.split() == ["query", "questions"]
