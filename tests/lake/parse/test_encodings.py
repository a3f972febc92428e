# ruff: noqa: RUF001
"""Encodings: what is declared, what is detected, what is damaged; a text that may be wrong is never silent."""

from __future__ import annotations

import codecs
import re

import pytest

from benchmarks.detected_encodings import outcome, wrong_charsets
from benchmarks.encoding_texts import samples
from lake.errors import InputError
from lake.parse import parse
from lake.parse.encoding_names import codec_of
from lake.parse.text import decode

CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy. Maják svítí každou noc.\n"
GERMAN = "Größe und Öl für die Lampe, die der Wärter löscht.\n"
RUSSIAN = "Смотритель зажёг маяк, прежде чем над морем стемнело.\n"
CHINESE = "守塔人在海面变暗之前点亮了灯塔。\n"
JAPANESE = "灯台守は海が暗くなる前に灯りをともした。\n"
KOREAN = "등대지기는 바다가 어두워지기 전에 불을 밝혔다.\n"


def test_a_text_in_a_legacy_encoding_is_right_or_remarked_on() -> None:
    outcomes = [outcome(sample) for sample in samples()]
    assert len(outcomes) >= 400
    assert "wrong" not in outcomes
    assert sum(result.startswith("right") for result in outcomes) >= 0.99 * len(outcomes)
    assert outcomes.count("right") >= 0.6 * len(outcomes)


def test_a_declaration_is_believed_only_as_far_as_its_letters_go_together() -> None:
    every = [sample for sample in samples() if sample.form in ("short", "long") and not sample.data.isascii()]
    right = [outcome(sample, sample.encoding) for sample in every[::3]]
    assert len(right) >= 50
    assert not [result for result in right if not result.startswith("right")]
    assert right.count("right") >= 0.99 * len(right)
    wrong = [outcome(sample, charset) for sample in every[::4] for charset in list(wrong_charsets(sample))[:3]]
    assert len(wrong) >= 100
    assert wrong.count("wrong") <= 0.02 * len(wrong)


@pytest.mark.parametrize("before", ["<meta charset={}><p>", '<?xml version="1.0" encoding="{}"?><p>', "# coding: {}\n"])
@pytest.mark.parametrize(
    ("text", "encoding", "stated"),
    [
        (GERMAN, "cp1252", "cp850"),
        (CZECH, "iso8859-2", "windows-1252"),
        ("Le garçon a été prévenu à l'hôtel.", "cp1252", "iso-8859-2"),
        (RUSSIAN, "cp1251", "x-mac-cyrillic"),
        ("Światło, żółć, gęś", "cp1250", "iso-8859-15"),
    ],
)
def test_a_wrong_charset_in_the_text_itself_is_not_believed_silently(
    before: str, text: str, encoding: str, stated: str
) -> None:
    found = decode(before.format(stated).encode() + text.encode(encoding), declared=not before.startswith("#"))
    assert found.omitted
    assert found.text.endswith(text) or stated == "x-mac-cyrillic"  # one letter in thirty differs in its case


