"""German compounds are found by the words in them."""

from __future__ import annotations

import pytest

from lake.tables.analyzer import Analyzer
from lake.tables.compounds import parts_of_compound
from lake.tables.words import asked


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
    assert " ".join(reversed(parts_of_compound(word, "german"))) == parts


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
    assert parts_of_compound(word, "german") == ()


def test_data_without_spaces_is_no_compound() -> None:
    assert parts_of_compound("versicherung" * 20_000, "german") == ()


def test_only_german_has_compounds() -> None:
    assert parts_of_compound("krankenversicherung", "english") == parts_of_compound("krankenversicherung", "") == ()


def test_parts_are_further_forms_in_texts_and_questions() -> None:
    text = Analyzer("german").words_of("Die Krankenversicherungsbeiträge.")
    assert text.words == ("die", "krankenversicherungsbeitrag")
    assert {"versicher", "beitrag"} <= {*text.forms}
    question = asked("Krankenversicherungsbeitrag", ["english", "german"])
    assert {"versicher", "beitrag"} <= {*question.forms}
    assert question.words[-1] == "krankenversicherungsbeitrag"
