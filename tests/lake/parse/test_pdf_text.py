"""PDF text: running lines, hyphens, columns, notes, headings, forms, annotations; each input drawn for its test."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import pytest

from lake.errors import InputError
from lake.parse.account import account_of
from lake.parse.document import ParsedDocument
from lake.parse.pdf.geometry import Line
from lake.parse.pdf.listings import listing_text
from lake.parse.pdf.running import running_lines
from lake.parse.pdf.word_lines import shown
from lake.parse.registry import parse
from tests.lake.parse.pdf_files import Draw, column, mapped, pdf, put, raw_pdf, stream, text_pages, turned

PROSE = (
    "The lamp of the outer pier was lit at dusk and put out when the",
    "sun had cleared the hills behind the town, by one of two keepers",
    "who shared the hut and wrote down wind and tide in a grey book.",
    "Nobody was asked to stay on a Sunday, yet both of them mostly did,",
    "since the herring boats came in on that day as on any other day.",
)


def read(data: bytes) -> ParsedDocument:
    return parse(data, "a.pdf")


def text_of(*pages: Sequence[str]) -> str:
    return read(text_pages(pages)).text


def kinds(parsed: ParsedDocument) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in parsed.omitted:
        found[one.kind] = found.get(one.kind, 0) + one.n_words
    return found


def book(n_pages: int, header: str = "", footer: str = "", *, top: float = 800, bottom: float = 40) -> bytes:
    """Pages of prose; "{n}" in header and footer is the page's number from 1, "{r}" the same in Roman numerals."""
    roman = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii")

    def page(n: int) -> Draw:
        def draw(canvas: Any) -> None:
            put(canvas, 72, top, header.format(n=n, r=roman[n - 1], m=n_pages), 9)
            column(canvas, [f"Page text {chr(96 + n) * 3} begins here.", *PROSE * 3], top=740)
            put(canvas, 280, bottom, footer.format(n=n, r=roman[n - 1], m=n_pages), 9)

        return draw

    return pdf(*(page(n) for n in range(1, n_pages + 1)))


class TestRunningLines:
    @pytest.mark.parametrize(
        "footer",
        [
            "{n}",
            "Page {n}",
            "- {n} -",
            "{n} of {m}",
            "Page {n} of {m}",
            "{n}/{m}",
            "Seite {n} von {m}",
            "{r}",
            "[{n}]",
            "A-{n}",
            "2\u2013{n}",
            "0{n}",
        ],
    )
    def test_page_numbers_are_dropped_and_counted(self, footer: str) -> None:
        parsed = read(book(5, footer=footer))
        assert footer.format(n=3, r="iii", m=5) not in parsed.text.split("\n")
        assert list(kinds(parsed)) == ["running_line"]
        assert account_of(parsed).n_words_lost == 0

    def test_a_header_that_recurs_is_kept_once(self) -> None:
        parsed = read(book(5, "Annual report of the harbour"))
        assert parsed.text.count("Annual report of the harbour") == 1
        assert kinds(parsed) == {"running_line": 20}
        assert "pages 2-5" in parsed.omitted[0].place

    @pytest.mark.parametrize("header", ["Annual report | {n}", "{n} · Annual report", "Annual report, page {n}"])
    def test_a_header_with_a_page_number_is_dropped(self, header: str) -> None:
        text = read(book(5, header)).text
        assert text.count("Annual report") == 1
        assert header.format(n=4) not in text

    @pytest.mark.parametrize(
        "header", ["Invoice 2031-00{n}", "Room 10{n}", "Case number 771{n}", "Patient {n}{n}{n}", "Sheet of {n} June"]
    )
    def test_numbers_that_are_not_page_numbers_stay(self, header: str) -> None:
        text = read(book(5, header)).text
        assert all(header.format(n=n) in text for n in range(1, 6))

    def test_amounts_at_the_foot_stay(self) -> None:
        amounts = ["450.00", "1210.50", "89.90", "777.00"]
        pages = [[f"Invoice 2031-00{i}", "Goods: rope and tar", f"Total due: {a}"] for i, a in enumerate(amounts)]
        text = text_of(*pages)
        assert all(f"Total due: {amount}" in text for amount in amounts)

    def test_lines_of_the_text_that_recur_stay(self) -> None:
        pages = [["Goods: rope and tar", "Terms: thirty days net", "All prices in crowns"] for _ in range(4)]
        assert text_of(*pages).count("Terms: thirty days net") == 4

    def test_short_pages_are_not_emptied(self) -> None:
        assert text_of(["Room 101"], ["Room 102"], ["Room 103"], ["Room 104"]).count("Room") == 4
        assert text_of(["Closed"], ["Closed"], ["Closed"], ["Closed"]).count("Closed") == 4

    @pytest.mark.parametrize("letter", ["\u0131", "\u0130"])
    def test_letters_that_only_look_like_numerals_stay(self, letter: str) -> None:
        pages = [[Line(letter, 72, 40, 80, 50, 10), Line("Text", 72, 400, 90, 410, 10)] for _ in range(2)]
        assert running_lines(pages) == [{}, {}]

    def test_numbers_that_do_not_count_with_the_pages_stay(self) -> None:
        pages = [[*PROSE, "", "", number] for number in ("17", "4", "32", "8")]
        text = text_of(*pages)
        assert all(f"\n{number}" in text for number in ("17", "4", "32", "8"))

    def test_a_chapter_header_is_dropped_if_its_heading_stands_in_the_text(self) -> None:
        def page(n: int) -> Draw:
            def draw(canvas: Any) -> None:
                put(canvas, 72, 800, f"{n + 10}", 9)
                put(canvas, 400, 800, "The outer pier", 9)
                if n == 1:
                    put(canvas, 72, 750, "The outer pier", 18, "Helvetica-Bold")
                column(canvas, PROSE * 3, top=700)

            return draw

        parsed = read(pdf(*(page(n) for n in range(1, 6))))
        assert parsed.text.count("The outer pier") == 1
        assert "# The outer pier" in parsed.text
        assert account_of(parsed).n_words_lost == 0


