"""Stop words of a question: left out in its own language, also if no document is in that language."""

from __future__ import annotations

import pytest

from lake.tables.words import asked, common_pieces


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("¿Cuántos puntos cedió la defensa de los Panthers?", ("punto", "cedio", "defensa", "panther")),
        ("Wer war der Präsident, als die Stadt in den Krieg zog?", ("prasident", "stadt", "krieg", "zog")),
        ("Qui est le roi de la ville dans laquelle il est né ?", ("roi", "vill", "ne")),
        ("Сколько людей было на корабле, когда он вышел в море?", ("люд", "корабл", "вышел", "мор")),
    ],
)
def test_a_question_in_a_language_of_no_document_leaves_out_its_own_stop_words(
    question: str, words: tuple[str, ...]
) -> None:
    assert set(words) <= set(asked(question, ["english"]).words)
    assert not {"la", "de", "los", "war", "der", "die", "in", "den", "le", "il", "est", "на", "в", "он"} & set(
        asked(question, ["english"]).words
    )


@pytest.mark.parametrize(
    "question",
    ["El Al flights", "De la Rosa portrait", "La La Land", "sur la table", "men at den", "war", "pot ham door war"],
)
def test_names_and_single_words_are_no_language(question: str) -> None:
    assert not common_pieces(question, ["english"]) - {"at"}


def test_the_lake_s_own_languages_come_first() -> None:
    assert common_pieces("Which of the men was in the war with the Dutch?", ["english"]) == {
        *("Which", "of", "the", "was", "in", "with")
    }
    spanish = common_pieces("¿Qué dijo el rey de la isla?", ["english", "spanish"])
    assert spanish == {"¿Qué", "el", "de", "la"}
    assert common_pieces("der die das", ["english"]) == set(), "nothing else would be left"
