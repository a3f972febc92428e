"""reStructuredText: sentences stay whole, directives keep their content, and no message is text."""

from __future__ import annotations

from time import thread_time

import pytest

from lake.errors import InputError
from lake.parse import ParsedDocument, parse
from lake.parse.account import account_of
from lake.parse.markup.rst_source import with_plain_marks


def parsed(source: str) -> ParsedDocument:
    return parse(source.encode(), "a.rst")


@pytest.mark.parametrize(
    "source",
    [
        "thing\\s x\\_y name\\_ a\\-b \\*escaped\\* C:\\\\lamp",
        "Code ``co\\de`` and :math:`x\\alpha y`.",
        "So::\n\n    C:\\lamp\\oil\n\nthing\\s",
        '.. code:: c\n\n   "a\\nb"\n\nthing\\s',
        ".. math::\n\n   x\\alpha\n",
        ".. parsed-literal::\n\n   a\\b *c*\\ d\n",
        ">>> print('a\\nb')\na\n\nthing\\s",
    ],
)
def test_escaped_signs_are_no_loss(source: str) -> None:
    assert account_of(parsed(source)).n_words_lost == 0


@pytest.mark.parametrize("mark", ["a_", "*a", "`a", "x|a", "w\\_ a__"])
def test_a_paragraph_with_thousands_of_marks_is_read_in_time(mark: str) -> None:
    source = f"{mark} " * 40_000
    assert with_plain_marks(source) != source  # docutils would take minutes
    document = parsed(f"See *this*.\n\n{source}\n\nAnd *that*.")
    assert document.text == f"See this.\n\n{source.replace(chr(92), '').strip()}\n\nAnd that."


def test_lists_tables_and_listings_keep_their_marks_and_links() -> None:
    items = "".join(f"- `a{i} <https://a.b>`_ *x*\n" for i in range(1500))
    listing = "Code::\n\n" + "    *p = a_ | b;\n" * 1500
    document = parsed(f"{items}\n{listing}")
    assert document.text.startswith("- a0 x\n- a1 x\n")
    assert "*p = a_ | b;\n*p" in document.text
    assert "\\" not in document.text


