"""Workbooks: values as Excel shows them, tables with their own headers, and every other place of text."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]

from lake.errors import InputError
from lake.parse import parse
from lake.parse.account import account_of
from lake.parse.archive import lenient_xml
from lake.parse.document import ParsedDocument
from lake.parse.tables.cell_format import shown_by
from lake.parse.tables.workbook_parts import drawing_texts

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/package/2006/relationships"


def xlsx(sheet: str, **parts: str) -> bytes:
    """A workbook of one sheet with this content; ``parts`` are further files."""
    targets = ("worksheets/sheet1.xml", "sharedStrings.xml", "styles.xml", "persons/person.xml")
    kinds = ("worksheet", "sharedStrings", "styles", "person")
    pairs = enumerate(zip(kinds, targets, strict=True))
    rels = "".join(f'<Relationship Id="r{i}" Type="{RELATED}/{kind}" Target="{to}"/>' for i, (kind, to) in pairs)
    files = {
        "_rels/.rels": f'<Relationships xmlns="{OFFICE}"><Relationship Id="a" Type="{RELATED}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATED}"><sheets><sheet name="Sheet1" sheetId="1" '
        'r:id="r0"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{OFFICE}">{rels}</Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}">{sheet}</worksheet>',
        **parts,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def rows(*cells: str) -> str:
    return f'<sheetData><row r="1">{"".join(cells)}</row></sheetData>'


def sheet_rels(*pairs: tuple[str, str]) -> str:
    listed = (f'<Relationship Id="r{i}" Type="{RELATED}/{kind}" Target="{to}"/>' for i, (kind, to) in enumerate(pairs))
    return f'<Relationships xmlns="{OFFICE}">{"".join(listed)}</Relationships>'


def written(fill: Any, name: str = "Sheet1", **options: Any) -> bytes:
    """A workbook that ``fill(workbook, worksheet)`` writes."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, options)
    fill(book, book.add_worksheet(name))
    book.close()
    return buffer.getvalue()


def table(*lines: list[Any], at: tuple[int, int] = (0, 0)) -> Any:
    def fill(_: Any, sheet: Any) -> None:
        put(sheet, *lines, at=at)

    return fill


def put(sheet: Any, *lines: list[Any], at: tuple[int, int] = (0, 0)) -> None:
    for i, line in enumerate(lines):
        for j, value in enumerate(line):
            if value is not None:
                sheet.write(at[0] + i, at[1] + j, value)


def complete(data: bytes, name: str = "a.xlsx") -> ParsedDocument:
    """Parse; no word may be lost."""
    parsed = parse(data, name)
    assert account_of(parsed).n_words_lost == 0, parsed.text
    return parsed


def tables(parsed: ParsedDocument) -> list[str]:
    return [parsed.text[block.start : block.end] for block in parsed.blocks if block.kind == "table"]


def places(parsed: ParsedDocument, kind: str) -> str:
    return "; ".join(one.place for one in parsed.omitted if one.kind == kind)


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("0%", 0.5, "50%"),
        ("0.0%", 0.125, "12.5%"),
        ("#,##0.00", 1234.5, "1,234.50"),
        ('#,##0.00 "CZK"', -1234.5, "-1,234.50 CZK"),
        ("[$€-407] #,##0.00", 5, "€ 5.00"),
        ("#,##0.00_);[Red](#,##0.00)", -3.5, "(3.50)"),
        ('_-* #,##0.00 "€"_-;-* #,##0.00 "€"_-;_-* "-"?? "€"_-;_-@_-', 0, "- €"),
        ("00000", 42, "00042"),
        ("0.##", 2, "2"),
        ("0.00E+00", 12345, "1.23E+04"),
        ('0.0,,"M"', 12345678, "12.3M"),
        ('General" kg"', 1.5, "1.5 kg"),
        ("# ?/?", 1.5, "1 1/2"),
        ("[>100]0.0;0", 5, "5"),
        ("000-00-0000", 12345678, "012-34-5678"),
        ("00000-0000", 123456789, "12345-6789"),
        ("[<=9999999]###-####;(###) ###-####", 5551234, "555-1234"),
        ("[<=9999999]###-####;(###) ###-####", 4155551234, "(415) 555-1234"),
        ("00 00 00 00 00", 123456789, "01 23 45 67 89"),
        ('0" ft "00', 511, "5 ft 11"),
        ("# ##0", 1234, "1 234"),
        ("# ##0.00", 1234.567, "1234.57"),
        ('[>=1000]#,##0,"K";0', 12345, "12K"),
        ("[<0]-0.0;0.0", -2.5, "-2.5"),
        ("[=1]0.0;0", -2, "-2"),
        ("##0.0E+0", 123456.12, "123.5E+3"),
        (";;;", 5, "5"),
        ('"Yes";"No";"No"', 1, "Yes"),
        ("yyyy-mm-dd", 47921, "2031-03-14"),
        ("dd/mm/yyyy", 47921.9, "2031-03-14"),
        ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", 47921, "2031-03-14"),
        ("mmm yy", 47921, "2031-03"),
        ("d. mmmm yyyy hh:mm", 47921.5, "2031-03-14 12:00"),
        ("yyyy-mm-dd h:mm:ss", 47921.67013888889, "2031-03-14 16:05:00"),
        ("hh:mm", 0.3958333333333333, "09:30"),
        ("h:mm AM/PM", 0.75, "18:00"),
        ("h:mm:ss", 0.999999, "00:00:00"),
        ("[h]:mm", 1.25, "30:00"),
        ("[mm]:ss", 0.05, "72:00"),
        ("[s]", 0.01, "864"),
        ("mm:ss.0", 0.00071, "01:01.3"),
        ("yyyy-mm-dd", 59, "1900-02-28"),
        ("yyyy-mm-dd", 61, "1900-03-01"),
        ("yyyy-mm-dd", 1e12, "1000000000000"),
        ("General", 0.1 + 0.2, "0.3"),
        ("General", 3.0, "3"),
        ("General", 12345678901234.0, "12345678901234"),
        ("General", 1e-7, "0.0000001"),
    ],
)  # fmt: skip
def test_number_is_shown_by_its_format(code: str, value: float, shown: str) -> None:
    assert shown_by(code)(value) == shown


