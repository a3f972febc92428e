"""Words that deny, and pairs of words of opposite meaning, by language.

They stand in ``words/CODE.txt``, a line for each group. Stems, as Snowball makes them, would fold "unlike" into "like",
so forms are spelt out; ``*`` stands for any ending.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

_FOLDER = Path(__file__).with_name("words")
#: Words after which a denying word denies nothing: "not only", "no later than".
NO_DENIAL = {
    "not": ("only", "just", "merely", "least", "surprising", "surprisingly", "until"),
    "no": ("later", "more", "less", "fewer", "earlier", "matter", "doubt", "sooner", "solo", "sólo"),
    "nothing": ("but",), "nicht": ("nur", "zuletzt"), "non": ("solo",), "pas": ("seulement",), "não": ("só", "apenas"),
}  # fmt: skip

#: Words that deny nothing two words before "than": "no longer than".
COMPARED_DENIAL, THAN = frozenset(("no", "not", "nicht", "pas", "non")), frozenset(("than", "als", "de", "que", "di"))
#: Beginnings that turn a word into its opposite, and the least letters of what follows, as in "im-possible".
PREFIXES = {"un": 4, "in": 5, "im": 5, "ir": 5, "il": 5, "dis": 5, "non": 4, "mis": 5, "de": 6, "anti": 4, "counter": 4}

#: Forms of irregular English verbs, which a stemmer leaves apart.
IRREGULAR = {
    form: base
    for base, forms in {
        "win": "won", "begin": "began begun", "become": "became", "give": "gave given", "take": "took taken",
        "make": "made", "hold": "held", "keep": "kept", "lead": "led", "leave": "left", "lose": "lost",
        "build": "built",
        "write": "wrote written", "find": "found", "know": "knew known", "grow": "grew grown", "fall": "fell fallen",
        "rise": "rose risen", "see": "saw seen", "say": "said", "send": "sent", "sell": "sold", "buy": "bought",
        "teach": "taught", "think": "thought", "bring": "brought", "come": "came", "go": "went gone", "get": "got",
        "run": "ran", "speak": "spoke spoken", "meet": "met", "choose": "chose chosen", "break": "broke broken",
        "draw": "drew drawn", "drive": "drove driven", "fight": "fought", "feel": "felt", "pay": "paid", "lie": "lay",
        "show": "shown", "wear": "wore worn", "bear": "bore born", "forbid": "forbade forbidden", "stand": "stood",
        "understand": "understood", "strike": "struck", "spend": "spent", "sit": "sat", "throw": "threw thrown",
        "steal": "stole stolen", "freeze": "froze frozen", "forget": "forgot forgotten", "eat": "ate eaten",
        "fly": "flew flown", "hide": "hid hidden", "ride": "rode ridden", "shake": "shook shaken", "wake": "woke woken",
        "lend": "lent", "catch": "caught", "seek": "sought", "bind": "bound", "hang": "hung", "bend": "bent",
        "tear": "tore torn", "drink": "drank drunk", "sink": "sank sunk", "blow": "blew blown", "sweep": "swept",
        "sing": "sang sung", "swim": "swam", "die": "dying died", "have": "had has", "do": "did done",
    }.items()
    for form in forms.split()
}  # fmt: skip


class Forms:
    """A set of words and of beginnings of words; asked for words that are case-folded, and so without "ß".

    >>> "banned" in Forms("ban* not"), "no" in Forms("ban* not"), "ausser" in Forms("außer")
    (True, False, True)
    """

    def __init__(self, patterns: str = "") -> None:
        each = patterns.casefold().split()
        self._whole = frozenset(pattern for pattern in each if not pattern.endswith("*"))
        self._begins = tuple(pattern[:-1] for pattern in each if pattern.endswith("*"))

    def __contains__(self, word: str) -> bool:
        return word in self._whole or word.startswith(self._begins)


#: Words that compare amounts; with them, "no more than ten" and "at most ten" are alike without a denial.
COMPARING = Forms("more less than fewer mehr weniger als más menos plus moins più meno mais meer minder")

#: Words before who does it, in the passive voice.
BY = Forms("by von durch por par da door af av przez")


@dataclass(frozen=True, slots=True)
class Polarity:
    """The words of one language that deny or have opposites.

    ``denying`` ones are all alike "not"; ``refusing`` ones deny by their meaning ("fail"); a sentence may put a plain
    "not" in place of an ``implying`` one ("hardly"). ``lacking`` ones are among those that deny, but reach no further
    than their noun ("without"). Verbs with a ``particle`` ("switch on") are opposites by it. ``only`` and
    ``excepting`` ones ("unless"; "sei_denn" for two words) set conditions.
    """

    denying: Forms
    refusing: Forms
    implying: Forms
    opposites: tuple[tuple[Forms, Forms], ...]
    lacking: Forms = field(default_factory=Forms)
    only: Forms = field(default_factory=Forms)
    excepting: Forms = field(default_factory=Forms)
    also: Forms = field(default_factory=Forms)
    particle: Forms = field(default_factory=Forms)
    same: tuple[tuple[str, ...], ...] = ()
    is_known: bool = True


@cache
def polarity(language: str) -> Polarity:
    """The tables of a language by its ISO 639-1 code; empty ones if there is no file of it."""
    path = _FOLDER / f"{language}.txt"
    if not path.is_file():
        return Polarity(Forms(), Forms(), Forms(), (), is_known=False)
    lines = [line.partition(": ") for line in path.read_text(encoding="utf-8").splitlines()]
    groups = {name: Forms(words) for name, _, words in lines if name not in ("opposite", "same")}
    pairs = [words.partition(" | ") for name, _, words in lines if name == "opposite"]
    return Polarity(
        groups["deny"],
        groups.get("refuse", Forms()),
        groups.get("imply", Forms()),
        tuple((Forms(one), Forms(other)) for one, _, other in pairs),
        lacking=groups.get("lack", Forms()),
        only=groups.get("only", Forms()),
        excepting=groups.get("except", Forms()),
        also=groups.get("also", Forms()),
        particle=groups.get("particle", Forms()),
        same=tuple(tuple(words.split()) for name, _, words in lines if name == "same"),
    )


@lru_cache(maxsize=65536)
def sides(key: str, language: str) -> frozenset[tuple[int, bool]]:
    """The pairs of opposites that have a word, by their number in the language's table, and whether on the right.

    >>> {(n, not is_right) for n, is_right in sides("rural", "en")} == sides("urban", "en")
    True
    """
    pairs = polarity(language).opposites
    return frozenset((i, at == 1) for i, pair in enumerate(pairs) for at, forms in enumerate(pair) if key in forms)
