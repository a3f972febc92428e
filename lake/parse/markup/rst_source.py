"""What a text in reStructuredText says, read line by line without docutils."""

from __future__ import annotations

import re

from lake.errors import InputError
from lake.parse.document import OmissionKind

DIRECTIVE = re.compile(
    r"^[ \t]*(?:(?:[-*+]|\d+\.|\|)[ \t]+)*\.\.[ \t]+(?:\|[^|\n]+\|[ \t]+)?([A-Za-z][\w:.+-]*?)::(?=\s|$)", re.MULTILINE
)
#: Directives whose content is code.
CODE = re.compile(
    r"code|^(?:sourcecode|prompt|doctest|testsetup|testcleanup|testoutput|parsed-literal|ipython|jupyter-execute"
    r"|graphviz|digraph|graph|mermaid|plantuml|uml|productionlist|console|command-output)$"
)
#: Directives that name files.
FILES = frozenset(("include", "literalinclude"))
#: Directives that switch settings or list other pages.
SETTINGS: dict[str, OmissionKind] = {
    "toctree": "navigation",
    "autosummary": "navigation",
    "index": "hidden",
    **dict.fromkeys(
        ("highlight", "highlightlang", "currentmodule", "py:currentmodule", "tabularcolumns", "bibliography"), "hidden"
    ),
    **dict.fromkeys(("currentlibrary", "sectionauthor", "moduleauthor", "codeauthor"), "hidden"),
}
#: What a reader sees of the names of directives, before their argument and content.
LABELS = {
    **{name: name.capitalize() for name in (
        "attention", "caution", "danger", "error", "hint", "important", "note", "tip", "warning", "todo",
    )},
    "seealso": "See also",
    "versionadded": "Added in version",
    "versionchanged": "Changed in version",
    "versionremoved": "Removed in version",
    "deprecated": "Deprecated since version",
}  # fmt: skip
#: Directives whose argument is a number of columns.
LAYOUTS = frozenset(("grid", "card-carousel"))
#: Options whose values a reader sees.
SHOWN_OPTIONS = ("caption", "alt", "header", "title")
_NO_ARGUMENT = FILES | LAYOUTS | {
    "image", "figure", "role", "default-role", "class", "sectnum", "unicode", "date", "raw", "meta", "contents",
    "target-notes", "rst-class", "container", "list-table-settings",
}  # fmt: skip

#: What an argument of ``class`` holds if it is a signature rather than names for style sheets.
SIGNATURE = re.compile(r"[A-Z(.]")
_OPTION = re.compile(r"^[ \t]+:([\w-]+):(?:[ \t]+(.*)|[ \t]*)$")
_TARGET = re.compile(r"^[ \t]*(?:\.\.[ \t]+_(?:`[^`\n]*`|(?:\\.|[^:\\\n])*):|__(?:[ \t]|$)|\.\.[ \t]+__:).*$")
_NOTE = re.compile(r"^([ \t]*\.\.[ \t]+)\[(?:#[^\]\n]*|\*)\]")
_INLINE = (
    # Raised and lowered letters belong to the word before them, a power of a number does not.
    (re.compile(r"(?<=\d)\\\s:sup(?:erscript)?:`(?=[-\u2212]?\d)([^`]*)`(?:\\\s)?"), r" \1"),
    (re.compile(r"\\\s:su(?:p|perscript|b|bscript):`([^`]*)`(?:\\\s)?"), r"\1"),
    (re.compile(r"(?:\*{1,2}|`{1,2})?\\\s(?:\*{1,2}|`{1,2})?"), ""),
    (re.compile(r":[A-Za-z][\w:.+-]*:(?=`)|(?<=`):[A-Za-z][\w:.+-]*:"), ""),
    (re.compile(r"`([^`<]*?)\s*<[^<>`]*>`"), r"`\1`"),
    (re.compile(r"\[(?:#[^\]\s]*|\*)\]_"), " "),
)
_SUBSTITUTED = re.compile(r"(?<!\w)\|([^|\s](?:[^|\n]{0,80}[^|\s])?)\|(?!\w)")
_DEFINED = re.compile(r"^[ \t]*\.\.[ \t]+\|([^|\n]{1,200})\|[ \t]", re.MULTILINE)
#: A sign that a backslash takes the meaning of; literals, code and formulas keep both.
_ESCAPED = re.compile(r"(``[^`]*``|:(?:code|math|raw):`[^`]*`)|\\(\S)")
_TAGS = re.compile(r"<[^<>]*>")
#: Names in a field of ``meta`` whose values alone are stated.
_OF_META = re.compile(r"\b(?:name|lang|scheme)=")


_ROW_WITHOUT_A_BEGINNING = re.compile(r"^([ \t]*)(={2,})((?: +=+)+[ \t]*\n)\1( +)(?=\S)", re.MULTILINE)


def with_first_cells(source: str) -> str:
    """``source`` with a mark for an empty first cell in simple tables' first rows, which docutils would drop."""
    return _ROW_WITHOUT_A_BEGINNING.sub(_marked, source)


