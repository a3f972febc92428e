"""XML: data as outlines, documents as prose, and nothing fetched or multiplied."""

from __future__ import annotations

import pytest

from lake.errors import InputError
from lake.parse import parse
from lake.parse.account import account_of
from lake.parse.document import ParsedDocument


def complete(source: str | bytes) -> ParsedDocument:
    parsed = parse(source if isinstance(source, bytes) else source.encode(), "a.xml")
    assert account_of(parsed).n_words_lost == 0, parsed.text
    return parsed


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<lamps><lamp><fuel>oil</fuel><n>3</n></lamp><lamp><fuel>gas</fuel></lamp></lamps>",
         "lamp:\n  fuel: oil\n  n: 3\n\nlamp:\n  fuel: gas"),
        ("<a><b>1</b><i>2</i></a>", "b: 1\n\ni: 2"),
        ('<a><lamp id="7" note="of oil">lit</lamp><z/></a>', "lamp:\n  id: 7\n  note: of oil\n  text: lit\n\nz:"),
        ("<a><t>un<b>believ</b>able</t><t>x</t></a>", "t: unbelievable\n\nt: x"),
        ("<a><t>one<x>two</x>three</t><t>x</t></a>", "t: one two three\n\nt: x"),
        ("<a><t>p <![CDATA[<raw> & ]]>q</t><t>x</t></a>", "t: p <raw> & q\n\nt: x"),
        ('<x:a xmlns:x="urn:x"><x:t xml:space="preserve">p</x:t><x:t>q</x:t></x:a>', "t: p\n\nt: q"),
        ("<a><t>p<?target data?> q</t><t>x</t></a>", "t: p q\n\nt: x"),
        ("<rss><channel><title>News</title><item><title>One</title></item></channel></rss>",
         "title: News\n\nitem:\n  title: One"),
        ('<!DOCTYPE a [<!ENTITY x "rope"><!ENTITY y "&x; &amp; tar">]><a><t>&y;</t><t n="&x;">x</t></a>',
         "t: rope & tar\n\nt:\n  n: rope\n  text: x"),
        ("<a><t>caf&eacute;&nbsp;noir</t><t>x</t></a>", "t: café noir\n\nt: x"),
        ("<only>words</only>", "only: words"),
    ],
)  # fmt: skip
def test_data_is_an_outline(source: str, text: str) -> None:
    assert complete(source).text == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-2", "windows-1250", "cp1250"])
def test_declared_encodings(encoding: str) -> None:
    source = f'<?xml version="1.0" encoding="{encoding}"?><a><t>Příliš</t><t>žluťoučký</t></a>'
    assert complete(source.encode(encoding)).text == "t: Příliš\n\nt: žluťoučký"


def test_wrongly_declared_encoding() -> None:
    source = "<a><t>Маяк на северном берегу моря не горит</t><t>Сегодня вечером корабль придёт поздно</t></a>"  # noqa: RUF001
    declared = '<?xml version="1.0" encoding="utf-8"?>' + source
    assert "Сегодня вечером" in complete(declared.encode("windows-1251")).text


DOCBOOK = """<book xmlns="http://docbook.org/ns/docbook"><info><title>Lamps</title></info><chapter xml:id="c">
<title>Oil <emphasis>lamps</emphasis></title><para>First <emphasis>un</emphasis>believable.
<itemizedlist><listitem><para>one</para></listitem><listitem><para>two</para><itemizedlist><listitem><para>deep</para>
</listitem></itemizedlist></listitem></itemizedlist> after.</para>
<section><title>Deep</title><para>x<!-- aside --> y</para>
<table><title>Prices</title><tgroup cols="2"><thead><row><entry>a</entry><entry>b</entry></row></thead><tbody><row>
<entry>1</entry><entry><para>2</para></entry></row></tbody></tgroup></table><programlisting language="py">x = 1
y = 2</programlisting></section></chapter></book>"""


def test_docbook() -> None:
    parsed = complete(DOCBOOK)
    assert parsed.title == "Lamps"
    assert parsed.text == (
        "# Lamps\n\n## Oil lamps\n\nFirst unbelievable.\n\n- one\n- two\n  - deep\n\nafter.\n\n### Deep\n\nx y\n\n"
        "Prices\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n```\nx = 1\ny = 2\n```"
    )
    assert [block.heading[-1] for block in parsed.blocks if block.kind == "table"] == ["Deep"]
    assert {one.kind for one in parsed.omitted} == {"hidden", "decoration"}


