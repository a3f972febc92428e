"""What stands in the source of LaTeX: accents, arguments, commands of the author; and a reading for the account."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

from lake.parse.markup.latex_commands import APART, SECTIONS, STATED

_ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304", ".": "\u0307",
    "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328", "r": "\u030a", "d": "\u0323",
    "b": "\u0331",
}  # fmt: skip
_ACCENTED = re.compile(
    r"\\([`'^~\"=.])\s*(?:\{\s*(\\[ij]\b|[^\W\d_]?)\s*\}|(\\[ij](?![a-zA-Z])\s?|[^\W\d_]))"
    r"|\\([uvHckrdb])(?:\s*\{\s*(\\[ij]\b|[^\W\d_])\s*\}|\s+(\\[ij](?![a-zA-Z])|[^\W\d_]))"
)
SYMBOLS = {
    "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "aa": "å", "AA": "Å", "l": "ł", "L": "Ł",
    "i": "\u0131", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "dj": "đ", "DJ": "Đ", "SS": "SS", "ng": "ŋ",
    "NG": "Ŋ", "S": "§", "P": "¶", "copyright": "©", "pounds": "£", "euro": "€", "EUR": "€", "texteuro": "€",
    "textdegree": "°", "degree": "°", "dots": "…", "ldots": "…", "textellipsis": "…", "textendash": "\u2013",
    "textemdash": "—", "textquoteleft": "\u2018", "textquoteright": "\u2019", "textquotedblleft": "\u201c",
    "textquotedblright": "\u201d", "glqq": "„", "grqq": "\u201c", "flqq": "«", "frqq": "»", "guillemotleft": "«",
    "guillemotright": "»", "textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^", "textbar": "|",
    "textless": "<", "textgreater": ">", "textbullet": "•", "textperiodcentered": "·", "textregistered": "®",
    "texttrademark": "™", "textmu": "µ", "textohm": "Ω", "texttimes": "\u00d7", "textpm": "±", "slash": "/",
    "LaTeX": "LaTeX",
    "TeX": "TeX", "LaTeXe": "LaTeX2e", "BibTeX": "BibTeX", "XeTeX": "XeTeX", "quad": " ", "qquad": " ", "space": " ",
    "nobreakspace": " ", "enspace": " ", "thinspace": " ", "textvisiblespace": " ", "lq": "\u2018", "rq": "\u2019",
    "percent": "%", "textunderscore": "_", "textdollar": "$", "textasteriskcentered": "*", "dag": "†", "ddag": "‡",
    "textsection": "§", "textparagraph": "¶", "textcent": "¢", "textyen": "¥", "textonehalf": "½", "checkmark": "✓",
}  # fmt: skip
_NAMES = "|".join(sorted(SYMBOLS, key=len, reverse=True))
_SYMBOL = re.compile(
    rf"\\({'|'.join(sorted(SYMBOLS, key=len, reverse=True))})(?![a-zA-Z@])(?:\{{\}}|[ \t]*\n?(?=[^\n])|)"
)
#: Environments whose content is taken as it is written; others are so called by their authors.
_VERBATIM = (
    "verbatim", "verbatim*", "Verbatim", "BVerbatim", "LVerbatim", "lstlisting", "minted", "alltt", "filecontents",
    "filecontents*", "tikzpicture", "picture", "asy", "code", "pycode", "Sinput", "Soutput", "Schunk", "tcblisting",
)  # fmt: skip
MATH = (
    "equation", "align", "gather", "multline", "eqnarray", "displaymath", "math", "flalign", "alignat", "subequations",
    "dmath", "IEEEeqnarray", "empheq",
)  # fmt: skip
VERBATIM = rf"(?:{'|'.join(map(re.escape, _VERBATIM))}|\w*(?:[cC]ode|[vV]erbatim|[lL]isting|[sS]cript)\*?)"
_VERBATIM_PARTS = re.compile(
    rf"\\begin\{{({VERBATIM}|comment)\}}.*?(?:\\end\{{\1\}}|\Z)"
    r"|\\(?:verb|lstinline|mintinline)\*?(?:\[[^\]]*\])?(?:\{\w+\}(?=[^\w\s*\[]))?"
    r"(?:([^\w\s*\[{])(.*?)\2|\{([^{}]*)\})",
    re.DOTALL,
)
_MATH_NAMES = "|".join(MATH)
#: None goes on over a blank line, or over the beginning of another one.
MATHS = re.compile(
    r"(?<!\\)(?:\\\\)*(\$\$(?:(?!\n\s*\n|\$\$).)+\$\$|\$(?:\\.|\n(?!\s*\n)|[^$\\\n])+?\$"
    r"|\\\[(?:(?!\n\s*\n|\\[\[\]]).)+\\\]|\\\((?:(?!\n\s*\n|\\[()]).)+\\\)"
    rf"|\\begin\{{(?:{_MATH_NAMES})\*?\}}(?:(?!\\(?:begin|end)\{{(?:{_MATH_NAMES})).)*\\end\{{(?:{_MATH_NAMES})\*?\}})",
    re.DOTALL,
)
_AS_WRITTEN = re.compile(rf"{_VERBATIM_PARTS.pattern}|{MATHS.pattern}", re.DOTALL)
#: Marks of an environment and names inside a formula, which are no words.
_ENDS = re.compile(
    r"\\begin\{[\w*]+\}(?:\s*\[[^\]]*\])?(?:[ \t]*\{\w*\})?|\\end\{[\w*]+\}|\\label\{[^{}]*\}|\\nonumber"
)
#: A group in braces, with two more inside one another; an optional argument.
_GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
_OPTION = r"\[(?:[^\[\]{}]|\{[^{}]*\}|\[[^\]]*\])*\]"


class Macro(NamedTuple):
    """What an author's command stands for, with ``n_arguments``, of which the first may have a value by default."""

    body: str
    n_arguments: int = 0
    default: str | None = None


