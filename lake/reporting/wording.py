"""How work reports its progress, and how counts and sizes are worded."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def counted(n: int, noun: str) -> str:
    """
    >>> counted(1, "document"), counted(1234, "chunk")
    ('1 document', '1,234 chunks')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def listed(counts: Mapping[str, int]) -> str:
    """Counts that are not 0, each before its word.

    >>> listed({"added": 0, "changed": 5, "unchanged": 1056}), listed({"added": 0})
    ('5 changed, 1,056 unchanged', 'nothing')
    """
    return ", ".join(f"{n:,} {word}" for word, n in counts.items() if n) or "nothing"


def either(choices: Iterable[object]) -> str:
    """
    >>> either(["hybrid", "vector", "text"]), either(["one"]), either([])
    ('hybrid, vector or text', 'one', 'none')
    """
    *others, last = map(str, choices) if choices else ("none",)
    return f"{', '.join(others)} or {last}" if others else last


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """The end of a message about an unknown name: those that are spelt like it, else ``otherwise``.

    >>> did_you_mean("tabel", ["table", "text"]), did_you_mean("x", ["table"], "there are table"), did_you_mean("x", [])
    ('; did you mean table?', '; there are table', '')
    """
    near = difflib.get_close_matches(word, list(known))
    tail = f"did you mean {either(near)}?" if near else otherwise
    return tail and f"; {tail}"


def in_bytes(n: int) -> str:
    """
    >>> in_bytes(0), in_bytes(999), in_bytes(1_234_567), in_bytes(45_000_000_000)
    ('0 bytes', '999 bytes', '1.2 MB', '45.0 GB')
    """
    size, power = float(max(0, n)), 0
    while size >= 1000 and power < len(_UNITS) - 1:
        size, power = size / 1000, power + 1
    return f"{size:.{1 if power else 0}f} {_UNITS[power]}"


#: Characters that command a terminal, reverse or hide what is shown, or begin a line: controls, marks of direction,
#: line separators, tags, halves of characters.
_COMMANDING = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff"
_TAGS = "\U000e0000-\U000e007f"
_UNSAFE = re.compile(f"[{_COMMANDING}{_TAGS}]")
_UNSAFE_IN_LINE = re.compile(f"[\t\n{_COMMANDING}{_TAGS}]")
_MARKDOWN = re.compile(r"([\\`*\[\]<>|!&~])")


def visible(text: str, *, is_line: bool = True) -> str:
    """Text that is safe to print: what would command a terminal is shown as an escape of JSON.

    Line breaks and tabs too if ``is_line``, so that no name can forge a line.

    >>> print(visible("a\\x1b[31mb\\nc"), visible("a\\tb", is_line=False) == "a\\tb")
    a\\u001b[31mb\\nc True
    """
    return (_UNSAFE_IN_LINE if is_line else _UNSAFE).sub(lambda found: _escaped(found[0]), text)


def _escaped(character: str) -> str:
    if character in "\n\t\r":
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}[character]
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2))


def markdown_cell(value: object) -> str:
    """A value as one line of text in Markdown: no markup, link, picture or column can come from it.

    >>> print(markdown_cell("a|b ![x](http://e)"))
    a\\|b \\!\\[x\\](http://e)
    """
    return visible(_MARKDOWN.sub(r"\\\1", " ".join(str(value).split())))


#: ``progress(what, n_done, n_more)``: so many more are done, so many more are to do.
Progress = Callable[[str, int, int | None], None]


def silent(what: str, n_done: int, n_more: int | None) -> None:
    """Report to nobody."""
