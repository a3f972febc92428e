"""The commands ``evaluate`` and ``compare``: what programs read, what people see, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.cli.app import _exit_status
from flows.cli.options import OK, USAGE
from lake.index import open_lake
from lake.options import RecipeOptions
from tests.conftest import ingested

Say = Callable[..., Any]
ENDS = ("man", "yard", "stone", "light", "rope", "sail", "mast", "keel", "oar")
NAMES = [f"{begin}{end}" for begin in ("anchor", "buoy", "compass", "dinghy") for end in ENDS]


def described(name: str) -> str:
    return f"# Of a thing\n\nThe {name} hangs in the third shed.\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A lake with two releases: in the second 14 documents say something else; of four, what was quoted is gone.

    No document is found by its name, and none is a copy of another one.
    """
    place = tmp_path_factory.mktemp("sheds")
    source, lake_url = place / "source", str(place / "lake")
    source.mkdir()
    recipe = RecipeOptions(embedder="hash", context="headings")
    for name in NAMES:
        (source / f"{name}.md").write_text(described(name))
    found = [ingested(str(source), lake_url, settings=recipe).release or ""]
    questions = place / "Sheds.csv"
    quotes = {name: f"The {name} hangs" for name in NAMES[10:14]}
    rows = [f"{n},Where is the {name}?,{name}.md,{quotes.get(name, '')}" for n, name in enumerate(NAMES)]
    questions.write_text("\n".join(["id,question,uri,quote", *rows, "99,Where is the wreck?,wreck.md,"]))
    words = ["questions", "import", "csv", str(questions), "--lake", lake_url]
    assert _exit_status(words) == USAGE
    assert open_lake(lake_url).questions() == []
    assert _exit_status([*words, "--allow-unknown"]) == OK
    for number, name in enumerate(NAMES[:14]):
        (source / f"{name}.md").write_text(described(f"thing {number}"))
    return place / "lake", [*found, ingested(str(source), lake_url, settings=recipe).release or ""]


@pytest.fixture
def releases(made: tuple[Path, list[str]], lake_url: str) -> list[str]:
    """The releases of a lake of the test's own."""
    shutil.copytree(made[0], lake_url)
    return made[1]


@pytest.fixture
def say(lake_url: str, capsys: pytest.CaptureFixture[str]) -> Say:
    """Run a command and give what it printed; with ``as_json`` what it says to a program."""

    def run(*words: str, as_json: bool = True, status: int = OK) -> Any:
        capsys.readouterr()
        assert _exit_status([*words, "--lake", lake_url, *(["--json"] if as_json else [])]) == status
        printed = capsys.readouterr()
        return printed.err if status else json.loads(printed.out) if as_json else printed.out

    return run


def test_a_release_is_measured_and_its_scores_are_kept(
    releases: list[str], say: Say, lake_url: str, tmp_path: Path
) -> None:
    folder = Path(lake_url, "scores", releases[0])
    of_gate = list(folder.iterdir())
    found = say("evaluate", "--at", releases[0], "--modes", "text,vector", "--trec", str(tmp_path / "t"))
    text, vector = found["evaluations"]
    assert (found["release"], text["settings"], vector["settings"]) == (
        releases[0],
        {"mode": "text"},
        {"mode": "vector"},
    )
    assert (text["set"], text["questions"], text["scored"], text["failed"]) == ("sheds", 37, 36, [])
    assert [row["reason"] for row in text["left_out"]] == ["absent"]
    best = {row["measure"]: row for row in text["measures"]}
    assert list(best) == ["nDCG@10", "R@10", "RR", "Success@5", "recall@5", "IoU@5"]
    assert (best["recall@5"]["n"], best["recall@5"]["mean"]) == (4, 1.0)
    assert best["RR"] == {"level": "document", "measure": "RR", "n": 36, "mean": 1.0, "low": 1.0, "high": 1.0}
    assert text["seconds"].keys() == {"p50", "p95", "p99"}
    assert [Path(path).name for path in found["trec"]] == ["sheds.qrels", "sheds.text.run", "sheds.vector.run"]
    assert len((tmp_path / "t" / "sheds.qrels").read_text().splitlines()) == 36
    assert len(list(folder.iterdir())) == len(of_gate) + 2
    sliced = say("evaluate", "--modes", "text", "--at", releases[0], "--by", "length,media_type", "--all")[
        "evaluations"
    ][0]
    assert {row["media_type"] for row in sliced["measures"]} == {"text/markdown"}
    assert {row["measure"] for row in sliced["measures"]} > set(best)
    shown = say("evaluate", "--at", releases[0], "--set", "sheds", "--by", "length", as_json=False)
    for words in ("36 of 37 questions measured; 1 left out: 1 absent", "hybrid", "up to 5 words", "nDCG@10", "p95"):
        assert words in shown


