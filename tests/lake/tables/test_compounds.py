"""Compounds are found by the words in them."""

from __future__ import annotations

import pytest

from lake.recipe.full_text import WORDS_REVISION
from lake.tables.analyzer import Analyzer
from lake.tables.compounds import parts_of_compound
from lake.tables.words import asked
from tests.lake.tables.compounds_by_language import COMPOUNDS, EVERYDAY, WHOLE


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("krankenversicherungsbeitrag", "kranken versicherungs krankenversicherungs beitrag"),
        ("krankenversicherungsbeiträge", "kranken versicherungs krankenversicherungs beiträge"),
        ("donaudampfschifffahrt", "donau dampf donaudampf schifffahrt"),
        ("haftpflichtversicherung", "haft pflicht haftpflicht versicherung"),
        ("mietvertrag", "miet vertrag"),
        ("grundstückskaufvertrag", "grundstücks kauf grundstückskauf vertrag"),
        ("wasserpumpen", "wasser pumpen"),
        ("stadtrat", "stadt rat"),
        ("arbeitszeitgesetz", "arbeits zeit arbeitszeit gesetz"),
        ("straßenbahn", "straßen bahn"),
        ("kindergärten", "kinder gärten"),
    ],
)
def test_a_compound_is_split_at_its_words(word: str, parts: str) -> None:
    assert " ".join(reversed(parts_of_compound(word, "german", 0))) == parts


@pytest.mark.parametrize(
    "word",
    [
        "apparat",
        "politische",
        "verantwortung",
        "geografische",
        "nachrichten",
        "gesellschaft",
        "resultieren",
        "universität",
        "überraschung",
        "abteilung",
        "eltern",
        "kandidaten",
        "quadraten",
        "beratung",
        "maschine",
        "gefährlich",
        "versicherung",
        "entscheidung",
    ],
)
def test_a_word_that_is_none_stays_whole(word: str) -> None:
    assert parts_of_compound(word, "german", 0) == ()


def test_data_without_spaces_is_no_compound() -> None:
    assert parts_of_compound("versicherung" * 20_000, "german", 0) == ()


@pytest.mark.parametrize("language", EVERYDAY)
def test_a_compound_is_found_by_its_last_word_and_by_a_first_one(language: str) -> None:
    analyzer = Analyzer(language)
    table = [row.split() for row in [*COMPOUNDS.get(language, "").split(","), *EVERYDAY[language].split(",")] if row]
    assert len(table) >= 40
    lacking = {
        compound: asked
        for compound, *asked in table
        if not {analyzer.words_of(word).words[0] for word in asked} <= {*analyzer.words_of(compound).forms}
    }
    assert lacking == {}


@pytest.mark.parametrize("language", WHOLE)
def test_other_words_of_these_languages_stay_whole(language: str) -> None:
    words = WHOLE[language].split()
    assert len(words) >= 40
    assert {word: parts for word in words if (parts := parts_of_compound(word, language, WORDS_REVISION))} == {}


def test_earlier_spelling_splits_german_alone() -> None:
    for language, rows in COMPOUNDS.items():
        compounds = [row.split()[0] for row in rows.split(",")]
        assert not any(parts_of_compound(word, language, 1) for word in compounds)
    assert parts_of_compound("mietvertrag", "german", 0) == ("vertrag", "miet")
    for language, rows in EVERYDAY.items():
        found = [row.split()[0] for row in rows.split(",") if parts_of_compound(row.split()[0], language, 2)]
        assert len(found) < 4, found


def test_other_languages_have_no_compounds() -> None:
    for language in ("english", "finnish", ""):
        assert parts_of_compound("krankenversicherung", language, WORDS_REVISION) == ()


def test_parts_are_further_forms_in_texts_and_questions() -> None:
    text = Analyzer("german").words_of("Die Krankenversicherungsbeiträge.")
    assert text.words == ("die", "krankenversicherungsbeitrag")
    assert {"versicher", "beitrag"} <= {*text.forms}
    question = asked("Krankenversicherungsbeitrag", ["english", "german"])
    assert {"versicher", "beitrag"} <= {*question.forms}
    assert question.words[-1] == "krankenversicherungsbeitrag"