class TestHyphens:
    @pytest.mark.parametrize(
        ("line", "following", "whole"),
        [
            ("The state-of-the-", "art engine ran.", "state-of-the-art"),
            ("They sent an e-", "mail to him.", "e-mail"),
            ("It is filed under AB-", "4711 in the book.", "AB-4711"),
            ("It is a well-", "known book.", "well-known"),
            ("A long-", "term plan.", "long-term"),
            ("A self-", "taught keeper.", "self-taught"),
            ("Her mother-in-", "law kept it.", "mother-in-law"),
            ("There were twenty-", "three boats.", "twenty-three"),
            ("In the years 2030-", "2031 it closed.", "2030-2031"),
            ("The Anglo-", "American treaty.", "Anglo-American"),
            ("They took an X-", "ray of it.", "X-ray"),
            ("The rope is bro-", "ken in two.", "broken"),
            ("The equip-", "ment arrived.", "equipment"),
            ("A high-", "er tide came.", "higher"),
            ("The short-", "age of tar.", "shortage"),
            ("The DEPART-", "MENT of tides.", "DEPARTMENT"),
            ("Die Leucht-", "turmwärter kamen.", "Leuchtturmwärter"),
            ("It was inter-", "rupted, twice.", "interrupted,"),
            ("Der Haupt-", "und Nebeneingang.", "Haupt- und"),
            ("Zwei-", "bis dreimal.", "Zwei- bis"),
            ("The pre-", "and postwar lamps.", "pre- and"),
            ("Im Jahr 2030-", "oder später.", "2030- oder"),
            ("There was a brig-", "and on board.", "brigand"),
            ("A lamp with an OS-", "dependent part.", "OS-dependent"),
            ("Der HTML-", "Editor ist neu.", "HTML-Editor"),
            ("FOR ANY IN-", "CIDENTAL DAMAGE.", "INCIDENTAL"),
        ],
    )
    def test_a_word_over_a_line_end(self, line: str, following: str, whole: str) -> None:
        parsed = read(text_pages([[line, following]]))
        assert whole in parsed.text
        assert account_of(parsed).n_words_lost == 0

    @pytest.mark.parametrize(("elsewhere", "whole"), [("coworker", "coworker"), ("co-worker", "co-worker")])
    def test_the_document_itself_is_evidence(self, elsewhere: str, whole: str) -> None:
        text = text_of([f"A {elsewhere} came in.", "One more co-", "worker left."])
        assert text.count(whole) == 2

    def test_a_word_keeps_apart_from_what_is_mostly_written_with_a_hyphen(self) -> None:
        assert "machine-dependent" in text_of(["The machine was old.", "Its parts are machine-", "dependent."])

    def test_capitals_that_the_document_writes_alone_stay_apart(self) -> None:
        assert "US-ASCII" in text_of(["The code is ASCII, as usual.", "It is also called US-", "ASCII."])

    def test_two_words_of_the_document_are_a_compound(self) -> None:
        assert "tide-table" in text_of(["The tide was high and the table was wet.", "He wrote a tide-", "table."])

    def test_a_word_over_a_page_end_stands_on_the_first(self) -> None:
        parsed = read(text_pages([[*PROSE, "At the foot the rope is bro-"], ["ken over two pages.", *PROSE]]))
        assert "the rope is broken" in parsed.text
        first, second = (next(b for b in parsed.blocks if b.page == page) for page in (1, 2))
        assert parsed.text[first.start : first.end].endswith("broken")
        assert parsed.text[second.start : second.end].startswith("over two pages.")
        assert account_of(parsed).n_words_lost == 0

    def test_a_word_over_a_page_end_with_headers_and_footers(self) -> None:
        def page(n: int) -> Draw:
            def draw(canvas: Any) -> None:
                put(canvas, 72, 800, "Harbour rules", 9)
                start = ["ken again."] if n > 1 else []
                column(canvas, [*start, *PROSE, "and so the rope was bro-"], top=750)
                put(canvas, 290, 30, str(n), 9)

            return draw

        parsed = read(pdf(*(page(n) for n in range(1, 5))))
        assert parsed.text.count("the rope was broken") == 3
        assert "ken again" not in parsed.text

    def test_a_dash_is_no_hyphen(self) -> None:
        text = text_of(["He waited - ", "and waited --", "then left."])
        assert "waited -" in text
        assert "waited --" in text


LEFT = tuple(f"left {word} of the keeper in his hut" for word in ("lamp", "book", "coat", "boat", "rope", "cup"))
RIGHT = tuple(f"right {word} of the harbour at dusk" for word in ("pier", "tide", "wind", "gull", "quay", "town"))


def in_order(text: str, *wanted: str) -> bool:
    places = [text.find(one) for one in wanted]
    return -1 not in places and places == sorted(places)


class TestOrder:
    def test_columns_that_the_page_draws_line_by_line(self) -> None:
        def draw(canvas: Any) -> None:
            for i, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True)):
                put(canvas, 60, 700 - 14 * i, left)
                put(canvas, 320, 700 - 14 * i, right)

        assert in_order(read(pdf(draw)).text, *LEFT, *RIGHT)

    def test_columns_that_the_page_draws_one_after_the_other(self) -> None:
        def draw(canvas: Any) -> None:
            column(canvas, LEFT, 60, 700)
            column(canvas, RIGHT, 320, 700)

        assert in_order(read(pdf(draw)).text, *LEFT, *RIGHT)

    def test_a_title_over_and_a_line_under_two_columns(self) -> None:
        def draw(canvas: Any) -> None:
            put(canvas, 100, 760, "A title that goes over both of the columns below", 16)
            for i, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True)):
                put(canvas, 60, 700 - 14 * i, left)
                put(canvas, 320, 700 - 14 * i, right)
            put(canvas, 60, 560, "And one line that stands under both of them, from edge to edge of the page")

        text = read(pdf(draw)).text
        assert in_order(text, "A title", *LEFT, *RIGHT, "And one line")

    def test_three_columns(self) -> None:
        third = tuple(f"third {word} with the sexton" for word in ("bell", "door", "lamp", "key", "step", "psalm"))

        def draw(canvas: Any) -> None:
            for i in range(6):
                put(canvas, 40, 700 - 14 * i, LEFT[i][:28], 9)
                put(canvas, 230, 700 - 14 * i, RIGHT[i][:28], 9)
                put(canvas, 420, 700 - 14 * i, third[i], 9)

        text = read(pdf(draw)).text
        assert in_order(text, *(line[:20] for line in (*LEFT, *RIGHT, *third)))

    def test_labels_and_values_are_rows(self) -> None:
        rows = [("Keeper", "Ingrid Solberg"), ("Station", "Outer pier"), ("Since", "14 March"), ("Shift", "Night")]

        def draw(canvas: Any) -> None:
            for i, (label, _) in enumerate(rows):
                put(canvas, 60, 700 - 14 * i, label)
            for i, (_, value) in enumerate(rows):
                put(canvas, 300, 700 - 14 * i, value)

        text = read(pdf(draw)).text
        assert all(f"{label} {value}" in text or f"| {label} | {value} |" in text for label, value in rows)

    def test_a_sidebar_with_short_lines_of_its_own_height(self) -> None:
        aside = ["Lit at dusk", "by two", "keepers", "in a hut", "of stone"]

        def draw(canvas: Any) -> None:
            for i in reversed(range(6)):
                put(canvas, 220, 700 - 19 * i, f"{LEFT[i]} and {RIGHT[i]}", 12)
                if i < 5:
                    put(canvas, 60, 693 - 23 * i, aside[i], 9)

        text = read(pdf(draw)).text
        assert in_order(text, *aside, *LEFT)

    def test_words_drawn_in_any_order_are_read_by_place(self) -> None:
        words = [(72 + 60 * i, 700 - 20 * j, f"w{j}{i}") for j in range(4) for i in range(5)]

        def draw(canvas: Any) -> None:
            for x, y, word in sorted(words, key=lambda placed: placed[2][::-1], reverse=True):
                put(canvas, x, y, word)

        text = read(pdf(draw)).text.replace("|", " ")
        assert in_order(text, *(word for _, _, word in words))

    def test_footnotes_follow_the_page(self) -> None:
        def draw(canvas: Any) -> None:
            column(canvas, [*LEFT, "the left column ends"], 60, 700)
            put(canvas, 60, 80, "1 A note on the left lamp.", 8)
            column(canvas, [*RIGHT, "the right column ends"], 320, 700)

        text = read(pdf(draw)).text
        assert in_order(text, "the left column ends", RIGHT[0], "the right column ends", "1 A note on the left lamp.")

    def test_footnotes_go_on_at_the_foot_of_the_next_page(self) -> None:
        def page(lines: Sequence[str], *notes: str) -> Draw:
            return lambda canvas: (column(canvas, lines, top=740), column(canvas, notes, top=80, size=8))  # type: ignore[func-returns-value]

        pages = (
            page([*PROSE, "The crew of the first boat"], "1 A note on the bell and on how the rope of it was bro-"),
            page(
                ["came home again.", *PROSE, "The mate of"],
                "ken in the gale of that year, as the book has it, and",
                "so on,",
            ),
            page(["the boat.", *PROSE], "to its end here.", "2 The next note."),
            page(["Last words.", *PROSE], "A line in small type that is no note."),
        )
        text = read(pdf(*pages)).text
        assert in_order(
            text, "was broken", "came home", "The mate of", "in the gale", "the boat", "to its end", "2 The next"
        )
        assert text.endswith("\n\nA line in small type that is no note.")

    def test_a_word_goes_over_the_page_above_footnotes(self) -> None:
        def first(canvas: Any) -> None:
            column(canvas, [*PROSE, "at last the rope was bro-"], top=740)
            put(canvas, 72, 60, "1 A note on ropes.", 8)

        text = read(pdf(first, lambda canvas: column(canvas, ["ken again.", *PROSE]))).text
        assert in_order(text, "the rope was broken", "1 A note on ropes.", "again.")

    def test_a_caption_stays_with_its_figure(self) -> None:
        def draw(canvas: Any) -> None:
            column(canvas, PROSE, top=760)
            canvas.rect(100, 500, 300, 150)
            put(canvas, 150, 580, "inside the figure")
            put(canvas, 100, 480, "Figure 1: The pier in winter", 10)
            column(canvas, LEFT, top=440)

        assert in_order(read(pdf(draw)).text, PROSE[4], "inside the figure", "Figure 1:", LEFT[0])

    def test_raised_type_does_not_break_its_line(self) -> None:
        def draw(canvas: Any) -> None:
            put(canvas, 72, 700, "The water H", 11)
            put(canvas, 132, 697, "2", 6)
            put(canvas, 137, 700, "O stood high", 11)

        assert "\n" not in read(pdf(draw)).text


