"""Every visible sentence of a page is in its text, in its place; what is left out is counted."""

from __future__ import annotations

from time import thread_time

import pytest

from lake.errors import InputError
from lake.parse import ParsedDocument, parse
from lake.parse.account import account_of, count_words
from lake.parse.web.html_source import nesting, prepared


def parsed(html: str, suffix: str = ".html") -> ParsedDocument:
    return parse(html.encode(), f"a{suffix}")


#: Name: a page's body, and what its text must hold, block by block or within one.
KEPT: dict[str, tuple[str, list[str]]] = {
    "details": (
        "<details><summary>Returns?</summary>Within ninety days.</details>",
        ["Returns?", "Within ninety days."],
    ),
    "figure": (
        "<figure><pre>a = 1\nb = 2</pre><figcaption>Two lines</figcaption></figure>",
        ["a = 1\nb = 2", "Two lines"],
    ),
    "caption": ("<table><caption>Tariff in crowns</caption><tr><td>a<td>b</table>", ["Tariff in crowns", "| a | b |"]),
    "caption of a layout": ("<table><caption>Only one</caption><tr><td>a</table>", ["Only one\n\na"]),
    "form": ("<form><label>Name<input value='Ida'></label><button>Send it</button></form>", ["Name Ida Send it"]),
    "fieldset": (
        "<fieldset><legend>Berth</legend><input placeholder='number of nights'></fieldset>",
        ["Berth", "number of nights"],
    ),
    "select": (
        "<select><optgroup label='Boats'><option>Small<option selected>Large</select>",
        ["Boats", "Small\nLarge"],
    ),
    "option with a label": ("<select><option label='North pier'></option></select>", ["North pier"]),
    "textarea": ("<textarea>Dear harbour\nmaster</textarea>", ["Dear harbour master"]),
    "submit": ("<input type=submit value='Book a berth'><input type=hidden value=secret>", ["Book a berth"]),
    "dialog": ("<dialog>Storm warning today.</dialog>", ["Storm warning today."]),
    "aside": ("<p>Oil burns.<aside>Whale oil, to be exact.</aside>", ["Oil burns.\n\nWhale oil, to be exact."]),
    "aside of an article": ("<main><p>Oil.<aside>Whale oil.</aside></main>", ["Oil.\n\nWhale oil."]),
    "header and footer of an article": (
        "<article><header><h1>Lamps</h1><p>By Ida</header><p>Text.<footer>Filed in May.</footer></article>",
        ["# Lamps", "By Ida", "Filed in May."],
    ),
    "footer of a quote": (
        "<blockquote><p>All is well.</p><footer>The keeper</footer></blockquote>",
        ["All is well.\n\nThe keeper"],
    ),
    "footer that says something": (
        "<p>Text.<footer><p>Open from nine to five, closed on Mondays.</footer>",
        ["closed on Mondays."],
    ),
    "header of a page without an article": ("<header><h1>Pier guide</h1></header><p>Text.", ["# Pier guide\n\nText."]),
    "address": ("<address>Pier 3<br>Bergen</address>", ["Pier 3\nBergen"]),
    "formula": (
        "<p>Thus <math><mi>E</mi><mo>=</mo><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup></math> holds.",
        ["Thus E = m c ^2 holds."],
    ),
    "fraction": ("<math><mfrac><mn>3</mn><mn>4</mn></mfrac></math>", ["3 /4"]),
    "formula as a script": ("<p>Area <script type='math/tex'>\\pi r^2</script> here", ["Area \\pi r^2 here"]),
    "noscript": ("<p>Map.</p><noscript>The pier lies at 60 degrees north.</noscript>", ["60 degrees north."]),
    "definitions": (
        "<dl><dt>quay<dd>A wall for <b>boats</b>.<dt>mole<dd>A wall against waves.</dl>",
        ["quay\n\nA wall for boats.", "mole\n\n"],
    ),
    "ruby": ("<p><ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp>字<rt>じ</rt></ruby>を", ["漢字(かんじ)を"]),
    "image": ("<p>See <img src=a.png alt='a red buoy' title='Buoy 7'> here", ["See a red buoy Buoy 7 here"]),
    "area": ("<map><area alt='Harbour office'></map>", ["Harbour office"]),
    "video": ("<video src=a><p>The film shows a crane.</p></video>", ["The film shows a crane."]),
    "object": ("<object data=a><p>The chart shows depths.</p></object>", ["The chart shows depths."]),
    "canvas": ("<canvas>Depth falls to nine metres.</canvas>", ["Depth falls to nine metres."]),
    "iframe": ("<iframe src=a><p>See the <b>tide</b> table.</p></iframe><p>After", ["See the tide table.\n\nAfter"]),
    "page of an iframe": ("<iframe srcdoc='<p>High water at noon.</p>'></iframe>", ["High water at noon."]),
    "frameset": (
        "<frameset><frame src=a><noframes><body><p>Use the text page.</body></noframes></frameset>",
        ["Use the text page."],
    ),
    "svg": ("<p>a<svg><title>Sales</title><desc>By year</desc><text>2031</text></svg>b", ["a Sales By year 2031 b"]),
    "shadow": ("<x-card><template shadowrootmode=open><p>In the shade.</p></template></x-card>", ["In the shade."]),
    "custom elements": ("<x-card>One</x-card><x-card>Two</x-card>", ["One\n\nTwo"]),
    "custom element in a sentence": ("<p>Press <x-key>Ctrl</x-key>, then", ["Press Ctrl, then"]),
    "text in the body": (
        "Before<p>Within</p>After<div>Inside</div>End",
        ["Before\n\nWithin\n\nAfter\n\nInside\n\nEnd"],
    ),
    "unclosed": ("<ul><li>one<li>two</ul><p>three<p>four<div>five", ["- one\n- two\n\nthree\n\nfour\n\nfive"]),
    "marks in a word": (
        "<p>un<i>believ</i>able <b>1</b>23 H<sub>2</sub>O 1<sup>st</sup>",
        ["unbelievable 123 H2O 1st"],
    ),
    "power": ("<p>10<sup>-3</sup> m", ["10^-3 m"]),
    "reference to a note": ("<p>The lamp burns oil<sup><a href=#f>1</a></sup>.", ["burns oil [1]."]),
    "line breaks": ("<p>one<br>two<br><br>three", ["one\ntwo\n\nthree"]),
    "rule": ("one<hr>two", ["one\n\ntwo"]),
    "quotation": ("<p>He said <q>no</q>.", ["He said \u201cno\u201d."]),
    "struck text": ("<p><del>old</del> <ins>new</ins> <s>was</s>", ["old new was"]),
    "old blocks": ("<center>Mid</center><xmp>a <b> c</xmp><listing>d\ne</listing>", ["Mid", "a <b> c", "d\ne"]),
    "plaintext": ("<p>a<plaintext>raw <b>text", ["raw <b>text"]),
    "search in the page": ("<search><label>Find a boat</label></search>", ["Find a boat"]),
    "menu": ("<menu><li>Cut<li>Paste</menu>", ["- Cut\n- Paste"]),
    "nested lists": (
        "<ol start=3><li>three<ul><li>a<li>b</ul><li value=9>nine<p>more</ol>",
        ["3. three\n  - a\n  - b\n9. nine\n  more"],
    ),
    "reversed list": ("<ol reversed><li>x<li>y</ol>", ["2. x\n1. y"]),
    "code in a list": ("<ul><li>run<pre>a\n  b</pre>then<li>stop</ul>", ["- run\n\n```\na\n  b\n```", "- stop"]),
    "table in a list": ("<ul><li>fees<table><tr><td>a<td>b<tr><td>c<td>d</table></ul>", ["- fees\n\n| a | b |"]),
    "heading in a list": (
        "<ul><li><h3>Ida</h3>Keeper<li><h3>Ole</h3>Cook</ul>",
        ["### Ida\n\n- Keeper\n\n### Ole\n\n- Cook"],
    ),
    "heading by role": ("<div role=heading aria-level=3>Tides</div><p>x", ["### Tides"]),
    "language of code": ("<div class='highlight-python3'><div><pre>a</pre></div></div>", ["```python3\na\n```"]),
    "breaks in code": ("<pre>a<br>b<div>c</div><div>d</div></pre>", ["```\na\nb\nc\nd\n```"]),
    "numbers beside code": (
        "<table><tr><td class=linenos><pre>1\n2</pre><td><pre>a = 1\nb = 2</pre></table>",
        ["```\na = 1\nb = 2\n```"],
    ),
    "numbers of lines inside code": (
        "<pre><code><span class=ln>1</span>a = 5\n<span class=lineno> 2 </span>b = 6</code></pre>",
        ["```\na = 5\nb = 6\n```"],
    ),
    "numbers beside code in a listing": (
        "<pre><code><table><tr><td class='gutter gl'><pre>1\n2</pre><td><pre>a = 5\n  b = 6</pre></table></code></pre>",
        ["```\na = 5\n  b = 6\n```"],
    ),
    "rows of code in a listing": (
        "<pre><table><tr><td class=hljs-ln-numbers>1<td>a = 5<tr><td class=hljs-ln-numbers>2<td>b = 6</table></pre>",
        ["```\na = 5\nb = 6\n```"],
    ),
    "breaks in code beside numbers": (
        "<table><tr><td class=gutter><pre>1<br>2</pre><td><pre>a = 5<br>b = 6</pre></table>",
        ["```\na = 5\nb = 6\n```"],
    ),
    "tab that a click opens": ("<div role=tabpanel hidden>On Linux use apt.</div>", ["On Linux use apt."]),
    "tab by its name": (
        "<div class=tab-pane>On Linux.</div><div class='tab-pane fade' style='display:none'>On BSD.</div>",
        ["On Linux.\n\nOn BSD."],
    ),
    "answer that a button opens": (
        "<button aria-controls='x q1'>Fee?</button><div id=q1 hidden>14 crowns.</div>",
        ["Fee?\n\n14 crowns."],
    ),
    "text that a link opens": (
        "<a href=#more>More</a><p id=more style='display:none'>Net weight 7 t.",
        ["weight 7 t."],
    ),
    "rows that a row opens": (
        "<table><tr data-bs-target=#r><td>Elna<td>4<tr id=r class=collapse hidden><td>Built<td>1931</table>",
        ["| Elna | 4 |", "| Built | 1931 |"],
    ),
    "slides that come later": (
        "<div class=slick-slide>One</div><div class=slick-slide aria-hidden=true>Two</div>",
        ["One\n\nTwo"],
    ),
    "slides that reveal.js saved": (
        "<div class=reveal><div class='slides'><section class=present><h2>One</h2></section>"
        "<section class=future hidden aria-hidden=true style='top:0; display: none;'>"
        "<section hidden aria-hidden=true><a href=x>Two</a></section></section></div></div>",
        ["## One\n\nTwo"],
    ),
    "a style that browsers do not know": (
        "<p style='display:none-ish'>One<p style='display: nonesuch'>Two",
        ["One\n\nTwo"],
    ),
    "a property that only ends alike": ("<p style='x-display:none; --visibility:hidden'>Shown", ["Shown"]),
    "a style that a later one lifts": ("<p style='display:none; display:block'>Shown", ["Shown"]),
    "text that a search opens": ("<div hidden=until-found>Found by search.</div>", ["Found by search."]),
    "entities": ("<p>caf&eacute;&nbsp;noir &lt;b&gt; &#8364;5 &unknown; &amp;c", ["café noir <b> €5 &unknown; &c"]),
    "comments": ("<p>a<!-- x > y -->b <!--[if mso]>c<![endif]-->d", ["ab d"]),
    "text after the end": ("<p>a</p></body></html>tail", ["a\n\ntail"]),
}