READ = {
    "UTF-8 with a BOM": (codecs.BOM_UTF8 + GERMAN.encode(), GERMAN),
    "UTF-16 with a BOM": (GERMAN.encode("utf-16"), GERMAN),
    "UTF-16 BE with a BOM": (codecs.BOM_UTF16_BE + CHINESE.encode("utf-16-be"), CHINESE),
    "UTF-32 with a BOM": (RUSSIAN.encode("utf-32"), RUSSIAN),
    "UTF-16 LE without": (CHINESE.encode("utf-16-le"), CHINESE),
    "UTF-16 BE without": (RUSSIAN.encode("utf-16-be"), RUSSIAN),
    "UTF-32 LE without": (JAPANESE.encode("utf-32-le"), JAPANESE),
    "GB18030 with a BOM": (b"\x84\x31\x95\x33" + CHINESE.encode("gb18030"), CHINESE),
    "ISO-2022-JP": (JAPANESE.encode("iso2022_jp"), JAPANESE),
    "ISO-2022-KR": (KOREAN.encode("iso2022_kr"), KOREAN),
    "a stray NUL": (b"The lamp\0 keeper\n", "The lamp keeper\n"),
    "a NUL beyond ASCII": (GERMAN.encode().replace(b"r die", b"r\0 die"), GERMAN),
    "a NUL in a legacy encoding": (CZECH.encode("cp1250") + b"\0", CZECH),
    "a NUL among cp1252": (GERMAN.encode("cp1252").replace(b" ", b" \0", 1), GERMAN),
    "a NUL at the beginning of a line of cp1250": ((CZECH + "\n\0" + CZECH).encode("cp1250"), CZECH + "\n" + CZECH),
    "UTF-16 LE, few NULs": ((CHINESE.strip() * 40 + "\n").encode("utf-16-le"), CHINESE.strip() * 40 + "\n"),
    "NULs at the end": (b"The lamp" + b"\0" * 4096, "The lamp"),
    "a few controls": (b"The\x01 lamp\x02 keeper\x7f\n", "The lamp keeper\n"),
    "a coding comment": (b"# -*- coding: koi8-r -*-\n" + "Маяк".encode("koi8-r"), "\nМаяк"),
    "a coding comment of vim": (b"# vim: set fileencoding=cp1251 :\n" + "Маяк".encode("cp1251"), "\nМаяк"),
    "a coding comment in the second line": (b"#!/bin/sh\n# coding: cp1250\n" + "Łódź".encode("cp1250"), "\nŁódź"),
    "signs of Windows-1252": ("“Stop” © 20 °C…".encode("cp1252"), "“Stop” © 20 °C…"),
    "a few letters of Windows-1252": ("A naïve café owner".encode("cp1252"), "A naïve café owner"),
    "Latin-1": (GERMAN.encode("latin-1"), GERMAN),
    "a UTF-8 BOM before another encoding": (codecs.BOM_UTF8 + RUSSIAN.encode("cp1251"), RUSSIAN),
}  # fmt: skip


@pytest.mark.parametrize(("data", "text"), READ.values(), ids=READ)
def test_bytes_become_their_text(data: bytes, text: str) -> None:
    assert decode(data).text.endswith(text)


DECLARED = {
    "as HTML": ("<meta charset=windows-1251><p>", "Маяк", "cp1251"),
    "as HTML 4": ('<meta http-equiv=Content-Type content="text/html; charset=iso-8859-2"><p>', "Łódź", "iso8859-2"),
    "as XML": ('<?xml version="1.0" encoding="koi8-r"?><p>', "Маяк", "koi8-r"),
    "as a subset": ("<meta charset=gb2312><p>", "灯塔鎔", "gbk"),
    "as Shift JIS with signs of Windows": ("<meta charset=shift_jis><p>", "灯台守は①", "cp932"),
    "as Latin-1 with signs of Windows": ("<meta charset=iso-8859-1><p>", "“Größe”", "cp1252"),
    "UTF-8, is Central European": ("<meta charset=utf-8><p>", CZECH, "cp1250"),
    "Latin-1, is UTF-8": ("<meta charset=iso-8859-1><p>", GERMAN, "utf-8"),
    "Latin-1, is Cyrillic": ("<meta charset=iso-8859-1><p>", RUSSIAN, "cp1251"),
    "Latin-1, is Central European": ("<meta charset=iso-8859-1><p>", CZECH, "cp1250"),
    "UTF-16, is made of bytes": ('<?xml version="1.0" encoding="utf-16"?><p>', GERMAN, "utf-8"),
    "an unknown name": ("<meta charset=windows-4711><p>", RUSSIAN, "cp1251"),
}


@pytest.mark.parametrize(("head", "text", "encoding"), DECLARED.values(), ids=DECLARED)
def test_a_declaration_is_believed_if_it_fits(head: str, text: str, encoding: str) -> None:
    assert decode(head.encode() + text.encode(encoding), declared=True).text == head + text


def test_an_envelope_names_a_charset() -> None:
    assert decode("Łódź".encode("cp1250"), charset="windows-1250").text == "Łódź"
    assert decode("안녕하세요".encode("cp949"), charset="x-windows-949").text == "안녕하세요"
    assert decode("Größe".encode("utf-7"), charset="utf-7").text == "Größe"
    assert decode("Größe".encode(), charset="us-ascii").text == "Größe"


def test_a_guess_names_what_else_it_may_be() -> None:
    (remark,) = parse("Škoda\n".encode("cp1250"), "a.txt").omitted
    assert (remark.kind, remark.n_words, remark.place) == ("guessed_encoding", 0, "windows-1250; also possible: ibm852")


def test_a_declaration_that_does_not_fit_is_remarked_on() -> None:
    (remark,) = decode(b"<meta charset=utf-8><p>" + CZECH.encode("cp1250"), declared=True).omitted
    assert remark.place == "windows-1250; it declares utf-8, which does not fit"