class TestTurnedAndHidden:
    @pytest.mark.parametrize("turn", [0, 90, 180, 270])
    @pytest.mark.parametrize("degrees", [0, 90, 180, 270])
    def test_text_is_read_as_it_runs_however_the_page_is_turned(self, degrees: int, turn: int) -> None:
        def draw(canvas: Any) -> None:
            canvas.translate(297, 421)
            canvas.rotate(degrees)
            for i, line in enumerate(LEFT):
                put(canvas, -250, 200 - 14 * i, line)

        assert in_order(read(turned(pdf(draw), turn)).text, *LEFT)

    def test_turned_text_beside_level_text(self) -> None:
        def draw(canvas: Any) -> None:
            column(canvas, PROSE)
            canvas.translate(50, 300)
            canvas.rotate(90)
            put(canvas, 0, 0, "herring landed in tons")

        text = read(pdf(draw)).text
        assert "herring landed in tons" in text
        assert "\n".join(PROSE) in text

    @pytest.mark.parametrize("degrees", [90, -90])
    def test_a_turned_paragraph_beside_level_text_keeps_its_order(self, degrees: int) -> None:
        def draw(canvas: Any) -> None:
            column(canvas, LEFT[:2])
            canvas.translate(300, 300)
            canvas.rotate(degrees)
            for i, line in enumerate(RIGHT[:2]):
                put(canvas, -100, 20 - 14 * i, line)

        assert in_order(read(pdf(draw)).text, *LEFT[:2], *RIGHT[:2])

    @pytest.mark.parametrize("degrees", [90, -90])
    @pytest.mark.parametrize("title", ["Tons landed a year", "Per year", "In kg of cod", "GDP in EUR"])
    def test_a_title_along_an_axis_is_one_line(self, title: str, degrees: int) -> None:
        def draw(canvas: Any) -> None:
            for i in range(5):
                put(canvas, 90 + 60 * i, 280, f"203{i}", 9)
                put(canvas, 70, 300 + 40 * i, f"{i * 10}", 9)
            canvas.translate(60, 390 - degrees)
            canvas.rotate(degrees)
            put(canvas, 0, 0, title, 10)

        assert title in read(pdf(draw)).text.split("\n")

    def test_a_header_beside_a_turned_page_is_dropped(self) -> None:
        def level(canvas: Any, number: int) -> None:
            put(canvas, 72, 810, "Harbour Report", 9)
            put(canvas, 290, 30, str(number), 9)
            column(canvas, [f"{line} {number}" for line in PROSE])

        def turned_page(canvas: Any) -> None:
            put(canvas, 72, 810, "Harbour Report", 9)
            put(canvas, 290, 30, "4", 9)
            canvas.translate(300, 100)
            canvas.rotate(90)
            column(canvas, LEFT, x=0, top=100)

        pages = [lambda canvas, n=n: level(canvas, n) for n in (1, 2, 3)]
        pages += [turned_page, *(lambda canvas, n=n: level(canvas, n) for n in (5, 6))]
        text = read(pdf(*pages)).text
        assert text.count("Harbour Report") == 1
        assert "\n4" not in text
        assert in_order(text, *LEFT)

    def test_text_outside_the_page_is_hidden(self) -> None:
        def draw(canvas: Any) -> None:
            column(canvas, PROSE)
            put(canvas, 700, 500, "printer's mark")
            put(canvas, 72, -40, "job number")

        parsed = read(pdf(draw))
        assert "mark" not in parsed.text
        assert "job" not in parsed.text
        assert kinds(parsed) == {"hidden": 5}
        assert account_of(parsed).n_words_lost == 0

    def test_turned_letters_do_not_run_into_the_level_words_before_them(self) -> None:
        def draw(canvas: Any) -> None:
            put(canvas, 72, 780, "Watches by port and day", 12, "Helvetica-Bold")
            for i, day in enumerate(("Monday", "Friday")):
                canvas.saveState()
                canvas.translate(196 + 40 * i, 694)
                canvas.rotate(90)
                put(canvas, 0, 0, day)
                canvas.restoreState()
            column(canvas, PROSE, top=660)

        parsed = read(pdf(draw))
        assert "Watches by port and day\n" in f"{parsed.text}\n"
        assert {"day", "Monday", "Friday"} <= set(parsed.text.split())
        assert account_of(parsed).n_words_lost == 0

    def test_overprinted_type_is_read_once(self) -> None:
        def draw(canvas: Any) -> None:
            put(canvas, 72, 700, "Bold by printing twice")
            put(canvas, 72.3, 700, "Bold by printing twice")

        assert read(pdf(draw)).text == "Bold by printing twice"