#: Name: a source, and what stands in its text.
KEPT: dict[str, tuple[str, list[str]]] = {
    "link in a sentence": ("See `site <https://a.b>`_ and **bold** now.", ["See site and bold now."]),
    "named link": ("See site_ now.\n\n.. _site: https://a.b", ["See site now."]),
    "anonymous address on the next line": ("See `the site`__ now.\n\n__\n   https://a.b/c-d\n", ["See the site now."]),
    "address on the next line": ("See `the site`_ now.\n\n.. _the site:\n   https://a.b/c-d\n", ["See the site now."]),
    "anonymous link": ("See `the site`__ now.\n\n__ https://a.b", ["See the site now."]),
    "inline target": ("See _`the pier` now.", ["See the pier now."]),
    "joined words": ("re\\ ``Structured``\\ Text is *one* word", ["reStructuredText is one word"]),
    "unknown role": ("Call :func:`open_valve` or :py:meth:`~a.b` now.", ["Call open_valve or a.b now."]),
    "role with a title": ("See :ref:`the pumps <pumps>` now.", ["See the pumps now."]),
    "role behind": ("Press `Ctrl`:kbd: twice.", ["Press Ctrl twice."]),
    "role in a list": ("* Call :func:`open_valve` now\n* Press :kbd:`Ctrl`", ["- Call open_valve now\n- Press Ctrl"]),
    "role in a table": ("====== ==\na      b\n====== ==\n:x:`c` d\n====== ==", ["| c | d |"]),
    "substitution": ("The |pier| opens.\n\n.. |pier| replace:: North Pier", ["The North Pier opens."]),
    "unknown substitution": ("Since |version| it opens.", ["Since |version| it opens."]),
    "picture in a sentence": ("See |b| now.\n\n.. |b| image:: b.png\n   :alt: a buoy", ["See a buoy now."]),
    "footnotes": (
        "Oil [1]_ and tar [#t]_.\n\n.. [1] Whale oil.\n.. [#t] Pine tar.",
        ["Oil [1] and tar [2].", "[1] Whale oil.", "[2] Pine tar."],
    ),
    "citation": ("As in [CIT2031]_.\n\n.. [CIT2031] The book.", ["As in [CIT2031].", "[CIT2031] The book."]),
    "note": (".. note:: Mind the gap.\n\n   And the *step*.", ["Mind the gap.", "And the step."]),
    "admonition": (".. admonition:: Before you start\n\n   Close the valve.", ["Before you start\n\nClose the valve."]),
    "topic and sidebar": (
        ".. topic:: Tides\n\n   High.\n\n.. sidebar:: Boats\n   :subtitle: Small\n\n   Row.",
        ["Tides\n\nHigh.", "Boats", "Row."],
    ),
    "code": (
        ".. code-block:: python\n   :linenos:\n   :caption: pump.py\n   :emphasize-lines: 1\n\n   a = 1\n     b",
        ["pump.py\n\n```python\na = 1\n  b\n```"],
    ),
    "literal": ("Run::\n\n   a\n    b", ["Run:\n\n```\na\n b\n```"]),
    "doctest": (">>> 1 + 1\n2", ["```pycon\n>>> 1 + 1\n2\n```"]),
    "parsed literal": (".. parsed-literal::\n\n   a *b*\n   c", ["a b\nc"]),
    "formula": (".. math::\n\n   E = mc^2", ["E = mc^2"]),
    "inline formula": ("So :math:`E = m` holds.", ["So E = m holds."]),
    "figure": (
        ".. figure:: b.png\n   :alt: A buoy\n   :unknown: x\n\n   The caption.\n\n   The legend.",
        ["A buoy", "The caption.", "The legend."],
    ),
    "image": (".. image:: b.png\n   :alt: A red buoy", ["A red buoy"]),
    "image with an unknown option": (".. image:: b.png\n   :alt: A red buoy\n   :loading: lazy", ["A red buoy"]),
    "list table": (
        ".. list-table:: Fees\n   :header-rows: 1\n\n   * - Boat\n     - Fee\n   * - Small\n     - 11",
        ["Fees\n\n| Boat | Fee |", "| Small | 11 |"],
    ),
    "csv table": (
        ".. csv-table:: Fees\n   :header: Boat, Fee\n\n   Small, 11",
        ["Fees\n\n| Boat | Fee |", "| Small | 11 |"],
    ),
    "spans": (
        "+---+---+\n| a | b |\n|   +---+\n|   | c |\n+---+---+\n| d     |\n+---+---+",
        ["| a | b |", "| a | c |"],
    ),
    "empty first cell": ("==== ===\n     Min\n==== ===\na    4.3\n==== ===", ["|  | Min |\n", "| a | 4.3 |"]),
    "malformed table": ("+---+--+\n| a | b |\n+---+---+", ["a | b"]),
    "unknown directive": (
        ".. tabs::\n\n   .. tab:: Linux\n\n      Use *apt*.\n\n   .. tab:: Mac\n\n      Use brew.",
        ["Linux\n\nUse apt.", "Mac\n\nUse brew."],
    ),
    "API": (
        ".. py:function:: open(n, *args)\n\n   Opens **it**.\n\n   :param n: A number.\n   :returns: None.",
        ["open(n, *args)\n\nOpens it.", "- param n: A number.\n- returns: None."],
    ),
    "class of Sphinx": (
        ".. class:: Pump(n=0)\n           Pump(other)\n\n   Lifts.",
        ["Pump(n=0)\nPump(other)\n\nLifts."],
    ),
    "class of docutils": (".. class:: wide\n\n   Lifts.", ["Lifts."]),
    "version": (".. versionadded:: 3.2\n   The *second* valve.", ["3.2\nThe second valve."]),
    "section in a directive": ("Top\n===\n\n.. only:: html\n\n   Inner\n   -----\n\n   Words.", ["Inner", "Words."]),
    "glossary": (".. glossary::\n\n   quay\n     A wall.", ["- quay: A wall."]),
    "reference across a directive": (
        ".. x:: \n\n   See [1]_ and `site`_.\n\n.. [1] Note.\n.. _site: http://a",
        ["See [1] and site."],
    ),
    "directive in a list": ("* one\n\n  .. x::\n\n     Inside.\n\n* two", ["- one", "Inside.", "- two"]),
    "raw HTML": (
        ".. raw:: html\n\n   <p>High <b>water</b></p><table><tr><td>a<td>b</table>",
        ["High water", "| a | b |"],
    ),
    "quote": ("x\n\n  All is well.\n\n  -- The keeper", ["All is well.\n\nThe keeper"]),
    "lines of a poem": ("| one\n| two\n|   three", ["one\ntwo\n  three"]),
    "numbers": ("3. three\n4. four\n\n#. x\n\na) y\n\n(iv) z", ["3. three\n4. four", "a) y", "(iv) z"]),
    "nested lists": ("* a\n\n  1. b\n  2. c\n\n* d", ["- a\n  1. b\n  2. c\n- d"]),
    "code in a list": ("* run::\n\n    a\n     b\n\n  then\n* stop", ["- run:\n\n```\na\n b\n```", "then\n- stop"]),
    "paragraphs of an item": ("* one\n\n  two\n* three", ["- one\n  two\n- three"]),
    "definitions": (
        "quay : noun\n  A *wall*.\n\n  For boats.\nmole\n  Another.",
        ["- quay (noun): A wall.\n  For boats.\n- mole: Another."],
    ),
    "options": ("-a, --all  Show *all*.\n-n N       How many.", ["- -a, --all: Show all.\n- -n N: How many."]),
    "fields": (":Author: Ida\n:Date: 2031", ["- Author: Ida\n- Date: 2031"]),
    "header": (".. header:: On every page\n\nWords.", ["Words."]),
    "short underline": ("Pumps of the pier\n======\n\nWords.", ["# Pumps of the pier\n\nWords."]),
    "levels out of order": ("A\n=\n\nB\n-\n\nC\n~\n\nD\n=\n\nE\n~\n\nWords.", ["# D", "E", "Words."]),
    "broken markup": ("A *b and `c and |d and **e.", ["A *b and `c and |d and **e."]),
    "broken indentation": ("a\n   b\n c\n", ["a", "b", "c"]),
    "broken directive": (".. image::\n\n.. code-block::\n\n   kept", ["kept"]),
    "rubric": (".. rubric:: Notes\n\nx", ["Notes\n\nx"]),
    "epigraph": (".. epigraph::\n\n   All is well.\n\n   -- The keeper", ["All is well."]),
    "container": (".. container:: wide\n\n   Inside.", ["Inside."]),
    "compound": (".. compound::\n\n   One.\n\n   Two.", ["One.\n\nTwo."]),
    "title of a table": (".. table:: Fees\n\n   == ==\n   a  b\n   == ==\n   1  2\n   == ==", ["Fees\n\n| a | b |"]),
}


