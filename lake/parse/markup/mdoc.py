# ruff: noqa: RUF001 - the characters are what the names stand for
"""The macros of mdoc, in which pages of BSD manuals are written: one line as the words it shows."""

from __future__ import annotations

from collections.abc import Iterator

#: Macros that enclose what follows them, up to the end of the line.
_AROUND = {"Op": "[]", "Dq": "“”", "Sq": "‘’", "Pq": "()", "Bq": "[]", "Brq": "{}", "Aq": "<>", "Ql": "‘’", "Qq": '""',
           "En": "  "}  # fmt: skip
_OPENING = {"Oo": "[", "Do": "“", "So": "‘", "Po": "(", "Bo": "[", "Bro": "{", "Ao": "<", "Qo": '"', "Xo": "", "Eo": ""}
_CLOSING = {"Oc": "]", "Dc": "”", "Sc": "’", "Pc": ")", "Bc": "]", "Brc": "}", "Ac": ">", "Qc": '"', "Xc": "", "Ec": ""}
_SYSTEMS = {"Bx": "BSD", "Nx": "NetBSD", "Fx": "FreeBSD", "Ox": "OpenBSD", "Ux": "UNIX", "At": "AT&T UNIX",
            "Dx": "DragonFly", "Bsx": "BSD/OS"}  # fmt: skip
#: Macros that show their arguments as they are.
_THROUGH = frozenset(
    (
        *("Ad", "An", "Ar", "Cd", "Cm", "Dv", "Em", "Er", "Ev", "Fa", "Fd", "Ft", "Ic", "In", "Lb", "Li", "Lk", "Ms"),
        *("Mt", "No", "Nd", "Pa", "St", "Sx", "Sy", "Tn", "Va", "Vt", "Bf", "Ef", "Hf", "Db", "Bt", "Ud", "Ot"),
    )
)
_OTHERS = frozenset(("Fl", "Fn", "Fo", "Fc", "Nm", "Ns", "Ap", "Pf", "Xr", "Ta", "Ex", "Rv"))
#: All macros that may stand inside a line.
INLINE = frozenset((*_AROUND, *_OPENING, *_CLOSING, *_SYSTEMS, *_THROUGH, *_OTHERS))
_ENDING, _BEGINNING = frozenset(".,;:?!)]"), frozenset("([")
_GLUE = "\0"
#: Parts the cells of a row.
CELL = "\x1f"


def line_words(macro: str, arguments: list[str], name: str) -> str:
    """What a macro with its arguments shows; ``name`` is that of the page.

    >>> line_words("Op", ["Fl", "v", "Ar", "level"], "pump"), line_words("Xr", ["tar", "1", "."], "")
    ('[-v level]', 'tar(1).')
    """
    pieces = [piece for piece in _pieces([macro, *arguments], name) if piece]
    text = ""
    for piece in pieces:
        if piece in (_GLUE, CELL) or not text or text.endswith((_GLUE, CELL)):
            text += piece
        else:
            text += piece if piece in _ENDING else f" {piece}"
        if piece in _BEGINNING:
            text += _GLUE
    return text.replace(f" {_GLUE}", "").replace(_GLUE, "").strip(" ")


def _pieces(words: list[str], name: str) -> Iterator[str]:
    """Words and signs in their order; a glue sign stands where no space does."""
    place, closing = 0, list[str]()
    # Signs that end a sentence stand behind what encloses the line.
    end = len(words)
    while end and words[end - 1] in _ENDING and not _AROUND.keys().isdisjoint(words):
        end -= 1
    words, ending = words[:end], words[end:]
    while place < len(words):
        word = words[place]
        place += 1
        following = []
        if word in INLINE:
            while place < len(words) and words[place] not in INLINE:
                following.append(words[place])
                place += 1
        if word in _AROUND:
            yield from (_AROUND[word][0], _GLUE)
            closing.append(_AROUND[word][1])
            yield from following
        else:
            yield from _one(word, following, name)
    for sign in reversed(closing):
        yield from (_GLUE, sign)
    yield from ending


def _one(word: str, following: list[str], name: str) -> Iterator[str]:
    if word == "Fl":
        yield from _flags(following)
    elif word == "Xr" and following:
        section = following[1] if len(following) > 1 else ""
        yield f"{following[0]}({section})" if section else following[0]
        yield from following[2:]
    elif word in ("Fn", "Fo") and following:
        plain = [one for one in following if one not in _ENDING]
        yield f"{plain[0]}({', '.join(plain[1:])})" if word == "Fn" and plain else f"{following[0]}("
        yield from (one for one in following if one in _ENDING)
    elif word == "Fc":
        yield from (_GLUE, ")", *following)
    elif word == "Nm":
        yield from (following if following and following[0] not in _ENDING else [name, *following])
    elif word == "Ns":
        yield from (_GLUE, *following)
    elif word == "Ap":
        yield from (_GLUE, "'", _GLUE, *following)
    elif word == "Pf" and following:
        yield from (following[0], _GLUE, *following[1:])
    elif word == "Ta":
        yield from (CELL, *following)
    elif word in _SYSTEMS:
        yield from (_SYSTEMS[word], *following)
    elif word in _OPENING:
        yield from (_OPENING[word], _GLUE, *following)
    elif word in _CLOSING:
        yield from (_GLUE, _CLOSING[word], *following)
    elif word == "Ar" and not any(one not in _ENDING for one in following):
        yield from ("file ...", *following)
    elif word in ("Ex", "Rv"):
        yield from (one for one in following if one != "-std")
    elif word in INLINE:
        yield from following
    else:
        yield word


def _flags(following: list[str]) -> Iterator[str]:
    if not any(one not in _ENDING for one in following):
        yield "-"
    yield from (one if one in _ENDING or one == "|" else f"-{one}" for one in following)