class TestHeadings:
    def book(self, canvas: Any) -> None:
        put(canvas, 72, 780, "Rules of the outer pier", 22, "Helvetica-Bold")
        put(canvas, 72, 740, "1 The lamp", 15, "Helvetica-Bold")
        column(canvas, PROSE, top=715)
        put(canvas, 72, 630, "1.1 Oil", 12.5, "Helvetica-Bold")
        column(canvas, PROSE, top=608)
        put(canvas, 72, 520, "Wicks", 11, "Helvetica-Bold")
        column(canvas, PROSE, top=500)
        put(canvas, 72, 400, "2 The bell", 15, "Helvetica-Bold")
        column(canvas, PROSE, top=380)

    def headings(self, data: bytes) -> list[tuple[int, str]]:
        return [(block.level, block.label) for block in read(data).blocks if block.kind == "heading"]

    def test_headings_by_size_and_weight(self) -> None:
        assert self.headings(pdf(self.book)) == [
            (1, "Rules of the outer pier"),
            (2, "1 The lamp"),
            (3, "1.1 Oil"),
            (4, "Wicks"),
            (2, "2 The bell"),
        ]

    def test_numbers_of_one_type_nest(self) -> None:
        def draw(canvas: Any) -> None:
            top = 780.0
            for title in ("1 The lamp", "1.1 Oil", "1.2 Wicks", "2 The bell"):
                put(canvas, 72, top, title, 14, "Helvetica-Bold")
                top = column(canvas, PROSE, top=top - 24) - 24

        assert self.headings(pdf(draw)) == [(1, "1 The lamp"), (2, "1.1 Oil"), (2, "1.2 Wicks"), (1, "2 The bell")]

    def test_a_heading_of_two_lines_is_one(self) -> None:
        def draw(canvas: Any) -> None:
            column(canvas, ["On the duties of keepers", "and their families"], top=780, size=18)
            column(canvas, PROSE * 2, top=700)

        assert self.headings(pdf(draw)) == [(1, "On the duties of keepers and their families")]

    def test_bold_words_and_bold_paragraphs_are_none(self) -> None:
        def draw(canvas: Any) -> None:
            column(canvas, PROSE, top=780)
            column(canvas, PROSE * 2, top=680, font="Helvetica-Bold")
            column(canvas, PROSE * 3, top=520)

        assert self.headings(pdf(draw)) == []

    def test_a_bold_row_of_columns_is_none(self) -> None:
        def draw(canvas: Any) -> None:
            column(canvas, PROSE, top=780)
            for i, row in enumerate([("Port", "Tons"), ("Bergen", "412"), ("Hull", "97"), ("Riga", "210")]):
                for x, cell in zip((72, 300), row, strict=True):
                    put(canvas, x, 690 - 16 * i, cell, 11, "Helvetica-Bold" if i == 0 else "Helvetica")
            column(canvas, PROSE * 2, top=600)

        assert self.headings(pdf(draw)) == []

    def test_page_numbers_and_contents_with_leaders_are_none(self) -> None:
        def draw(canvas: Any) -> None:
            column(
                canvas, ["The lamp ........................ 3", "The bell ........................ 7"], top=780, size=16
            )
            column(canvas, PROSE * 3, top=700)
            put(canvas, 280, 40, "1", 16)

        assert self.headings(pdf(draw)) == []

    def test_bookmarks_come_first_and_keep_the_section_s_number(self) -> None:
        def draw(canvas: Any) -> None:
            put(canvas, 72, 780, "4.2 The lamp", 15)
            canvas.bookmarkPage("a")
            canvas.addOutlineEntry("The lamp", "a", 0)
            column(canvas, PROSE, top=740)

        assert self.headings(pdf(draw)) == [(1, "4.2 The lamp")]

    @pytest.mark.parametrize(
        "stated",
        ["", "untitled", "Microsoft Word - rules_v2.doc", "20310412", "rules.indd", "rpt_2031_final", "Document1"],
    )
    def test_the_title_is_the_first_page_s_largest_type(self, stated: str) -> None:
        assert read(pdf(self.book, title=stated)).title == "Rules of the outer pier"

    def test_a_bookmarked_heading_takes_nothing_but_its_own_lines(self) -> None:
        def draw(canvas: Any) -> None:
            for i, row in enumerate([("Port", "Tons"), ("Bergen", "412"), ("Hull", "97"), ("Riga", "210")]):
                for x, cell in zip((72, 200), row, strict=True):
                    canvas.rect(x - 4, 776 - 16 * i, 128, 16)
                    put(canvas, x, 780 - 16 * i, cell)
            put(canvas, 72, 690, "The lamp", 15)
            canvas.bookmarkPage("a")
            canvas.addOutlineEntry("The lamp", "a", 0)
            column(canvas, PROSE, top=650)

        parsed = read(pdf(draw))
        assert in_order(parsed.text, "| Bergen | 412 |", "# The lamp", PROSE[0])
        assert account_of(parsed).n_words_lost == 0

    def test_a_stated_title_counts(self) -> None:
        assert read(pdf(self.book, title="Harbour law, 3rd ed.")).title == "Harbour law, 3rd ed."

    @pytest.mark.parametrize(("n_before", "title"), [(1, "The bell"), (4, None)])
    def test_a_heading_far_inside_is_no_title(self, n_before: int, title: str | None) -> None:
        def bell(canvas: Any) -> None:
            put(canvas, 72, 780, "The bell", 18)
            column(canvas, PROSE, top=740)

        parsed = read(pdf(*[lambda canvas: column(canvas, PROSE, top=740)] * n_before, bell))
        assert (parsed.title, "# The bell" in parsed.text) == (title, True)

    def test_a_title_of_two_weights_is_as_long_as_its_bookmark(self) -> None:
        def draw(canvas: Any) -> None:
            put(canvas, 72, 780, "A lamp for", 18)
            put(canvas, 72, 758, "the outer pier", 18, "Helvetica-Bold")
            canvas.bookmarkPage("a")
            canvas.addOutlineEntry("A lamp for the outer pier", "a", 0)
            column(canvas, PROSE, top=700)

        assert read(pdf(draw, title="untitled")).title == "A lamp for the outer pier"

    def test_plain_text_has_neither(self) -> None:
        parsed = read(text_pages([PROSE]))
        assert (parsed.title, self.headings(text_pages([PROSE]))) == (None, [])


class TestPages:
    def test_every_block_knows_its_page(self) -> None:
        parsed = read(book(6, "Harbour rules", "{n}"))
        assert {block.page for block in parsed.blocks} == {1, 2, 3, 4, 5, 6}
        assert all(
            f"Page text {chr(96 + block.page) * 3}" in parsed.text[block.start : block.end]
            for block in parsed.blocks
            if block.page and "Page text" in parsed.text[block.start : block.end]
        )

    def test_paragraphs_part_at_wider_gaps(self) -> None:
        def draw(canvas: Any) -> None:
            column(canvas, ["One paragraph of two lines which", "does not end with a stop"], top=780)
            column(canvas, ["Another paragraph after a gap", "with a second line"], top=735)

        assert [block.kind for block in read(pdf(draw)).blocks] == ["paragraph", "paragraph"]

    @pytest.mark.usefixtures("without_engine")
    def test_a_blank_page_is_no_loss_and_a_drawn_one_is_named(self) -> None:
        parsed = read(pdf(lambda c: column(c, PROSE), lambda c: None, lambda c: c.rect(50, 50, 100, 100, fill=1)))
        assert [(one.kind, one.place) for one in parsed.omitted] == [("page_without_text", "page 3")]
        assert parsed.metadata["pages_without_text"] == [2, 3]

    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_a_damaged_page_costs_itself_and_is_named(self, place: int) -> None:
        parsed = read(with_damaged_page(["first", "second", "third"], place))
        others = [n for n in (1, 2, 3) if n != place + 1]
        assert parsed.text.split("\n\n") == [("first", "second", "third")[n - 1] for n in others]
        assert [block.page for block in parsed.blocks] == others
        (named,) = parsed.omitted
        assert named.kind == "unreadable"
        assert named.place.startswith(f"page {place + 1}: the PDF's structure is damaged")
        assert parsed.metadata["pages"] == 3
        assert parsed.metadata["pages_without_text"] == [place + 1]

    def test_a_file_of_damaged_pages_is_refused_with_the_first_page(self) -> None:
        with pytest.raises(InputError, match="page 1 of 1: the PDF's structure is damaged") as caught:
            read(with_damaged_page(["only"], 0))
        assert caught.value.error_class == "garbage"


def with_damaged_page(texts: Sequence[str], place: int) -> bytes:
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import NameObject

    writer = PdfWriter(clone_from=PdfReader(BytesIO(text_pages([[text] for text in texts]))))
    writer.pages[place][NameObject("/Type")] = NameObject("/Nothing")
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


class TestForms:
    def form(self) -> ParsedDocument:
        def draw(canvas: Any) -> None:
            form = canvas.acroForm
            put(canvas, 60, 764, "Name of applicant:")
            form.textfield(name="n", value="Ingrid Solberg", x=200, y=758, width=200, height=20)
            put(canvas, 90, 724, "I have read the rules")
            form.checkbox(name="cb", checked=True, x=60, y=720, size=16)
            put(canvas, 90, 694, "Send me the book")
            form.checkbox(name="cb2", checked=False, x=60, y=690, size=16)
            put(canvas, 60, 664, "Colour of the lamp:")
            form.choice(name="ch", value="Blue", options=["Red", "Blue"], x=200, y=658, width=100, height=20)
            form.radio(name="shift", value="Night", selected=True, x=60, y=620, size=16)
            form.radio(name="shift", value="Day", selected=False, x=60, y=600, size=16)
            form.textfield(name="x", tooltip="Place of birth", value="Vadsø", x=200, y=540, width=200, height=20)

        return read(pdf(draw))

    @pytest.mark.parametrize(
        "wanted",
        [
            "Name of applicant: Ingrid Solberg",
            "[x] I have read the rules",
            "[ ] Send me the book",
            "Colour of the lamp: Blue",
            "[x] Night",
            "[ ] Day",
            "Place of birth: Vadsø",
        ],
    )
    def test_values_stand_beside_their_labels(self, wanted: str) -> None:
        assert wanted in self.form().text

    def test_values_are_accounted_for(self) -> None:
        assert account_of(self.form()).n_words_lost == 0