def test_damaged_utf8_stays_utf8() -> None:
    text, metadata, omitted = decode((GERMAN * 3).encode()[:-20] + b"\xc3" + GERMAN.encode())
    assert text.count("Größe") == 4
    assert metadata == {"encoding": "damaged utf-8"}
    assert [(one.kind, one.place[:2]) for one in omitted] == [("unreadable", "1 ")]


def test_lines_of_another_encoding_among_utf8_are_read() -> None:
    text, _, omitted = decode((GERMAN * 2).encode() + RUSSIAN.encode("cp1251") + GERMAN.encode())
    assert text == GERMAN * 2 + RUSSIAN + GERMAN
    assert [one.place for one in omitted] == ["utf-8, and windows-1251 in some lines"]


def test_what_cannot_be_decided_is_refused_with_the_candidates() -> None:
    with pytest.raises(InputError, match="windows-1250") as refusal:
        decode("Łódź".encode("cp1250"))
    assert refusal.value.error_class == "encoding"


def test_texts_for_terminals_and_printers() -> None:
    assert parse(b"\x1b[1;31mERROR\x1b[0m lamp", "a.log").text == "ERROR lamp"
    assert parse(b"N\bNA\bAM\bME\bE _\bx", "a.txt").text == "NAME x"
    assert parse("one\x0ctwo\x85three\u2028four\rfive\vsix\u2029seven".encode(), "a.txt").text == (
        "one\ntwo\nthree\nfour\nfive\nsix\n\nseven"
    )


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("cp-850", "cp850"),
        ("IBM-850", "cp850"),
        ("win-1251", "cp1251"),
        ("Windows_1252", "cp1252"),
        ("x-cp1250", "cp1250"),
        ("x-gbk", "gb18030"),
        ("utf8mb4", "utf-8"),
        ("unknown-8bit", "cp1252"),
        ("iso-8859-8-i", "iso8859-8"),
        ("cp50221", "iso2022_jp_ext"),
        ("koi8", "koi8-r"),
        ("cp99999", None),
    ],
)
def test_charsets_are_known_by_all_their_names(name: str, codec: str | None) -> None:
    assert codec_of(name) == codec


TEXTS_MISREAD = {
    "cp1252": "Für die Tür am äußeren Pier",
    "cp1250": "Příliš žluťoučký kůň",
    "cp1251": "Привет, маяк и колокол",
    "cp437": "Für die Tür am äußeren Pier",
    "mac_roman": "L’été à la jetée",
}


@pytest.mark.parametrize("encoding", TEXTS_MISREAD)
@pytest.mark.parametrize("name", ["a.txt", "a.html", "a.csv"])
def test_text_that_was_encoded_twice_is_kept_and_named(encoding: str, name: str) -> None:
    text = TEXTS_MISREAD[encoding]
    misread = "".join(
        part.encode().decode(encoding, "ignore") if not part.isascii() else part for part in re.split(r"(\W)", text)
    )
    parsed = parse(misread.encode(), name)
    (remark,) = [one for one in parsed.omitted if one.kind == "guessed_encoding"]
    assert "was read as" in remark.place
    assert not [one for one in parse(text.encode(), name).omitted if one.kind == "guessed_encoding"]


@pytest.mark.parametrize("text", ["Près du château, l’été et l’école.", "L’été, ‘œuvre’ et “âge”"])
def test_quotation_marks_beside_letters_are_no_misread_text(text: str) -> None:
    assert not parse(text.encode(), "a.txt").omitted


def test_a_sign_inside_a_word_leaves_no_guess_certain() -> None:
    kazakh = "Маяк күзетшісі әр кеш сайын шам жағады.".encode("ptcp154")  # an encoding that raglake doesn't know
    assert [one.kind for one in parse(kazakh, "a.txt").omitted] == ["guessed_encoding"]


def test_one_example_of_misread_text_among_others_is_no_remark() -> None:
    text = "Für “Ü” steht dort manchmal Ã¼, etwa in „Größe“ – œuvre … ‘naïve’."
    assert not parse(text.encode(), "a.txt").omitted


