# ruff: noqa: E501, RUF001 - a line of RTF is read more easily in one piece, and some letters are Greek
"""RTF: every place where text can stand is kept, or named with the reason why it is left out."""

from __future__ import annotations

import pytest

from lake.errors import InputError
from lake.parse import ParsedDocument, parse
from lake.parse.account import account_of

FONTS = (
    r"{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fcharset238 Arial CE;}{\f2\fcharset204 Arial Cyr;}{\f3\fcharset2 Symbol;}"
    r"{\f4\fcharset128 MS Mincho;}{\f5\fcharset161{\*\panose 02}Arial Greek;}}"
)
STYLES = (
    r"{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}{\s2\sbasedon1 Kapitel;}{\s3 heading 2;}"
    r"{\*\cs10 Default Paragraph Font;}{\s4 Title;}{\s5\sbasedon6 A;}{\s6\sbasedon5 B;}}"
)


def rtf(body: str) -> bytes:
    return (r"{\rtf1\ansi\ansicpg1252\deff0" + FONTS + STYLES + body + "}").encode("latin-1")


def parsed(body: str) -> ParsedDocument:
    """The document, whose account shows no loss."""
    document = parse(rtf(body), "a.rtf")
    assert account_of(document).n_words_lost == 0
    return document


def row(*cells: str, edges: tuple[int, ...] = ()) -> str:
    edges = edges or tuple(1000 * (i + 1) for i in range(len(cells)))
    return (
        r"\trowd " + "".join(rf"\cellx{edge}" for edge in edges) + r"\pard\intbl "
        + "".join(rf"{cell}\cell " for cell in cells) + r"\row "
    )  # fmt: skip


