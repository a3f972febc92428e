"""Lightweight markup that marks its headings by lines: wikis, Textile, Pod, Texinfo, RDoc, Typst, Gherkin.

The canonical text is the source itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from lake.parse.canonical import first_heading, one_line, source_document
from lake.parse.document import Block, ParsedDocument
from lake.parse.markup.misplaced_rights import misplaced_rights
from lake.parse.text import decode_without_data

#: The depth and the words of a heading.
Found = tuple[int, str]


class _HeadingMarks(NamedTuple):
    """How a format marks headings, and what begins and ends text in which nothing is a mark."""

    heading: re.Pattern[str]
    read: Callable[[re.Match[str]], Found]
    begin: re.Pattern[str] | None = None
    end: Callable[[re.Match[str]], str] = lambda match: ""


def parse(data: bytes, suffix: str) -> ParsedDocument:
    text, metadata, omitted = decode_without_data(data)
    rights = misplaced_rights(text)
    blocks = list(_blocks(text, _FORMATS[suffix]))
    return source_document(
        text,
        blocks,
        title=_stated_title(text, suffix) or first_heading(blocks),
        metadata={**metadata, **rights.fields},
        omitted=(*omitted, *rights.omitted),
    )


def _blocks(text: str, marks: _HeadingMarks) -> Iterator[Block]:
    place = 0
    until, begins = "", 0
    for line in text.splitlines(keepends=True):
        start, place = place, place + len(line)
        if until:
            if until in line:
                until = ""
                yield Block(begins, place - (line[-1:] == "\n"), "code")
            continue
        opening = marks.begin.match(line) if marks.begin else None
        end = marks.end(opening) if opening else ""
        if opening and end not in line[opening.end() :] and end in text[place:]:
            until, begins = end, start
        elif match := marks.heading.fullmatch(line.rstrip()):
            level, label = marks.read(match)
            if label := one_line(label):
                yield Block(start, start + len(line.rstrip()), "heading", level, label)


def _by_length(match: re.Match[str]) -> Found:
    return len(match[1]), match[2]


def _by_number(match: re.Match[str]) -> Found:
    return int(match[1]), match[2]


_TEXINFO_LEVELS = {
    **dict.fromkeys(("top", "chapter", "unnumbered", "appendix", "majorheading", "chapheading"), 1),
    **dict.fromkeys(("section", "unnumberedsec", "appendixsec", "heading"), 2),
    **dict.fromkeys(("subsection", "unnumberedsubsec", "appendixsubsec", "subheading"), 3),
    **dict.fromkeys(("subsubsection", "unnumberedsubsubsec", "appendixsubsubsec", "subsubheading"), 4),
}
_COMMAND = re.compile(r"@\w+\{([^{}]*)\}")
_POD_CODE = re.compile(r"[BCEFILSXZ](?:<{2,}\s+(.*?)\s+>{2,}|<([^<>]*)>)")


def _texinfo(match: re.Match[str]) -> Found:
    return _TEXINFO_LEVELS[match[1]], _COMMAND.sub(r"\1", match[2]).replace("@@", "@")


def _pod(match: re.Match[str]) -> Found:
    return int(match[1]), _POD_CODE.sub(lambda code: code[1] or code[2] or "", match[2])


_WIKI_CODE = re.compile(r"\s*(?:<(pre|nowiki|syntaxhighlight|source|code)\b[^>]*>|(\{\{\{)\s*$)", re.IGNORECASE)
_WIKI = _HeadingMarks(
    re.compile(r"(={1,6})\s*([^=\s](?:.*?[^=\s])?)\s*=*(?:\s*<!--.*-->)?"),
    lambda match: (len(match[1]), match[2].replace("'''", "").replace("''", "")),
    _WIKI_CODE,
    lambda match: f"</{match[1]}>" if match[1] else "}}}",
)
_FORMATS = {
    **dict.fromkeys((".wiki", ".mediawiki", ".wikitext", ".creole"), _WIKI),
    ".dokuwiki": _HeadingMarks(
        re.compile(r"(={2,6})\s*([^=].*?)\s*={2,6}"), lambda match: (7 - len(match[1]), match[2]), _WIKI_CODE,
        lambda match: f"</{match[1]}>" if match[1] else "}}}",
    ),
    ".textile": _HeadingMarks(
        re.compile(r"h([1-6])(?:\([^)]*\)|\{[^}]*\}|\[[^\]]*\]|[<>=()]+)*\.\s+(.+)"), _by_number,
        re.compile(r"<pre\b"), lambda match: "</pre>",
    ),
    ".pod": _HeadingMarks(
        re.compile(r"=head([1-6])\s+(.+)"), _pod, re.compile(r"=begin\s+(\w+)"), lambda match: "=end",
    ),
    **dict.fromkeys((".texi", ".texinfo", ".txi"), _HeadingMarks(
        re.compile(rf"@({'|'.join(_TEXINFO_LEVELS)})\s+(.+)"), _texinfo,
        re.compile(r"@(example|smallexample|lisp|verbatim|display|format|ignore|menu|iftex|tex)\b"),
        lambda match: f"@end {match[1]}",
    )),
    ".rdoc": _HeadingMarks(re.compile(r"(={1,6})\s*([^=\s].*)"), _by_length),
    ".typ": _HeadingMarks(re.compile(r"(={1,6})\s+(.+?)(?:\s*<[\w-]+>)?"), _by_length, re.compile(r"(`{3,})"),
                   lambda match: match[1]),
    ".feature": _HeadingMarks(
        re.compile(r"\s*(Feature|Rule|Background|Scenario(?: Outline| Template)?|Example):\s*(.*)"),
        lambda match: (1 if match[1] == "Feature" else 2, match[2] or match[1]),
        re.compile(r'\s*(""")'), lambda match: match[1],
    ),
}  # fmt: skip
_TITLES = {
    **dict.fromkeys((".texi", ".texinfo", ".txi"), re.compile(r"^@settitle[ \t]+(.+)$", re.MULTILINE)),
    ".typ": re.compile(r'^#set document\([^)]*?title:\s*"([^"]+)"', re.MULTILINE),
}


def _stated_title(text: str, suffix: str) -> str:
    found = _TITLES[suffix].search(text) if suffix in _TITLES else None
    return one_line(_COMMAND.sub(r"\1", found[1])) if found else ""
