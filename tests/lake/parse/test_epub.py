"""Books: every readable chapter is kept in reading order, and each other one is named."""

from __future__ import annotations

import io
import zipfile

import pytest

from lake.errors import InputError
from lake.parse import ParsedDocument, parse
from lake.parse.account import account_of

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OPS/book.opf"/></rootfiles></container>'
)
XHTML = 'media-type="application/xhtml+xml"'


def page(body: str, head: str = "<title>t</title>") -> str:
    return (
        f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head>{head}</head><body>{body}</body></html>'
    )


def package(manifest: str, spine: str, metadata: str = "<dc:title>Lamp book</dc:title>", rest: str = "") -> str:
    return (
        f'<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">{metadata}'
        f"</metadata><manifest>{manifest}</manifest><spine>{spine}</spine>{rest}</package>"
    )


def item(name: str, href: str, extra: str = XHTML) -> str:
    return f'<item id="{name}" href="{href}" {extra}/>'


def book(members: dict[str, str | bytes], opf: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in {"META-INF/container.xml": CONTAINER, "OPS/book.opf": opf, **members}.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def of_chapters(members: dict[str, str | bytes], manifest: str, *names: str, **stated: str) -> ParsedDocument:
    spine = "".join(f'<itemref idref="{name}"/>' for name in names)
    return parse(book(members, package(manifest, spine, **stated)), "a.epub")


def remarks(document: ParsedDocument) -> list[tuple[str, str]]:
    return [(one.kind, one.place) for one in document.omitted]


ONE = page("<h1>One</h1><p>The lamp burns oil.</p>")
TWO = page("<p>About tar and rope.</p>", "<title/>")

#: How a manifest writes the path of a chapter, and how the archive does.
PATHS = {
    "another case": ("text/one.xhtml", "OPS/Text/One.XHTML"),
    "escapes": ("text/chapter%20one.xhtml", "OPS/text/chapter one.xhtml"),
    "escapes in the archive": ("text/chapter one.xhtml", "OPS/text/chapter%20one.xhtml"),
    "backslashes": ("text\\one.xhtml", "OPS/text/one.xhtml"),
    "a fragment": ("one.xhtml#start", "OPS/one.xhtml"),
    "dots": ("./x/../one.xhtml", "OPS/one.xhtml"),
    "from the root": ("/OPS/one.xhtml", "OPS/one.xhtml"),
    "another normal form": ("caf\u00e9.xhtml", "OPS/cafe\u0301.xhtml"),
    "a number sign": ("one#1.xhtml", "OPS/one#1.xhtml"),
}


@pytest.mark.parametrize(("written", "stored"), PATHS.values(), ids=PATHS)
def test_chapters_are_found_by_paths_as_people_write_them(written: str, stored: str) -> None:
    document = of_chapters({stored: ONE}, item("a", written), "a")
    assert document.text == "# One\n\nThe lamp burns oil."
    assert document.omitted == ()


def test_missing_chapters_cost_only_themselves_and_are_named() -> None:
    document = of_chapters({"OPS/one.xhtml": ONE}, item("a", "one.xhtml") + item("b", "two.xhtml"), "b", "a", "ghost")
    assert "burns oil" in document.text
    assert remarks(document) == [
        ("unreadable", "two.xhtml: is missing in the archive"),
        ("unreadable", "ghost: is not in the manifest"),
    ]


def test_a_damaged_chapter_costs_only_itself() -> None:
    data = book(
        {"OPS/one.xhtml": ONE, "OPS/two.xhtml": TWO},
        package(item("a", "one.xhtml") + item("b", "two.xhtml"), '<itemref idref="a"/><itemref idref="b"/>'),
    )
    document = parse(data.replace(b"tar and rope", b"XXX XXX XXXX"), "a.epub")
    assert "burns oil" in document.text
    [remark] = document.omitted
    assert remark.kind == "unreadable"
    assert remark.place.startswith("OPS/two.xhtml: ")
    assert "damaged" in remark.place


def test_an_unreadable_encoding_costs_only_its_chapter() -> None:
    members: dict[str, str | bytes] = {"OPS/one.xhtml": ONE, "OPS/two.xhtml": bytes(range(256)) * 9}
    document = of_chapters(members, item("a", "one.xhtml") + item("b", "two.xhtml"), "a", "b")
    assert document.text == "# One\n\nThe lamp burns oil."
    assert remarks(document)[0][0] == "unreadable"


def test_a_chapter_that_only_the_archive_has_is_found_by_its_name() -> None:
    assert "burns oil" in of_chapters({"OPS/one.xhtml": ONE}, "", "one.xhtml").text


def test_pages_outside_the_spine_follow() -> None:
    document = of_chapters(
        {"OPS/one.xhtml": ONE, "OPS/notes.xhtml": TWO}, item("n", "notes.xhtml") + item("a", "one.xhtml"), "a"
    )
    assert document.text.endswith("About tar and rope.")


def test_pages_that_readers_skip_are_kept() -> None:
    opf = package(item("a", "one.xhtml"), '<itemref idref="a" linear="no"/>')
    assert "burns oil" in parse(book({"OPS/one.xhtml": ONE}, opf), "a.epub").text


def test_a_page_is_read_once() -> None:
    assert of_chapters({"OPS/one.xhtml": ONE}, item("a", "one.xhtml"), "a", "a").text.count("oil") == 1


def test_media_types_and_fallbacks_are_taken_as_they_are_meant() -> None:
    manifest = (
        item("a", "one.xhtml", 'media-type="text/plain"')
        + item("x", "x.bin", 'media-type="a/b" fallback="b"')
        + item("b", "two.xhtml")
    )
    document = of_chapters({"OPS/one.xhtml": ONE, "OPS/two.xhtml": TWO, "OPS/x.bin": "?"}, manifest, "a", "x")
    assert "burns oil" in document.text
    assert "tar and rope" in document.text


def test_a_page_that_is_a_picture_is_remarked_on() -> None:
    manifest = item("a", "one.xhtml") + item("p", "p.png", 'media-type="image/png"')
    document = of_chapters({"OPS/one.xhtml": ONE, "OPS/p.png": b"\x89PNG\0\0\0"}, manifest, "a", "p")
    assert remarks(document) == [("picture_without_text", "OPS/p.png")]


def test_the_words_of_a_drawing_are_text() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><text>North Pier</text></svg>'
    assert of_chapters({"OPS/a.svg": svg}, item("a", "a.svg", 'media-type="image/svg+xml"'), "a").text == "North Pier"


BODIES = {
    "title that closes itself": (page("<p>Body.</p>", '<title/><script src="x.js"/>'), "Body."),
    "entities without a DTD": (page("<p>caf&eacute;&nbsp;noir</p>"), "café noir"),
    "note": (
        page('<p>Oil<a epub:type="noteref" href="#f">1</a>.</p><aside epub:type="footnote" id="f">Whale oil.</aside>'),
        "Oil [1].\n\nWhale oil.",
    ),
    "note that opens": (
        page('<p>Oil.</p><aside hidden="" epub:type="footnote">Whale oil.</aside>'),
        "Oil.\n\nWhale oil.",
    ),
    "caption": (
        page("<figure><img src='a.png' alt='A buoy'/><figcaption>Buoy 7</figcaption></figure>"),
        "A buoy\n\nBuoy 7",
    ),
    "page break": (page('<p>un<span epub:type="pagebreak" id="p7"/>broken</p>'), "unbroken"),
    "case of pages": (page("<main><p>In.</p></main><footer><p>Out.</p></footer>"), "In.\n\nOut."),
    "not well-formed": ("<html><body><p>One <b>two<p>three & four</body>", "One two\n\nthree & four"),
    "CDATA": (page("<pre><![CDATA[if a < b]]></pre>"), "if a < b"),
}


@pytest.mark.parametrize(("source", "held"), BODIES.values(), ids=BODIES)
def test_chapters_are_read_as_their_author_meant(source: str, held: str) -> None:
    document = of_chapters({"OPS/one.xhtml": source}, item("a", "one.xhtml"), "a")
    assert held in document.text
    assert account_of(document).n_words_lost == 0


NAV = page(
    '<nav epub:type="toc"><h1>Contents</h1><ol><li><a href="one.xhtml">First</a></li>'
    '<li><a href="two.xhtml#x">Second</a></li></ol></nav>'
)
NCX = (
    '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>Second</text></navLabel>'
    '<content src="two.xhtml"/></navPoint></navMap></ncx>'
)


def headings(document: ParsedDocument) -> list[tuple[str, tuple[str, ...]]]:
    return [(document.text[block.start : block.end], block.heading) for block in document.blocks]


@pytest.mark.parametrize(
    ("contents", "entry"),
    [
        (NAV, item("n", "nav.xhtml", f'{XHTML} properties="nav"')),
        (NCX, item("n", "nav.xhtml", 'media-type="application/x-dtbncx+xml"')),
    ],
    ids=["navigation page", "NCX"],
)
def test_chapters_without_a_heading_are_named_by_the_contents(contents: str, entry: str) -> None:
    members: dict[str, str | bytes] = {"OPS/one.xhtml": ONE, "OPS/two.xhtml": TWO, "OPS/nav.xhtml": contents}
    document = of_chapters(members, item("a", "one.xhtml") + item("b", "two.xhtml") + entry, "a", "b")
    assert headings(document)[2:] == [("# Second", ("Second",)), ("About tar and rope.", ("Second",))]
    assert "Contents" not in document.text
    assert account_of(document).n_words_lost == 0


def test_a_heading_stays_in_its_chapter() -> None:
    document = of_chapters(
        {"OPS/one.xhtml": ONE, "OPS/two.xhtml": TWO}, item("a", "one.xhtml") + item("b", "two.xhtml"), "a", "b"
    )
    assert headings(document)[-1] == ("About tar and rope.", ())


def test_the_contents_are_navigation() -> None:
    members: dict[str, str | bytes] = {"OPS/one.xhtml": ONE, "OPS/nav.xhtml": NAV}
    document = of_chapters(
        members, item("n", "nav.xhtml", f'{XHTML} properties="nav"') + item("a", "one.xhtml"), "n", "a"
    )
    assert document.text == "# One\n\nThe lamp burns oil."
    assert [(one.kind, one.n_words) for one in document.omitted] == [("navigation", 3)]


def test_a_page_of_contents_of_old_books_is_navigation() -> None:
    members: dict[str, str | bytes] = {
        "OPS/one.xhtml": ONE,
        "OPS/toc.xhtml": page('<p><a href="one.xhtml">First</a></p>'),
    }
    rest = '<guide><reference type="toc" href="toc.xhtml"/></guide>'
    document = of_chapters(members, item("t", "toc.xhtml") + item("a", "one.xhtml"), "t", "a", rest=rest)
    assert document.text == "# One\n\nThe lamp burns oil."


def test_what_a_book_states_about_itself() -> None:
    metadata = "<dc:Title>Lamps &amp; oil</dc:Title><dc:creator>Ida</dc:creator><dc:creator>Ole</dc:creator>"
    metadata += "<dc:language>en</dc:language>"
    document = of_chapters({"OPS/one.xhtml": ONE}, item("a", "one.xhtml"), "a", metadata=metadata)
    assert (document.title, document.author, document.language) == ("Lamps & oil", "Ida, Ole", "en")


def test_a_package_with_errors_is_read() -> None:
    opf = package(item("a", "one.xhtml"), '<itemref idref="a"/>', "<dc:title>Lamps & oil&nbsp;book</dc:title>")
    assert "burns oil" in parse(book({"OPS/one.xhtml": ONE}, opf), "a.epub").text


def test_a_book_without_its_container_is_read_by_its_package() -> None:
    opf = package(item("a", "one.xhtml"), '<itemref idref="a"/>')
    assert "burns oil" in parse(book({"OPS/one.xhtml": ONE, "META-INF/container.xml": ""}, opf), "a.epub").text


def test_a_book_whose_package_is_missing_is_refused() -> None:
    container = CONTAINER.replace("OPS/book.opf", "OPS/other.opf")
    with pytest.raises(InputError, match="no part 'OPS/other"):
        parse(book({"OPS/one.xhtml": ONE, "META-INF/container.xml": container}, ""), "a.epub")


def test_a_locked_book_is_refused() -> None:
    locked = '<encryption><EncryptedData><EncryptionMethod Algorithm="aes"/></EncryptedData></encryption>'
    with pytest.raises(InputError) as refusal:
        of_chapters({"OPS/one.xhtml": ONE, "META-INF/encryption.xml": locked}, item("a", "one.xhtml"), "a")
    assert refusal.value.error_class == "encrypted"


def test_chapters_in_one_page_have_the_names_of_the_contents() -> None:
    points = "".join(
        f"<navPoint><navLabel><text>{name}</text></navLabel><content src='a.xhtml#{place}'/></navPoint>"
        for name, place in (("Fire", "c1"), ("Ash", "c2"), ("Smoke", "c3"))
    )
    body = "<div id='c1'><p>one</p></div><p><a id='c2'></a>ASH</p><p>two</p><p id='c3'>three</p>"
    manifest = item("a", "a.xhtml") + item("ncx", "toc.ncx", 'media-type="application/x-dtbncx+xml"')
    contents = f"<ncx><navMap>{points}</navMap></ncx>"
    members: dict[str, str | bytes] = {"OPS/a.xhtml": page(body), "OPS/toc.ncx": contents}
    document = of_chapters(members, manifest, "a")
    assert document.text == "# Fire\n\none\n\n# ASH\n\ntwo\n\n# Smoke\n\nthree"
    assert [block.heading for block in document.blocks][-1] == ("Smoke",)
