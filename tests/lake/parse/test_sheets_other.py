"""OpenDocument spreadsheets, Excel 97 workbooks, and what is merely called xls."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from lake.errors import InputError
from lake.parse import parse
from lake.parse.account import account_of
from lake.parse.document import ParsedDocument
from lake.parse.tables import workbook_xls
from lake.parse.tables.cell_format import shown_text

PLAN = Path(__file__).parent / "data" / "plan.xls"
SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{uri}:1.0"'
    for name, uri in (
        ("office", "office"),
        ("table", "table"),
        ("text", "text"),
        ("style", "style"),
        ("draw", "drawing"),
    )
)
OTHERS = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink"'


def ods(tables: str, styles: str = "", **parts: str) -> bytes:
    content = (
        f"<office:document-content {SPACES} {OTHERS}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("content.xml", content)
        for name, text in parts.items():
            archive.writestr(name.replace("__", "/") + ".xml", text)
    return buffer.getvalue()


def sheet(*rows: str, name: str = "Sheet1", style: str = "") -> str:
    return f'<table:table table:name="{name}" table:style-name="{style}">{"".join(rows)}</table:table>'


def row(*cells: str, times: int = 1) -> str:
    return f'<table:table-row table:number-rows-repeated="{times}">{"".join(cells)}</table:table-row>'


def cell(text: str = "", kind: str = "string", value: str = "", more: str = "", inside: str = "") -> str:
    shown = f"<text:p>{text}</text:p>" if text else ""
    return f'<table:table-cell office:value-type="{kind}" {value} {more}>{inside}{shown}</table:table-cell>'


def complete(data: bytes, name: str = "a.ods") -> ParsedDocument:
    parsed = parse(data, name)
    assert account_of(parsed).n_words_lost == 0, parsed.text
    return parsed


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        (cell("03/14/31", "date", 'office:date-value="2031-03-14"'), "2031-03-14"),
        (cell("03/14/31 04:05 PM", "date", 'office:date-value="2031-03-14T16:05:00"'), "2031-03-14 16:05"),
        (cell("09:30 AM", "time", 'office:time-value="PT09H30M00S"'), "09:30"),
        (cell("27:30:05", "time", 'office:time-value="PT27H30M05S"'), "27:30:05"),
        (cell("12.5%", "percentage", 'office:value="0.125"'), "12.5%"),
        (cell("1,234.50 CZK", "currency", 'office:value="1234.5"'), "1,234.50 CZK"),
        (cell("", "float", 'office:value="3"'), "3"),
        (cell("TRUE", "boolean", 'office:boolean-value="true"'), "TRUE"),
        (cell("a<text:s text:c='2'/>b<text:span>c</text:span>"), "a bc"),
        (cell("see <text:a xlink:href='x'>the tariff</text:a>"), "see the tariff"),
        (cell("one</text:p><text:p>two"), "one two"),
        (cell("#N/A", "string", more='table:formula="of:=NA()"'), "#N/A"),
    ],
)  # fmt: skip
def test_values(source: str, shown: str) -> None:
    assert f"| rope | {shown} |" in complete(ods(sheet(row(cell("Item"), cell("x")), row(cell("rope"), source)))).text


def test_repeats_and_far_cells_are_bounded() -> None:
    rows = (
        row(cell("a"), cell("b")),
        row(cell("x", more='table:number-columns-repeated="2"'), times=3),
        row(cell("", "", more='table:number-columns-repeated="16384"'), times=1_000_000),
        row(cell("", "", more='table:number-columns-repeated="16383"'), cell("far")),
        row(cell("filled"), cell("1"), times=5000),
    )
    parsed = parse(ods(sheet(*rows)), "a.ods")
    assert parsed.text.count("| x | x |") == 3
    assert "far" in parsed.text
    assert [one.kind for one in parsed.omitted] == ["repeated"]


def test_merged_and_covered_cells() -> None:
    rows = (
        row(cell("Region"), cell("n")),
        row(cell("North", more='table:number-rows-spanned="2"'), cell("1", "float")),
        row("<table:covered-table-cell/>", cell("25", "float")),
        row("<table:covered-table-cell><text:p>under</text:p></table:covered-table-cell>", cell("26", "float")),
    )
    parsed = complete(ods(sheet(*rows)))
    assert "| North | 1 |\n| North | 25 |" in parsed.text
    assert "under" not in parsed.text
    assert [one.kind for one in parsed.omitted] == ["hidden"]


def test_hidden_sheet_annotation_shape_and_chart() -> None:
    style = '<style:style style:name="t2"><style:table-properties table:display="false"/></style:style>'
    note = "<office:annotation><dc:creator>Ida</dc:creator><text:p>check it</text:p></office:annotation>"
    frame = "<draw:frame><draw:text-box><text:p>in a box</text:p></draw:text-box></draw:frame>"
    shapes = (
        "<table:shapes><draw:frame><draw:object xlink:href='./Object 1'/></draw:frame>"
        "<draw:custom-shape><text:p>a floating remark</text:p></draw:custom-shape></table:shapes>"
    )
    tables = sheet(shapes, row(cell("Item", inside=note), cell("n", inside=frame)), name="Plan")
    chart = (
        f'<c {SPACES} xmlns:chart="urn:oasis:names:tc:opendocument:xmlns:chart:1.0"><chart:title><text:p>Herring tons'
        "</text:p></chart:title><table:table><text:p>Item</text:p></table:table></c>"
    )
    tables += sheet(row(cell("hush")), name="Secret", style="t2")
    parsed = complete(ods(tables, style, **{"Object 1__content": chart}))
    for wanted in ("Comment on A1 by Ida: check it", "in a box", "a floating remark", "Herring tons"):
        assert wanted in parsed.text
    assert "hush" not in parsed.text
    assert {one.kind for one in parsed.omitted} == {"hidden", "repeated"}


def test_headers_of_printed_pages() -> None:
    styles = (
        f"<s {SPACES}><style:master-page><style:header><text:p>Confidential <text:page-number>1</text:page-number>"
        "</text:p></style:header><style:footer><text:p>Page <text:page-number>1</text:page-number></text:p>"
        "</style:footer></style:master-page></s>"
    )
    buffer = io.BytesIO(ods(sheet(row(cell("a"), cell("b")))))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("styles.xml", styles)
    assert complete(buffer.getvalue()).text.endswith("Confidential")


def test_excel_97() -> None:
    parsed = complete(PLAN.read_bytes(), "a.xls")
    assert "| Rope | 2031-03-14 | 12.5% | TRUE | 1,234.50 CZK | 09:30 | 27:30 |" in parsed.text
    assert "| North | row15 | 15 |" in parsed.text
    assert "Comment on A2: check the rope" in parsed.text
    assert "hid" not in parsed.text
    assert [one.kind for one in parsed.omitted] == ["hidden"]


@pytest.mark.parametrize("n_bytes", [100, 600, 3000])
def test_damaged_excel_97_is_refused(n_bytes: int) -> None:
    with pytest.raises(InputError) as caught:
        parse(PLAN.read_bytes()[:n_bytes], "a.xls")
    assert caught.value.error_class == "garbage"


@pytest.mark.parametrize(
    "data",
    [
        b"<html><body><table><tr><th>Item</th><th>n</th></tr><tr><td>rope</td><td>3</td></tr></table></body></html>",
        b"Item\tn\nrope\t3\n",
        b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        b'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="Sheet1"><Table><Row><Cell>'
        b'<Data ss:Type="String">Item</Data></Cell><Cell><Data ss:Type="String">n</Data></Cell></Row><Row ss:Index="2">'
        b'<Cell><Data ss:Type="String">rope</Data></Cell><Cell><Data ss:Type="Number">3</Data></Cell></Row>'
        b"</Table></Worksheet></Workbook>",
    ],
)  # fmt: skip
def test_what_is_only_called_xls(data: bytes) -> None:
    assert complete(data, "a.xls").text == "| Item | n |\n| --- | --- |\n| rope | 3 |"


def test_a_comment_in_excel_2003_xml_is_counted_once() -> None:
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    words = '<ss:Data xmlns="http://www.w3.org/TR/REC-html40"><B>Ida:</B> check 88</ss:Data>'
    cells = f'<Cell><Data ss:Type="Number">3</Data><Comment ss:Author="Ida">{words}</Comment></Cell>'
    rows = f'<Table><Row><Cell><Data ss:Type="String">rope</Data></Cell>{cells}</Row></Table>'
    data = f'<Workbook xmlns="{space}" xmlns:ss="{space}"><Worksheet ss:Name="S">{rows}</Worksheet></Workbook>'
    assert complete(data.encode(), "a.xls").text.endswith("Comment on B1: Ida: check 88")


def test_xlsx_called_xls() -> None:
    data = (Path(__file__).parents[2] / "corpus" / "stores.xlsx").read_bytes()
    assert "| H-alpha | 3.5 | 2021-06-01 |" in parse(data, "a.xls").text


def test_repeated_rows_of_a_small_file_stay_bounded() -> None:
    wide = cell("x").replace("<table:table-cell", '<table:table-cell table:number-columns-repeated="1000"', 1)
    document = parse(ods(sheet(*[row(wide, times=1_000_000)] * 3)), "a.ods")
    assert len(document.text) < 1_000_000
    assert {one.kind for one in document.omitted} == {"repeated"}
    assert account_of(document).n_words_lost == 0


def test_style_or_format_that_an_xls_does_not_define_costs_the_form_only() -> None:
    style = SimpleNamespace(format_key=57)
    book = SimpleNamespace(
        xf_list=[style, SimpleNamespace(format_key=9)], format_map={57: SimpleNamespace(format_str=None)}
    )
    assert [workbook_xls._format_code(book, n) for n in range(3)] == ["yyyy-mm-dd", "General", "General"]


@pytest.mark.parametrize(
    ("code", "shown"),
    [('0;-0;0;"Boat "@', "Boat Ida"), ('@" (sic)"', "Ida (sic)"), ("@", "Ida"), ("0.00", "Ida"), ("General", "Ida")],
)
def test_words_that_a_format_adds_to_a_text(code: str, shown: str) -> None:
    assert shown_text(code, "Ida") == shown