def test_jats() -> None:
    parsed = complete(
        "<article><front><article-meta><title-group><article-title>Herring</article-title></title-group><abstract>"
        "<p>Short.</p></abstract></article-meta></front><body><sec id='s1'><title>Method</title><p>We used nets "
        "(<xref ref-type='bibr' rid='b1'>1</xref>).</p><fig id='f'><label>Fig. 1</label><caption>"
        "<p>A net.</p></caption><graphic xlink:href='net.png' xmlns:xlink='http://www.w3.org/1999/xlink'/></fig></sec></body></article>"
    )
    assert parsed.title == "Herring"
    for wanted in ("Method\n\nWe used nets (1).", "Fig. 1", "A net.", "Short."):
        assert wanted in parsed.text


def test_tei() -> None:
    parsed = complete(
        "<TEI><teiHeader><fileDesc><titleStmt><title>Ballad</title></titleStmt></fileDesc></teiHeader><text><body><div>"
        "<head>One</head><lg><l>The lamp was <hi>lit</hi></l><l>at nine</l></lg><p>So it ends.</p></div>"
        "</body></text></TEI>"
    )
    assert parsed.title == "Ballad"
    assert "# One" in parsed.text
    assert "The lamp was lit" in parsed.text


def test_html_like_table_and_attributes_with_words() -> None:
    parsed = complete(
        "<topic><title>T</title><body><p>See <image href='a.png' alt='a lamp of oil'/> here.</p><table>"
        "<caption>Prices</caption><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table></body></topic>"
    )
    assert "a lamp of oil" in parsed.text
    assert "Prices\n\n| a | b |" in parsed.text


def test_nothing_outside_the_file_is_read() -> None:
    parsed = parse(b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a><t>&x;oil</t><t>gas</t></a>', "a.xml")
    assert parsed.text == "t: oil\n\nt: gas"
    assert [one.kind for one in parsed.omitted] == ["unreadable"]


@pytest.mark.parametrize(
    "entities",
    [
        '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">',
        f'<!ENTITY c "{"x" * 60_000}">',
        '<!ENTITY a "&c;"><!ENTITY c "&a;">',
    ],
)
def test_bombs_are_refused(entities: str) -> None:
    with pytest.raises(InputError) as refused:
        parse(f"<!DOCTYPE z [{entities}]><z>{'&c;' * 2000}</z>".encode(), "a.xml")
    assert refused.value.error_class == "entity_bomb"


@pytest.mark.parametrize("bad", ["<t>rope & tar</t>", "<t>rope < tar</t>", "<t>rope</u>"])
def test_small_faults_cost_nothing_else(bad: str) -> None:
    parsed = parse(f"<a>{bad}<t>oil</t></a>".encode(), "a.xml")
    assert "rope" in parsed.text
    assert "oil" in parsed.text
    assert [one.kind for one in parsed.omitted][:1] == ["unreadable"]


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("<sect1><para>The lamp.</para></sect1>\n<sect1><para>The &gnum; bell.</para></sect1>", ("The lamp.", "bell.")),
        ("<?xml version='1.0'?><a>One lamp</a>\n<?xml version='1.0'?><a>Two bells</a>", ("One lamp", "Two bells")),
        ("<!DOCTYPE a><a>One lamp</a> and words behind", ("One lamp", "and words behind")),
    ],
)
def test_several_elements_without_one_around_them_are_all_read(source: str, texts: tuple[str, ...]) -> None:
    parsed = parse(source.encode(), "a.xml")
    assert all(parsed.text.count(text) == 1 for text in texts)
    assert account_of(parsed).n_words_lost == 0


def test_what_a_repair_loses_is_lost_in_the_account() -> None:
    parsed = parse(b"<a><t>gas</t><t n=1>rope</t><t>oil of the lamps</t></a>", "a.xml")
    assert account_of(parsed).n_words_lost >= 4


@pytest.mark.parametrize("depth", [230, 600, 1990])
@pytest.mark.parametrize("inner", ["<p>oil</p><p>rope <b>and</b> sail</p>", "<t n='the third lamp'>oil</t><t>rope</t>"])
def test_what_is_nested_deeply_is_read(depth: int, inner: str) -> None:
    parsed = parse(f"{'<d>' * depth}{inner}{'</d>' * depth}".encode(), "a.xml")
    assert "oil" in parsed.text
    assert "rope" in parsed.text
    assert account_of(parsed).n_words_lost == 0