def test_a_loss_is_told_with_its_questions(releases: list[str], say: Say) -> None:
    found = say("compare", *releases, "--mode", "text")
    assert (found["a"], found["b"]) == tuple({"release": release, "settings": {"mode": "text"}} for release in releases)
    ndcg = found["comparisons"][0]
    assert (ndcg["level"], ndcg["measure"], ndcg["word"]) == ("document", "nDCG@10", "worse")
    assert (ndcg["n"], ndcg["n_left_out"], ndcg["wins"], ndcg["losses"]) == (32, 4, 0, 10)
    assert {change["question"] for change in ndcg["changes"]} == {f"Where is the {name}?" for name in NAMES[:10]}
    shown = say("compare", *releases, "--mode", "text", as_json=False)
    for words in ("32 questions answered by both; 4 left out", "worse", "lost most in document nDCG@10:", NAMES[0]):
        assert words in shown
    back = say("compare", *reversed(releases), "--mode", "text")["comparisons"][0]
    assert (back["word"], back["wins"], back["difference"]) == ("better", 10, -ndcg["difference"])
    same = say("compare", releases[0], releases[0], "--mode", "text")["comparisons"][0]
    assert (same["word"], same["changes"], same["difference"]) == ("no difference that matters", [], 0.0)


def test_two_ways_of_asking_one_release(releases: list[str], say: Say, lake_url: str) -> None:
    words = (
        "compare",
        releases[0],
        releases[0],
        "--settings-a",
        '{"mode": "text"}',
        "--settings-b",
        '{"mode": "text", "fuzziness": 2}',
    )
    folder = Path(lake_url, "scores", releases[0])
    of_gate = set(folder.iterdir())
    found = say(*words)
    assert found["b"]["settings"] == {"fuzziness": 2, "mode": "text"}
    (ndcg,) = [one for one in found["comparisons"] if one["measure"] == "nDCG@10"]
    changes = {change["question"]: change["difference"] for change in ndcg["changes"]}
    assert sum(changes.values()) == pytest.approx(ndcg["difference"] * ndcg["n"])
    kept = {path: path.stat().st_mtime_ns for path in folder.iterdir() if path not in of_gate}
    assert len(kept) == 2
    assert say(*words) == found
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    say(*words, "--again")
    assert all(path.stat().st_mtime_ns > moment for path, moment in kept.items())
    shown = say(*words, as_json=False)
    if changes:
        assert next(iter(changes)) in shown


def test_what_cannot_be_measured_is_said(releases: list[str], say: Say) -> None:
    wrong = {
        ("evaluate", "--modes", "telepathy"): "mode='telepathy' must be one of hybrid, vector, text",
        ("evaluate", "--set", "docks"): "no set of questions 'docks'",
        ("evaluate", "--at", "1066-10-14"): "1066-10-14",
        ("evaluate", "--by", "colour", "--modes", "text"): "can't be sliced by ['colour']",
        ("compare", *releases, "--settings", "[1]"): "no JSON object",
        ("compare", *releases, "--settings", "{"): "no JSON",
        ("compare", *releases, "--settings", '{"k": 3}'): "can't be set here",
        ("compare", *releases, "--settings", '{"boosts": {"fame": 1}}'): "boosts have no fame",
    }
    for words, told in wrong.items():
        assert told in say(*words, status=USAGE)
    say("questions", "drop", "sheds")
    assert "knows no questions yet" in say("evaluate", status=USAGE)
    assert "knows no questions yet" in say("compare", *releases, status=USAGE)
