"""What a person sees in a narrow terminal: nothing is cut, hints can be pasted, empty results are explained."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from flows.cli.app import _exit_status
from flows.cli.hints import remember
from flows.cli.options import OK
from flows.cli.show import query, releases, terminal
from flows.reindex import Outcome


def narrow() -> tuple[Console, StringIO]:
    written = StringIO()
    return Console(file=written, width=40, force_terminal=True, soft_wrap=True, color_system=None), written


@pytest.fixture
def built(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> str:
    (source / "tides.md").write_text("# Tides\n\nHigh water at the north quay is at six o'clock.\n")
    (source / "rules.txt").write_text("Nobody may swim in the basin.\n")
    ingest()
    return lake_url


def test_a_table_that_is_too_wide_becomes_lines(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("2026-11-28.10", "rolled back", "passed with 12 remarks"), ("2026-11-28.11", "live", "passed")]
    out, written = narrow()
    terminal.table(out, ("release", "status", "audit"), rows)
    assert written.getvalue().splitlines() == [
        "release 2026-11-28.10",
        "  status rolled back, audit passed with",
        "  12 remarks",
        "release 2026-11-28.11",
        "  status live, audit passed",
    ]
    terminal.table(terminal.terminal(), ("release", "status", "audit"), rows, right=("audit",))
    assert capsys.readouterr().out.splitlines()[1] == "2026-11-28.10  rolled back  passed with 12 remarks"


def test_a_command_is_never_broken_and_names_the_lake() -> None:
    remember("/srv/my lake")
    out, written = narrow()
    terminal.paragraph(out, "nothing is lost; run `raglake questions check --set faq` to see why")
    assert written.getvalue().splitlines() == [
        "nothing is lost; run",
        "`raglake questions check --set faq --lake '/srv/my lake'`",
        "to see why",
    ]
    remember(None)


def test_passages_of_several_sources_name_them(capsys: pytest.CaptureFixture[str]) -> None:
    none = dict.fromkeys(("page", "chunk_first_page", "chunk_last_page", "section_page", "heading", "language"))
    shown = {"score": 1.0, "copies": [], "chunk_start": 0, "chunk_end": 4, "chunk_text": "Pump", **none}
    hits = [{"source": source, "uri": "README.md", **shown} for source in ("docs", "code")]
    for found, names in ((hits, ["1. docs: README.md", "2. code: README.md"]), (hits[:1], ["1. README.md"])):
        query.hits({"release": "2026-11-28.1", "hits": found}, "pump")
        out = capsys.readouterr().out
        assert [line.split("  score")[0] for line in out.splitlines() if "score" in line] == names


def test_a_snippet_is_where_the_words_are_and_marks_them() -> None:
    text = f"{'The pump has many parts. ' * 40}Hold the red button to reset it. {'Then wait. ' * 40}"
    shown = query.snippet({"chunk_text": text}, "Which BUTTON is for resetting?")
    assert shown.startswith("... ")
    assert shown.endswith(" ...")
    assert "[bold green]button[/bold green] to [bold green]reset[/bold green] it" in shown
    assert query.snippet({"chunk_text": "Short [text]."}, "else") == "Short \\[text]."


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--filter", "source=nope"], "the filter source=nope excludes everything; source can be "),
        (["--filter", "uri~tide.md"], "the filter uri~tide.md excludes everything; similar URIs: tides.md"),
        (["--filter", "modified_at>2030-01-01"], "excludes everything; values lie between "),
        (
            ["--filter", "uri~tides.md", "--filter", "media_type=text/plain"],
            "no chunk meets all conditions at the same time",
        ),
        (["--where", "uri = 'x'"], "--where uri = 'x' excludes everything"),
        (["--min-score", "99"], "below --min-score 99"),
        (["--mode", "text"], "no word of the question occurs in the 2 chunks that may be found"),
    ],
)
def test_an_empty_result_names_what_excluded_everything(
    options: list[str], reason: str, built: str, capsys: pytest.CaptureFixture[str]
) -> None:
    question = "xyzzy" if "text" in options else "water"
    capsys.readouterr()
    assert _exit_status(["query", question, "--lake", built, *options]) == OK
    assert reason in capsys.readouterr().out


@pytest.mark.parametrize(
    ("mode", "scale"), [("vector", "cosine similarity"), ("text", "BM25"), ("hybrid", "fused evidence")]
)
def test_a_score_has_its_scale_and_a_hit_its_place(
    mode: str, scale: str, built: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert _exit_status(["query", "high water", "--lake", built, "--mode", mode]) == OK
    shown = capsys.readouterr().out
    assert f"scores: {scale}\n" in shown
    assert "\n   Tides, characters 0 to " in shown


def test_a_dry_run_of_an_erasure_names_the_copies(capsys: pytest.CaptureFixture[str]) -> None:
    chosen = {"dry_run": True, "documents": [], "releases": [], "proof": None}
    releases.forgotten(chosen | {"destinations": ["parquet:/srv/copy"]})
    assert "parquet:/srv/copy" in capsys.readouterr().out