@pytest.mark.parametrize(("body", "held"), KEPT.values(), ids=KEPT)
def test_what_a_reader_sees_is_kept(body: str, held: list[str]) -> None:
    document = parsed(body)
    assert not [text for text in held if text not in document.text], document.text
    assert account_of(document).n_words_lost == 0, (document.source_text, document.text)


TABLES: dict[str, tuple[str, list[str]]] = {
    "rows spanned": (
        "<tr><th>Zone<th>Season<th>Fee<tr><td rowspan=2>North<td>All<td>4<tr><td>Winter<td>25<tr><td>South<td>All<td>9",
        ["| North | Winter | 25 |", "| South | All | 9 |"],
    ),
    "columns spanned": (
        "<tr><th colspan=2>Group<th>Total<tr><td>a<td>b<td>c",
        ["| Group |  | Total |", "| a | b | c |"],
    ),
    "both spanned": ("<tr><td rowspan=2 colspan=2>x<td>1<tr><td>2", ["| x | 1 |", "| x | 2 |"]),
    "all rows that follow": ("<tr><td rowspan=0>x<td>1<tr><td>2<tr><td>3", ["| x | 2 |", "| x | 3 |"]),
    "last column spanned": ("<tr><td>1<td rowspan=2>x<tr><td>2", ["| 2 | x |"]),
    "span beyond the section": ("<thead><tr><th rowspan=9>a<th>b<tbody><tr><td>1<td>2", ["| a | b |", "| 1 | 2 |"]),
    "head and foot": (
        "<thead><tr><th>a<th>b<tfoot><tr><td>sum<td>3<tbody><tr><td>1<td>2",
        ["| sum | 3 |", "| 1 | 2 |"],
    ),
    "words with marks": ("<tr><td><b>1</b>23<td>un<i>believ</i>able", ["| 123 | unbelievable |"]),
    "list in a cell": ("<tr><td>a<td><ul><li>one<li>two</ul>", ["| a | - one - two |"]),
    "lines in a cell": ("<tr><td>a<td>one<br>two<p>three</p>", ["| a | one two three |"]),
    "field in a cell": ("<tr><td>Name<td><input value=Ida>", ["| Name | Ida |"]),
    "equal cells": ("<tr><td>4<td>4<tr><td>5<td>5", ["| 4 | 4 |"]),
    "table in a cell": (
        "<tr><td>Left<td><table><tr><td>a<td>b<tr><td>c<td>d</table>",
        ["Left\n\n| a | b |", "| c | d |"],
    ),
    "layout": ("<tr><td><h2>News</h2><p>Long text</p><td><p>Side</p>", ["## News\n\nLong text\n\nSide"]),
    "one column": ("<tr><td><p>One</p><p>Two</p><tr><td>Three", ["One\n\nTwo\n\nThree"]),
    "for presentation": ("<table role=presentation><tr><td><p>a</p><td><p>b</p></table>", ["a\n\nb"]),
    "text between rows": ("stray<tr><td>a<td>b", ["stray", "| a | b |"]),
    "bar in a cell": ("<tr><td>a|b<td>c", ["| a\\|b | c |"]),
}


