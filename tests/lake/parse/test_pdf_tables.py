"""Tables of PDF pages by geometry: what becomes a table, cell by cell, and what must stay prose."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.parse import parse
from lake.parse.canonical import one_line
from lake.parse.pdf.geometry import Box, FoundTable, Line, PageLayout, PlacedWord
from lake.parse.pdf.hyphens import Hyphens
from lake.parse.pdf.table_pages import finish_tables
from lake.parse.pdf.tables import find_tables
from tests.lake.parse.pdf_drawings import layout, table
from tests.lake.parse.pdf_files import pdf, put

TABLES = {
    "full grid": (
        """
+----------+--------+--------+
| Item     | 2021   | 2022   |
+----------+--------+--------+
| Pumps    | 12     | 15     |
+----------+--------+--------+
| Valves   | 7      | 9      |
+----------+--------+--------+
""",
        "Item | 2021 | 2022\n Pumps | 12 | 15\n Valves | 7 | 9",
    ),
    "grid of words": (
        """
+-------------+-----------+
| Town        | Keeper    |
+-------------+-----------+
| Bergen      | Solberg   |
+-------------+-----------+
| Ostrava     | Novak     |
+-------------+-----------+
""",
        "Town | Keeper\n Bergen | Solberg\n Ostrava | Novak",
    ),
    "empty cells": (
        """
+----------+--------+--------+
| Item     | 2021   |        |
+----------+--------+--------+
| Pumps    |        | 15     |
+----------+--------+--------+
| Valves   | 7      |        |
+----------+--------+--------+
""",
        "Item | 2021 | \n Pumps |  | 15\n Valves | 7 | ",
    ),
    "several lines in a cell": (
        """
+----------+----------------------+
| Step     | What to do           |
+----------+----------------------+
| Drain    | Open the lower valve |
|          | and wait until the   |
|          | tank is empty        |
+----------+----------------------+
| Close    | Turn it back         |
+----------+----------------------+
""",
        "Step | What to do\n Drain | Open the lower valve and wait until the tank is empty\n Close | Turn it back",
    ),
    "row span": (
        """
+----------+----------+------+
| Region   | Season   | Tons |
+----------+----------+------+
| North    | Summer   | 12   |
|          +----------+------+
|          | Winter   | 25   |
+----------+----------+------+
| South    | Summer   | 31   |
+----------+----------+------+
""",
        "Region | Season | Tons\n North | Summer | 12\n | Winter | 25\n South | Summer | 31",
    ),
    "column span": (
        """
+----------+-----------------+
| Region   | Sales           |
|          +--------+--------+
|          | 2021   | 2022   |
+----------+--------+--------+
| North    | 14     | 16     |
+----------+--------+--------+
| South    | 11     | 10     |
+----------+--------+--------+
""",
        "Region | Sales | \n | 2021 | 2022\n North | 14 | 16\n South | 11 | 10",
    ),
    "a last row over two columns": (
        """
+----------+----------+------+
| Region   | Season   | Tons |
+----------+----------+------+
| North    | Summer   | 12   |
+----------+----------+------+
| Both regions        | 25   |
+---------------------+------+
""",
        "Region | Season | Tons\n North | Summer | 12\n Both regions | | 25",
    ),
    "no outer rules": (
        """
 Item     | 2021   | 2022
----------+--------+--------
 Pumps    | 12     | 15
----------+--------+--------
 Valves   | 7      | 9
----------+--------+--------
 Ropes    | 3      | 4
""",
        "Item | 2021 | 2022\n Pumps | 12 | 15\n Valves | 7 | 9\n Ropes | 3 | 4",
    ),
    "upright rules and a head rule only": (
        """
+----------+--------+--------+
| Item     | 2021   | 2022   |
+----------+--------+--------+
| Pumps    | 12     | 15     |
| Valves   | 7      | 9      |
| Ropes    | 3      | 4      |
+----------+--------+--------+
""",
        "Item | 2021 | 2022\n Pumps | 12 | 15\n Valves | 7 | 9\n Ropes | 3 | 4",
    ),
    "three rules across": (
        """
--------------------------------
 Model       Recall    Precision
--------------------------------
 Geometry      95.1         98.2
 Model         91.7         90.4
 Both          96.3         97.9
