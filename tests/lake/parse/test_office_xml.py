"""Documents of office programs that are one XML file: read as what they are, whatever the file is called."""

from __future__ import annotations

import plistlib

import pytest

from lake.errors import InputError
from lake.parse import parse
from lake.parse.account import account_of

_EXCEL = "urn:schemas-microsoft-com:office:spreadsheet"
_ODF = "urn:oasis:names:tc:opendocument:xmlns"


def _cell(kind: str, value: str, **stated: str) -> str:
    attributes = "".join(f' ss:{name}="{text}"' for name, text in stated.items())
    return f'<Cell{attributes}><Data ss:Type="{kind}">{value}</Data></Cell>'


def _workbook() -> bytes:
    styles = "".join(
        f'<Style ss:ID="{name}"><NumberFormat ss:Format="{code}"/></Style>'
        for name, code in (("p", "Percent"), ("z", "00000"))
    )
    head = "".join(_cell("String", name) for name in ("Port", "Share", "Zip", "At"))
    first = (
        _cell("String", "Oslo", MergeDown="1")
        + _cell("Number", "0.125", StyleID="p")
        + _cell("Number", "123", StyleID="z")
        + _cell("DateTime", "1899-12-31T09:30:00.000")
    )
    second = _cell("Number", "5", Index="2") + _cell("Boolean", "1") + _cell("DateTime", "2031-03-14T16:05:07.000")
    third = _cell("String", "Bergen") + _cell("Number", "n/a", StyleID="p") + _cell("DateTime", "2031-03-15T00:00:00")
    rows = "".join(f"<Row>{row}</Row>" for row in (head, first, second, third))
    unseen = "<WorksheetOptions><Visible>SheetHidden</Visible></WorksheetOptions>"
    return (
        f'<?xml version="1.0"?><Workbook xmlns="{_EXCEL}" xmlns:ss="{_EXCEL}"><Styles>{styles}</Styles>'
        f'<Worksheet ss:Name="Fees"><Table>{rows}</Table></Worksheet><Worksheet ss:Name="Old"><Table><Row>'
        f"{_cell('String', 'secret')}</Row></Table>{unseen}</Worksheet></Workbook>"
    ).encode()


@pytest.mark.parametrize("name", ["a.xml", "a.xls"])
def test_excel_2003_shows_what_its_formats_show(name: str) -> None:
    parsed = parse(_workbook(), name)
    assert parsed.text == (
        "# Fees\n\n| Port | Share | Zip | At |\n| --- | --- | --- | --- |\n| Oslo | 12.50% | 00123 | 09:30 |\n"
        "| Oslo | 5 | TRUE | 2031-03-14 16:05:07 |\n| Bergen | n/a | 2031-03-15 |  |"
    )
    assert account_of(parsed).n_words_lost == 0
    assert [one.kind for one in parsed.omitted] == ["hidden"]


@pytest.mark.parametrize("name", ["a.fods", "a.xml"])
def test_a_flat_spreadsheet_is_a_table(name: str) -> None:
    def row(*values: str) -> str:
        cells = "".join(f"<table:table-cell><text:p>{value}</text:p></table:table-cell>" for value in values)
        return f"<table:table-row>{cells}</table:table-row>"

    spaces = " ".join(f'xmlns:{prefix}="{_ODF}:{prefix}:1.0"' for prefix in ("office", "table", "text"))
    sheet = f'<table:table table:name="Fees">{row("Port", "n")}{row("Oslo", "4")}</table:table>'
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    data = (
        f'<?xml version="1.0"?><office:document {spaces} office:mimetype="{kind}"><office:body><office:spreadsheet>'
        f"{sheet}</office:spreadsheet></office:body></office:document>"
    )
    assert parse(data.encode(), name).text == "# Fees\n\n| Port | n |\n| --- | --- |\n| Oslo | 4 |"


def test_a_binary_property_list_is_read() -> None:
    data = plistlib.dumps({"Name": "Dock & pier", "Depths": [7]}, fmt=plistlib.FMT_BINARY)
    assert "string: Dock & pier" in parse(data, "a.plist").text
    with pytest.raises(InputError, match="plutil -convert xml1"):
        parse(data[:20], "a.plist")