KEPT = {
    "paragraphs": (r"One.\par Two\line half.\par", "One.\n\nTwo\nhalf."),
    "words in several groups": (r"un{\b be}{\i\f0 liev}able\par", "unbelievable"),
    "lines of the file": ("One and\n two\r\n three.\\par", "One and two three."),
    "escapes": (r"a \{b\} \\c\~d AB\_4711 light\-keeper", "a {b} \\c\xa0d AB-4711 lightkeeper"),
    "dashes and quotation marks": (r"\ldblquote a\rdblquote\emdash b\rquote s", "“a”—b’s"),
    "the code page": (r"cr\'eape", "crêpe"),
    "a font's code page": (r"{\f1 P\'f8\'edli\'9a} {\f2\'cf\'f0\'e8} {\f5\'e1\'e2}", "Příliš При αβ"),
    "characters of two bytes": (r"{\f4\'93\'fa\'96\'7b\'83A}", "日本ア"),
    "Unicode": (r"\u945?\u-3998?{\uc0\u946}{\uc2\u947\'61\'62}{\uc1\u948\'61}\u8364\'80", "αββγδ€"),
    "a character beyond the first plane": (r"\u-10179?\u-8704?", "\U0001f600"),
    "a paragraph right after Unicode": (r"a\u233\par b", "aé\n\nb"),
    "symbols": (r"{\f3 a\'b3} 5", "α≥ 5"),
    "a field": (r'{\field{\*\fldinst HYPERLINK "http://x.example"}{\fldrslt{the site}}} here', "the site here"),
    "a field in a field": (r"{\field{\*\fldinst IF}{\fldrslt a {\field{\*\fldinst X}{\fldrslt b}} c}}", "a b c"),
    "a footnote": (
        r"The gate{\super\chftn}{\footnote\pard{\super\chftn} Paid by Vltava.} opens.\par Next.\par",
        "The gate[1] opens.\n\n[1] Paid by Vltava.\n\nNext.",
    ),
    "an endnote": (r"The gate{\*\footnote\ftnalt See Novak.}.\par", "The gate[1].\n\n[1] See Novak."),
    "a comment": (
        r"Rent{\*\atnid AB}{\*\atnauthor Ida}\chatn{\*\annotation{\*\atndate 1}\pard Really?\par} is 5.\par",
        "Rent is 5.\n\nComment (Ida): Really?",
    ),
    "a text box": (
        r"Above.{\shp{\*\shpinst{\sp{\sn shapeType}{\sv 202}}{\shptxt\pard Eels\par}}{\shprslt{\*\do\dptxbx Eels}}}\par",
        "Above.\n\nEels",
    ),
    "a picture": (r"x{\*\shppict{\pict\pngblip 89504e470d0a}}{\nonshppict{\pict 0102}} y", "x y"),
    "a picture's description": (
        r"x{\pict{\*\picprop{\sp{\sn wzDescription}{\sv Boats}}}\pngblip 8950}\par",
        "x\n\nPicture: Boats",
    ),
    "bytes": ("x{\\pict\\bin5 }{\\}{}y\\par", "xy"),
    "an object": (r"x {\object\objemb{\*\objclass Excel}{\*\objdata 0105}{\result{\pard shown}}}\par", "x shown"),
    "hidden text": (r"Seen {\v secret }words\v0 .", "Seen words."),
    "a deletion": (r"It is {\deleted never }shut.", "It is shut."),
    "an insertion": (r"Pay {\revised\revauth1 455 }now.", "Pay 455 now."),
    "two forms of a name": (r"{\upr{ansi}{\*\ud{\u233?tat}}}", "état"),
    "headings": (
        r"\pard\s1 One\par\pard\s2 Two\par\pard\s3 Three\par\pard\outlinelevel3 Four\par\pard\s5 Five\par",
        "# One\n\n# Two\n\n## Three\n\n#### Four\n\nFive",
    ),
    "a list": (
        r"{\listtext\f3\'b7\tab}\ls1 one\par{\listtext\f3\'b7\tab}\ilvl1 two\par\pard{\listtext 3.\tab}three\par\pard End.\par",
        "- one\n  - two\n- 3. three\n\nEnd.",
    ),
    "a formula": (r"{\mmath{\*\moMath{\mr E=mc}{\msSup{\me{\mr x}}{\msup{\mr 2}}}}}", "E=mc x^(2)"),
    "an index entry": (r"rope{\xe rope}{\*\bkmkstart x}{\*\bkmkend x} and tar", "rope and tar"),
    "a table": (
        row("a", r"b\par c") + row("d", "e") + r"\pard After.\par",
        "| a | b c |\n| --- | --- |\n| d | e |\n\nAfter.",
    ),
    "a wide cell": (
        row("x", "wide", edges=(1000, 3000)) + row("1", "2", "3"),
        "| x | wide |  |\n| --- | --- | --- |\n| 1 | 2 | 3 |",
    ),
    "two tables": (
        row("a", "b", edges=(1500, 3000)) + row("c", "d", edges=(1000, 3000)),
        "| a | b |\n| --- | --- |\n\n| c | d |\n| --- | --- |",
    ),
    "a tall cell": (row("tall", "v11") + row("", "v21"), "| tall | v11 |\n| --- | --- |\n|  | v21 |"),
    "a table in a table": (
        r"\trowd\cellx1000\cellx2000\pard\intbl North\cell\pard\intbl\itap2 bolts\nestcell 120\nestcell"
        r"{\*\nesttableprops\trowd\cellx1500\cellx1800\nestrow}{\nonesttables\par}\pard\intbl\itap1\cell\row",
        "| North | bolts 120 |\n| --- | --- |",
    ),
    "groups that don't end": (r"{\b One. {\i Two.", "One. Two."),
    "groups that end too often": (r"One.}} Two.", "One. Two."),
}


@pytest.mark.parametrize("name", KEPT)
def test_text_is_kept(name: str) -> None:
    body, text = KEPT[name]
    assert parsed(body).text == text


@pytest.mark.parametrize(
    ("name", "kind", "n_words"),
    [
        ("hidden text", "hidden", 1),
        ("a deletion", "deleted", 1),
        ("an object", "attachment", 0),
        ("a text box", "repeated", 1),
    ],
)
def test_what_is_left_out_has_a_reason(name: str, kind: str, n_words: int) -> None:
    omitted = account_of(parsed(KEPT[name][0])).omitted
    assert [(one.kind, one.n_words) for one in omitted] == [(kind, n_words)]


def test_headers_and_footers_are_kept_once_if_they_stand_nowhere_else() -> None:
    page = r"{\footer Page {\field{\*\fldinst PAGE}{\fldrslt 3}}\par}"
    document = parsed(r"{\header Archive KX-90210\par}{\headerl Archive KX-90210\par}" + page + r"\pard It opens.\par")
    assert document.text == "Archive KX-90210\n\nIt opens."
    assert document.metadata == {"header": ["Archive KX-90210"], "footer": ["Page 3"]}


def test_title_and_author_are_those_of_the_file() -> None:
    document = parsed(r"{\info{\title Caf\'e9}{\author Ida \u321?}{\subject x}{\doccomm never shown}}Text.\par")
    assert (document.title, document.author, document.text) == ("Café", "Ida Ł", "Text.")


