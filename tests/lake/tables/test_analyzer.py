"""Texts taken apart into words and further forms of them."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lake.recipe import TextIndex
from lake.tables.analyzer import Analyzer
from lake.tables.folding import STEMMED, plain, spelt
from lake.tables.words import Asked, asked, column, full_text

ENGLISH = Analyzer("english")


@pytest.mark.parametrize(
    ("text", "words", "forms"),
    [
        ("The crews' pumps", "the crew pump", ""),
        ("read_csv", "read_csv", "read csv"),
        ("readCsv", "readcsv", "read csv"),
        ("HTTPServer2", "httpserver2", "http server 2"),
        ("PDFs", "pdfs", "pdf"),
        ("__init__", "init", "__init__"),
        ("6.1.2", "6.1.2", "6.1 6 1 2"),
        ("v1.2.3", "v1.2.3", "1.2.3 v1.2 v1 1 2 3"),
        ("1,234.50", "1,234.50", "1234.50 1,234 1 234 50"),
        ("2.4GHz", "2.4ghz", "2.4 ghz 2 4ghz 4 hz"),
        ("50 € or 7 %", "50 or 7", "€50 7%"),
        ("Ph.D.", "ph.d", "ph phd"),
        ("2031-03-14", "2031-03-14", "2031-03 2031 03 14"),
        ("978-3-16-148410-0", "978-3-16-148410-0", "9783161484100 978-3-16 148410"),
        ("09:30", "09:30", "09 30"),
        ("AB-4711", "ab-4711", "ab 4711"),
        ("C++ C# F# c++17", "c++ c# f# c++17", "c f c++ 17"),
        (".NET node.js", ".net node.js", "net node js"),
        ("--force -v #tag @user $HOME", "forc v tag user home", "--force -v #tag @user $home"),
        ("state-of-the-art", "state of the art", ""),
        ("e-mail", "e mail", "email"),
        ("and/or R&D", "and or r&d", "and/or r d"),
        ("doesn\u2019t", "doesn't", "doesn"),
        ("l\u2019eau", "l'eau", "eau"),
        ("anna.berg@example.org", "anna.berg example.org", "anna berg exampl org anna.berg@example.org"),
        ("https://example.org/a/b.html#top", "https example.org a b.html top", "https://example.org/a/b.html#top"),
        ("C:\\dir\\file.txt", "c dir file.txt", "c:\\dir\\file.txt"),
        (
            "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
            "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
            "4b825dc 4b825dc642cb",
        ),
        ("灯台は", "灯 台 は", "灯台 台は"),
        ("ﾎﾃﾙ", "ホ テ ル", "ホテ テル"),
        ("안녕하세요", "안녕하세요", "안녕 녕하 하세 세요"),
        ("สวัสดี", "ส วั ส ดี", "สวั วัส สดี"),
        ("हिन्दी किताबें किताब", "हिन्द किताब किताब", ""),
        ("PDF파일", "pdf파일", "pdf 파일"),
        ("책을 친구들과", "책을 친구들과", "책 친구"),
        ("והספר בַּסִּפְרִיָּה צה\u05f4ל", "והספר בספריה צה ל", "הספר ספר ספריה צהל"),
        ("والمدرسة", "والمدرس", "مدرس"),
        ("می\u200cخواهم", "ميخواهم", "مي خوا"),
        ("圖書館 図", "图 书 馆 图", "图书 书馆"),
        ("col·lecció", "col·leccio", "col leccio colleccio"),
        ("(555) 019-4477", "555 019-4477", "5550194477"),
        ("0171/3344556", "0171/3344556", "01713344556"),
        ("1:250.000", "1:250.000", "250000 1:250000"),
        ("j.o'hara", "j.o'hara", "ohara"),
        ("ΣΊΣΥΦΟΣ σίσυφος", "σισυφ σισυφ", ""),
        ("ёлка Елка", "елк елк", ""),
        ("Donau\u00addampf light\u200bkeeper", "donaudampf lightkeep", ""),
        ("ﬁsh ² ①", "fish 2 1", ""),
        ("İstanbul ISTANBUL", "istanbul istanbul", ""),
    ],
)
def test_words_and_further_forms(text: str, words: str, forms: str) -> None:
    found = ENGLISH.words_of(text)
    assert " ".join(found.words) == words
    assert set(forms.split()) <= set(found.forms)


@pytest.mark.parametrize(
    ("algorithm", "text", "question"),
    [
        ("english", "Mice and geese lost their teeth", "mouse goose tooth"),
        ("english", "The knives were written off by children", "knife write child"),
        (
            "english",
            "colourful centres of the organisation analysed anaemia",
            "colorful center organization analyze anemia",
        ),
        ("english", "the color of gray aluminum", "colour grey aluminium"),
        ("english", "node.js", "nodejs"),
        ("portuguese", "comissões pães", "comissão pão"),
        ("swedish", "trafikolyckan gatan", "olycka gata"),
        ("", "הספרים", "ספר"),
    ],
)
def test_forms_that_no_stemmer_knows_are_found(algorithm: str, text: str, question: str) -> None:
    def all_of(word: str, revision: int) -> set[str]:
        return {token for part in Analyzer(algorithm, revision=revision).words_of(word) for token in part}

    for revision, is_found in ((3, True), (2, False)):
        there = all_of(text, revision)
        assert all(bool(all_of(word, revision) & there) for word in question.split()) is is_found


@pytest.mark.parametrize("word", ["four", "court", "promised", "exercise", "acre", "disease", "israel", "genre"])
def test_words_that_only_look_british_have_no_other_form(word: str) -> None:
    assert ENGLISH.words_of(word).forms == ()


def test_accents_are_folded_or_kept() -> None:
    assert column("Größe Größe", Analyzer()) == "grosse grosse"
    assert column("Größe", Analyzer("", keeps_accents=True)) == "grösse"
    assert plain("الْمَنَارَةُ") == plain("المناره")
    assert plain("й") == "й", "another letter than и, not an и with an accent"
    assert spelt("が") == spelt("か\u3099") == "が"


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How do I reset the pump?", "reset pump"),
        ("IT support", "it support"),
        ("vitamin A", "vitamin a"),
        ("A pump", "pump"),
        ("the who", "the who"),
        ("WHAT IS THE LIMIT", "limit"),
        ("war of 1866", "war 1866"),
        ("door", "door"),
    ],
)
def test_stop_words_are_left_out_if_other_words_remain(question: str, words: str) -> None:
    assert asked(question, ["english"]).words == tuple(words.split())


def test_umlauts_that_are_spelt_out_are_the_same_name() -> None:
    english, german = Analyzer("english"), Analyzer("german")
    for one, other in (("Mueller", "Müller"), ("Goethe", "Göthe"), ("Fussgaenger", "Fußgänger")):
        for asked_for, written in ((one, other), (other, one)):
            assert {*english.words_of(written).words} <= {*asked(asked_for, ["english"]).forms}
            assert {*german.words_of(written).words} & {*asked(asked_for, ["german"]).words}
    assert asked("queue does guess Feuer", ["english"]).forms == ("guss",)


def test_stop_words_are_those_of_the_questions_language() -> None:
    both = ["english", "german"]
    assert asked("war in Dresden", both).words[0] == "war"
    assert "der" not in asked("wie groß ist der Hafen von Kiel", both).words
    assert asked("running", ["english", ""]) == Asked(("run", "running"), (), ("run", "running"))


def test_a_wrongly_detected_language_does_not_decide_how_english_is_stemmed() -> None:
    import pyarrow as pa

    english = "The pumps of the harbour are checked by the crews, and these checks are in the book of the harbour."
    german = "Die Pumpen des Hafens werden von den Mannschaften geprüft, und das steht in dem Buch."
    chunks = {
        "text": [english, english, german],
        "language": ["ja", "de", "de"],
        "title": [None] * 3,
        "uri": ["a.md"] * 3,
        "situation": [None] * 3,
    }
    rows = pa.table(chunks | {"heading": ["Checks", None, "Prüfungen"]})
    columns = full_text(rows, TextIndex("words", "English"))
    first, second, third = columns["words"].to_pylist()
    assert first == second
    assert "pump" in first.split()
    assert "prufung" in columns["heading_words"].to_pylist()[2].split()
    assert "pump" in third.split()
    assert columns["heading_words"].to_pylist()[:2] == ["check", None]
    assert full_text(rows, TextIndex("icu", "English"))["words"].null_count == 3


@given(st.text(max_size=200))
def test_every_letter_and_digit_is_in_a_word(text: str) -> None:
    words, forms = Analyzer().words_of(text)
    kept = "".join((*words, *forms))
    wanted = {letter for letter in plain(spelt(text).casefold()) if letter.isalnum()}
    assert wanted <= set(plain(kept))


@example("\u093c", "")  # a mark without its letter, which folding leaves out elsewhere
@example("\u064b", "arabic")  # a word of which the stemmer leaves nothing
@given(st.text(max_size=200), st.sampled_from(["", *sorted(set(STEMMED.values()))]))
def test_no_word_is_empty_or_has_a_space_where_lance_would_split_it(text: str, algorithm: str) -> None:
    words, forms = Analyzer(algorithm).words_of(text)
    assert not any(token.split() != [token] for token in (*words, *forms))


@given(st.text(st.sampled_from(string.ascii_letters + string.digits + "._-/:@'+#,&=\\ "), max_size=60))
def test_names_by_any_signs_are_found_again(text: str) -> None:
    """What is written in a text is found by the same spelling, whatever surrounds it."""
    for piece in text.split():
        alone = Analyzer("english").words_of(piece)
        within = Analyzer("english").words_of(f"see {piece} there")
        assert set(alone.words) <= set(within.words)
        assert set(alone.forms) <= set(within.forms)