def test_formats_and_epoch_are_those_of_the_workbook_itself() -> None:
    """Extensions have elements of the same names, and conditional formats have codes of their own."""
    book = (
        f'<workbook xmlns="{MAIN}" xmlns:r="{RELATED}"><workbookPr date1904="1"/><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="r0"/></sheets><extLst><ext>'
        '<x:workbookPr xmlns:x="u"/></ext></extLst></workbook>'
    )
    styles = (
        f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="164" formatCode="yyyy-mm-dd"/></numFmts><cellXfs>'
        '<xf numFmtId="164"/></cellXfs><dxfs><dxf><numFmt numFmtId="164" formatCode="0.0"/></dxf></dxfs></styleSheet>'
    )
    sheet = rows('<c r="A1" s="0"><v>40000</v></c>')
    parsed = complete(xlsx(sheet, **{"xl/workbook.xml": book, "xl/styles.xml": styles}))
    assert "2013-07-07" in parsed.text


def test_values_of_each_type() -> None:
    def fill(book: Any, sheet: Any) -> None:
        put(sheet, ["Item", "Due", "At", "Moment", "Share", "Paid", "Pay", "Worked", "Code"])
        formats = ("yyyy-mm-dd", "hh:mm", "dd.mm.yyyy hh:mm", "0.0%", "#,##0.00", "[h]:mm")
        day, clock, moment, share, pay, worked = (book.add_format({"num_format": code}) for code in formats)
        sheet.write_string(1, 0, "Rope")
        sheet.write_datetime(1, 1, date(2031, 3, 14), day)
        sheet.write_datetime(1, 2, time(9, 30), clock)
        sheet.write_datetime(1, 3, datetime(2031, 3, 14, 16, 5), moment)
        sheet.write_number(1, 4, 0.125, share)
        sheet.write_boolean(1, 5, True)
        sheet.write_number(1, 6, 1234.5, pay)
        sheet.write_datetime(1, 7, timedelta(hours=27, minutes=30), worked)
        sheet.write_string(1, 8, "00042")

    line = "| Rope | 2031-03-14 | 09:30 | 2031-03-14 16:05 | 12.5% | TRUE | 1,234.50 | 27:30 | 00042 |"
    assert line in complete(written(fill)).text
    assert line in complete(written(fill, date_1904=True)).text