def test_entities_lift_no_limit_of_depth() -> None:
    with pytest.raises(InputError, match="nested"):
        parse(("<!DOCTYPE d [<!ENTITY a 'x'>]>" + "<d>" * 600 + "&a;" + "</d>" * 600).encode(), "a.xml")


def test_cells_that_all_reach_to_the_end_of_a_table_do_not_multiply() -> None:
    rows = b'<row><entry morerows="99999">a</entry><entry>b</entry></row>' * 2000
    text = parse(b"<r><p>x</p><table>" + rows + b"</table></r>", "a.xml").text
    assert text.count("b") == 2000
    assert len(text) < 4_000_000


W_2003 = (
    '<?mso-application progid="Word.Document"?><w:wordDocument xmlns:aml="http://schemas.microsoft.com/aml/2001/core"'
    ' xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"><w:styles><w:style w:styleId="H1">'
    '<w:name w:val="heading 1"/></w:style></w:styles><w:body>{}</w:body></w:wordDocument>'
)
PACKAGE = (
    '<pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage">'
    '<pkg:part pkg:name="/word/document.xml"><pkg:xmlData>'
    '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{}</w:body>'
    '</w:document></pkg:xmlData></pkg:part><pkg:part pkg:name="/word/media/a.png"><pkg:binaryData>!</pkg:binaryData>'
    "</pkg:part></pkg:package>"
)


@pytest.mark.parametrize("form", [W_2003, PACKAGE])
def test_word_documents_in_one_file_keep_their_words_whole(form: str) -> None:
    body = "<w:p><w:r><w:t>Har</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>bour</w:t></w:r></w:p>"
    assert complete(form.format(body)).text == "Harbour"


def test_headings_and_changes_of_word_2003() -> None:
    def change(kind: str, inner: str) -> str:
        return f'<aml:annotation w:type="Word.{kind}"><aml:content><w:r>{inner}</w:r></aml:content></aml:annotation>'

    heading = '<w:p><w:pPr><w:pStyle w:val="H1"/></w:pPr><w:r><w:t>Oil</w:t></w:r></w:p>'
    changed = change("Deletion", "<w:delText>old </w:delText>") + change("Insertion", "<w:t>new </w:t>")
    document = complete(W_2003.format(f"{heading}<w:p>{changed}<w:r><w:t>lamp</w:t></w:r></w:p>"))
    assert document.text == "# Oil\n\nnew lamp"
    assert [one.kind for one in document.omitted] == ["deleted"]


def test_html_inside_values_is_read_and_its_tags_are_not() -> None:
    feed = "<rss><channel><item><description>&lt;p&gt;One &lt;b&gt;bo&lt;/b&gt;ld&lt;/p&gt;</description>"
    parsed = parse(f"{feed}<code>&lt;p&gt;x&lt;/p&gt;</code></item></channel></rss>".encode(), "a.rss")
    assert parsed.text == "description: One bold\n\ncode: <p>x</p>"
    assert [(one.kind, one.place) for one in parsed.omitted] == [("decoration", "markup of values")]
    assert account_of(parsed).n_words_lost == 0


def test_a_topic_without_paragraphs_has_headings_and_a_note_has_none() -> None:
    task = "<task><title>Do it</title><taskbody><steps><step><cmd>Push</cmd></step></steps></taskbody></task>"
    assert parse(task.encode(), "a.dita").text == "# Do it\n\n1. Push"
    noted = "<article><title>A</title><note><title>N</title><para>x</para></note><para>y</para></article>"
    assert parse(noted.encode(), "a.xml").blocks[-1].heading == ("A",)


def test_bytes_written_as_text_are_named() -> None:
    encoded = "iVBORw0KGgoAAAANSUhEUg9" * 20
    book = f"<FictionBook><body><p>Words</p></body><binary id='c'>{encoded}</binary></FictionBook>"
    parsed = parse(book.encode(), "a.fb2")
    assert parsed.text == "Words"
    assert ("encoded_data", "binary") in {(one.kind, one.place) for one in parsed.omitted}
    assert account_of(parsed).n_words_lost == 0