--------------------------------
""",
        "Model | Recall | Precision\n Geometry | 95.1 | 98.2\n Model | 91.7 | 90.4\n Both | 96.3 | 97.9",
    ),
    "three rules across, words only": (
        """
------------------------------
 Key          Meaning
------------------------------
 alpha        first letter
 beta         second letter
 gamma        third one
------------------------------
""",
        "Key | Meaning\n alpha | first letter\n beta | second letter\n gamma | third one",
    ),
    "heads over two columns between rules": (
        """
------------------------------------
               Summer        Winter
------------------------------------
 Harbour      12     14     16    18
 Bridge       22     24     26    28
------------------------------------
""",
        "| Summer | | Winter | \n Harbour | 12 | 14 | 16 | 18\n Bridge | 22 | 24 | 26 | 28",
    ),
    "an outer frame only": (
        """
+------------------------------+
| Item        2021        2022 |
| Pumps         12          15 |
| Valves         7           9 |
| Ropes          3           4 |
+------------------------------+
""",
        "Item | 2021 | 2022\n Pumps | 12 | 15\n Valves | 7 | 9\n Ropes | 3 | 4",
    ),
    "a rule under every row": (
        """
 Item        2021        2022
------------------------------
 Pumps         12          15
------------------------------
 Valves         7           9
------------------------------
 Ropes          3           4
------------------------------
""",
        "Item | 2021 | 2022\n Pumps | 12 | 15\n Valves | 7 | 9\n Ropes | 3 | 4",
    ),
    "rules between rows of several lines": (
        """
----------------------------------------
 Term          Meaning
----------------------------------------
 Bollard       A post on the quay to
               which ropes are made fast
----------------------------------------
 Fender        A cushion that hangs
               between ship and quay
----------------------------------------
 Hawser        A thick rope
----------------------------------------
""",
        "Term | Meaning\n Bollard | A post on the quay to which ropes are made fast\n"
        "Fender | A cushion that hangs between ship and quay\n Hawser | A thick rope",
    ),
    "figures without rules": (
        """
                     2023      2022
Revenue             1,250     1,180
Freight               310       295
Salaries              (45)      (51)
""",
        "| 2023 | 2022\n Revenue | 1,250 | 1,180\n Freight | 310 | 295\n Salaries | (45) | (51)",
    ),
    "a label over two lines": (
        """
                               2023      2022
Net income                    8,125     7,310
Stock compensation and
  other items               (25,159)  (19,020)
Change in payables            1,004       877
""",
        "| 2023 | 2022\n Net income | 8,125 | 7,310\n Stock compensation and other items | (25,159) | (19,020)\n"
        "Change in payables | 1,004 | 877",
    ),
    "a label that goes on below": (
        """
                               2023      2022
Net income                    8,125     7,310
Stock compensation and      (25,159)  (19,020)
  other items
Change in payables            1,004       877
""",
        "| 2023 | 2022\n Net income | 8,125 | 7,310\n Stock compensation and other items | (25,159) | (19,020)\n"
        "Change in payables | 1,004 | 877",
    ),
    "currency signs in columns of their own": (
        """
                       2023          2022
Revenue          $    1,250    $    1,180
Freight                 310           295
Salaries                425           419
Income           $      515    $      466
""",
        "| 2023 | 2022\n Revenue | $ 1,250 | $ 1,180\n Freight | 310 | 295\n Salaries | 425 | 419\n"
        "Income | $ 515 | $ 466",
    ),
    "section rows and indented labels": (
        """
                          2023      2022
Operating:
  Revenue                1,250     1,180
  Freight                  310       295
Financing:
  Interest                  45        51
  Dividends                 12        10
""",
        "| 2023 | 2022\n Operating: | | \n Revenue | 1,250 | 1,180\n Freight | 310 | 295\n"
        "Financing: | | \n Interest | 45 | 51\n Dividends | 12 | 10",
    ),
    "a head over several columns": (
        """
                     Year ended
                  2023      2022      2021
Revenue          1,250     1,180     1,101
Freight            310       295       287
Salaries           425       419       402
""",
        "| Year ended | | \n | 2023 | 2022 | 2021\n Revenue | 1,250 | 1,180 | 1,101\n"
        "Freight | 310 | 295 | 287\n Salaries | 425 | 419 | 402",
    ),
    "totals without a label": (
        """
Item              2023      2022
Revenue          1,250     1,180
Freight            310       295
                 1,560     1,475