def annotated(**entries: Any) -> ParsedDocument:
    """A page of prose with one annotation."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, NumberObject, TextStringObject

    writer = PdfWriter(clone_from=PdfReader(BytesIO(text_pages([PROSE]))))
    made = {NameObject("/Type"): NameObject("/Annot")}
    for key, value in entries.items():
        if isinstance(value, int):
            made[NameObject(f"/{key}")] = NumberObject(value)
        else:
            made[NameObject(f"/{key}")] = (NameObject if value.startswith("/") else TextStringObject)(value)
    made[NameObject("/Rect")] = ArrayObject([FloatObject(edge) for edge in (72, 400, 300, 420)])
    writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(DictionaryObject(made))])
    writer.add_attachment("tides.csv", b"a,b")
    out = BytesIO()
    writer.write(out)
    return read(out.getvalue())


class TestAnnotations:
    @pytest.mark.parametrize("subtype", ["/FreeText", "/Text", "/Highlight", "/Stamp", "/Square", "/Ink"])
    def test_what_people_wrote_is_text(self, subtype: str) -> None:
        parsed = annotated(Subtype=subtype, Contents="mind the gap")
        assert "mind the gap" in parsed.text
        assert account_of(parsed).n_words_lost == 0

    def test_a_text_that_is_written_as_a_page_is_read_without_its_marks(self) -> None:
        page = '<body xmlns="http://www.w3.org/1999/xhtml"><p>mind <b>the</b> gap</p><p>ropes &amp; tar</p></body>'
        parsed = annotated(Subtype="/Text", Contents="", RC=page)
        assert "mind the gap\nropes & tar" in parsed.text
        assert account_of(parsed).n_words_lost == 0

    def test_a_stamp_without_words_has_its_name(self) -> None:
        assert "Not Approved" in annotated(Subtype="/Stamp", Name="/NotApproved").text

    def test_a_hidden_note_is_named(self) -> None:
        parsed = annotated(Subtype="/Text", Contents="mind the gap", F=2)
        assert "mind" not in parsed.text
        assert ("hidden", 3) in kinds(parsed).items()

    @pytest.mark.parametrize("subtype", ["/Link", "/Popup"])
    def test_links_and_windows_of_notes_are_no_text(self, subtype: str) -> None:
        assert "mind" not in annotated(Subtype=subtype, Contents="mind the gap").text

    def test_attached_files_are_named(self) -> None:
        parsed = annotated(Subtype="/Text", Contents="see the file")
        assert ("attachment", "tides.csv") in [(one.kind, one.place) for one in parsed.omitted]
        assert parsed.metadata["attachments"] == ["tides.csv"]


def without_letters(data: bytes) -> bytes:
    """The file with fonts that map every glyph to a code point for private use."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import NameObject, StreamObject

    writer = PdfWriter(clone_from=PdfReader(BytesIO(data)))
    table = "\n".join(f"<{i:02x}> <{0xE000 + i:04x}>" for i in range(32, 127))
    mapping = StreamObject()
    mapping.set_data(
        f"begincmap 1 begincodespacerange <00> <ff> endcodespacerange 95 beginbfchar {table} endbfchar".encode()
    )
    for page in writer.pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            font.get_object()[NameObject("/ToUnicode")] = writer._add_object(mapping)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def joined(*files: bytes) -> bytes:
    from pypdf import PdfWriter

    writer = PdfWriter()
    for data in files:
        writer.append(BytesIO(data))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.usefixtures("without_engine")
def test_a_page_of_glyphs_without_letters_is_named_and_not_indexed() -> None:
    parsed = read(joined(text_pages([PROSE]), without_letters(text_pages([PROSE]))))
    assert parsed.text == "\n".join(PROSE)
    assert [(one.kind, one.place.partition(":")[0]) for one in parsed.omitted] == [("unreadable", "page 2")]


@pytest.mark.usefixtures("without_engine")
def test_a_file_of_glyphs_without_letters_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        read(without_letters(text_pages([PROSE])))
    assert caught.value.error_class == "no_text"


@pytest.mark.parametrize(
    "letters", ["\U0001d400\U0001d44e", "\U0001f600", "\U00020000\U0002a6d6", "\U00010330", "\U0001f1e9\U0001f1ea"]
)
def test_characters_beyond_the_basic_plane_are_kept_and_move_no_other_line(letters: str) -> None:
    drawn = [letters, "a", "b", "c", "Q", "\u20ac", "fi"]
    lines = [(72, 700, [0] * 20), (72, 680, [1, 2, 3]), (72, 660, [4, 4]), (72, 640, [5]), (72, 620, [6])]
    parsed = read(mapped(drawn, lines))
    assert parsed.text.split() == [letters * 20, "abc", "QQ", "\u20ac", "fi"]
    assert account_of(parsed).n_words_lost == 0
    moved = read(mapped(drawn, [lines[0], *lines[:0:-1]]))
    assert moved.text.split() == [letters * 20, "abc", "QQ", "\u20ac", "fi"]


def xfa_form(packets: str) -> ParsedDocument:
    """A dynamic XFA form: one page that asks to wait, and the form's packets in objects 6 and 7."""
    fields = '<xfa:datasets xmlns:xfa="x"><xfa:data><form><Name>Ingrid Solberg</Name><Port/>'
    fields += "<Goods><Item>Rope &amp; tar</Item></Goods></form></xfa:data></xfa:datasets>"
    return read(
        raw_pdf(
            f"<</Type/Catalog/Pages 2 0 R/NeedsRendering true/AcroForm<</Fields[]/XFA[{packets}]>>>>",
            "<</Type/Pages/Kids[3 0 R]/Count 1>>",
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R/Resources<</Font<</F1 4 0 R>>>>>>",
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            stream("BT /F1 12 Tf 72 700 Td (Please wait) Tj ET"),
            stream("<template/>"),
            stream(fields),
        )
    )


def test_the_values_of_an_xfa_form_are_read_and_its_labels_are_named() -> None:
    parsed = xfa_form("(template) 6 0 R (datasets) 7 0 R")
    assert parsed.text == "Please wait\n\nName: Ingrid Solberg\n\nItem: Rope & tar"
    assert [(one.kind, one.place) for one in parsed.omitted] == [
        ("unreadable", "page 1: the labels of an XFA form, which only Adobe's programs show")
    ]
    assert account_of(parsed).n_words_lost == 0


def test_an_xfa_form_without_values_is_named() -> None:
    parsed = xfa_form("(template) 6 0 R")
    assert parsed.text == "Please wait"
    assert "an XFA form" in parsed.omitted[0].place


@pytest.mark.parametrize(
    ("letter", "rest", "begin"),
    [("T", "he lamp", "The lamp"), ("O", "nce lit", "Once lit"), ("I", "n June", "In June")],
)
@pytest.mark.parametrize("height", [676, 683, 690])
def test_a_large_initial_belongs_to_its_word_and_makes_no_heading(
    letter: str, rest: str, begin: str, height: float
) -> None:
    def draw(canvas: Any) -> None:
        put(canvas, 72, height, letter, 36)
        left = 74 + canvas.stringWidth(letter, "Helvetica", 36)
        column(canvas, [f"{rest} of the outer pier was lit at dusk and put", "out when the sun came up."], left, 700)
        column(canvas, PROSE * 2, top=660)

    parsed = read(pdf(draw))
    assert parsed.text.startswith(f"{begin} of the outer pier was lit at dusk and put\nout when")
    assert not any(block.kind == "heading" for block in parsed.blocks)
    assert account_of(parsed).n_words_lost == 0


def test_a_title_in_large_type_is_no_initial() -> None:
    parsed = read(pdf(lambda canvas: (put(canvas, 72, 780, "A Lamp", 36), column(canvas, PROSE * 2, top=700))))
    assert parsed.text.startswith("# A Lamp\n")