@pytest.mark.parametrize(("rows", "held"), TABLES.values(), ids=TABLES)
def test_tables_keep_their_columns(rows: str, held: list[str]) -> None:
    document = parsed(rows if rows.startswith("<table") else f"<table>{rows}</table>")
    assert not [text for text in held if text not in document.text], document.text
    assert account_of(document).n_words_lost == 0


#: Name: a body, the kind of what is left out, and its words.
LEFT_OUT = {
    "navigation": ("<nav><a>Home</a> <a>All pages</a></nav><p>Text", "navigation", "Home All pages"),
    "navigation by role": ("<div role=navigation>Home</div><p>Text", "navigation", "Home"),
    "a site around an article": (
        "<header>Site name</header><main><p>Text</p></main><aside>Ads</aside><footer>Imprint</footer>",
        "navigation",
        "Site name Ads Imprint",
    ),
    "a sidebar by its name": ("<div class=sphinxsidebar>Topics</div><main><p>Text</main>", "navigation", "Topics"),
    "links around an article": ("<div><a>Prev</a> <a>Next</a></div><main><p>Text</main>", "navigation", "Prev Next"),
    "footer of links": ("<p>Text<footer><a>Imprint</a> <a>Terms</a></footer>", "navigation", "Imprint Terms"),
    "copyright": ("<p>Text<footer>Copyright 2031 Pier</footer>", "navigation", "Copyright 2031 Pier"),
    "hidden": ("<p hidden>secret</p><p>Text", "hidden", "secret"),
    "hidden by style": ("<p>Text <span style='color:red; DISPLAY : none'>pre header</span>", "hidden", "pre header"),
    "hidden for good": ("<p>Text<p style='display:none!important;display:block'>ghost", "hidden", "ghost"),
    "hidden before a misprint": ("<p>Text<p style='display:none/**/; display:none-ish'>ghost", "hidden", "ghost"),
    "hidden section": ("<p>Text<section hidden>ghost</section>", "hidden", "ghost"),
    "hidden by aria": ("<p><span aria-hidden=true>icon</span> Text", "hidden", "icon"),
    "hidden in a cell": ("<table><tr><td>Text<td>b<i hidden>ghost</i></table>", "hidden", "ghost"),
    "dialog that a button opens": (
        "<p>Text<button aria-controls=d></button><div id=d role=dialog hidden>Log in</div>",
        "hidden",
        "Log in",
    ),
    "menu that a button opens": (
        "<p>Text<button aria-controls=m></button><div id=m hidden><a>Home</a> <a>Fees</a></div>",
        "hidden",
        "Home Fees",
    ),
    "copy of a slide": ("<p>Text<div class='slide slick-cloned' aria-hidden=true>One</div>", "hidden", "One"),
    "icon of a control": ("<p>Text <i class=expand aria-hidden=true>more</i>", "hidden", "more"),
    "trail of links": ("<p>Text<ol id=breadcrumbs><li><a>Ops space</a></ol>", "navigation", "Ops space"),
    "menu of a fast page": ("<p>Text<amp-sidebar><a>Home</a></amp-sidebar>", "navigation", "Home"),
    "formula that is drawn": (
        "<p>Text <span class=MathJax_Preview></span><span class=MathJax>x=5</span> "
        "<script type='math/tex'>x=5</script>",
        "repeated",
        "x 5",
    ),
    "hidden row": ("<table><tr><td>Text<td>1<tr hidden><td>ghost<td>2</table>", "hidden", "ghost 2"),
    "hidden rows": (
        "<table><tr><td>Text<td>1<tbody style='display:none'><tr><td>ghost<td>2<tr><td>shade<td>3</table>",
        "hidden",
        "ghost 2 shade 3",
    ),
    "template": ("<template><p>row of <b>x</b></p></template><p>Text", "hidden", "row of x"),
    "script": ("<p>Text<script>var a = 'menu'</script>", "script", "var a menu"),
    "style": ("<p>Text<style>p { color: red }</style>", "script", "p color red"),
    "script in a table": ("<table><tr><td>Text<td>b</td><script>track it</script></tr></table>", "script", "track it"),
    "noscript that repeats": ("<p>Text here</p><noscript><p>Text here</noscript>", "repeated", "Text here"),
    "annotation": (
        "<math><semantics><mi>Text</mi><annotation>\\frac 1 2</annotation></semantics></math>",
        "repeated",
        "frac 1 2",
    ),
    "sign of a heading": ("<h1>Text<a class=headerlink href=#t>¶</a></h1><p>b", "decoration", ""),
}


