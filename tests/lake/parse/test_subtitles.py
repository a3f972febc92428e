"""Subtitles: what is said, by whom and when; captions that roll up are said once."""

from __future__ import annotations

from lake.parse import parse
from lake.parse.account import account_of

WEB = """WEBVTT - Harbour talk
Language: en

NOTE made by hand

1
00:00:01.000 --> 00:00:04.000 align:start position:0%
<v Ida Berg>We are in <i>New&nbsp;York</i>

2
00:00:04.100 --> 00:00:06.000
<v Ida Berg>and it is late.

Chapter two
00:02:00.000 --> 00:02:09.000
<v.loud Tom>Enough
said.
"""
ROLLING = """WEBVTT

00:00:00.000 --> 00:00:02.000 align:start position:0%
 
hello<00:00:00.500><c> every</c><00:00:01.000><c> one</c>

00:00:02.000 --> 00:00:02.010 align:start position:0%
hello every one
 

00:00:02.010 --> 00:00:04.000 align:start position:0%
hello every one
welcome<00:00:02.500><c> to</c><00:00:03.000><c> the</c> port

00:00:04.000 --> 00:00:04.010 align:start position:0%
welcome to the port
 
"""
GROWING = "".join(
    f"{number}\n00:00:0{number},000 --> 00:00:0{number},900\n{words}\n\n"
    for number, words in enumerate(
        ("Life", "Life changing.", "Life changing. She", "Life changing. She won\nthe cup"), 1
    )
)
FILM = (
    "1\r\n00:00:01,000 --> 00:00:02,000\r\n<font color='red'>First</font> line\r\nsecond {\\an8}line\r\n\r\n"
    "2\r\n\r\n00:00:03,000 --> 00:00:04,000\r\nANNA: No.\r\n\r\n3\r\n00:00:04,000 --> 00:00:05,000\r\nANNA: No.\r\n\r\n"
    "stray words\r\n4\r\n00:00:06,500 --> 00:00:07,000\r\n42\r\n"
)
SCRIPT = """[Script Info]
Title: Lamps

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,later\\Nwords, with commas
Comment: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,a remark
Dialogue: 0,0:00:01.00,0:00:03.00,Default,Ida,0,0,0,,{\\i1}first{\\i0} words
"""


def test_speakers_and_times_stand_with_what_is_said() -> None:
    parsed = parse(WEB.encode(), "a.vtt")
    assert parsed.text == (
        "Harbour talk\n\n## 00:00:01\n\nIda Berg: We are in New York and it is late.\n\n# Chapter two\n\n"
        "## 00:02:00\n\nTom: Enough said."
    )
    assert (parsed.title, parsed.language, parsed.metadata["duration"]) == ("Harbour talk", "en", "00:02:09")
    assert parsed.blocks[-1].heading == ("Chapter two", "00:02:00")
    assert [(one.kind, one.place) for one in parsed.omitted] == [("hidden", "notes")]
    assert account_of(parsed).n_words_lost == 0


def test_lines_that_roll_up_are_said_once() -> None:
    parsed = parse(ROLLING.encode(), "a.vtt")
    assert parsed.text == "## 00:00:00\n\nhello every one welcome to the port"
    assert {one.kind for one in parsed.omitted} == {"repeated"}
    assert account_of(parsed).n_words_lost == 0


def test_lines_that_grow_are_said_once() -> None:
    parsed = parse(GROWING.encode(), "a.srt")
    assert parsed.text.endswith("\n\nLife changing. She won the cup")
    assert account_of(parsed).n_words_lost == 0


def test_words_that_are_said_twice_stay() -> None:
    parsed = parse(FILM.encode(), "a.srt")
    assert parsed.text == "## 00:00:01\n\nFirst line second line\n\nANNA: No.\n\nANNA: No. stray words 42"
    assert parsed.title is None
    assert account_of(parsed).n_words_lost == 0


def test_scripts_are_read_in_the_order_of_their_times() -> None:
    parsed = parse(SCRIPT.encode(), "a.ass")
    assert parsed.text == "Lamps\n\n## 00:00:01\n\nIda: first words\n\nlater words, with commas"
    assert [(one.kind, one.n_words) for one in parsed.omitted] == [("hidden", 2)]
    assert account_of(parsed).n_words_lost == 0


def test_captions_of_youtube_in_its_own_form() -> None:
    parsed = parse(b"0:00:01.000,0:00:02.000\nfirst[br]words\n\n0:00:02.000,0:00:03.000\nmore\n", "a.sbv")
    assert parsed.text == "## 00:00:01\n\nfirst words more"