def decoded(text: str) -> str:
    r"""``text`` with its accents and named letters as characters.

    >>> decoded(r'Erd\H{o}s, na\"{\i}ve, Stra{\ss}e, \AA ngstr\"om, gar\c con')
    'Erdős, naïve, Straße, Ångström, garçon'
    """
    if "\\" not in text:
        return text
    text = _ACCENTED.sub(_letter, text)
    return re.sub(r"\{([^\x00-\x7f])\}", r"\1", _SYMBOL.sub(lambda match: SYMBOLS[match[1]], text))


def decoded_outside(text: str) -> str:
    """``text`` with its accents and named letters as characters, but for formulas and listings."""
    if "\\" not in text:
        return text
    pieces: list[str] = []
    at = 0
    for match in _AS_WRITTEN.finditer(text):
        pieces += decoded(text[at : match.start()]), match[0]
        at = match.end()
    return "".join((*pieces, decoded(text[at:])))


def _letter(match: re.Match[str]) -> str:
    accent = match[1] or match[4]
    base = (match[2] if match[2] is not None else match[3] or match[5] or match[6] or "").strip().lstrip("\\")
    if not base:
        return {"~": "~", "^": "^"}.get(accent, "")
    return normalize("NFC", base + _ACCENTS[accent])


def group(text: str, at: int) -> tuple[str, int] | None:
    """The content of the group in braces that begins at or behind ``at``, and where it ends; None if there is none."""
    at = _after_space(text, at)
    return _balanced(text, at) if text[at : at + 1] == "{" else None


def option(text: str, at: int) -> tuple[str, int] | None:
    """The content of an optional argument, and where it ends; None if there is none."""
    after = _after_space(text, at)
    return _balanced(text, after) if text[after : after + 1] == "[" else None


def argument(text: str, at: int) -> tuple[str, int]:
    """A group, or the one character or command that stands for it."""
    found = group(text, at)
    if found:
        return found
    at = _after_space(text, at)
    match = re.compile(r"\\[a-zA-Z@]+|\\.|[^\s{}\\]").match(text, at)
    return (match[0], match.end()) if match else ("", at)


_SPACE = re.compile(r"[ \t]*\n?[ \t]*")


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


_BRACE = re.compile(r"\\.|[{}\[\]]", re.DOTALL)


def _balanced(text: str, at: int) -> tuple[str, int] | None:
    """What stands between the brace or bracket at ``at`` and the one that closes it, and the place behind that."""
    end = ends_of(text).get(at)
    return None if end is None else (text[at + 1 : end], end + 1)


@lru_cache(256)
def ends_of(text: str) -> dict[int, int]:
    """The place that closes each brace and bracket; a bracket ends in the group in which it begins."""
    ends: dict[int, int] = {}
    braces: list[int] = []
    brackets: list[list[int]] = [[]]
    for match in _BRACE.finditer(text):
        sign, at = match[0], match.start()
        if sign == "{":
            braces.append(at)
            brackets.append([])
        elif sign == "}" and braces:
            ends[braces.pop()] = at
            brackets.pop()
        elif sign == "[":
            brackets[-1].append(at)
        elif sign == "]" and brackets[-1]:
            ends[brackets[-1].pop()] = at
    return ends


