"""Synonyms: rules, what full text finds by them, and what explain shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import lake
from flows.cli.app import _exit_status
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.directory import Lake
from lake.errors import UsageError
from lake.index import Index
from lake.options import RecipeOptions
from lake.records import synonyms
from lake.tables.synonyms import MAX_RULES, Rule, Synonyms, plain_words

RULES = """
# vehicles
car, auto, motor vehicle
tv => television
pumps, hydraulic machines
"""


@pytest.fixture(scope="module", params=["words", "icu"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("synonyms")
    texts = {
        "vehicle.md": "Every motor vehicle is washed on Monday.",
        "auto.md": "The auto stands in the north hall.",
        "tv.md": "A television hangs above the door.",
        "pump.md": "A hydraulic machine lifts the gate.",
        "cat.md": "The cat sleeps.",
    }
    for name, text in texts.items():
        (folder / name).write_text(text + "\n")
    place, settings = str(folder / "lake"), RecipeOptions(embedder="hash", text_tokenizer=request.param)
    with PlainSteps() as steps:
        reindex(Job(sources=(f"docs={folder}",), include=("*.md",), lake=place, settings=settings), steps)
    assert synonyms.add(Lake.existing(place), RULES) == 1
    return place


def found(index: Index, question: str, **how: object) -> set[str]:
    return set(index.search(question, 9, mode="text", **how)["uri"].to_pylist())  # type: ignore[arg-type]


def test_rules_are_read_and_wrong_ones_refused() -> None:
    assert Synonyms.parse("a, b\n c=>d , e").rules == (Rule(("a", "b"), ("a", "b")), Rule(("c",), ("d", "e")))
    for text, words in {
        "": "needs 1 to 5,000 rules, not 0",
        "#": "not 0",
        "a": "line 1: 'a' is no rule; write 'car, auto'",
        "a, b\n=> c": "line 2: '=> c' is no rule",
        "a => b => c": "line 1",
        "a, !": "line 1: '!' is no term",
        f"a, {'b' * 101}": "is no term",
        "a, b\n" * (MAX_RULES + 1): "not 5,001",
    }.items():
        with pytest.raises(UsageError, match=words.replace("?", r"\?")):
            Synonyms.parse(text)


def test_terms_match_word_by_word() -> None:
    rules = Synonyms.parse(RULES)
    assert rules.of("Is the MOTOR Vehicle, or the tv set, a carpet?", plain_words) == [
        ("motor vehicle", ("car", "auto")),
        ("tv", ("television",)),
    ]
    assert rules.of("motor of a vehicle", plain_words) == []


def test_full_text_finds_synonyms_and_explain_names_them(url: str) -> None:
    index = lake.open_lake(url)
    assert found(index, "car") == set()
    assert found(index, "car", synonyms=1) == {"auto.md", "vehicle.md"}
    assert found(index, "television", synonyms=1) == {"tv.md"}
    assert found(index, "tv", synonyms=1) == {"tv.md"}
    assert found(index, '"car"', synonyms=1) == set()
    assert found(index, "+car", synonyms=1, syntax="boolean") == set()
    result = index.search("which car", 5, mode="text", synonyms=1)
    assert result.synonyms == (("car", ("auto", "motor vehicle")),)
    explained = index.explain(result)[0]["legs"]["text"]
    assert explained["synonyms"] == {"car": ["auto", "motor vehicle"]}
    assert index.search("which car", 5, mode="vector", synonyms=1).synonyms == ()
    best = index.search("which auto", 5, mode="text", synonyms=1)
    assert best["uri"].to_pylist()[0] == "auto.md"  # the question's own words count more
    with pytest.raises(UsageError, match="no list of synonyms 7, but 1; `raglake synonyms import FILE`"):
        found(index, "car", synonyms=7)


def test_stems_of_terms_match(url: str) -> None:
    index = lake.open_lake(url)
    stemmed = index.release().recipe.text_tokenizer == "words"
    assert found(index, "the pump", synonyms=1) == ({"pump.md"} if stemmed else set())


def test_a_list_takes_effect_without_an_ingest_and_can_be_taken_back(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, release = tmp_path / "synonyms.txt", lake.open_lake(url).release().id
    file.write_text("feline, sleeps\n")
    assert _exit_status(["synonyms", "import", str(file), "--lake", url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "number": 2,
        "used": 2,
        "numbers": [1, 2],
        "rules": [{"terms": ["feline", "sleeps"], "find": ["feline", "sleeps"]}],
    }
    index = lake.open_lake(url)
    assert (index.release().id, found(index, "feline")) == (release, {"cat.md"})
    assert found(index, "feline", synonyms=None) == set()
    assert _exit_status(["synonyms", "import", str(file), "--lake", url]) == 0  # the same list again
    assert synonyms.numbers(Lake.existing(url)) == [1, 2]
    assert _exit_status(["config", "set", "search.synonyms", "9", "--lake", url]) == 2
    assert _exit_status(["config", "set", "search.synonyms", "1", "--lake", url]) == 0
    assert found(lake.open_lake(url), "feline") == set()
    assert _exit_status(["synonyms", "import", str(tmp_path / "none.txt"), "--lake", url]) == 2
    assert _exit_status(["config", "unset", "search.synonyms", "--lake", url]) == 0
    capsys.readouterr()
    assert _exit_status(["synonyms", "show", "2", "--lake", url]) == 0
    assert "searches use none" in capsys.readouterr().out
