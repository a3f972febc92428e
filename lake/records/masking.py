"""Masks personal data in questions and comments before they are kept.

Better too much than too little: a long part number may be masked as a phone number. Names of people are not recognised.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from lake.options import QueryLogOptions

#: Maximum number of characters that are read of a text, and that are kept of it once it is masked.
_READ, MAX_TEXT = 20_000, 2_000
#: Characters at the end of a cut text, which may be the beginning of something to mask.
_MARGIN = 100

_EMAIL = re.compile(
    r"[^\s@<>()\[\],;:\"]{1,64}(?:@|\s?[(\[{]\s?at\s?[)\]}]\s?)[^\W_](?:[\w.-]{0,250}[^\W_])?", re.IGNORECASE
)
_CARD = re.compile(r"(?<!\d)\d(?:[ \u00a0.\-\u2010-\u2015]?\d){11,18}(?!\d)")
_SEPARATED = r"[ \u00a0./()\-\u2010-\u2015]{0,3}"
_PHONE = re.compile(
    rf"(?<![\w.])(?:\+|\(\+|00{_SEPARATED}(?=[1-9]))(?:{_SEPARATED}\d){{6,15}}(?!\d)"  # with a country's code
    rf"|(?<![\w.,])\(?0\d(?:{_SEPARATED}\d){{5,13}}(?!\d)"  # with an area's code that begins with 0
    r"|(?<![\w.,])\(?\d{3}\)?[ \u00a0.\-]{1,2}\d{3}[ \u00a0.\-]\d{4}(?!\d)"  # as in North America
)


def _is_card(digits: str) -> bool:
    """Whether the check digit is right, by Luhn's formula."""
    numbers = [int(digit) for digit in reversed(digits)]
    doubled = (2 * number - 9 * (number > 4) for number in numbers[1::2])
    return (sum(numbers[::2]) + sum(doubled)) % 10 == 0


def _masked_card(match: re.Match[str]) -> str:
    digits = "".join(character for character in match[0] if character.isdigit())
    return "[card]" if _is_card(digits) else match[0]


#: What each kind is found by, and what takes its place. Cards go first, since phone numbers have no check digit.
_KINDS: dict[str, tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = {
    "email": (_EMAIL, "[email]"),
    "card": (_CARD, _masked_card),
    "phone": (_PHONE, "[phone]"),
}


class Masking:
    """Replaces what ``options`` name by ``[email]``, ``[card]``, ``[phone]`` and ``[masked]``.

    >>> Masking(QueryLogOptions()).of("call +49 170 1234567 or write to anna@example.org")
    'call [phone] or write to [email]'
    """

    def __init__(self, options: QueryLogOptions) -> None:
        self._own = [re.compile(pattern) for pattern in options.patterns]
        self._kinds: Sequence[str] = [kind for kind in _KINDS if kind in options.mask]

    def of(self, text: str) -> str:
        """The text without what is masked, of at most 2,000 characters."""
        is_cut, text = len(text) > _READ, text[:_READ]
        for pattern in self._own:
            text = pattern.sub("[masked]", text)
        for kind in self._kinds:
            pattern, instead = _KINDS[kind]
            text = pattern.sub(instead, text)
        return (text[:-_MARGIN] if is_cut else text)[:MAX_TEXT]