def _marked(match: re.Match[str]) -> str:
    if len(match[4]) <= len(match[2]):
        return match[0]
    return f"{match[1]}{match[2]}{match[3]}{match[1]}\\{match[4][1:]}"


#: What may begin or end inline markup, and signs that a backslash has made plain already.
_MARKUP = re.compile(r"[*`|]|_(?!\w)")
_PLAIN_OR_MARK = re.compile(r"(\\.)|[*`|_]", re.DOTALL)
#: Lines that belong together in one paragraph, which is none of a list, a table, a listing or a directive.
_LONG_PARAGRAPH = re.compile(
    r"(?:^(?!(?:[-+*|\u2022]|\.\.|\(?(?:\w+|#)[.)])[ \t]|[=+-]{3}|\+[-=]|>>>|:[^:\n]+:)\S.*(?:\n|\Z))+", re.MULTILINE
)
#: docutils needs time by the square of the marks in a paragraph.
_MOST_MARKS = 3000


def with_plain_marks(source: str) -> str:
    """``source`` with the marks of each paragraph escaped that has thousands, so that they stay text."""
    if len(_MARKUP.findall(source)) <= _MOST_MARKS:
        return source
    return _LONG_PARAGRAPH.sub(_plain, source)


def _plain(match: re.Match[str]) -> str:
    if len(_MARKUP.findall(match[0])) <= _MOST_MARKS or match.string[: match.start()].rstrip().endswith("::"):
        return match[0]
    return _PLAIN_OR_MARK.sub(lambda mark: mark[1] or f"\\{mark[0]}", match[0])


def reading(source: str) -> str:
    """The text of ``source`` without names of directives and roles, options, targets and paths."""
    found: list[str] = []
    lines = source.split("\n")
    named = raw = option_at = literal = target = meta = -1
    is_doctest = False
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if line.strip() and literal >= 0 and indent <= literal:
            literal = -1
        is_doctest = bool(line.strip()) and (is_doctest or line.lstrip().startswith(">>> "))
        if literal < 0 and not is_doctest:
            line = _ESCAPED.sub(lambda match: match[1] or match[2], line)
            literal = indent if line.rstrip().endswith("::") else -1
        if line.strip() and raw >= 0 and indent <= raw:
            raw = -1
        meta = meta if indent > meta or not line.strip() else -1
        if meta >= 0:
            found.append(_OF_META.sub("", line))
            continue
        option = _OPTION.match(line) if named >= 0 else None
        if option_at >= 0 and line.strip() and indent > option_at:
            continue
        option_at = -1
        if option and indent > named:
            option_at = indent
            if option[1] in SHOWN_OPTIONS:
                found.append(option[2] or "")
            continue
        named = -1
        is_address = target >= 0 and indent > target and bool(line.strip())  # on the lines behind the name of a target
        target = target if is_address else indent if _TARGET.match(line) else -1
        if target >= 0:
            continue
        directive = DIRECTIVE.match(line)
        if directive:
            named = indent
            name = directive[1].lower()
            raw = indent if name == "raw" else raw
            meta = indent if name == "meta" else -1
            is_code = name in ("raw", "math") or (CODE.search(name) and name != "parsed-literal")
            literal = indent if is_code else -1
            found.append(LABELS.get(name, ""))
            if name not in _NO_ARGUMENT or (name == "class" and SIGNATURE.search(line, directive.end())):
                found.append(line[: directive.start(1)].replace("..", "").partition("|")[0] + line[directive.end() :])
            continue
        found.append(_TAGS.sub(" ", line) if raw >= 0 else _NOTE.sub(r"\1", line))
    text = "\n".join(found)
    for pattern, replacement in _INLINE:
        text = pattern.sub(replacement, text)
    # A name that nothing is defined for stays as it is written.
    defined = {name.casefold() for name in _DEFINED.findall(source)}
    return _SUBSTITUTED.sub(lambda match: " " if match[1].casefold() in defined else match[0], text)


#: A text under a name, and references to such texts.
_SUBSTITUTION = re.compile(
    r"^[ \t]*\.\.[ \t]+\|([^|\n]{1,200})\|[ \t]+replace::((?:[^\n]*\n?)(?:[ \t]+[^\n]*\n?)*)", re.M
)
_REFERENCE = re.compile(r"\|([^|\n]{1,200})\|")
#: Pieces that one may stand for, and how deep they are followed: those that multiply exceed it within far fewer levels.
_MOST_SUBSTITUTED, _DEEPEST = 10_000, 40


def check_substitutions(source: str) -> None:
    """Raise InputError if substitutions stand for more of each other than anybody writes: docutils copies them all."""
    parts = {found[1].lower(): _REFERENCE.findall(found[2].lower()) for found in _SUBSTITUTION.finditer(source)}
    sizes: dict[str, int] = {}
    for _ in range(_DEEPEST):
        grown = {name: 1 + sum(sizes.get(one, 0) for one in inner) for name, inner in parts.items()}
        if any(size > _MOST_SUBSTITUTED for size in grown.values()):
            raise InputError(
                "its substitutions multiply each other to more than 10,000 pieces; write the text out", "entity_bomb"
            )
        if grown == sizes:
            return
        sizes = grown