Salaries           425       419
""",
        "Item | 2023 | 2022\n Revenue | 1,250 | 1,180\n Freight | 310 | 295\n | 1,560 | 1,475\n Salaries | 425 | 419",
    ),
    "figures with units and marks for none": (
        """
Part            Weight       Share
Rope             12 kg       3.5 %
Chain           140 kg      40.1 %
Anchor              --          --
Buoy             31 kg       8.8 %
""",
        "Part | Weight | Share\n Rope | 12 kg | 3.5 %\n Chain | 140 kg | 40.1 %\n Anchor | -- | --\n"
        "Buoy | 31 kg | 8.8 %",
    ),
    "decimal points under each other": (
        """
Sample        Length       Depth
First           1.25       10.5
Second         12.5         0.125
Third         125.0         7.25
""",
        "Sample | Length | Depth\n First | 1.25 | 10.5\n Second | 12.5 | 0.125\n Third | 125.0 | 7.25",
    ),
    "figures on the left": (
        """
Year      Ships     Passengers
2019      12        1,204
2020      9         310
2021      10        788
2022      14        1,377
""",
        "Year | Ships | Passengers\n 2019 | 12 | 1,204\n 2020 | 9 | 310\n 2021 | 10 | 788\n 2022 | 14 | 1,377",
    ),
    "gaps in the figures": (
        """
Berth         2021      2022      2023
North           12        14
South                     11        10
West             9                   8
""",
        "Berth | 2021 | 2022 | 2023\n North | 12 | 14 | \n South | | 11 | 10\n West | 9 | | 8",
    ),
    "footnote marks behind figures": (
        """
Berth         2021           2022
North           12   (1)       14
South           15             11
West             9   (2)        8
""",
        "Berth | 2021 | 2022\n North | 12 (1) | 14\n South | 15 | 11\n West | 9 (2) | 8",
    ),
    "words in three columns": (
        """
Part              Town          Keeper
Upper pump        Bergen        Solberg
Spare valve       Ostrava       Novak
Lower filter      Leith         Reid
Main bridge       Cork          Walsh
""",
        "Part | Town | Keeper\n Upper pump | Bergen | Solberg\n Spare valve | Ostrava | Novak\n"
        "Lower filter | Leith | Reid\n Main bridge | Cork | Walsh",
    ),
    "text and figures": (
        """
Step         What to do               Minutes
Drain        Open the lower valve        12.5
             and wait until the
             tank is empty
Rinse        Fill in clear water          8.0
             and let it run out
Close        Turn the valve back          1.5
""",
        "Step | What to do | Minutes\n Drain | Open the lower valve and wait until the tank is empty | 12.5\n"
        "Rinse | Fill in clear water and let it run out | 8.0\n Close | Turn the valve back | 1.5",
    ),
    "ratings in marks": (
        """
Pump          Flow      Head      Price
A-100           12        30      1,200
A-200           18        28      1,450
B-100           25        41      2,100
""",
        "Pump | Flow | Head | Price\n A-100 | 12 | 30 | 1,200\n A-200 | 18 | 28 | 1,450\n B-100 | 25 | 41 | 2,100",
    ),
    "ranges, dates and percentages": (
        """
Period          From          Share
Spring          2031-03-14    12.5%
Summer          2031-06-21    31.0%
Autumn          2031-09-23    28.4%
""",
        "Period | From | Share\n Spring | 2031-03-14 | 12.5%\n Summer | 2031-06-21 | 31.0%\n"
        "Autumn | 2031-09-23 | 28.4%",
    ),
}

PROSE = {
    "one column of text": """
The harbour office keeps a book of all ships that enter
and leave. Its figures are rounded to whole units, and
readings of the night shift are included since spring.
""",
    "two columns of text": """
The harbour office keeps a     Its figures are rounded to
book of all ships that may     whole units, and readings
enter and leave. Its pages     of the night shift are in
are numbered by hand, and      since spring, as the board
each of them is signed by      agreed with the keepers in
the keeper on duty before      their meeting at the start
the next shift takes over      of the year in the old hall
""",
    "three columns of text": """
The harbour keeps a     Its figures are set     Readings of a night
book of all the big     down by hand and so     are in since spring
ships that may come     each of the pages is    and nobody knows
and leave again for     signed by a keeper      why this was done by
a time that is long     before the shift is     those who had been
""",
    "bullets": """
