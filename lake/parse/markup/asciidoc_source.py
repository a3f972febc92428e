"""The lines of AsciiDoc that are no text, and a reading of a source by them alone, for its account."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape

from lake.parse.markup.asciidoc_inline import MARKED, MOST_MARKS, Attributes, substituted

ATTRIBUTE = re.compile(r":(!?\w[\w-]*!?):(?:[ \t]+(.*))?$")
COMMENT = re.compile(r"//(?!/(?!/))")
CONDITION = re.compile(r"(ifdef|ifndef|ifeval|endif)::([^\[\]]*)\[(.*)\][ \t]*$")
INCLUDE = re.compile(r"include::([^\[\]]*)\[.*\][ \t]*$")
#: ``[source,python]``, ``[[id]]``, ``[.role#id]`` on a line of its own.
MARKS = re.compile(r"\[(?:[\w.#%,\"'][^\[\]]*(?:\[[^\[\]]*\])*[^\[\]]*|\[[^\[\]]+\]|)\][ \t]*$")
DELIMITER = re.compile(
    r"(?:(?P<comment>/{4,})|(?P<listing>-{4,})|(?P<literal>\.{4,})|(?P<example>={4,})|(?P<sidebar>\*{4,})"
    r"|(?P<quote>_{4,})|(?P<passed>\+{4,})|(?P<table>[|,:!]={3,})|(?P<open>--|~{4,})|(?P<fence>```[\w+#-]*))[ \t]*$"
)
_UNDERLINES = {"=": 1, "-": 2, "~": 3, "^": 4, "+": 5}
_TAGS = re.compile(r"</?[a-zA-Z][^<>]*>")
_SAID = re.compile(r"\[(?:quote|verse)[^,\[\]]*,(.*)\][ \t]*$")
_CELL = re.compile(r"(?:(?<=\s)|^)(?:\d*(?:\.\d+)?[+*])?[<^>]?(?:\.[<^>])?[a-z]?\||\|")
_PIECES = (
    (re.compile(r"\b(?:image|icon|link|xref|video|audio|mailto)::?[^\s\[\]]*(?=\[)"), " "),
    (re.compile(r"\b(?:kbd|btn|menu|pass|stem|indexterm2?):(?:[a-z,]+(?=\[))?"), " "),
    (re.compile(r"footnote(?:ref)?:[\w-]*\[(?:[\w-]+,)?"), " ["),
    (re.compile(r"(?:https?|ftp|irc)://[^\s\[\]<>]+(?=\[[^\]\s])"), ""),
    (re.compile(r"<<[^<>,]*,"), " "),
    (re.compile(r"\[\[[^\]]*\]\]|\banchor:\S*\]|\[[.#%][^\]]*\](?=[#*_`])"), " "),
    (re.compile(r"[,\[]\s*(?:\w+\s*=\s*(?:\"[^\"]*\"|[^,\]\s]*)|\d+%?(?=[,\]]))"), " "),
    (re.compile(r"\*\*|__|``|##|\+\+|(?<=\w)~|~(?=\w)|\\(?=\S)"), ""),
    (re.compile(r"(?<=[^\W\d])\^(?=\w)"), ""),
)  # fmt: skip


def attribute_value(lines: Sequence[str], at: int) -> tuple[str, str, int]:
    """Name and value of the attribute that line ``at`` sets, and the line after it."""
    match = ATTRIBUTE.match(lines[at])
    name, value = (match[1].lower(), (match[2] or "").strip()) if match else ("", "")
    at += 1
    while value.endswith(("\\", " +")) and at < len(lines) and lines[at].strip():
        value = f"{value.rstrip('+').rstrip(chr(92)).strip()} {lines[at].strip()}"
        at += 1
    return name, value, at


def underlined(line: str, below: str) -> int:
    """The level of a title of two lines; 0 if it is none."""
    sign = below[:1]
    if sign not in _UNDERLINES or below.rstrip() != sign * len(below.rstrip()) or len(below.rstrip()) < 4:
        return 0
    is_title = re.match(r"\w|[\"'`(\u201c]", line) and abs(len(line.rstrip()) - len(below.rstrip())) <= 2
    return _UNDERLINES[sign] if is_title else 0


def reading(source: str, attributes: Attributes) -> str:
    """The text of ``source`` without attributes, marks of blocks, names of macros and targets."""
    found: list[str] = []
    lines = source.split("\n")
    with_values = False
    at, verbatim, is_table, is_passed = 0, "", False, False
    while at < len(lines):
        line = lines[at]
        at += 1
        if verbatim:
            verbatim = "" if line.rstrip() == verbatim else verbatim
            if verbatim and not INCLUDE.match(line) and not CONDITION.match(line):
                found.append(substituted(line, attributes) if with_values else line)
        elif ATTRIBUTE.match(line):
            at = attribute_value(lines, at - 1)[2]
        elif delimiter := DELIMITER.match(line):
            if at > 1 and underlined(lines[at - 2], line):
                continue
            kind = delimiter.lastgroup
            is_passed = not is_passed if kind == "passed" else is_passed
            with_values = with_values and bool(MARKS.match(lines[at - 2]))
            is_table = not is_table if kind == "table" else is_table
            if kind in ("comment", "listing", "literal", "fence"):
                verbatim = "```" if kind == "fence" else line.rstrip()
        elif MARKS.match(line) and "subs=" in line and not is_table:
            with_values = True
        elif match := _SAID.match(line):
            found.append(match[1])
        elif match := CONDITION.match(line):
            found.append(match[3] if match[1] != "ifeval" else "")
        elif not INCLUDE.match(line) and (not MARKS.match(line) or is_table):
            line = _TAGS.sub("", line) if is_passed else line
            found.append(_words(_CELL.sub(" ", line) if is_table else line, attributes))
    return "\n".join(found)


def _words(line: str, attributes: Attributes) -> str:
    line = substituted(line, attributes)
    if len(MARKED.findall(line)) > MOST_MARKS:
        return line
    for pattern, replacement in _PIECES:
        line = pattern.sub(replacement, line)
    return unescape(line)