@pytest.mark.parametrize(
    ("lines", "whole"),
    [
        (["See https://example.org/long/path-", "of/lines.html there."], "https://example.org/long/path-of/lines.html"),
        (["Write to lamp@exam-", "ple.org today."], "lamp@example.org"),
        (["Read www.har-", "bour.example/a?b=1 first."], "www.harbour.example/a?b=1"),
        (["The file pier-", "2.tar.gz is large."], "pier-2.tar.gz"),
        (["In the years 1999-", "2001 it was lit."], "1999-2001"),
    ],
)
def test_addresses_over_line_ends_are_whole(lines: list[str], whole: str) -> None:
    parsed = read(text_pages([[*lines, *PROSE]]))
    assert whole in parsed.text
    assert account_of(parsed).n_words_lost == 0


@pytest.mark.parametrize("label", ["ONE", "Chapter 1", "CHAPTER TWO", "Part II", "Appendix A", "Kapitel 3", "IV."])
def test_the_label_of_a_chapter_and_its_title_are_one_heading(label: str) -> None:
    def draw(canvas: Any) -> None:
        put(canvas, 72, 770, label, 18, "Helvetica-Bold")
        put(canvas, 72, 735, "ABOUT THIS MANUAL", 24, "Helvetica-Bold")
        column(canvas, PROSE * 3, top=690)

    parsed = read(pdf(draw))
    assert [block.label for block in parsed.blocks if block.kind == "heading"] == [f"{label} ABOUT THIS MANUAL"]


def spaced_by_place(canvas: Any, x: float, y: float, text: str, step: float) -> None:
    for i, letter in enumerate(text):
        put(canvas, x + i * step, y, letter, 16, "Helvetica-Bold")


@pytest.mark.parametrize(
    ("drawn", "words"),
    [
        ("I N T R O D U C T I O N", "INTRODUCTION"),
        ("T H E  O U T E R  P I E R", "THE OUTER PIER"),
        ("\u00dc b e r s i c h t", "\u00dcbersicht"),
        ("A B C D E F", "A B C D E F"),
        ("M T W T F S S", "M T W T F S S"),
        ("a I b O c U", "a I b O c U"),
        ("A B C D", "A B C D"),
    ],
)
@pytest.mark.parametrize("has_columns", [False, True])
def test_letters_set_apart_are_words_unless_they_are_a_list(drawn: str, words: str, has_columns: bool) -> None:
    def draw(canvas: Any) -> None:
        put(canvas, 72, 800, drawn, 16, "Helvetica-Bold")
        column(canvas, PROSE, top=770)
        for i in range(4 if has_columns else 0):
            column(canvas, [f"lamp {i}"], 72, 600 - 20 * i)
            column(canvas, [f"bell {i}"], 300, 600 - 20 * i)

    parsed = read(pdf(draw))
    assert words in parsed.text
    assert account_of(parsed).n_words_lost == 0


def test_letters_at_equal_steps_are_one_word() -> None:
    parsed = read(pdf(lambda canvas: (spaced_by_place(canvas, 72, 800, "INTRODUCTION", 22), column(canvas, PROSE))))
    assert parsed.text.startswith("# INTRODUCTION\n")
    assert account_of(parsed).n_words_lost == 0


def test_columns_of_japanese_are_read_from_right_to_left() -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont

    font = UnicodeCIDFont("HeiseiMin-W3", isVertical=True)
    pdfmetrics.registerFont(font)
    texts = [
        "\u543e\u8f29\u306f\u732b\u3067\u3042\u308b\u3002\u3002",
        "\u3069\u3053\u3067\u751f\u308c\u305f\u304b\u3002\u3002",
    ]
    parsed = read(
        pdf(lambda canvas: [put(canvas, 500 - 24 * i, 780, text, 12, font.fontName) for i, text in enumerate(texts)])
    )
    assert "".join(parsed.text.split()) == "".join(texts)


@pytest.mark.parametrize(
    "drawn", ["Ida Moravec, J. R. Smith and K. van der Berg", "by Ida Moravec", "Ida Moravec1, Jan Svoboda2"]
)
def test_authors_under_a_title_are_no_heading(drawn: str) -> None:
    def draw(canvas: Any) -> None:
        put(canvas, 72, 790, "Lamps of the Outer Pier", 20, "Helvetica-Bold")
        put(canvas, 72, 765, drawn, 13)
        put(canvas, 72, 750, "University of Brno", 11)
        put(canvas, 72, 725, "1 Introduction", 14, "Helvetica-Bold")
        column(canvas, PROSE * 2, top=700)

    parsed = read(pdf(draw))
    assert [one.label for one in parsed.blocks if one.kind == "heading"] == [
        "Lamps of the Outer Pier",
        "1 Introduction",
    ]
    assert drawn in parsed.text


@pytest.mark.parametrize(("form", "n_rows"), [("ship{}", 8), ("lamp{}", 30), ("ST-10{:02}", 30)])
def test_a_page_with_nothing_but_a_table_is_read(form: str, n_rows: int) -> None:
    def draw(canvas: Any) -> None:
        rows = ((form.format(n * 7 % 40), str(n * 37 % 100)) for n in range(n_rows))
        for line, cells in enumerate([("Station", "Oil"), *rows]):
            put(canvas, 72, 700 - 18 * line, cells[0])
            put(canvas, 200, 700 - 18 * line, cells[1])

    document = parse(pdf(draw), "a.pdf")
    assert (document.title, [block.kind for block in document.blocks]) == (None, ["table"])


def test_a_subtitle_of_capitalised_words_stays_a_heading() -> None:
    def draw(canvas: Any) -> None:
        put(canvas, 72, 790, "Annual Report", 20, "Helvetica-Bold")
        put(canvas, 72, 765, "Balance Sheet and Income Statement", 13)
        column(canvas, PROSE * 2, top=730)

    assert sum(one.kind == "heading" for one in read(pdf(draw)).blocks) == 2


def test_brackets_of_right_to_left_lines_are_as_written() -> None:
    assert (
        shown("\u05d9\u05d5\u05dd )\u05d1\u05e2\u05e8\u05da( \u05d6\u05d4")
        == "\u05d9\u05d5\u05dd (\u05d1\u05e2\u05e8\u05da) \u05d6\u05d4"
    )
    assert shown("a) caf\u00e9 (b") == "a) caf\u00e9 (b"
    assert shown(".\u05d9\u05d5\u05dd \u05d6\u05d4") == "\u05d9\u05d5\u05dd \u05d6\u05d4."
    assert shown("\uf095 an item") == "\u2022 an item"


@pytest.mark.parametrize("is_first", [False, True])
def test_a_watermark_over_the_text_follows_it_and_is_no_heading(is_first: bool) -> None:
    def mark(canvas: Any) -> None:
        put(canvas, 150, 690, "DRAFT", 70, "Helvetica-Bold")

    def draw(canvas: Any) -> None:
        if is_first:
            mark(canvas)
        column(canvas, PROSE * 3)
        if not is_first:
            mark(canvas)

    parsed = read(pdf(draw))
    assert parsed.text.endswith("\n\nDRAFT")
    assert not any(block.kind == "heading" for block in parsed.blocks)
    assert account_of(parsed).n_words_lost == 0


def test_a_large_title_close_to_its_text_is_no_watermark() -> None:
    parsed = read(
        pdf(lambda canvas: (put(canvas, 72, 780, "Lamps", 40, "Helvetica-Bold"), column(canvas, PROSE, top=758)))
    )
    assert parsed.text.startswith("# Lamps\n")