def test_errors_and_formulas() -> None:
    sheet = rows(
        '<c r="A1" t="str"><f>B1</f><v>kept &amp; shown</v></c>',
        '<c r="B1"><f>1+2</f><v>3</v></c>',
        '<c r="C1" t="e"><f>NA()</f><v>#N/A</v></c>',
        '<c r="D1"><f>SUM(A1:A9)</f></c>',
        '<c r="E1"><f>SUM(A1:A9)</f><v></v></c>',
        '<c r="F1" t="str"><f>""</f><v></v></c>',
    )
    parsed = complete(xlsx(sheet))
    assert tables(parsed)[0].startswith("| kept & shown | 3 | #N/A |")
    assert places(parsed, "unreadable").endswith("does not store: D1, E1")


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="A1" t="inlineStr"><is><t>harbour light</t></is></c>',
        '<c r="A1" t="inlineStr"><is><r><t>harbour </t></r><r><rPr><b/></rPr><t>light</t></r></is></c>',
        '<c t="inlineStr" r="A1"><is><t xml:space="preserve">harbour light</t></is></c>',
        '<c r="A1" t="str"><v>harbour_x0020_light</v></c>',
        '<c r="A1" t="str"><v><![CDATA[harbour light]]></v></c>',
        '<c t="str"><v>harbour light</v></c>',
    ],
)
def test_text_of_a_cell_in_each_form(cell: str) -> None:
    parsed = complete(xlsx(rows(cell, '<c r="B1"><v>1</v></c>')))
    assert "| harbour light | 1 |" in parsed.text


def test_shared_strings_without_phonetic_runs() -> None:
    strings = (
        f'<sst xmlns="{MAIN}"><si><t>plain</t></si><si><r><t>in </t></r><r><t>pieces</t></r></si>'
        "<si><t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh></si></sst>"
    )
    cells = [f'<c r="{letter}1" t="s"><v>{i}</v></c>' for i, letter in enumerate("ABC")]
    cells.append('<c r="D1" t="s"><v>9</v></c>')
    parsed = complete(xlsx(rows(*cells), **{"xl/sharedStrings.xml": strings}))
    assert "| plain | in pieces | 東京 |" in parsed.text
    assert "トウキョウ" not in parsed.text
    assert "D1" in places(parsed, "unreadable")


@pytest.mark.parametrize("usual", [True, False])
def test_stray_cell_costs_nothing(usual: bool) -> None:
    cells = '<row r="1"><c r="A1" t="str"><v>Item</v></c><c r="B1" t="str"><v>n</v></c></row>'
    cells += '<row r="2"><c r="A2" t="str"><v>rope</v></c><c r="B2"><v>3</v></c></row>'
    cells += '<row r="1048576"><c r="XFD1048576" t="str"><v>far</v></c></row>'
    parsed = complete(xlsx(f"<sheetData>{cells}{'' if usual else '<!-- x -->'}</sheetData>"))
    assert parsed.text == "| Item | n |\n| --- | --- |\n| rope | 3 |\n\nfar"


def test_tables_below_each_other_have_their_own_headers() -> None:
    def fill(_: Any, sheet: Any) -> None:
        put(sheet, ["Item", "n"], ["rope", 3], ["tar", 4])
        put(sheet, ["Costs 2031"], ["Region", "EUR"], ["North", 7], at=(5, 0))
        put(sheet, ["Name", "Town"], ["Ida", "Brno"], at=(10, 0))

    parsed = complete(written(fill))
    heads = [found.split("\n")[0] for found in tables(parsed)]
    assert heads == ["| Item | n |", "| Region | EUR |", "| Name | Town |"]
    assert "Costs 2031\n\n| Region" in parsed.text


def test_tables_beside_each_other() -> None:
    def fill(_: Any, sheet: Any) -> None:
        put(sheet, ["Item", "n"], ["rope", 3], ["tar", 4], ["oil", 5])
        put(sheet, ["Person", "Town"], ["Ida", "Brno"], at=(0, 3))

    heads = [found.split("\n")[0] for found in tables(complete(written(fill)))]
    assert heads == ["| Item | n |", "| Person | Town |"]


def test_blank_rows_and_columns_inside_a_table_do_not_part_it() -> None:
    def fill(_: Any, sheet: Any) -> None:
        put(sheet, ["Item", None, "n", None, "m"], ["rope", None, 3, None, 1])
        put(sheet, ["tar", None, 4, None, 2], ["oil", None, 5, None, 6], at=(4, 0))

    found = tables(complete(written(fill)))
    assert len(found) == 1
    assert "| tar | 4 | 2 |" in found[0]


def test_header_apart_from_its_rows() -> None:
    def fill(_: Any, sheet: Any) -> None:
        put(sheet, ["Item", "n"])
        put(sheet, ["rope", 3], ["tar", 4], at=(2, 0))

    assert tables(complete(written(fill))) == ["| Item | n |\n| --- | --- |\n| rope | 3 |\n| tar | 4 |"]


def test_lines_above_a_header_are_paragraphs() -> None:
    lines = [["Tariff of 2031"], ["Valid from", "May"], ["a", "b", "c", "d", "e"], *[[i] * 5 for i in range(9)]]
    parsed = complete(written(table(*lines)))
    assert parsed.text.startswith("Tariff of 2031\n\nValid from May\n\n| a | b | c | d | e |")


