"""Which headers and footers of printed pages say something that the document does not."""

from __future__ import annotations

from collections.abc import Collection

from lake.parse.account import words

#: So few words beside the number of a page only say that it is one: "Page 3 of 9", "Seite 3".
_MOST_BESIDE_PAGE = 3


def new_words(text: str, known: Collection[str], *, has_page: bool) -> set[str]:
    """Words of a header or footer that are not ``known``; none if it is a page's number.

    ``has_page`` says that such a number stood in it, which ``text`` leaves out.

    >>> new_words("Page of", (), has_page=True), sorted(new_words("Lease 8831", ["Lease"], has_page=True))
    (set(), ['8831'])
    """
    found = words(text)
    if has_page and len(found) <= _MOST_BESIDE_PAGE and not any(character.isdigit() for character in text):
        return set()
    return set(found).difference(known)
