"""The part of a recipe that the full-text index depends on."""

from __future__ import annotations

from typing import Literal, NamedTuple

#: How full text is split into words: by raglake, which keeps every word, and names as wholes and in parts, without
#: accents (``words``) or with them (``words/accents``); or by Lance, which leaves out stop words: by Unicode's rules
#: and dictionaries, also inside names (``icu/split``) or not (``icu``), at anything but letters and digits
#: (``simple``), at spaces, or into groups of three letters (``ngram``).
TextTokenizer = Literal["words", "words/accents", "icu/split", "icu", "simple", "whitespace", "ngram"]


def are_own(tokenizer: str) -> bool:
    """Whether raglake makes the words of a recipe with this tokenizer; else Lance does."""
    return tokenizer.startswith("words")


#: Languages with stemming in the full-text index.
TextLanguage = Literal[
    "Arabic", "Danish", "Dutch", "English", "Finnish", "French", "German", "Greek", "Hungarian", "Italian", "Norwegian",
    "Portuguese", "Romanian", "Russian", "Spanish", "Swedish", "Tamil", "Turkish",
]  # fmt: skip


#: Raised when raglake spells words otherwise, so that the next run makes those of all chunks anew. Releases of before
#: keep theirs, and questions to them are spelled as they are: 0 stems no word in a script that its text's language
#: does not have, and distinguishes traditional from simplified characters; 1 splits compounds in German alone; 2 knows
#: fewer of the nouns that they are made of.
WORDS_REVISION = 3


class TextIndex(NamedTuple):
    """The settings that determine the full-text index: tokenizer, language, what the words of headings include, and how
    raglake spells words."""

    tokenizer: str
    language: str
    parts: tuple[str, ...] = ("headings",)
    revision: int = WORDS_REVISION
