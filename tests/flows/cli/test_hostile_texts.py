"""Names and texts of documents that command a terminal, forge lines or hold markup: they are shown, never obeyed."""

from __future__ import annotations

import ast
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.cli.app import _exit_status
from flows.cli.log_lines import LineFormatter
from flows.cli.options import OK
from flows.cli.show.terminal import say, terminal
from flows.reindex import Outcome
from lake.reporting import markdown_cell, visible

#: What no terminal may get from a document: controls but for line breaks, marks of direction, line separators.
COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
NAME = "a\x1b[2J\x1b]8;;http:evil\x07b\u202ecod\nforged: 2026-01-01.1 is live.md"
FRONT = '---\ntitle: "t\\e[31m\\u202e"\nauthor: "\\x9b2J"\ntags: ["\\e[5m"]\nproject: "\\e]0;x\\a"\n---\n'


@pytest.fixture
def built(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> str:
    (source / NAME).write_text(f"{FRONT}# Tides\x1b[7m\n\nHigh water\x1b[31m at the \x9b5m quay \u2067is at six.\n")
    (source / "page.html").write_text("<title>&#27;[2J</title><h1>&#27;[5mquay</h1><p>water &#27;]0;x&#7; &#8238;</p>")
    (source / f"broken{NAME}.pdf").write_bytes(b"%PDF-1.4 nothing")
    ingest()
    (source / NAME).write_text("# Other\n\nLow water.\n")
    ingest()
    return lake_url


@pytest.mark.parametrize("as_json", [False, True])
def test_no_document_commands_the_terminal(built: str, as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    releases = [row["release"] for row in _told(["releases", "--json"], built, capsys)]
    for words in (
        ["status"],
        ["query", "high water quay", "--explain"],
        ["query", "x", "--filter", "uri~zzz"],
        ["ask", "when is high water?"],
        ["inspect", NAME, "--at", releases[0]],
        ["inspect", "page.html", "--chunks"],
        ["diff", *releases[:2]],
        ["inspect", f"{NAME}?"],
        ["doctor"],
        ["forget", NAME, "--dry-run", "--why", "test"],
    ):
        _exit_status([*words, *(["--json"] if as_json else []), "--lake", built])
        told = capsys.readouterr()
        assert not COMMANDS.findall(told.out + told.err), words
        assert "\nforged" not in told.out, words


def _told(words: list[str], url: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    assert _exit_status([*words, "--lake", url]) == OK
    told = json.loads(capsys.readouterr().out)
    rows: list[dict[str, str]] = told["releases"] if isinstance(told, dict) else told
    return rows


def test_whatever_a_console_prints_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    terminal().print("raw \x1b[31m and \x9b2J, [bold]bold[/bold]")
    say("plain \u202e\x07", stderr=True)
    told = capsys.readouterr()
    assert told.out == "raw \\u001b[31m and \\u009b2J, bold\n"
    assert told.err == "plain \\u202e\\u0007\n"


def test_a_message_in_the_log_is_one_line() -> None:
    record = logging.LogRecord("lake", logging.WARNING, "here", 1, "read %s", ("x\n\x1b[31mforged",), None)
    assert LineFormatter("%(message)s").format(record) == "read x\\n\\u001b[31mforged"
    try:
        raise ValueError("\x1b[2J")
    except ValueError as error:
        record.exc_info = (ValueError, error, error.__traceback__)
    told = LineFormatter("%(message)s").format(record)
    assert told.splitlines()[-1] == "ValueError: \\u001b[2J"


def test_a_value_in_markdown_is_text() -> None:
    told = markdown_cell("![x](http://e/p.png)\n| <img src=x> `a` **b** &lt;")
    assert re.search(r"(?<!\\)[`*\[\]<>|!&]", told) is None
    assert "\n" not in told


def test_what_is_no_command_stays() -> None:
    text = "Ünïcode, 日本語, עברית, emoji 👩\u200d🚀, a\\b, {tab}"
    assert visible(text) == text
    assert visible("a\n\tb", is_line=False) == "a\n\tb"
    assert json.loads(f'"{visible(chr(0x9B) + chr(0xE0041))}"') == "\x9b\U000e0041"


def test_people_are_shown_things_by_few_functions() -> None:
    """Whatever prints elsewhere would not be cleaned."""
    root = Path(__file__).parents[3] / "flows"
    printing = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("print", "Console")
    }
    assert printing == {
        "cli/ask.py",
        "cli/automations.py",
        "cli/log_lines.py",
        "cli/options.py",
        "cli/schema.py",
        "cli/show/terminal.py",
        "cli/watch.py",
    }
