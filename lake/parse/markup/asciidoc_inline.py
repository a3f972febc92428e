"""Words of AsciiDoc: inline marks, macros and references to attributes as what a reader sees."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lake.parse.canonical import one_line, runs_into

#: Characters that AsciiDoc names, and signs that it makes of others.
CHARACTERS = {
    "nbsp": " ", "sp": " ", "empty": "", "blank": "", "zwsp": "", "wj": "", "apos": "'", "quot": '"', "lt": "<",
    "gt": ">", "amp": "&", "lsquo": "\u2018", "rsquo": "\u2019", "ldquo": "\u201c", "rdquo": "\u201d", "deg": "\u00b0",
    "plus": "+", "brvbar": "\u00a6", "vbar": "|", "startsb": "[", "endsb": "]", "caret": "^", "asterisk": "*",
    "tilde": "~", "backslash": "\\", "backtick": "`", "two-colons": "::", "two-semicolons": ";;", "cpp": "C++",
    "cxx": "C++", "pp": "++",
}  # fmt: skip
_REPLACED = (
    (re.compile(r"(?<=\w)--(?=\w)|(?:(?<= )|(?<=^))--(?= |$)"), "\u2014"), (re.compile(r"\.\.\."), "\u2026"),
    (re.compile(r"(?<![-<=])->"), "\u2192"), (re.compile(r"(?<!=)=>"), "\u21d2"),
    (re.compile(r"<-(?![-=])"), "\u2190"), (re.compile(r"&(?:nbsp|#160);"), " "), (re.compile("&amp;"), "&"),
    (re.compile("&lt;"), "<"), (re.compile("&gt;"), ">"),
)  # fmt: skip
REFERENCE = re.compile(r"(?<!\\)\{(?:set:[^{}]*|(?:counter2?:)?(\w[\w-]*)(?::[^{}]*)?)\}")
_ENTITY = re.compile(r"&#(\d{2,6});|&#x([0-9a-fA-F]{2,5});")
#: Text that nothing else in the sentence changes: ``+++a+++``, ``pass:[a]``, ``++a++``, ``+a+``, a monospaced ``+a+``.
_PASSED = re.compile(
    r"\+\+\+(.+?)\+\+\+|\$\$(.+?)\$\$|\bpass:[a-z,]*\[((?:\\\]|[^\]])*)\]|(?:latexmath|asciimath|stem):\[((?:\\\]|[^\]])*)\]"
    r"|(?<!\+)\+\+(?!\+)(.+?)(?<!\+)\+\+(?!\+)|(?<![\w+])\+(?![\s+])([^+]*?[^\s+])\+(?![\w+])",
    re.DOTALL,
)
_BRACKETS = r"\[((?:\\\]|[^\[\]]|\[[^\[\]]*\])*)\]"
_FOOTNOTE = re.compile(rf"\s*footnote(?:ref)?:([\w-]*){_BRACKETS}")
_MENU = re.compile(rf"\bmenu:([^\s\[\]][^\[\]]*?){_BRACKETS}")
_IMAGE = re.compile(rf"\b(?:image|icon)::?([^\s\[\]:][^\[\]]*?|[^\s\[\]]){_BRACKETS}")
_KEYS = re.compile(rf"\b(?:kbd|btn):{_BRACKETS}")
_TERMS = re.compile(r"\(\(\((.+?)\)\)\)|\(\((.+?)\)\)|\bindexterm(2?):\[([^\]]*)\]", re.DOTALL)
_LINK = re.compile(rf"(?<!\w)(?:link|xref|mailto):([^\s\[\]]*){_BRACKETS}")
_ADDRESS = re.compile(rf"\\?<?((?:https?|ftp|irc|file)://[^\s\[\]<>]+|mailto:[^\s\[\]<>]+)(?:{_BRACKETS})?>?")
_CROSS = re.compile(r"<<([^<>,]+)(?:,([^<>]*))?>>", re.DOTALL)
_ANCHOR = re.compile(r"\[\[\[([\w:.-]+)(?:,([^\]]*))?\]\]\]|\[\[[\w:.,\s-]*\]\]|\banchor:[\w:.-]*\[[^\]]*\]")
_ROLE = re.compile(r"\[[.#%][\w.#% -]*\](?=[#*_`])|\[(?:underline|line-through|overline|big|small|\w+-?\w*)\](?=#)")
_CURVED = re.compile(r"\"`(.+?)`\"|'`(.+?)`'", re.DOTALL)
_UNCONSTRAINED = re.compile(r"(\*\*|__|``|##)(.+?)\1", re.DOTALL)
_CONSTRAINED = re.compile(r"(?<![\w\\;:}])([*_`#])(?!\s)(.+?)(?<!\s)\1(?!\w)", re.DOTALL)
_SUPER, _SUB = re.compile(r"\^(\S+?)\^"), re.compile(r"~(\S+?)~")
_ESCAPED = re.compile(r"\\(?=[*_`#^~+{<\[\"'\(.:&-]|\w+:|https?)")
_LINE_BREAK = re.compile(r"[ \t]\+[ \t]*(?:\n|$)")
_HELD = re.compile("\0(\\d+)\0")
#: A paragraph with more marks is kept as it is written: expressions need time by the square of them.
MOST_MARKS = 2000
_NAMED = re.compile(r"^\s*[\w-]+\s*=")
_POSITIONAL = re.compile(r"(?:\"((?:\\.|[^\"])*)\"|((?:[^,\"]|\"(?=\w))*))(?:,|$)")


def first_value(attributes: str) -> str:
    """The first positional value of a macro's attributes: the text of an image, without its size.

    >>> first_value('A red lamp,200,link="x"'), first_value('"Lamp, red",50'), first_value("width=50")
    ('A red lamp', 'Lamp, red', '')
    """
    named = re.search(r"(?:^|,)\s*(?:alt|title|caption)\s*=\s*(?:\"([^\"]*)\"|([^,]*))", attributes)
    if _NAMED.match(attributes):
        return (named[1] or named[2] or "").strip() if named else ""
    match = _POSITIONAL.match(attributes)
    first = ((match[1] or match[2] or "") if match else "").strip()
    return first or ((named[1] or named[2] or "").strip() if named else "")


class Inline:
    """Reads sentences with the document's ``attributes``, which change as it is read; gathers footnotes."""

    def __init__(self, attributes: Attributes) -> None:
        self.attributes = attributes
        self.notes: list[tuple[str, str]] = []
        self._n_notes = 0
        self._named_notes: dict[str, int] = {}
        self._held: list[str] = []
        self.index_terms: list[str] = []

    def words(self, text: str) -> str:
        """The words of a paragraph; its hard line breaks are kept."""
        if not MARKED.search(text) or len(MARKED.findall(text)) > MOST_MARKS:
            return "\n".join(map(one_line, text.split("\n"))) if "\n" in text else one_line(text)
        self._held.clear()
        read = self._read(text)
        while _HELD.search(read):
            read = _HELD.sub(lambda match: self._held[int(match[1])], read)
        return read.replace("\1", "\n")

    def title(self, text: str) -> str:
        return one_line(self.words(text))

    def substituted(self, text: str) -> str:
        """``text`` with the values of attributes that are known."""
        return substituted(text, self.attributes)

    def _read(self, text: str) -> str:
        text = _LINE_BREAK.sub("\1", text)
        text = _PASSED.sub(self._hold, text)
        text = self.substituted(text)
        text = _FOOTNOTE.sub(self._note, text)
        text = _TERMS.sub(self._term, text)
        text = _ANCHOR.sub(lambda match: f"[{match[2] or match[1]}]" if match[1] else "", text)
        text = _MENU.sub(_menu, text)
        text = _KEYS.sub(lambda match: match[1], text)
        text = _IMAGE.sub(lambda match: f" {first_value(match[2])} ", text)
        text = _LINK.sub(_linked, text)
        text = _ADDRESS.sub(self._address, text)
        text = _CROSS.sub(lambda match: (match[2] or match[1].lstrip("#")).strip(), text)
        text = _ROLE.sub("", text)
        text = _CURVED.sub(lambda m: f"\u201c{m[1]}\u201d" if m[1] is not None else f"\u2018{m[2]}\u2019", text)
        for _ in range(3):
            text, n_plain = _UNCONSTRAINED.subn(r"\2", text)
            text, n_marked = _CONSTRAINED.subn(r"\2", text)
            if not n_plain + n_marked:
                break
        text = _SUPER.sub(_raised, text)
        text = _SUB.sub(r"\1", text)
        for pattern, sign in _REPLACED:
            text = pattern.sub(sign, text)
        text = _ENTITY.sub(_character, _ESCAPED.sub("", text))
        return "\1".join(map(one_line, text.split("\1")))

    def _hold(self, match: re.Match[str]) -> str:
        if match.start() and match.string[match.start() - 1] == "\\":
            return match[0]
        self._held.append(next(group for group in match.groups() if group is not None).replace("\\]", "]"))
        return f"\0{len(self._held) - 1}\0"

    def _note(self, match: re.Match[str]) -> str:
        name, text = match[1], match[2].strip()
        if match[0].lstrip().startswith("footnoteref"):
            name, _, text = (*text.partition(","),) if "," in text else (text, "", "")
        if name in self._named_notes and name:
            return f" [{self._named_notes[name]}]"
        self._n_notes += 1
        if name:
            self._named_notes[name] = self._n_notes
        if text:
            self.notes.append((str(self._n_notes), self._read(text.replace("\\]", "]"))))
        return f" [{self._n_notes}]"

    def _term(self, match: re.Match[str]) -> str:
        if match[1] is not None or (match[4] is not None and not match[3]):
            self.index_terms.append(match[1] or match[4])
            return ""
        return match[2] or match[4]

    def _address(self, match: re.Match[str]) -> str:
        text = (match[2] or "").strip()
        if match[2] is not None and (shown := _link_text(text)):
            return shown
        self._held.append(match[1].removeprefix("mailto:"))
        return f"\0{len(self._held) - 1}\0"