def test_merged_cells_keep_columns() -> None:
    def fill(_: Any, sheet: Any) -> None:
        put(sheet, ["Region", "Season", "n"], [None, "Summer", 1], [None, "Winter", 25])
        sheet.merge_range(1, 0, 2, 0, "North")

    text = complete(written(fill)).text
    assert "| North | Summer | 1 |\n| North | Winter | 25 |" in text


def test_hidden_rows_and_columns_are_kept_and_hidden_sheets_counted() -> None:
    def fill(book: Any, sheet: Any) -> None:
        put(sheet, ["Item", "n"], ["filtered", 3], ["rope", 4])
        sheet.set_row(1, None, None, {"hidden": True})
        sheet.set_column("B:B", None, None, {"hidden": True})
        other = book.add_worksheet("Secret")
        put(other, ["hush", "money"])
        other.hide()

    parsed = complete(written(fill))
    assert "| filtered | 3 |" in parsed.text
    assert "hush" not in parsed.text
    assert [(one.kind, one.n_words, one.place) for one in parsed.omitted] == [
        ("hidden", 2, "sheet 'Secret': the sheet is hidden")
    ]


def test_comments_text_boxes_charts_headers_and_pictures() -> None:
    def fill(book: Any, sheet: Any) -> None:
        put(sheet, ["Item", "n"], ["rope", 3])
        sheet.write_comment("A2", "check the splice", {"author": "Ida"})
        sheet.insert_textbox(5, 1, "a floating remark")
        chart = book.add_chart({"type": "bar"})
        chart.add_series({"values": "=Sheet1!$B$2:$B$2"})
        chart.set_title({"name": "Herring tons"})
        chart.set_x_axis({"name": "landed weight"})
        sheet.insert_chart(9, 1, chart, {"description": "bars of herring"})
        sheet.set_header("&LConfidential plan&RPage &P of &N")
        sheet.write_url("C1", "https://example.org", string="the tariff")

    parsed = complete(written(fill))
    for wanted in ("Comment on A2 by Ida: check the splice", "a floating remark", "Herring tons", "landed weight",
                   "bars of herring", "Confidential plan", "the tariff"):  # fmt: skip
        assert wanted in parsed.text


def test_a_shape_for_several_programs_is_read_once() -> None:
    def box(text: str) -> str:
        return f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>"

    def two(choice: str, fallback: str) -> str:
        ways = f"<mc:Choice Requires='a14'>{choice}</mc:Choice><mc:Fallback>{fallback}</mc:Fallback>"
        return f"<mc:AlternateContent xmlns:mc='m'>{ways}</mc:AlternateContent>"

    def fill(book: Any, sheet: Any) -> None:
        put(sheet, ["Item", "n"], ["rope", 3])
        sheet.insert_textbox(5, 1, "a floating remark")

    drawn = two(box("Valid until 3 May"), box("Valid until 3 May")) + two(
        "<xdr:graphicFrame/>", box("This shape represents a slicer.")
    )
    source, target = zipfile.ZipFile(io.BytesIO(written(fill))), io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            text = source.read(name).replace(b"</xdr:wsDr>", f"{drawn}</xdr:wsDr>".encode())
            archive.writestr(name, text)
    parsed = complete(target.getvalue())
    assert parsed.text.count("3 May") == 1
    assert "slicer" not in parsed.text
    assert [(one.kind, one.n_words) for one in parsed.omitted] == [("repeated", 9)]


def test_a_chart_of_many_values_takes_no_longer_for_each() -> None:
    points = "".join(f"<pt><v>{n}</v></pt>" for n in range(20_000))
    parts = (
        f"<{name}><numRef><f>{formula}</f><numCache>{points}</numCache></numRef></{name}>"
        for name, formula in (("cat", "Sheet1!$A$1:$A$20000"), ("val", "[1]Sheet1!$B$1:$B$20000"))
    )
    root, _ = lenient_xml(f"<chart><ser><tx><v>Herring</v></tx>{''.join(parts)}</ser></chart>".encode())
    (line,) = drawing_texts(root, "chart")
    assert line.startswith("Herring: 0; 1; 2;")
    assert line.endswith("; 19999")