def test_text_of_an_unknown_destination_is_named() -> None:
    omitted = account_of(parsed(r"Seen.{\*\newthing some words}")).omitted
    assert [(one.kind, one.n_words, one.place) for one in omitted] == [("decoration", 2, "destination newthing")]


@pytest.mark.parametrize("page", [1250, 1251, 1253, 1254])
def test_the_page_of_the_file_holds_without_fonts(page: int) -> None:
    words = {1250: "žluťoučký kůň", 1251: "быстрый", 1253: "γρήγορα", 1254: "ığdır"}[page]
    coded = "".join(f"\\'{byte:02x}" for byte in words.encode(f"cp{page}"))
    document = parse(rf"{{\rtf1\ansi\ansicpg{page} {coded}}}".encode(), "a.rtf")
    assert document.text == words


def test_a_file_of_fonts_alone_has_no_text() -> None:
    with pytest.raises(InputError, match="no text"):
        parse(rtf(""), "a.rtf")


PAGE = r"""{\rtf1\ansi\ansicpg1252\fromhtml1 \fbidi \deff0{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f2\fcharset204 Arial Cyr;}}
\uc1\pard\plain\deftab360 \f0\fs24
{\*\htmltag19 <html>}{\*\htmltag34 <head>}{\*\htmltag161 <title>Notice of the pier</title>}
{\*\htmltag241 <style>p \{ color: red \}</style>}{\*\htmltag41 </head>}
{\*\htmltag50 <body>}\htmlrtf \lang1033 \htmlrtf0
{\*\htmltag64 <h2>}\htmlrtf {\htmlrtf0 Works{\*\htmltag84 &nbsp;}\htmlrtf \'a0\htmlrtf0 on the pier{\*\htmltag72 </h2>}\htmlrtf \par }\htmlrtf0
{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 The caf\'e9 pays \u8364?5, 3 {\*\htmltag84 &lt;}\htmlrtf <\htmlrtf0  4, \htmlrtf {\f2 \htmlrtf0\'cf\'f0\'e8\htmlrtf }\htmlrtf0
{\*\htmltag84 <b>}\htmlrtf {\b \htmlrtf0  and more{\*\htmltag92 </b>}\htmlrtf }\htmlrtf0 .{\*\htmltag72 </p>}\htmlrtf \par }\htmlrtf0
{\*\htmltag64 <ul>}{\*\htmltag64 <li>}\htmlrtf {{\*\pn\pnlvlblt{\pntxtb\'B7}}{\pntext\'B7\tab}\htmlrtf0 First item{\*\htmltag72 </li>}\htmlrtf \par }\htmlrtf0{\*\htmltag72 </ul>}
{\*\htmltag64 <table><tr><td>}\htmlrtf {\htmlrtf0 Lamp{\*\htmltag72 </td>}\htmlrtf\cell}\htmlrtf0{\*\htmltag64 <td>}Watts{\*\htmltag72 </td></tr>}
{\*\htmltag64 <tr><td>}P1{\*\htmltag72 </td>}{\*\htmltag64 <td>}40{\*\htmltag72 </td></tr></table>}
{\*\htmltag0 <img src="cid:1" alt="A chart of the tide">}{\*\mhtmltag84 <img src="other" alt="Another">}
{\*\htmltag27 </body></html>}}"""


def test_a_page_that_outlook_put_into_rtf_is_read_as_a_page() -> None:
    document = parse(PAGE.replace("\n", "\r\n").encode(), "a.rtf")
    assert document.text == (
        "## Works on the pier\n\nThe café pays €5, 3 < 4, При and more.\n\n- First item\n\n"
        "| Lamp | Watts |\n| --- | --- |\n| P1 | 40 |\n\nA chart of the tide"
    )
    assert document.title == "Notice of the pier"
    assert account_of(document).n_words_lost == 0


def test_a_plain_text_that_outlook_put_into_rtf_keeps_its_lines() -> None:
    text = r"{\rtf1\ansi\fromtext \deff0{\fonttbl{\f0 Arial;}}\pard\f0 Dear all,\par\par the lamp\par is lit.\par}"
    document = parse(text.encode(), "a.rtf")
    assert document.text == "Dear all,\n\nthe lamp\nis lit."
    assert account_of(document).n_words_lost == 0


def test_rtf_that_only_claims_to_hold_a_page_is_rtf() -> None:
    text = r"{\rtf1\ansi\fromhtml1 \deff0{\fonttbl{\f0 Arial;}}{\*\htmltag50 <body>}\htmlrtf Lit at dusk.\par\htmlrtf0}"
    assert parse(text.encode(), "a.rtf").text == "Lit at dusk."
