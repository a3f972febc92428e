"""The account of a parse: words of the source, words kept, words left out."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.parse.account import Account, account_of, count_words, merged, words
from lake.parse.canonical import TextWriter
from lake.parse.document import Block, Omission, ParsedDocument, check


def test_a_document_that_is_its_own_source_keeps_every_word() -> None:
    assert account_of(ParsedDocument("one two", ())) == Account(2, 2)


def test_words_that_are_missing_are_lost_unless_they_are_explained() -> None:
    writer = TextWriter()
    writer.read("menu home The lamp burns oil burns")
    writer.add("The lamp burns oil")
    assert account_of(writer.finish()).n_words_lost == 3
    writer.omit("navigation", "menu home", "nav")
    account = account_of(writer.finish())
    assert (account.n_words_source, account.n_words_kept, account.n_words_lost) == (7, 4, 1)
    assert account.share_kept == 0.8
    assert account.omitted == (Omission("navigation", 2, "nav"),)


def test_words_that_are_added_hide_no_loss() -> None:
    assert account_of(ParsedDocument("a a a b", (), source_text="a b c d")).n_words_kept == 2


def test_forms_of_the_same_word_are_equal() -> None:
    assert words("Gro\u0308\u00dfe soft\u00adhyphen \ufb01sh") == words("Gr\u00f6\u00dfe softhyphen fish")


def test_invisible_characters_part_no_word() -> None:
    for text in ("tar\0red ro\x1bpe", "tar\u200ered ro\u2066pe\u0301"):
        assert words(text)[0] == "tarred"
        assert count_words(text) == 2


def test_equal_omissions_are_summed() -> None:
    assert merged([Omission("script", 2), Omission("hidden", 1), Omission("script", 3)]) == (
        Omission("script", 5),
        Omission("hidden", 1),
    )


_OF_A_PLUGIN = [
    ({"source_text": b"one"}, TypeError, "its source_text is bytes"),
    ({"omitted": {"hidden": 3}}, TypeError, "its omitted is dict"),
    ({"omitted": ("hidden",)}, TypeError, "holds str instead of Omission"),
    ({"omitted": (Omission("hiden", 1),)}, ValueError, "the kind 'hiden'; choose one of navigation, "),  # type: ignore[arg-type]
    ({"omitted": (Omission("hidden", -1),)}, ValueError, "n_words=-1; it must be a whole number"),
    ({"omitted": (Omission("hidden", 1.5),)}, ValueError, "n_words=1.5"),  # type: ignore[arg-type]
    ({"omitted": (Omission("hidden", 1, None),)}, TypeError, "the place None instead of a text"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("stated", "error", "told"), _OF_A_PLUGIN)
def test_a_plugins_account_is_checked(stated: dict[str, Any], error: type[Exception], told: str) -> None:
    good = ParsedDocument("one", (Block(0, 3, "paragraph"),), source_text="one two", omitted=(Omission("hidden", 1),))
    check(good)
    with pytest.raises(error, match=re.escape(told)):
        check(replace(good, **stated))


@given(st.text())
def test_a_text_loses_nothing_against_itself(text: str) -> None:
    account = account_of(ParsedDocument(text, (), source_text=text))
    assert (account.n_words_lost, account.share_kept) == (0, 1.0)


@given(st.text(st.characters(max_codepoint=127)))
def test_words_of_ascii_are_runs_of_letters_and_digits(text: str) -> None:
    assert words(text) == re.findall("[A-Za-z0-9]+", re.sub("[\0-\x08\x0e-\x1b\x7f]", "", text))
    assert count_words(text) == len(words(text))