@pytest.mark.parametrize(
    ("drawing", "is_named"), [(b"BT /F 12 Tf 2 4 Td (APPROVED) Tj ET", True), (b"0 0 9 9 re f", False)]
)
def test_a_stamp_whose_words_only_its_drawing_holds_is_named(drawing: bytes, is_named: bool) -> None:
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, StreamObject

    def named(**entries: Any) -> dict[NameObject, Any]:
        return {
            NameObject(f"/{key}"): NameObject(f"/{to}") if isinstance(to, str) else to for key, to in entries.items()
        }

    def numbers(*values: int) -> ArrayObject:
        return ArrayObject([NumberObject(value) for value in values])

    writer = PdfWriter(clone_from=PdfReader(BytesIO(text_pages([PROSE]))))
    shown = StreamObject()
    shown.set_data(drawing)
    font = DictionaryObject(named(Type="Font", Subtype="Type1", BaseFont="Helvetica"))
    fonts = DictionaryObject(named(Font=DictionaryObject(named(F=font))))
    shown.update(named(Type="XObject", Subtype="Form", BBox=numbers(0, 0, 150, 20), Resources=fonts))
    stamp = DictionaryObject(named(Type="Annot", Subtype="Stamp", Rect=numbers(300, 500, 450, 520), F=NumberObject(4)))
    stamp.update(named(AP=DictionaryObject(named(N=writer._add_object(shown)))))
    writer.pages[0].update(named(Annots=ArrayObject([writer._add_object(stamp)])))
    out = BytesIO()
    writer.write(out)
    places = [one.place for one in read(out.getvalue()).omitted if one.kind == "unreadable"]
    assert places == (["page 1: 1 annotations with words that only their drawing holds"] if is_named else [])


def pieces(canvas: Any, x: float, y: float, *parts: tuple[str, float, float], size: float = 11) -> None:
    """Pieces of one line, each with how far it is raised and how large it is, in sizes of the line."""
    for text, rise, scale in parts:
        put(canvas, x, y + rise * size, text, scale * size)
        x += canvas.stringWidth(text, "Helvetica", scale * size)


class TestSigns:
    """Superscripts and subscripts."""

    @pytest.mark.parametrize(
        ("parts", "written"),
        [
            ((("of H", 0, 1), ("2", -0.2, 0.7), ("O here", 0, 1)), "of H2O here"),
            ((("of H", 0, 1), ("2", -0.45, 0.5), ("O here", 0, 1)), "of H2O here"),
            ((("the SO", 0, 1), ("4", -0.2, 0.7), ("2-", 0.35, 0.7), (" ion", 0, 1)), "the SO4^2- ion"),
            (
                (("of x", 0, 1), ("2", 0.35, 0.65), (" + y", 0, 1), ("n", 0.35, 0.65), (" more", 0, 1)),
                "of x2 + yn more",
            ),
            ((("in 10", 0, 1), ("-3", 0.35, 0.65), (" of them", 0, 1)), "in 10^-3 of them"),
            ((("in 10", 0, 1), ("9", 0.5, 0.5), (" of them", 0, 1)), "in 10^9 of them"),
        ],
    )
    @pytest.mark.parametrize("with_columns", [False, True])
    def test_a_sign_stays_with_its_symbol(
        self, parts: Sequence[tuple[str, float, float]], written: str, *, with_columns: bool
    ) -> None:
        def draw(canvas: Any) -> None:
            pieces(canvas, 72, 700, *parts)
            column(canvas, LEFT, top=640)
            if with_columns:
                column(canvas, RIGHT, x=330, top=640)

        parsed = read(pdf(draw))
        assert written in parsed.text
        assert account_of(parsed).n_words_lost == 0

    @pytest.mark.parametrize("name", ["Ida Moravec", "Benjamin Lee", "Weining Li", "a mean age", "we do so", "the tax"])
    @pytest.mark.parametrize(("rise", "scale"), [(0.6, 0.45), (0.4, 0.6), (0.6, 0.7)])
    @pytest.mark.parametrize("with_columns", [False, True])
    def test_the_mark_of_a_note_does_not_run_into_a_word(
        self, name: str, rise: float, scale: float, *, with_columns: bool
    ) -> None:
        def draw(canvas: Any) -> None:
            pieces(canvas, 72, 700, (name, 0, 1), ("4", rise, scale), (" or not", 0, 1))
            column(canvas, LEFT, top=640)
            if with_columns:
                column(canvas, RIGHT, x=330, top=640)

        parsed = read(pdf(draw))
        assert f"{name} 4 or not" in parsed.text
        assert account_of(parsed).n_words_lost == 0

    @pytest.mark.parametrize(
        ("symbol", "sign"),
        [
            ("over 20 km", "2"),
            ("with 5 kg/m", "3"),
            ("is x", "2"),
            ("of CO", "2"),
            ("of Ca", "2+"),
            ("E = mc", "2"),
            ("is tan", "2"),
        ],
    )
    def test_a_raised_sign_stays_with_a_unit_a_formula_and_a_variable(self, symbol: str, sign: str) -> None:
        def draw(canvas: Any) -> None:
            pieces(canvas, 72, 700, (symbol, 0, 1), (sign, 0.4, 0.6), (" or not", 0, 1))
            column(canvas, LEFT, top=640)

        assert f"{symbol}{sign} or not" in read(pdf(draw)).text

    def test_the_mark_of_a_note_stands_apart_in_a_table(self) -> None:
        def draw(canvas: Any) -> None:
            top = column(canvas, PROSE) - 20
            for i, cells in enumerate([("what", "price", "where"), ("oil", "20", "at sea"), ("gas", "30", "at sea")]):
                for j, cell in enumerate(cells):
                    marks = [("1", 0.5, 0.6)] if i and j < 2 else []
                    pieces(canvas, (60, 200, 300)[j], top - 18 * i, (cell, 0, 1), *marks, size=10)
            for i in range(4):
                canvas.line(55, top + 13 - 18 * i, 400, top + 13 - 18 * i)
            for x in (55, 195, 295, 400):
                canvas.line(x, top + 13, x, top + 13 - 3 * 18)

        assert "| oil 1 | 20^1 | at sea |" in read(pdf(draw)).text


LISTING = (
    "def outer(names):",
    "    for name in names:",
    "        if name:",
    "            print(name)",
    "",
    "    return 1",
)


