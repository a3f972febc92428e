"""Delimited tables as people and programs write them."""

from __future__ import annotations

import time

import pytest

from lake.parse import parse
from lake.parse.account import account_of
from lake.parse.document import ParsedDocument


def complete(text: str | bytes, name: str = "a.csv") -> ParsedDocument:
    parsed = parse(text if isinstance(text, bytes) else text.encode(), name)
    assert account_of(parsed).n_words_lost == 0, parsed.text
    return parsed


def test_text_behind_a_closing_mark_keeps_its_marks() -> None:
    text = complete('a,b\n"x"y,"one, ""two"""\n"v, w" z,\n"p" ,  "q, r"\n').text
    assert text.split("\n")[2:] == ['| "x"y | one, "two" |', '| "v, w" z |  |', "| p | q, r |"]


RIGHT = "| Item | n | Town |\n| --- | --- | --- |\n| rope | 3 | Brno |\n| tar | 4 | Bergen |"


@pytest.mark.parametrize(
    "text",
    [
        "Item,n,Town\nrope,3,Brno\ntar,4,Bergen\n",
        "Item;n;Town\nrope;3;Brno\ntar;4;Bergen",
        "Item|n|Town\nrope|3|Brno\ntar|4|Bergen",
        "Item\tn\tTown\nrope\t3\tBrno\ntar\t4\tBergen",
        "sep=;\nItem;n;Town\nrope;3;Brno\ntar;4;Bergen",
        '"sep=,"\nItem,n,Town\nrope,3,Brno\ntar,4,Bergen',
        '"Item","n","Town"\n"rope","3","Brno"\n"tar","4","Bergen"',
        "\ufeffItem,n,Town\nrope,3,Brno\ntar,4,Bergen",
        "Item,n,Town\r\nrope,3,Brno\r\ntar,4,Bergen\r\n",
        "Item,n,Town\rrope,3,Brno\rtar,4,Bergen\r",
        "Item,n,Town,,\nrope,3,Brno,,\ntar,4,Bergen,,\n,,,,\n",
        "Item,n,To\0wn\nrope,3,Brno\ntar,4,Bergen\n",
        "\n\nItem,n,Town\nrope,3,Brno\ntar,4,Bergen\n",
        " Item , n , Town \n rope , 3 , Brno \n tar , 4 , Bergen ",
    ],
)
def test_one_table_in_many_forms(text: str) -> None:
    assert complete(text).text == RIGHT


def test_utf_16() -> None:
    assert complete("Item\tn\tTown\nrope\t3\tBrno\ntar\t4\tBergen".encode("utf-16"), "a.csv").text == RIGHT


def test_line_breaks_and_quotes_inside_cells() -> None:
    parsed = complete('Item,Remark\nrope,"first line\nsecond ""quoted"" line"\ntar,"a, b"\n')
    assert '| rope | first line second "quoted" line |' in parsed.text
    assert "| tar | a, b |" in parsed.text


def test_a_line_break_in_the_last_row_of_a_table_whose_commas_mislead() -> None:
    parsed = complete('a,b,c\n1,"x, y",3\n4,"first\nsecond",6\n')
    assert parsed.text.endswith("| 1 | x, y | 3 |\n| 4 | first second | 6 |")
    assert not parsed.omitted


def test_spaces_before_quotation_marks() -> None:
    parsed = complete('Item, Remark\nrope, "long, thin"\ntar, "black, thick"\n')
    assert parsed.text.endswith("| rope | long, thin |\n| tar | black, thick |")


def test_ragged_rows_are_kept() -> None:
    parsed = complete("a,b,c\n1,2\n3,4,5,extra\n6,7,8\n")
    assert "| 3 | 4 | 5 | extra |" in parsed.text
    assert "| 1 | 2 |  |  |" in parsed.text


def test_comments_and_preamble_are_paragraphs() -> None:
    parsed = complete(
        "# Made by Ida, on request\n# of the harbour\nExported on,2031-03-14\n\nItem,n,m,o,p\nrope,3,4,5,6\n"
    )
    assert parsed.text.startswith("# Made by Ida, on request")
    assert "Exported on | 2031-03-14" in parsed.text
    assert "| Item | n | m | o | p |" in parsed.text


def test_header_that_begins_with_a_comment_sign() -> None:
    assert complete("#id,name\n1,rope\n2,tar\n").text.startswith("| #id | name |\n| --- | --- |\n| 1 | rope |")


@pytest.mark.parametrize("bad", ['oil,"5,Oslo', '"oil,5,Oslo', 'oil,5,"Oslo'])
def test_open_quotation_mark_costs_no_other_line(bad: str) -> None:
    lines = ["Item,n,Town", "rope,3,Brno", bad, "tar,4,Bergen", 'wax,6,"Aa, Bb"', "hemp,7,Ulm"]
    parsed = complete("\n".join(lines))
    assert "| tar | 4 | Bergen |" in parsed.text
    assert "| wax | 6 | Aa, Bb |" in parsed.text
    assert "| hemp | 7 | Ulm |" in parsed.text
    assert [one.place.partition(":")[0] for one in parsed.omitted] == ["line 3"]


def test_quotation_marks_inside_quotation_marks() -> None:
    parsed = complete('Item,n\n"the "long" rope",3\ntar,4\n')
    assert "long" in parsed.text
    assert "| tar | 4 |" in parsed.text
    assert not parsed.omitted


def test_quotation_mark_inside_a_cell_is_a_sign() -> None:
    assert '| pipe 5" | 3 |' in complete('Item,n\npipe 5",3\nrope,4\n').text


def test_two_tables() -> None:
    parsed = complete("Item,n\nrope,3\n\nRegion,EUR\nNorth,7\n")
    assert parsed.text.count("| --- |") == 2
    assert "\n\n| Region | EUR |\n| --- |" in parsed.text


def test_blank_lines_between_rows_do_not_part_a_table() -> None:
    assert len(complete("Item,n\n\nrope,3\n\ntar,4\n\noil,5\n").blocks) == 1


def test_tab_separated_file_without_tabs() -> None:
    assert complete("Item,n\nrope,3\n", "a.tsv").text == "| Item | n |\n| --- | --- |\n| rope | 3 |"


def test_hostile_quotes_take_linear_time() -> None:
    begun = time.process_time()
    complete("\n".join(['"x,1,2'] * 20_000))
    assert time.process_time() - begun < 5


def test_a_number_below_an_empty_row_keeps_its_column() -> None:
    assert parse(b"A,B,C\n1,,3\n,,\n,2,\n", "a.csv").text.endswith("| 1 |  | 3 |\n|  | 2 |  |")
