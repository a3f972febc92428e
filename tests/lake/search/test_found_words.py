"""The words of a question are marked in a text exactly, however either is written."""

from __future__ import annotations

import pytest

from lake.search.found_words import found_words


@pytest.mark.parametrize(
    ("text", "question", "marked"),
    [
        ("The rule 3.11, not 3.13.", "3.11", ["3.11"]),
        ("The rule 3.12, not 4.12.", "3.11", ["3"]),  # no whole, so the part that was found
        ("H\u2082O and CO\u2082", "H2O", ["H\u2082O"]),
        ("In the U.S.A. and the U.K.", "USA", ["U.S.A"]),
        ("Part AB-4711/X of D:\\Depot\\rack.ini", "AB-4711 rack.ini", ["AB-4711", "rack.ini"]),
        ("getHarbourMaster of read_tide_table", "harbour tide_table", ["Harbour", "tide_table"]),
        ("See https://tides.example/k\u00e4se?x=y", "kase", ["k\u00e4se"]),
        (
            "Die Donau\u00addampf\u00adschiff\u00adfahrt",
            "Donaudampfschifffahrt",
            ["Donau\u00addampf\u00adschiff\u00adfahrt"],
        ),
        ("The captain\u2019s pre\u2011war log", "captain's prewar", ["captain\u2019s", "pre\u2011war"]),
        ("Scho\u0308ne Gro\u0308\u00dfe", "Gr\u00f6sse", ["Gro\u0308\u00dfe"]),
        ("\uff8e\uff83\uff99\u306f\u4e18", "\u30db\u30c6\u30eb", ["\uff8e\uff83\uff99"]),
        ("\u706f\u53f0\u306f\u6bce\u6669\u5149\u308a\u307e\u3059", "\u706f\u53f0", ["\u706f\u53f0"]),
        ("\u706f\u53f0\u306f\u6bce\u6669\u5149\u308a\u307e\u3059", "\u5149", ["\u5149"]),
        ("พิพิธภัณฑ์แห่งชาติ", "พิพิธภัณฑ์", ["พิพิธภัณฑ์"]),
        ("ຊາວລາວ", "ລາວ", ["ລາວ"]),
        ("Costs 12 500 kr, not 500", "12500", ["12 500"]),
        ("Paid £71 for 71", "£71", ["£71"]),
        ("Launched 🚀 today", "🚀", ["🚀"]),
        ("می\u200cشود", "میشود", ["می\u200cشود"]),
        ("Add 4½ cups", "½", ["½"]),
        ("Written in C++ and C", "c++", ["C++"]),
        ("Nothing here", "pump", []),
    ],
)
def test_words_are_marked_exactly(text: str, question: str, marked: list[str]) -> None:
    assert [text[start:end] for start, end in found_words(text, question)] == marked


def test_a_long_text_of_names_is_marked_in_linear_time() -> None:
    text = " ".join(f"a.b{n}.c/d-e_f" for n in range(3_000))
    assert len(found_words(text, "a.b7.c")) == 1
    assert found_words("x" + "-y" * 5_000, "y") == [(0, 10_001)]
