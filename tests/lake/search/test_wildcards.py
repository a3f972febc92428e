"""Words with ``*`` in the boolean syntax: all that they stand for is found, and nothing of hidden documents counts."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest

import lake
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.errors import UsageError
from lake.index import Index
from lake.options import RecipeOptions
from lake.tables.text_query import boolean
from lake.tables.wildcards import expression

DOCUMENTS = {
    "hospital": "Das Krankenhaus am Hafen nahm zehn Verletzte auf.",
    "contribution": "Die Krankenversicherungsbeiträge steigen jährlich im Hafen.",
    "patient": "Der Kranke liegt im Bett, sagt der Arzt.",
    "part": "Replace AB-4711 and AB\u20114799 soon.",
    "other": "Replace XAB-4711 and AB-5000 soon.",
    "accents": unicodedata.normalize("NFD", "Müller aus Göttingen, Straße neun, Größe vier."),
    "library": "旧图书馆的藏书",
    "kanji": "東京都の図書館へ行く",
    "bengali": "বাংলাদেশের রাজধানী",
    "snake": "Call read_tide_table and getTideHeight.",
    "shy": "Donau\u00addampf\u00adschiff.",
    "quote": "Rock'n'roll, 100% of C:\\temp and (brackets).",
}
HIDDEN = {f"secret{n}": f"Krankenkasse{'x' * n} und Krankenakte {n}" for n in range(5)}


def built(folder: Path, hidden: dict[str, str]) -> Index:
    (folder / "docs").mkdir(parents=True)
    for name, text in {**DOCUMENTS, **hidden}.items():
        (folder / "docs" / f"{name}.md").write_text(text, encoding="utf-8")
    rows = "".join(f"{name}.md,boss\n" for name in hidden)
    (folder / "docs" / "_metadata.csv").write_text(f"path,acl\n{rows}")
    with PlainSteps() as steps:
        job = Job((str(folder / "docs"),), str(folder / "lake"), settings=RecipeOptions(embedder="hash"))
        reindex(job, steps)
    return lake.open_lake(str(folder / "lake"))


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return built(tmp_path_factory.mktemp("wildcards"), HIDDEN)


def found(index: Index, question: str, **options: Any) -> list[str]:
    hits = index.search(question, 60, mode="text", syntax="boolean", **options)
    return [uri.removesuffix(".md") for uri in hits["uri"].to_pylist()]


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Kranken*", "contribution hospital"),
        ("KRANKENH*", "hospital"),
        ("kranke*", "contribution hospital patient"),
        ("Beiträge*", ""),
        ("*beiträge", "contribution"),
        ("*versicherung*", "contribution"),
        ("kranken*beitrag*", "contribution"),
        ("AB-47*", "part"),
        ("*AB-47*", "other part"),
        ("mull*", "accents"),
        ("Muell*", "accents"),
        ("Gött* Donaud*", "accents shy"),
        ("strasse*", "accents"),
        ("gross*", "accents"),
        ("圖書*", "kanji library"),
        ("বাংলাদেশ*", "bengali"),
        ("tide_t*", "snake"),
        ("*tide*", "snake"),
        ("rock'n*", "quote"),
        ("*(brack*", "quote"),
        ("+kranken* -hafen", ""),
        ("+kranken* -jährlich", "hospital"),
        ("+kranken* +hafen", "contribution hospital"),
        ("+hafen -*versicherung*", "hospital"),
        ("hafen -kranken*", ""),
        ("+kranke* bett", "contribution hospital patient"),
        ("+bett kranken*", "patient"),
        ("bett kranken*", "contribution hospital patient"),
        ('"am hafen" +kranken*', "contribution hospital"),
    ],
)
def test_a_star_stands_for_the_rest_of_a_word(index: Index, question: str, names: str) -> None:
    assert " ".join(sorted(found(index, question))) == names


def test_the_words_of_hidden_documents_count_nowhere(index: Index, tmp_path: Path) -> None:
    without = built(tmp_path, {})
    for question in ("kranken*", "+kranken* hafen*", "k*n*"):
        each = [lake.search(question, 9, mode="text", syntax="boolean").to_pylist() for lake in (index, without)]
        assert [(hit["uri"], hit["score"]) for hit in each[0]] == [(hit["uri"], hit["score"]) for hit in each[1]]
    assert len(found(index, "kranken*", principals=["boss"])) == 7
    assert found(index, "krankena*") == []


def test_filters_apply_before_ranking(index: Index) -> None:
    assert found(index, "kranken*", filters={"uri": "hospital.md"}) == ["hospital"]
    assert found(index, "kranken*", where="uri LIKE 'c%' OR uri LIKE 'p%'") == ["contribution"]


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("a*", "too few letters; write at least two letters or digits beside \\*"),
        ("-** +pump x*", "too few letters"),
        ("pump*~1", "both \\* and ~"),
        ("p" * 120 + "*", "120 characters|121 characters"),
        (" ".join(f"pump{n}*" for n in range(9)), "more than 8 words with \\*"),
        ("-pump*", "names nothing to find"),
    ],
)
def test_errors_name_the_cause(question: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        boolean(question)


def test_in_the_plain_syntax_a_star_means_nothing(index: Index) -> None:
    assert index.search("Krankenh*", 9, mode="text").num_rows == 0


def test_a_star_in_a_phrase_is_no_wildcard() -> None:
    assert not boolean('"kranken* im"').wildcards


def test_an_expression_stays_small() -> None:
    assert len(expression("*".join("ae" * 16))) < 30_000