@pytest.mark.parametrize(("source", "held"), KEPT.values(), ids=KEPT)
def test_what_a_reader_sees_is_kept(source: str, held: list[str]) -> None:
    document = parsed(f"{source}\n")
    assert not [text for text in held if text not in document.text], document.text
    assert "(ERROR/" not in document.text
    assert "(WARNING/" not in document.text
    assert "<string>" not in document.text
    assert account_of(document).n_words_lost == 0, (document.source_text, document.text)


LEFT_OUT = {
    "comment": ("Words.\n\n.. not for readers\n   at all\n", "hidden", 5),
    "pages": ("Words.\n\n.. toctree::\n   :maxdepth: 2\n\n   intro\n   pumps\n", "navigation", 2),
    "index": ("Words.\n\n.. index:: pump, valve\n", "hidden", 2),
    "file": ("Words.\n\n.. include:: other.rst\n", "attachment", 0),
    "file of code": ("Words.\n\n.. literalinclude:: pump.py\n   :lines: 1-3\n", "attachment", 0),
    "file of a table": ("Words.\n\n.. csv-table:: Fees\n   :file: fees.csv\n", "attachment", 0),
    "LaTeX": ("Words.\n\n.. raw:: latex\n\n   \\clearpage\n", "hidden", 1),
    "unused substitution": ("Words.\n\n.. |x| replace:: one two\n", "hidden", 2),
}


@pytest.mark.parametrize(("source", "kind", "n_words"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_what_is_left_out_is_counted(source: str, kind: str, n_words: int) -> None:
    document = parsed(source)
    assert document.text.startswith("Words.")
    assert [(one.kind, one.n_words) for one in document.omitted] == [(kind, n_words)]
    assert account_of(document).n_words_lost == 0


def test_nothing_is_read_from_the_disk() -> None:
    source = "Words.\n\n.. raw:: html\n   :file: /etc/hostname\n\n.. include:: /etc/hostname\n"
    assert parsed(source).text == "Words."


def test_the_registries_of_docutils_stay_as_they_were() -> None:
    from docutils.parsers.rst import directives, roles

    before = set(directives._directives), set(roles._roles)
    parsed(".. tabs::\n\n   See :func:`x`.\n")
    assert (set(directives._directives), set(roles._roles)) == before


HOSTILE = {
    "unknown directives": ".. x::\n\n" * 300 + "deep",
    "nested directives": "".join(f"{'   ' * depth}.. x::\n\n" for depth in range(60)) + "   " * 60 + "deep",
    "nested quotes": "".join(f"{' ' * depth}deep\n\n" for depth in range(100)),
    "marks": "*a `b |c " * 500 + "deep",
    "roles": ":x:`y` " * 3000 + "deep",
    "bars": "|" * 20_000 + " deep",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_are_read_in_a_moment(source: str) -> None:
    began = thread_time()
    assert "deep" in parsed(source).text
    assert thread_time() - began < 5


def test_the_caption_of_a_list_of_pages_is_counted() -> None:
    document = parsed("Words.\n\n.. toctree::\n   :caption: Guides for keepers\n\n   intro\n")
    assert account_of(document).n_words_lost == 0
    assert [(one.kind, one.n_words) for one in document.omitted] == [("navigation", 4)]


def test_substitutions_that_multiply_each_other_are_refused() -> None:
    tenfold = "".join(f".. |s{n + 1}| replace:: {' '.join([f'|s{n}|'] * 10)}\n" for n in range(9))
    with pytest.raises(InputError, match="multiply each other") as caught:
        parsed(f"Lamps |s9|\n\n.. |s0| replace:: oil\n{tenfold}")
    assert caught.value.error_class == "entity_bomb"
    assert parsed("Lamps |a|\n\n.. |a| replace:: burn |b|\n.. |b| replace:: oil\n").text == "Lamps burn oil"