class TestListings:
    @pytest.mark.parametrize("size", [7, 10, 12])
    @pytest.mark.parametrize("is_drawn_with_spaces", [False, True])
    def test_code_keeps_its_lines_and_its_indentation(self, size: float, *, is_drawn_with_spaces: bool) -> None:
        def draw(canvas: Any) -> None:
            top = column(canvas, PROSE) - 20
            for i, line in enumerate(LISTING):
                text = line if is_drawn_with_spaces else line.lstrip()
                at = 90 + 0.6 * size * (len(line) - len(text))
                put(canvas, at, top - 1.2 * size * i, text, size, "Courier")
            column(canvas, PROSE, top=top - 160)

        parsed = read(pdf(draw))
        code = [block for block in parsed.blocks if block.kind == "code"]
        assert [parsed.text[block.start : block.end] for block in code] == ["```\n" + "\n".join(LISTING) + "\n```"]
        assert account_of(parsed).n_words_lost == 0

    def test_listings_beside_each_other_keep_their_indentation(self) -> None:
        def draw(canvas: Any) -> None:
            top = column(canvas, PROSE) - 20
            for x in (50, 310):
                for i, line in enumerate(listing):
                    put(canvas, x + 5.4 * (len(line) - len(line.lstrip())), top - 11 * i, line.lstrip(), 9, "Courier")
            column(canvas, PROSE, top=top - 140)

        listing = (
            *("def f(x):", "    if x > 1:", "        return x * 2", "    for i in range(10):", "        print(i)", ""),
            *("    return None", "", "class A:", "    pass"),
        )
        text = read(pdf(draw)).text
        assert "\n".join(f"{line:48}{line}".rstrip() for line in listing) in text

    @pytest.mark.parametrize("is_numbered", [False, True])
    def test_code_keeps_the_spaces_inside_its_lines(self, *, is_numbered: bool) -> None:
        code = (
            *(
                "int  depth   = 4;      /* of the harbour */",
                "char name[20]   = {0};  // of the pier",
                "if (depth > 3) {",
            ),
            *("    depth     -= 1;", "}", "return   depth;"),
        )
        listing = [f"{n:2}  {line}" for n, line in enumerate(code, 8)] if is_numbered else list(code)

        def draw(canvas: Any) -> None:
            top = column(canvas, PROSE) - 20
            for i, line in enumerate(listing):
                put(canvas, 90, top - 11 * i, line, 9, "Courier")
            column(canvas, PROSE, top=top - 120)

        parsed = read(pdf(draw))
        found = [parsed.text[block.start : block.end] for block in parsed.blocks if block.kind == "code"]
        assert [line.strip() for line in found[0].split("\n")] == ["```", *map(str.strip, listing), "```"]
        assert account_of(parsed).n_words_lost == 0

    def test_a_line_without_letters_costs_no_listing(self) -> None:
        texts = (("x = 1", (10.0, 22.0, 34.0)), ("", ()), ("\xa0", ()), ("y  = 2", (10.0, 28.0, 40.0)))
        lines = [Line(text, 10, 90 - 12 * i, 46, 100 - 12 * i, 10, starts=at) for i, (text, at) in enumerate(texts)]
        assert listing_text(lines).splitlines()[::3] == ["x = 1", "y  = 2"]

    def test_a_text_that_is_set_in_such_type_is_text(self) -> None:
        parsed = read(pdf(lambda canvas: column(canvas, PROSE, font="Courier", size=9)))
        assert [block.kind for block in parsed.blocks] == ["paragraph"]

    @pytest.mark.parametrize(
        "lines",
        [
            ("Sirs, the letter of the second about the inter-", "national relations is enclosed, to be answered with-",
             "out delay by the keepers of the pier."),
            ("The keeper pays the rent on the first day of each month",
             "to the account of the town, whose clerk has to give him",
             "notice of any change three months ahead of the day."),
            ("Satamassa asuva vanha vartija sytyttää lampun aina", "iltaisin, kun kalastajien veneet palaavat mereltä",
             "kotiin, eikä hän koskaan sammuta sitä ennen kuin", "aurinko nousee."),
        ],
    )  # fmt: skip
    def test_a_paragraph_in_such_type_is_prose(self, lines: Sequence[str]) -> None:
        def draw(canvas: Any) -> None:
            top = column(canvas, PROSE * 2)
            top = column(canvas, lines, top=top - 20, size=9, font="Courier")
            column(canvas, PROSE * 2, top=top - 20)

        parsed = read(pdf(draw))
        assert "code" not in {block.kind for block in parsed.blocks}
        assert "".join(lines).replace("-", "").replace(" ", "") in parsed.text.replace("\n", "").replace(" ", "")
        assert "inter-" not in parsed.text
        assert account_of(parsed).n_words_lost == 0

    def test_a_paragraph_above_a_listing_is_no_part_of_it(self) -> None:
        def draw(canvas: Any) -> None:
            top = column(canvas, PROSE * 2) - 20
            top = column(
                canvas, ("Sirs, the letter about the inter-", "national relations of the town."), 72, top, 9, "Courier"
            )
            for i, line in enumerate(LISTING):
                put(canvas, 72 + 5.4 * (len(line) - len(line.lstrip())), top - 12 - 11 * i, line.lstrip(), 9, "Courier")
            column(canvas, PROSE, top=top - 160)

        parsed = read(pdf(draw))
        assert "about the international\nrelations of the town." in parsed.text
        assert "```\n" + "\n".join(LISTING) + "\n```" in parsed.text

    @pytest.mark.parametrize(
        "listing",
        [
            ("# This is the lamp of the outer pier, which is lit", "# and put out when the sun is up.", "LAMP = 1"),
            ("select name, height from lamps where the_height > 3", "  and is_lit order by name", "  limit 10;"),
            ("Given the keeper of the lamp is on the pier", "  When the sun goes down", "  Then the lamp is lit"),
            ("lamp:", "  name: outer", "  is_lit: true"),
            ("int main(void) {", "    return lit;", "}"),
            ("$ ls -l", "total 12", "-rw-r--r-- 1 root root 12 a.txt"),
        ],
    )  # fmt: skip
    def test_what_only_has_words_like_prose_is_a_listing(self, listing: Sequence[str]) -> None:
        def draw(canvas: Any) -> None:
            top = column(canvas, PROSE) - 20
            for i, line in enumerate(listing):
                put(canvas, 72 + 5.4 * (len(line) - len(line.lstrip())), top - 11 * i, line.lstrip(), 9, "Courier")
            column(canvas, PROSE * 2, top=top - 160)

        assert "```\n" + "\n".join(listing) + "\n```" in read(pdf(draw)).text

    def test_a_word_of_code_in_a_line_makes_no_listing(self) -> None:
        def draw(canvas: Any) -> None:
            column(canvas, PROSE)
            put(canvas, 72, 600, "print(name)", 11, "Courier")
            column(canvas, PROSE, top=580)

        assert "code" not in {block.kind for block in read(pdf(draw)).blocks}


def test_items_in_large_type_are_no_headings() -> None:
    def slide(n: int) -> Draw:
        def draw(canvas: Any) -> None:
            put(canvas, 60, 480, f"Topic {n}", 36, "Helvetica-Bold")
            for k, text in enumerate(("First point", "Second point")):
                put(canvas, 80, 400 - 50 * k, f"\u2022 {text}", 24)
                put(canvas, 120, 375 - 50 * k, f"\u2013 a detail of the {text.lower()} of all", 18)

        return draw

    parsed = read(pdf(*map(slide, (1, 2)), size=(960, 540)))
    assert [block.label for block in parsed.blocks if block.kind == "heading"] == ["Topic 1", "Topic 2"]


def test_lists_beside_each_other_are_columns_whatever_page_number_follows() -> None:
    def slide(canvas: Any) -> None:
        put(canvas, 35, 389, "Slide title", 40)
        for x, side in ((35, "Left"), (432, "Right")):
            column(canvas, [f"\u2022 {side} point {n}" for n in range(4)], x, 314, 24)
        put(canvas, 35, 38, "Harbour", 12)
        put(canvas, 716, 38, "1", 12)

    text = read(pdf(slide, size=(794, 446))).text
    assert in_order(text, *(f"\u2022 {side} point {n}" for side in ("Left", "Right") for n in range(4)))


def test_words_that_are_cut_off_in_narrow_cells_do_not_run_into_the_next() -> None:
    cells = "".join(
        f"q 60 {y} 100 20 re W n BT /F1 12 Tf 62 {y + 5} Td (Remark of length) Tj ET Q "
        f"BT /F1 12 Tf 147 {y + 5} Td (next{n}) Tj ET "
        for n, y in enumerate((600, 580, 560))
    )
    content = stream(f"BT /F1 12 Tf 62 700 Td (AVATAR To Wave) Tj ET {cells}")
    font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
    page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R/Resources<</Font<</F1 4 0 R>>>>>>"
    data = raw_pdf("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", page, font, content)
    parsed = read(data)
    assert parsed.text.split()[:3] == ["AVATAR", "To", "Wave"]
    assert [word for word in parsed.text.split() if word.startswith("next")] == ["next0", "next1", "next2"]
    assert account_of(parsed).n_words_lost == 0


@pytest.mark.parametrize(
    ("marks", "kept"),
    [
        (["page001", "page002", "page003", "page004"], []),
        (["Untitled", "report.docx", "Slide 3", "Annex of 1931"], ["Annex of 1931"]),
        (["Cover"], ["Cover"]),
    ],
)
def test_bookmarks_that_no_page_shows_do_not_replace_its_headings(marks: Sequence[str], kept: Sequence[str]) -> None:
    from reportlab.pdfgen.canvas import Canvas

    out = BytesIO()
    canvas = Canvas(out, invariant=1)
    for n in range(4):
        if n < len(marks):
            canvas.bookmarkPage(marks[n])
            canvas.addOutlineEntry(marks[n], marks[n])
        put(canvas, 60, 780, f"{n + 1} Lamps of kind {chr(97 + n)}", 16, "Helvetica-Bold")
        column(canvas, PROSE, 60, 750)
        canvas.showPage()
    canvas.save()
    headings = [block.label for block in read(out.getvalue()).blocks if block.kind == "heading"]
    assert [label for label in headings if "Lamps" not in label] == kept
    assert sum("Lamps" in label for label in headings) == 4