•    Open the lower valve
•    Wait until the tank is empty
•    Close it
•    Rinse with clear water
""",
    "a numbered list": """
1.    Open the lower valve
2.    Wait
3.    Close it
4.    Rinse
""",
    "terms and their meaning": """
Bollard       A post on the quay to which the ropes of
              ships are made fast while they load
Fender        A cushion that hangs between the side of
              a ship and the quay to keep them apart
Hawser        A thick rope by which a ship is towed or
              made fast in a strong wind
""",
    "contents with leaders": """
1 Introduction . . . . . . . . . . . . .     1
2 The pumps . . . . . . . . . . . . . . .    4
3 The valves . . . . . . . . . . . . . . .  11
4 Index . . . . . . . . . . . . . . . . . .  23
""",
    "contents without leaders": """
Introduction                                 1
The pumps                                    4
The valves                                  11
Index                                       23
""",
    "contents in two columns": """
Introduction           1     Bridges           23
The pumps              4     Turbines          27
The valves            11     Filters           31
The ropes             17     Index             40
""",
    "an index in two columns": """
anchor, 12                    harbour, 31
bollard, 7                    hawser, 9
bridge, 22                    keeper, 14
buoy, 3                       quay, 18
""",
    "an index with many pages": """
\\write      12,   19,   107,  113,
117,         119,  123,  128,  131,
138,         140,  147,  153,  160,
171,         175,  181,  183,  190
""",
    "a form": """
Name:             Ingrid Solberg
Street:           Old Quay
Town:             Bergen
Telephone:        none
""",
    "an address beside a date": """
Harbour office                         14 March
Old Quay
Bergen
""",
    "a framed warning": """
+------------------------------------+
| Never open the upper valve while   |
| the pump is running, since the     |
| pressure may burst the pipe        |
+------------------------------------+
""",
    "rules above and below prose": """
--------------------------------------------------
The harbour office keeps a book of all ships that
enter and leave. Its figures are rounded to whole
units, and readings of the night are included.
--------------------------------------------------
The next part is about the pumps and their valves,
""",
    "a formula and its number": """
          x = a + b                        (1)

          y = c - d                        (2)

          z = e + f                        (3)
""",
    "labels of a chart": """
100

 75

 50                    o      o

 25        o

  0
""",
    "signatures": """
For the harbour                    For the keepers