def test_threads_replace_the_notes_made_for_older_versions() -> None:
    thread = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"
    parts = {
        "xl/worksheets/_rels/sheet1.xml.rels": sheet_rels(
            ("comments", "../comments1.xml"), ("threadedComment", "../t.xml")
        ),
        "xl/comments1.xml": f'<comments xmlns="{MAIN}"><authors><author>tc=1</author><author>Bo</author></authors>'
        '<commentList><comment ref="A1" authorId="0"><text><t>[Threaded comment] Your version. Comment: too high</t>'
        '</text></comment><comment ref="B1" authorId="1"><text><r><t>right</t></r></text>'
        "</comment></commentList></comments>",
        "xl/t.xml": f'<ThreadedComments xmlns="{thread}"><threadedComment ref="A1" personId="p"><text>too high</text>'
        '</threadedComment><threadedComment ref="A1" personId="p"><text>why?</text>'
        "</threadedComment></ThreadedComments>",
        "xl/persons/person.xml": f'<personList xmlns="{thread}"><person displayName="Ida" id="p"/></personList>',
    }
    parsed = complete(xlsx(rows('<c r="A1"><v>1</v></c>', '<c r="B1"><v>2</v></c>'), **parts))
    assert parsed.text.count("too high") == 1
    assert "Comment on A1 by Ida: why?" in parsed.text
    assert "Comment on B1 by Bo: right" in parsed.text
    assert "Your version" not in parsed.text


def test_prompts_of_cells_are_named() -> None:
    tail = '<dataValidations><dataValidation promptTitle="Enter" prompt="a whole number" sqref="A1"/></dataValidations>'
    parsed = complete(xlsx(rows('<c r="A1"><v>1</v></c>') + tail))
    assert [(one.kind, one.n_words) for one in parsed.omitted] == [("decoration", 4)]


def test_damaged_part_costs_that_part() -> None:
    good = written(lambda book, sheet: (put(sheet, ["Item", "n"], ["rope", 3]), sheet.write_comment("A1", "note")))
    source, target = zipfile.ZipFile(io.BytesIO(good)), io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            archive.writestr(name, source.read(name))
    data = target.getvalue()
    place = data.index(b"<comments")
    parsed = parse(data[:place] + b"#" + data[place + 1 :], "a.xlsx")
    assert "| rope | 3 |" in parsed.text
    assert "comments" in places(parsed, "unreadable")


def test_sheet_cut_in_the_middle_keeps_its_first_rows() -> None:
    data = xlsx('<sheetData><row r="1"><c r="A1" t="str"><v>kept</v></c></row><row r="2"><c r="A2"/></row></sheetData>')
    source, target = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            text = source.read(name)
            archive.writestr(name, text[: text.index(b'<row r="2">')] if name.endswith("sheet1.xml") else text)
    parsed = parse(target.getvalue(), "a.xlsx")
    assert "kept" in parsed.text
    assert "damaged" in places(parsed, "unreadable")


def test_prefixed_names_and_names_in_another_case() -> None:
    sheet = (
        f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row><x:c t="inlineStr"><x:is><x:t>rope</x:t></x:is></x:c>'
        "<x:c><x:v>3</x:v></x:c></x:row></x:sheetData></x:worksheet>"
    )
    parts = {"xl/worksheets/sheet1.xml": "", "xl/Worksheets/Sheet1.xml": sheet}
    data = xlsx("", **parts)
    source, target = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            if name != "xl/worksheets/sheet1.xml":
                archive.writestr(name, source.read(name))
    assert "| rope | 3 |" in complete(target.getvalue()).text


def test_single_column_of_prose_is_no_table() -> None:
    prose = "This sheet explains how the tariffs were worked out, and by whom they have to be approved each year."
    parsed = complete(written(table([prose], ["Second line."])))
    assert parsed.text == f"{prose}\n\nSecond line."


def test_name_of_a_sheet_is_a_heading_unless_a_program_gave_it() -> None:
    assert complete(written(table(["a", "b"]))).text.startswith("| a")
    assert complete(written(table(["a", "b"]), name="Tariff 2031")).text.startswith("# Tariff 2031\n\n| a")


def test_title_of_the_properties() -> None:
    def fill(book: Any, sheet: Any) -> None:
        book.set_properties({"title": "Harbour plan", "author": "Ida"})
        put(sheet, ["a", "b"])

    parsed = complete(written(fill))
    assert (parsed.title, parsed.author) == ("Harbour plan", "Ida")


def test_workbook_of_blank_cells_is_refused() -> None:
    with pytest.raises(InputError, match="empty"):
        parse(written(table()), "a.xlsx")


def test_twenty_thousand_rows_are_quick_and_complete() -> None:
    parsed = complete(written(table(["Item", "n"], *([f"rope {i}", i] for i in range(20_000)))))
    assert parsed.text.endswith("| rope 19999 | 19999 |")