#: Characters that references to attributes may stand for in any document.
_LEAST_EXPANDED = 1 << 18
#: What makes a text more than its words.
MARKED = re.compile(r"[*_`#^~+{<\[\\&:(]|--|\.\.\.|->|=>")


class Attributes(dict[str, str]):
    """Values of attributes by name, of a document of ``size`` characters.

    A few that name one another could fill any memory: once references stand for far more text than the document has,
    the others stay as they are written.
    """

    def __init__(self, size: int, values: Mapping[str, str] | None = None) -> None:
        super().__init__(values or {})
        self.left = _LEAST_EXPANDED + 4 * size


def substituted(text: str, attributes: Attributes, depth: int = 0) -> str:
    """``text`` with the values of attributes; a reference to an unknown one stays as it is written."""

    def value(match: re.Match[str]) -> str:
        name = (match[1] or "").lower()
        if not name:
            return ""
        found = attributes.get(name, CHARACTERS.get(name))
        if found is None or attributes.left < 0:
            return match[0]
        attributes.left -= len(found) + 1
        return substituted(found, attributes, depth + 1) if depth < 5 else found

    return REFERENCE.sub(value, text) if "{" in text else text


def _linked(match: re.Match[str]) -> str:
    return _link_text(match[2]) or match[1].lstrip("#")


def _link_text(attributes: str) -> str:
    """The words of a link, without a window, a role or a caret after them."""
    if _NAMED.match(attributes):
        return ""
    if "=" in attributes or attributes.startswith('"'):
        attributes = first_value(attributes)
    return attributes.replace("\\]", "]").removesuffix("^").strip()


def _menu(match: re.Match[str]) -> str:
    return " > ".join(part.strip() for part in (match[1], *match[2].split(">")) if part.strip())


def _raised(match: re.Match[str]) -> str:
    return f"^{match[1]}" if runs_into(match.string[: match.start()], match[1]) else match[1]


def _character(match: re.Match[str]) -> str:
    return chr(int(match[1]) if match[1] else int(match[2], 16))