I. Solberg                         P. Novak
""",
}


@pytest.mark.parametrize("name", TABLES)
def test_every_cell_stands_in_its_row_and_column(name: str) -> None:
    drawing, expected = TABLES[name]
    found = find_tables(layout(drawing))
    assert [[[one_line(cell) for cell in row] for row in one.rows] for one in found] == [table(expected)]


@pytest.mark.parametrize("name", PROSE)
def test_what_is_no_table_stays_prose(name: str) -> None:
    assert find_tables(layout(PROSE[name])) == []


_TEXTS = st.sampled_from(["Pumps", "(45)", "1,250", "$", "(1)", "a", "of", "12", "%", "2023", "harbour", "...", "n/a"])
_CELLS = st.lists(st.lists(_TEXTS, min_size=1, max_size=3), min_size=3, max_size=4)
_RULES = st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 12), st.integers(1, 10))


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.lists(_CELLS, min_size=3, max_size=10), st.lists(_RULES, max_size=12), st.sampled_from([0.0, 0.4, 7.0]))
def test_a_table_holds_every_word_inside_its_box_once(
    rows: list[list[list[str]]], lines: list[tuple[bool, int, int, int]], lift: float
) -> None:
    words = [
        PlacedWord(text, Box(left, bottom, left + 4.8 * len(text), bottom + 11.0), 10.0)
        for r, row in enumerate(rows)
        for c, cell in enumerate(row)
        for n, text in enumerate(cell)
        for left, bottom in [(40.0 + 110.0 * c + 30.0 * n, 700.0 - 14.0 * r + lift * (c % 2))]
    ]
    rules = [
        Box(38.0 + 110.0 * c, 712.0 - 14.0 * r, 38.0 + 110.0 * (c + length), 712.0 - 14.0 * r)
        if across
        else Box(38.0 + 110.0 * c, 712.0 - 14.0 * (r + length), 38.0 + 110.0 * c, 712.0 - 14.0 * r)
        for across, c, r, length in lines
    ]
    found = find_tables(PageLayout(595.0, 842.0, words, rules))
    held = Counter(" ".join(chain.from_iterable(chain.from_iterable(one.rows for one in found))).split())
    assert held <= Counter(word.text for word in words)
    for one in found:
        inside = [word.text for word in words if _holds(one.box, word.box)]
        assert Counter(inside) == Counter(" ".join(chain.from_iterable(one.rows)).split())


def _holds(box: Box, inner: Box) -> bool:
    x, y = (inner.left + inner.right) / 2, (inner.bottom + inner.top) / 2
    return box.left <= x <= box.right and box.bottom <= y <= box.top


def test_a_table_that_goes_on_repeats_its_head_row() -> None:
    head, rows = ["Item", "Tons", "Share"], [["Pumps", "12", "3.5%"], ["Valves", "7", "1.2%"]]
    box, other = Box(50, 50, 400, 300), Box(50, 600, 401, 780)

    def page(place: Box, *cells: list[str]) -> list[Line]:
        return [Line("", *place, table=FoundTable(place, cells))]

    pages = [
        page(box, head, *rows),
        page(other, *rows),
        page(box, head, *rows),
        page(other, ["Town", "Keeper", "Since"]),
    ]
    finish_tables(pages, Hyphens([]))
    found = [one.table.rows for (one,) in pages if one.table]
    assert found == [[head, *rows], [head, *rows], [head, *rows], [["Town", "Keeper", "Since"]]]


@pytest.mark.parametrize(
    ("begin", "going_on", "is_joined"),
    [
        (["Pumps", "they lift the water of the har-"], ["", "bour into the sea"], True),
        (["Pumps", "they lift the water of the"], ["", "harbour into the sea"], True),
        (["Pumps", "they lift the water."], ["", "harbour works"], False),
        (["Pumps", "they lift the water of the"], ["Valves", "harbour works"], False),
        (["Pumps", ""], ["", "harbour works"], False),
    ],
)
def test_a_row_that_goes_on_on_the_next_page_is_one_row(begin: list[str], going_on: list[str], is_joined: bool) -> None:
    head, last, box = ["Item", "Use"], ["Bell", "it is rung"], Box(50, 50, 400, 300)
    for heads in ([head], []):
        tables = [head, ["Rope", "it holds"], begin], [*heads, going_on, last]
        pages = [[Line("", *box, table=FoundTable(box, rows))] for rows in tables]
        finish_tables(pages, Hyphens(["the harbour"]))
        first, second = [one.table.rows for (one,) in pages if one.table]
        assert (first[-1] == ["Pumps", "they lift the water of the harbour into the sea"]) == is_joined
        assert second == [head, *([] if is_joined else [going_on]), last]


def test_words_divided_in_a_cell_are_joined() -> None:
    pages = [[Line("", 0, 0, 1, 1, table=FoundTable(Box(0, 0, 1, 1), [["Multi-\nArch", "main-\ntain the list"]]))]]
    finish_tables(pages, Hyphens(["they maintain the list"]))
    assert [one.table.rows for (one,) in pages if one.table] == [[["Multi-Arch", "maintain the list"]]]


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_table_that_runs_along_the_page_has_its_own_rows(degrees: int) -> None:
    rows = [("Port", "Tons", "Ships"), ("Oslo", "41", "9"), ("Bergen", "72", "2"), ("Stavanger", "86", "1")]

    def draw(canvas: Any) -> None:
        canvas.translate(300, 420)
        canvas.rotate(degrees)
        for i, row in enumerate(rows):
            for j, text in enumerate(row):
                put(canvas, 100 * j - 150, 60 - 20 * i, text)
        for i in range(5):
            canvas.line(-155, 75 - 20 * i, 145, 75 - 20 * i)
        for j in range(4):
            canvas.line(100 * j - 155, 75, 100 * j - 155, -5)

    assert "| Bergen | 72 | 2 |" in parse(pdf(draw), "a.pdf").text


def test_a_grid_of_two_columns_of_words_is_a_table() -> None:
    rows = [("Clause", ["Obligation"]), ("A1", ["The tenant pays", "the rent monthly"]), ("B2", ["The owner mends"])]

    def draw(canvas: Any) -> None:
        height = 740.0
        canvas.line(72, height + 14, 500, height + 14)
        for name, lines in rows:
            put(canvas, 76, height, name)
            for i, line in enumerate(lines):
                put(canvas, 176, height - 13 * i, line)
            height -= 13 * len(lines) + 8
            canvas.line(72, height + 14, 500, height + 14)
        for x in (72, 170, 500):
            canvas.line(x, 754, x, height + 14)

    assert "| A1 | The tenant pays the rent monthly |" in parse(pdf(draw), "a.pdf").text


@pytest.mark.parametrize("degrees", [90, -90, 45])
def test_turned_heads_of_columns_read_in_the_order_of_their_words(degrees: int) -> None:
    rows = (("Spring", "4.1", "3.2", "5.0"), ("Summer", "4.0", "3.1", "4.9"), ("Autumn", "4.3", "3.3", "5.1"))

    def draw(canvas: Any) -> None:
        for n in range(3):
            put(canvas, 60, 500 - 14 * n, "The depths are those of the lowest tide of the season that was seen.", 10)
        for k, head in enumerate(("Outer pier", "Inner pier", "North quay")):
            canvas.saveState()
            canvas.translate(200 + 60 * k, 763 if degrees < 0 else 700)
            canvas.rotate(degrees)
            put(canvas, 0, 0, head, 10)
            canvas.restoreState()
        for r, row in enumerate(rows):
            for k, cell in enumerate(row):
                put(canvas, (60, 190, 250, 310)[k], 680 - 18 * r, cell, 10)
        if abs(degrees) == 90:
            for y in (770, 697, 677, 659, 641):
                canvas.line(55, y, 350, y)
            for x in (55, 170, 230, 290, 350):
                canvas.line(x, 641, x, 770)

    text = parse(pdf(draw), "a.pdf").text
    heads = "Outer pier Inner pier North quay" if degrees == 45 else "|  | Outer pier | Inner pier | North quay |"
    assert text.startswith(heads)
    assert "| Summer | 4.0 | 3.1 | 4.9 |" in text


def test_names_that_differ_in_their_numbers_are_no_code() -> None:
    rows = [("Port", "Depth", "Tide"), *((f"Port{i}", f"{i}.{i} m", f"{i}:30") for i in range(9))]

    def draw(canvas: Any) -> None:
        for r, row in enumerate(rows):
            for k, cell in enumerate(row):
                put(canvas, 237 + 48 * k, 750 - 18 * r, cell, 10)

    assert "| Port4 | 4.4 m | 4:30 |" in parse(pdf(draw), "a.pdf").text


@pytest.mark.parametrize("first", ["Port", ""])
def test_heads_at_the_left_of_cells_stand_over_the_figures_at_their_right(first: str) -> None:
    rows = [
        (first, "2019", "2020", "2021", "2022"),
        *((f"Port {chr(97 + i)}", *map(str, (i, 9 * i, 12 * i, 13 * i))) for i in range(8)),
    ]

    def draw(canvas: Any) -> None:
        for r, row in enumerate(rows):
            for k, cell in enumerate(row):
                left = 57 + 64 * k
                put(
                    canvas,
                    left if k == 0 or r == 0 else left + 63 - canvas.stringWidth(cell, "Helvetica", 10),
                    740 - 13 * r,
                    cell,
                    10,
                )

    text = parse(pdf(draw), "a.pdf").text
    assert text.startswith(f"| {first} | 2019 | 2020 | 2021 | 2022 |")
    assert "| Port c | 2 | 18 | 24 | 26 |" in text


def test_cells_of_prose_under_bold_heads_are_a_table() -> None:
    def draw(canvas: Any) -> None:
        for x, head in ((60, "Risk"), (200, "Cause"), (380, "Remedy")):
            put(canvas, x, 780, head, 10, "Helvetica-Bold")
        for i in range(4):
            for j in range(3):
                for x, text in (
                    (60, f"risk {i} part {j}"),
                    (200, f"cause {i} of the part {j}"),
                    (380, "a remedy for it"),
                ):
                    put(canvas, x, 762 - 42 * i - 11 * j, text, 9)

    text = one_line(parse(pdf(draw), "a.pdf").text.replace("<br>", " "))
    assert "| Risk | Cause | Remedy |" in text
    assert "| risk 1 part 0 risk 1 part 1 risk 1 part 2 | cause 1 of the part 0 cause 1" in text