LATIN_CONTROLS = {
    "UTF-8 read as Latin-1": (
        "1986\xe2\x80\x931990 for \xc2\xa3275, Stra\xc3\x9fe",
        "1986\u20131990 for \xa3275, Stra\xdfe",
    ),
    "cp1252 read as Latin-1": ("1986\x961990, \x93Quay\x94 caf\xe9", "1986\u20131990, \u201cQuay\u201d caf\xe9"),
    "no character of either": ("1986\x811990", "1986 1990"),
}


@pytest.mark.parametrize(("text", "meant"), LATIN_CONTROLS.values(), ids=LATIN_CONTROLS)
def test_controls_above_ascii_are_read_as_what_they_stood_for(text: str, meant: str) -> None:
    parsed = parse(text.encode(), "a.txt")
    assert parsed.text == meant
    (remark,) = parsed.omitted
    assert remark.kind == "guessed_encoding"


def test_controls_that_part_fields_leave_a_space() -> None:
    assert parse(b"8=FIX\x0135=D\x0149=BANK \x02of\x03 it\n", "a.txt").text.rstrip() == "8=FIX 35=D 49=BANK of it"


def test_a_line_end_above_ascii_proves_nothing() -> None:
    parsed = parse("\xc3\x85 one\x85two \xc3".encode(), "a.txt")
    assert (parsed.text, parsed.omitted) == ("\xc3\n one\ntwo \xc3", ())


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("Köln, Straße 4".encode("cp1252"), "Köln, Straße 4"),
        ("Größe\n".encode() + "Straße nach Köln".encode("cp1252"), "Größe\nStraße nach Köln"),
        ("20 °C ± 2 µm, § 5, 3 × 4, £5".encode("cp1252"), "20 °C ± 2 µm, § 5, 3 × 4, £5"),
        ("Cœur à 50 € près de Nîmes, œuvre".encode("iso8859-15"), "Cœur à 50 € près de Nîmes, œuvre"),
        ("Ο φάρος φωτίζει τη θάλασσα τη νύχτα".encode("cp737"), "Ο φάρος φωτίζει τη θάλασσα τη νύχτα"),
    ],
)
def test_few_letters_and_signs_are_read_as_a_language_has_them(data: bytes, text: str) -> None:
    assert decode(data).text == text


@pytest.mark.parametrize("before", ["<meta charset={}><p>", "# coding: {}\n"])
@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Preis: 5 €\n", "iso-8859-15"),
        ("Cost 10 €, then 20 € more. See § 5.\n", "iso-8859-15"),
        ("The café costs 5 €\n", "iso-8859-15"),
        ("Temperature 20 °C or ½ price\n", "windows-1252"),
        ("Temperature 20 °C or ½ price\n", "iso-8859-1"),
    ],
)
def test_a_declaration_that_makes_signs_of_a_few_bytes_is_believed(before: str, text: str, encoding: str) -> None:
    found = decode(before.format(encoding).encode() + text.encode(encoding), declared=before.startswith("<"))
    assert found.text.endswith(text)
    assert not found.omitted


def test_signs_in_places_of_letters_are_no_reason_to_believe_a_declaration() -> None:
    found = decode("# coding: windows-1252\n# Le coût réel, déjà payé à Orléans\n".encode("cp850"))
    assert found.omitted


@pytest.mark.parametrize("text", [CHINESE, f"Dear ~ keeper\n{CHINESE}regards\n", "点亮了灯塔，他走了。"])
def test_chinese_in_hz_is_decoded(text: str) -> None:
    found = decode(text.encode("hz"))
    assert (found.text, found.metadata, found.omitted) == (text, {"encoding": "hz"}, ())


def test_what_may_be_hz_or_not_is_remarked_on() -> None:
    few, damaged = decode("你好 world".encode("hz")), decode(CHINESE.encode("hz") + b"in ~/home")
    assert few.text == "你好 world"
    assert damaged.text.endswith("in ~/home")
    assert [one.kind for one in (*few.omitted, *damaged.omitted)] == ["guessed_encoding"] * 2


@pytest.mark.parametrize(
    "text", ['(format t "~{~a~^, ~}~%" names)', "~{word~} and ~{AB~} in ~/x", "a~{1,2}", "~{~}", "~{"]
)
def test_tildes_and_braces_of_programs_are_no_hz(text: str) -> None:
    assert decode(text.encode()) == (text, {}, ())


def test_ebcdic_is_refused_with_its_cure() -> None:
    with pytest.raises(InputError, match="iconv -f IBM1047") as caught:
        parse("THE LAMP BURNS OIL. ".encode("cp037") * 10, "a.txt")
    assert caught.value.error_class == "encoding"