@pytest.mark.parametrize(("body", "kind", "words"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_what_is_left_out_is_counted_by_kind(body: str, kind: str, words: str) -> None:
    document = parsed(body)
    assert "Text" in document.text
    account = account_of(document)
    assert sum(one.n_words for one in account.omitted if one.kind == kind) == count_words(words)
    assert {one.kind for one in account.omitted} == {kind}
    assert account.n_words_lost == 0
    assert account.n_words_source == account.n_words_kept + count_words(words)


@pytest.mark.parametrize("start", ["<header>", "<div class=page-header>"])
def test_a_title_above_an_article_without_one_is_kept(start: str) -> None:
    head = f"{start}<nav><a href=/>Home</a></nav><h1>Buoys</h1><p>By Ida Berg</p></{start[1:-1].split()[0]}>"
    document = parse(f"<body>{head}<main><p>They float.</p></main>".encode(), "a.html")
    assert document.text == "# Buoys\n\nBy Ida Berg\n\nThey float."
    document = parse(f"<body>{head}<main><h1>Floats</h1><p>They float.</p></main>".encode(), "a.html")
    assert document.text == "# Floats\n\nThey float."


def test_links_to_edit_a_section_are_no_heading() -> None:
    page = b"<h2>History<span class=mw-editsection>[<a href=e>edit</a>]</span></h2><p>It began in 1822."
    assert parse(page, "a.html").text == "## History\n\nIt began in 1822."


def test_the_title_of_a_sidebar_is_no_title() -> None:
    page = b"<div class=sidebar><h1>Offers</h1><p>Buy now</p></div><main><p>They float in all waters.</p></main>"
    assert parse(page, "a.html").text == "They float in all waters."


def test_the_name_of_the_site_is_no_title() -> None:
    page = b"<header><h1><a href=/>Harbour</a></h1></header><main><p>They float.</p></main>"
    assert parse(page, "a.html").text == "They float."


def test_prose_beside_an_article_is_kept() -> None:
    page = "<div class=hero><p>The pier opens in May this year.</p></div><main><p>Text of the article.</main>"
    assert "opens in May" in parsed(page).text


@pytest.mark.parametrize("page", ["<nav><a>One</a> <a>Two</a></nav>", "<div style='display:none'>One Two</div>"])
def test_a_page_of_nothing_else_is_not_silently_empty(page: str) -> None:
    document = parsed(page)
    assert document.text == "One Two"
    assert document.omitted == ()


def test_tables_of_other_elements_keep_their_columns() -> None:
    row = "<div role=row><span role=cell aria-colspan=2>Both</span><span role=cell>6</span></div>"
    head = "<div role=row>" + "".join(f"<span role=columnheader>{name}</span>" for name in "ABC") + "</div>"
    assert parsed(f"<div role=table>{head}{row}</div>").text == "| A | B | C |\n| --- | --- | --- |\n| Both |  | 6 |"
    beside = parsed(f"<div role=grid><p>Beside</p>{row}</div>")
    assert beside.text == "Beside\n\nBoth\n\n6"
    assert account_of(beside).n_words_lost == 0


_QUESTIONS = (
    '<script type="application/ld+json">{"@type": "FAQPage", "mainEntity": [{"@type": "Question", "name": "How deep?", '
    '"acceptedAnswer": {"@type": "Answer", "text": "<p>Nine <b>me</b>tres.</p>"}}, {"@type": ["Question"], "name": '
    '"Shown?", "acceptedAnswer": [{"@type": "Answer", "text": "It is &lt;i&gt;shown&lt;/i&gt;."}]}]}</script>'
)


def test_answers_of_linked_data_that_a_page_does_not_show_are_read() -> None:
    document = parsed(f"{_QUESTIONS}<h1>Help</h1><h2>Shown?</h2><p>It is <i>shown</i>.")
    assert document.text == "# Help\n\n## Shown?\n\nIt is shown.\n\n## How deep?\n\nNine metres."
    assert ("script", "JSON-LD: answers are read that the page does not show") in {
        (one.kind, one.place) for one in document.omitted
    }
    assert parsed(_QUESTIONS).text == "## How deep?\n\nNine metres.\n\n## Shown?\n\nIt is shown."
    shown = parsed(f"{_QUESTIONS}<p>It is shown. Nine metres.")
    assert shown.text == "It is shown. Nine metres."


_LINKED = '<script type="application/ld+json">{}</script>'
_ARTICLE = '{"@graph": [{"@type": "Person", "name": "Ida"}, {"headline": "Fees", "articleBody": "A < B.\\n\\nTwo."}]}'


@pytest.mark.parametrize(
    ("page", "text", "field"),
    [
        (f"<head>{_LINKED.format(_ARTICLE)}</head><body><div id=root></div>", "A < B.\n\nTwo.", "articleBody"),
        (f"<body><div></div>{_LINKED.format(_ARTICLE)}", "A < B.\n\nTwo.", "articleBody"),
        (_LINKED.format('//<![CDATA[\n[{"text": "<p>One<p>Two"}]\n//]]>'), "One\n\nTwo", "text"),
        (
            _LINKED.format('{"text": "One."}') + "<body><noscript>Use JavaScript.</noscript>",
            "Use JavaScript.\n\nOne.",
            "text",
        ),
    ],
)
def test_a_page_without_words_is_read_from_its_linked_data(page: str, text: str, field: str) -> None:
    document = parsed(page)
    assert document.text == text
    assert [one.place for one in document.omitted if f"its {field} is read" in one.place]
    assert account_of(document).n_words_lost == 0


def test_linked_data_gives_a_title_but_no_text_beside_a_pages_own_words() -> None:
    linked = _LINKED.format(_ARTICLE)
    assert parsed(f"<head>{linked}</head>").title == "Fees"
    document = parsed(f"<head>{linked}</head><p>Own words.")
    assert (document.text, document.omitted) == ("Own words.", ())


@pytest.mark.parametrize("value", ["{", '{"articleBody": 7}', '{"text": "..."}', '{"a":' * 9000 + "1" + "}" * 9000])
def test_linked_data_without_an_article_is_no_text(value: str) -> None:
    with pytest.raises(InputError) as caught:
        parsed(_LINKED.format(value))
    assert caught.value.error_class == "no_text"


def test_an_image_in_the_page_is_no_text() -> None:
    document = parsed("<p>Text <img alt='a buoy' src='data:image/png;base64,AAAABBBBCCCC'>")
    assert document.text == "Text a buoy"
    assert [(one.kind, one.place) for one in document.omitted] == [("encoded_data", "image/png")]


XHTML = {
    "empty title": (
        "<html xmlns='http://www.w3.org/1999/xhtml'><head><title/></head><body><p>Body</p></body></html>",
        "Body",
    ),
    "empty script": ("<?xml version='1.0'?><html><head><script src='x.js'/></head><body>Body</body></html>", "Body"),
    "empty anchor": ("<?xml version='1.0'?><p>One <a id='x'/>two <i/>three</p>", "One two three"),
    "empty cell": (
        "<?xml version='1.0'?><table><tr><td/><td>a</td><td>b</td></tr><tr><td>c</td><td/><td>d</td></tr></table>",
        "| c |  | d |",
    ),
    "CDATA": ("<?xml version='1.0'?><p><![CDATA[a < b & c]]></p>", "a < b & c"),
    "prefix": (
        "<h:html xmlns:h='http://www.w3.org/1999/xhtml'><h:body><h:h1>Lamps</h:h1></h:body></h:html>",
        "# Lamps",
    ),
    "own entity": (
        "<?xml version='1.0'?><!DOCTYPE html [<!ENTITY pier 'the North Pier'>]><p>At &pier;.</p>",
        "At the North Pier.",
    ),
    "entity of HTML": ("<?xml version='1.0'?><!DOCTYPE html PUBLIC 'x' 'y'><p>caf&eacute;&nbsp;noir</p>", "café noir"),
}


@pytest.mark.parametrize(("page", "held"), XHTML.values(), ids=XHTML)
def test_xhtml_is_read_as_its_author_meant(page: str, held: str) -> None:
    assert held in parsed(page).text
    assert held in parsed(page, ".xhtml").text


def test_a_title_that_closes_itself_is_known_by_the_suffix() -> None:
    assert parsed("<html><head><title/></head><body>Body</body></html>", ".xhtml").text == "Body"


HOSTILE = {
    "20k inline elements": "<b>" * 20_000 + "deep",
    "20k fonts": "<p><font color=a>" * 20_000 + "deep",
    "20k list items": "<ul><li>deep" * 1000 + "<li>x" * 20_000,
    "2000 divs": "<div>" * 2000 + "deep",
    "2000 quotes": "<blockquote><p>" * 2000 + "deep",
    "20k unclosed comments": "<!--" * 20_000 + "--><p>deep",
    "20k unclosed quotes": "<a href='" * 20_000 + "'><p>deep",
    "huge spans": "<table>" + "<tr><td colspan=1000 rowspan=65534>deep" * 300 + "</table>",
    "wide and long": "<table><tr>" + "<td>deep" * 5000 + "<tr><td>x<td>y" * 5000 + "</table>",
    "nested tables": "<table><tr><td>deep<td>" * 500,
    "10k noscripts": "<noscript>deep</noscript>" * 2000,
    "10k ruby": "<ruby>deep<rt>x</ruby>" * 10_000,
}


@pytest.mark.parametrize("page", HOSTILE.values(), ids=HOSTILE)
def test_hostile_pages_are_read_in_a_moment(page: str) -> None:
    began = thread_time()
    document = parsed(page)
    account = account_of(document)
    assert thread_time() - began < 5
    assert "deep" in document.text
    assert account.share_kept > 0.98


def test_pictures_of_an_svg_do_not_nest() -> None:
    assert nesting(prepared("<svg>" + "<path d='m 1'/>" * 9000 + "</svg>")) <= 2


@pytest.mark.parametrize(
    "tag",
    [
        "output",
        "q",
        "sub",
        "ruby",
        "bdi",
        "bdo",
        "data",
        "time",
        "slot",
        "var",
        "samp",
        "mark",
        "font",
        "del",
        "ins",
        "nobr",
    ],
)
def test_inline_elements_part_no_word(tag: str) -> None:
    text = parse(f"<p>un<{tag}>believ</{tag}>able oil of the lamp</p>".encode(), "a.html").text
    assert text.replace("\u201c", "").replace("\u201d", "").startswith("unbelievable oil")


def test_a_reading_beside_its_words_is_kept() -> None:
    assert parse("<p>\u706f<ruby>\u706f\u53f0<rtc>lighthouse</rtc></ruby></p>".encode(), "a.html").text.endswith(
        "(lighthouse)"
    )


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("one<tr><td>a</td><td>b</td></tr>two<tr><td>c</td><td>d</td></tr>three", "one two three"),
        ("<tr>in row<td>a</td><td>b</td>more</tr>", "in row more"),
    ],
)
def test_stray_texts_in_a_table_are_words_of_their_own(inside: str, words: str) -> None:
    document = parsed(f"<table>{inside}</table>")
    assert document.text.startswith(f"{words}\n\n| a | b |")
    assert account_of(document).n_words_lost == 0


@pytest.mark.parametrize("around", ["div hidden", "nav"])
def test_numbers_that_a_list_computes_are_not_counted_as_left_out(around: str) -> None:
    document = parsed(f"<main><p>Shown.</p><{around}><ol><li>one</li><li>two</li></ol></{around.split()[0]}></main>")
    assert [one.n_words for one in account_of(document).omitted] == [2]
