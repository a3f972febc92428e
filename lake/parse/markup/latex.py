"""LaTeX: sections, paragraphs, lists, tables and listings as they are printed; formulas as they are written.

A reader of our own: what a library makes of the source is one text without headings, tables and an account.
"""

from __future__ import annotations

import re

from lake.parse.canonical import TextWriter
from lake.parse.document import ParsedDocument
from lake.parse.markup.latex_blocks import LatexBlocks
from lake.parse.markup.latex_commands import DROPPED, STATED, WITH_ARGUMENTS
from lake.parse.markup.latex_environments import ENVIRONMENTS
from lake.parse.markup.latex_front import FRONT, author_of, write_front
from lake.parse.markup.latex_inline import INLINE
from lake.parse.markup.latex_source import VERBATIM, ends_of, group, macros_in, reading, without_definitions
from lake.parse.markup.latex_tables import TABLES
from lake.parse.markup.latex_walk import LatexWalk
from lake.parse.markup.misplaced_rights import misplaced_rights
from lake.parse.text import decode

_COMMANDS = {**ENVIRONMENTS, **INLINE, **FRONT}


def parse(data: bytes, suffix: str) -> ParsedDocument:
    text, metadata, omitted = decode(data)
    rights = misplaced_rights(text)
    writer = TextWriter()
    source, hidden = _without_hidden(text)
    for words, place in hidden:
        writer.omit("hidden", words, place)
        writer.read(words)
    begin = re.search(r"\\begin\s*\{document\}", source)
    preamble, body = (source[: begin.start()], source[begin.end() :]) if begin else ("", source)
    end = body.find(r"\end{document}")
    if end >= 0:
        after = body[end + len(r"\end{document}") :]
        if after.strip():
            writer.read(after)
            writer.omit("hidden", after, "text after the end")
        body = body[:end]
    body = _TABBING.sub(lambda match: match[0].replace(r"\=", " & ").replace(r"\>", " & "), body)
    if _GERMAN.search(preamble):
        body = _SHORTHAND.sub(lambda match: _SHORTHANDS[match[1]], body)
    stated = _stated(preamble)
    walk = LatexWalk(LatexBlocks(writer), {**macros_in(preamble), **macros_in(body)}, _COMMANDS)
    if not re.search(r"\\(?:maketitle|titlepage|makefrontmatter)\b|\\begin\{titlepage\}", body):
        write_front(walk, stated)
    else:
        walk.stated = stated
    walk.read(without_definitions(body))
    walk.blocks.interrupt()
    for value in stated.values():
        writer.read(reading(value, DROPPED))
    writer.read(reading(body, DROPPED, (*TABLES, *WITH_ARGUMENTS)))
    ends_of.cache_clear()
    return writer.finish(
        title=walk.title or None,
        author=author_of(walk, stated.get("author", "")) or None,
        metadata={**metadata, **rights.fields},
        omitted=(*omitted, *rights.omitted),
    )


#: What is taken as it is written, what is never printed, and comments, whichever comes first.
_PARTS = re.compile(
    rf"\\begin\{{({VERBATIM})\}}.*?(?:\\end\{{\1\}}|\Z)"
    r"|\\(?:verb|lstinline|mintinline)\*?(?:\[[^\]]*\])?(?:\{\w+\}(?=[^\w\s*\[]))?(?:([^\w\s*\[{]).*?\2|\{[^{}]*\})"
    r"|\\(?:url|href|path)\s*\{[^{}]*\}"
    r"|\\iffalse\b(?P<off>.*?)\\fi\b|\\begin\{comment\}(?P<hidden>.*?)\\end\{comment\}"
    r"|\\.|%(?P<comment>[^\n]*)(?:\n[ \t]*(?=\S)|(?=\n)|\Z)",
    re.DOTALL,
)


#: Tab stops, which are written like accents.
_TABBING = re.compile(r"\\begin\{tabbing\}.*?\\end\{tabbing\}", re.DOTALL)
#: Letters as a package for German has them written.
_GERMAN = re.compile(r"\\(?:usepackage|documentclass)\s*(?:\[[^\]]*german[^\]]*\]|\{n?german\})")
_SHORTHANDS = {
    **dict(zip("aouAOU", "äöüÄÖÜ", strict=True)),
    "s": "ß",
    "z": "ß",
    "-": "",
    "|": "",
    '"': "",
    "=": "-",
    "~": "-",
}
_SHORTHAND = re.compile(r'(?<!\\)"([aouAOUsz|"=~-])')


def _without_hidden(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The source without comments, and what they hold with the place of each."""
    hidden: list[str] = []

    def shown(match: re.Match[str]) -> str:
        words = match["off"] or match["hidden"] or match["comment"]
        if words is None and match["comment"] is None:
            return match[0]
        hidden.append(words or "")
        return ""

    text = _PARTS.sub(shown, text)
    words = "\n".join(filter(str.strip, hidden))
    return text, [(words, "comments")] if words else []


def _stated(preamble: str) -> dict[str, str]:
    """What a preamble says for readers, by command."""
    found: dict[str, str] = {}
    for match in re.finditer(rf"\\({'|'.join(STATED)})(?![a-zA-Z])\s*(?:\[[^\]]*\])?(?=\s*\{{)", preamble):
        if value := group(preamble, match.end()):
            found[match[1]] = f"{found[match[1]]} \\and {value[0]}" if match[1] in found else value[0]
    return found