_DEFINITION = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand|DeclareRobustCommand|newcommandx|NewDocumentCommand)\*?"
    r"\s*(?:\{\s*\\([a-zA-Z@]+)\s*\}|\\([a-zA-Z@]+))\s*(?:\[(\d)\])?\s*(?:\[([^\[\]]*)\])?\s*"
    r"|\\(?:def|gdef|edef|xdef|let)\s*\\([a-zA-Z@]+)((?:#\d)*)\s*(?=\{)"
)


def macros_in(text: str) -> dict[str, Macro]:
    """The commands that a source defines, by name."""
    found = {}
    for match in _DEFINITION.finditer(text):
        body = group(text, match.end())
        if body is None:
            continue
        name = match[1] or match[2] or match[5]
        n_arguments = int(match[3] or 0) if not match[5] else (match[6] or "").count("#")
        if n_arguments or not body[0].startswith("m"):
            found[name] = Macro(body[0], n_arguments, match[4])
        else:
            found[name] = Macro(body[0])
    return found


def without_definitions(text: str) -> str:
    """``text`` without the commands that it defines."""
    pieces, at = [], 0
    for match in _DEFINITION.finditer(text):
        body = group(text, match.end())
        if match.start() >= at and body:
            pieces.append(text[at : match.start()])
            at = body[1]
    return "".join((*pieces, text[at:]))


def reading(body: str, dropped: Mapping[str, int], with_arguments: Iterable[str] = ()) -> str:
    """The text of a body without comments, names of commands, and the arguments that are ``dropped``.

    The environments ``with_arguments`` take arguments in braces that are no text.
    """
    kept: list[str] = []

    def hold(match: re.Match[str]) -> str:
        whole = match[0]
        inside = (match[3], match[4]) if match.re is _VERBATIM_PARTS else ()
        whole = next((one for one in inside if one is not None), _ENDS.sub(" ", whole))
        kept.append(whole)
        return f" \0{len(kept) - 1}\0 "

    text = MATHS.sub(hold, _VERBATIM_PARTS.sub(hold, body))
    text = without_definitions(text)
    text = re.sub(r"\\cmidrule\s*(?:\[[^\]]*\])?\s*\([^()]*\)\s*\{[^{}]*\}|\\[/-]", "", text)
    names = "|".join(sorted(map(re.escape, dropped), key=len, reverse=True))
    text = re.sub(
        rf"\\({names})(?![a-zA-Z@])\*?((?:\s*{_OPTION})*)((?:\s*(?:{_GROUP}|{_OPTION})){{0,4}})",
        lambda match: "".join(_groups(match[3])[dropped[match[1]] :]),
        text,
    )
    kinds = "|".join(map(re.escape, with_arguments)) or "document"
    text = re.sub(rf"\\begin\{{(?:{kinds})\*?\}}(?:\s*{_OPTION})?(?:\s*{_GROUP}){{0,2}}", " ", text)
    text = re.sub(rf"(\\begin\{{[\w*]+\}}(?:<[^<>]*>)?)\s*({_GROUP})", r"\1 \2 ", text)
    text = re.sub(rf"\\(?:begin|end)\{{[\w*]+\}}(?:<[^<>]*>)?(?:\s*{_OPTION})?", " ", text)
    text = re.sub(rf"(?<=\\item)\s*\[|(?<=\\\\)\s*{_OPTION}", " ", decoded(text))
    text = re.sub(rf"\\(?:{_APART})(?![a-zA-Z])\*?\s*({_GROUP})", r" \1 ", text)
    text = re.sub(rf"\\\\|\\[ ,;:!>_]|[~&]|\}}\s*\{{|\\(?:{_APART})(?![a-zA-Z])\*?(?:<[\d,.+@a-z:|-]*>)?", " ", text)
    text = re.sub(r"(?<=\d)\\textsuperscript(?![a-z])", " ", text)
    text = re.sub(r"\\[a-zA-Z]+\*?(?:<[\d,.+@a-z:|-]*>)?|[{}]|\\(?=[^\w\s])", "", text)
    while re.search("\0\\d+\0", text):
        text = re.sub("\0(\\d+)\0", lambda match: kept[int(match[1])], text)
    return text


#: Commands that begin something of its own, so that no word goes on behind them.
_APART = "|".join((*SECTIONS, *STATED, *APART))


def _groups(text: str) -> list[str]:
    return [f" {found} " for found in re.findall(rf"{_GROUP}|{_OPTION}", text)]
