"""Tables of LaTeX: rows and cells of ``tabular`` and its kin, with cells that span columns and rows."""

from __future__ import annotations

import re
from collections.abc import Callable

from lake.parse.markup.latex_source import argument, group, option
from lake.parse.web.html_table import PageCell, grid

#: Environments with rows of cells, and how many arguments in braces they take.
TABLES = {
    "tabular": 1, "tabularx": 2, "tabulary": 2, "longtable": 1, "array": 1, "supertabular": 1, "tblr": 1, "longtblr": 1,
    "tabu": 1, "longtabu": 1, "xltabular": 2, "NiceTabular": 1, "mpxtabular": 1, "tabbing": 0,
}  # fmt: skip
#: A text that spans rows is repeated in each, unless it is longer.
_LONGEST_REPEATED = 80
_SIGN = re.compile(r"\\\\|\\(?:tabularnewline|begin|end|cr|=|>)(?![a-zA-Z])|\\[a-zA-Z@]+|\\.|[{}&$]", re.DOTALL)
_RULES = re.compile(
    r"\\(?:hline|toprule|midrule|bottomrule|endhead|endfoot|endfirsthead|endlastfoot|centering|raggedright|arraybackslash"
    r"|rowcolor\s*(?:\[\w+\])?\{[^{}]*\}|cellcolor\s*(?:\[\w+\])?\{[^{}]*\}|cline\s*\{[^{}]*\}|hhline\s*\{[^{}]*\}|specialrule(?:\{[^{}]*\})*"
    r"|cmidrule\s*(?:\[[^\]]*\])?(?:\([^()]*\))?\s*\{[^{}]*\}|addlinespace(?:\[[^\]]*\])?|kill|noalign\s*\{[^{}]*\})(?![a-zA-Z])"
)
_AFTER_FIRST = re.compile(r"(?:\\endfirsthead\b.*?)?\\endhead\b(?:.*?\\end(?:last)?foot\b)*", re.DOTALL)


def rows_of(base: str, inner: str) -> tuple[list[list[PageCell]], list[str], str]:
    """The rows of a table with the source of each cell, the captions inside it, and what stands on later pages only."""
    at, n_arguments = 0, TABLES[base]
    if base.endswith("*") or (inner.lstrip().startswith("{") and base == "tabular"):
        n_arguments = 2 if _has_width(inner) else 1
    while found := option(inner, at):
        at = found[1]
    for _ in range(n_arguments):
        if value := group(inner, at):
            at = value[1]
        while found := option(inner, at):
            at = found[1]
    later = _AFTER_FIRST.search(inner, at)
    body = inner[at : later.start()] + inner[later.end() :] if later else inner[at:]
    captions: list[str] = []
    rows: list[list[PageCell]] = []
    for cells in _split(body):
        rows.append([_cell(text, captions) for text in cells])
    return rows, captions, later[0] if later else ""


def texts_of(rows: list[list[PageCell]], words: Callable[[str], str]) -> list[list[str]]:
    """The rows that hold words, as ``words`` reads them in the source of each cell."""
    texts = grid([cell._replace(text=words(cell.text), n_rows=1) for cell in row] for row in rows)
    _repeat(texts, rows)
    return [row for row in texts if any(row)]


def _repeat(texts: list[list[str]], rows: list[list[PageCell]]) -> None:
    """Write a short cell over several rows into the empty cells that LaTeX wants below it."""
    for number, row in enumerate(rows):
        column = 0
        for cell in row:
            for below in texts[number + 1 : number + cell.n_rows]:
                words = texts[number][column]
                if column < len(below) and not below[column] and len(words) <= _LONGEST_REPEATED:
                    below[column] = words
            column += cell.n_columns


def _has_width(inner: str) -> bool:
    first = group(inner, 0)
    return bool(first and re.fullmatch(r"\s*[\d.]*\s*(?:\\\w+|\d+(?:cm|mm|pt|in|em))\s*", first[0]))


def _split(body: str) -> list[list[str]]:
    rows: list[list[str]] = [[""]]
    depth = at = environments = 0
    is_formula = False
    for match in _SIGN.finditer(body):
        if match.start() < at:
            continue
        sign = match[0]
        is_plain = not depth and not environments and not is_formula
        rows[-1][-1] += body[at : match.start()]
        at = match.end()
        if sign in ("\\begin", "\\end"):
            environments = max(0, environments + (1 if sign == "\\begin" else -1))
        elif sign in "{}":
            depth = max(0, depth + (1 if sign == "{" else -1))
        elif sign == "$":
            is_formula = not is_formula
        if is_plain and sign in ("\\\\", "\\tabularnewline", "\\cr"):
            after = option(body, at)
            at = after[1] if after and body[at : at + 1] == "[" else at + (body[at : at + 1] == "*")
            rows.append([""])
        elif is_plain and sign in ("&", "\\>", "\\="):
            rows[-1].append("")
        else:
            rows[-1][-1] += sign
    rows[-1][-1] += body[at:]
    return rows


def _cell(text: str, captions: list[str]) -> PageCell:
    text = _RULES.sub(" ", text)
    while match := re.search(r"\\caption\*?(?![a-zA-Z])", text):
        found = option(text, match.end())
        value, end = argument(text, found[1] if found else match.end())
        captions.append(value)
        text = text[: match.start()] + text[end:]
    n_columns = n_rows = 1
    if match := re.search(r"\\multicolumn\s*\{\s*(\d+)\s*\}", text):
        n_columns = max(1, min(int(match[1][:4]), 100))
    if match := re.search(r"\\multirow\s*(?:\[[^\]]*\])?\s*\{\s*(-?\d+)\s*\}", text):
        n_rows = max(1, min(int(match[1][:4]), 100))
    return PageCell(text, n_columns, n_rows)
