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
#: Digits of a card's number, and of a group of them.
_LEAST_OF_CARD, _MOST_OF_CARD, _SHORTEST_GROUP = 12, 19, 3

_EMAIL = re.compile(
    r"[^\s@<>()\[\],;:\"]{1,64}(?:[@\uff20]|\s?[(\[{]\s?at\s?[)\]}]\s?)[^\W_](?:[\w.-]{0,250}[^\W_])?"
    r"(?:\s?[(\[{]\s?dot\s?[)\]}]\s?[\w-]{1,63}){0,5}",
    re.IGNORECASE,
)
#: An address in words. Other words than a name stand before "at", and others than a domain's last part after "dot".
_SPOKEN_EMAIL = re.compile(
    r"(?<![\w.+'-])(?!(?:look(?:s|ed|ing)?|is|are|was|were|be|it|us|me|them|and|or|that|what|available|hosted|found|happens)\s)"
    r"[\w.+'-]{1,64}\s{1,3}at\s{1,3}(?:[^\W_][\w-]{0,62}\s{1,3}dot\s{1,3}){1,5}"
    r"(?:(?:com|org|net|edu|gov|info|biz|dev|app|(?!(?:a[nst]|be|by|do|i[fnst]|m[ey]|no|o[fnr]|so|to|us|we)\b)[a-z]{2})\b"
    r"|(?:at|be|in|is|it|me|no|so|to|us)(?=\s*(?:$|[,.;:!?)])))",
    re.IGNORECASE,
)
#: What stands between the digits of one number: blanks of any kind, also narrow and invisible ones, and signs.
_SEPARATOR = r"[\s./()_\-\u00ad\u200b-\u200d\u2010-\u2015\u2060\u2212]"
_SEPARATED = rf"{_SEPARATOR}{{0,3}}"
_NUMBERS = re.compile(rf"\d+(?:{_SEPARATOR}{{1,3}}\d+)*")
#: A card with commas between its usual groups; other numbers with commas are amounts and lists.
_CARD_WITH_COMMAS = re.compile(
    r"(?<![\d.,])(?<!\d[,.] )(?:(?:[3-6]\d{3}|2[2-7]\d\d)(?:,\s?\d{4}){3}|3[47]\d\d,\s?\d{6},\s?\d{5})(?!\d|[,.]\s?\d)"
)
_DAY, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:19|20)\d\d"
_DATES = (rf"{_YEAR}{sign}{_DAY}{sign}{_DAY}|{_DAY}{sign}{_DAY}{sign}{_YEAR}" for sign in (r"\.", "/", "-"))
_NO_DATE = rf"(?!(?<![\d./-])(?:{'|'.join(_DATES)})(?!\d|[./-]\d))"
#: The rest of a date, whose beginning is no phone number.
_NO_REST = (
    rf"(?!(?<=\d[/-])0[1-9][/-]{_YEAR}(?!\d)|(?<={_YEAR}[/-]){_DAY}[/-]{_DAY}(?!\d)"
    rf"|(?<={_YEAR}[/-]\d\d[/-])\d\d(?!\d))"
)
_PHONE = re.compile(
    rf"(?<![\w.])(?:\+|\(\+|00{_SEPARATED}(?=[1-9]))(?:{_SEPARATED}\d){{6,15}}(?!\d)"  # with a country's code
    rf"|(?<![\w.,])\(?{_NO_DATE}{_NO_REST}0\d(?:{_SEPARATED}{_NO_DATE}\d){{5,13}}(?!\d)"  # with an area's code after 0
    r"|(?<![\w.,])\(?\d{3}\)?"
    rf"{_SEPARATOR}{{1,2}}\d{{3}}{_SEPARATOR}\d{{4}}(?!\d)"  # as in North America
)


def _is_card(digits: str) -> bool:
    """Whether the check digit is right, by Luhn's formula."""
    numbers = [int(digit) for digit in reversed(digits)]
    doubled = (2 * number - 9 * (number > 4) for number in numbers[1::2])
    return (sum(numbers[::2]) + sum(doubled)) % 10 == 0


def _masked_card(match: re.Match[str]) -> str:
    return "[card]" if _is_card("".join(filter(str.isdigit, match[0]))) else match[0]


def _masked_cards(match: re.Match[str]) -> str:
    """Numbers in a row, such as a card's groups and its date; those whose digits together are a card's are masked."""
    text, groups = match[0], list(re.finditer(r"\d+", match[0]))
    kept, end, place = [], 0, 0
    while place < len(groups):
        last = _last_of_card(groups, place)
        if last is not None:
            kept += [text[end : groups[place].start()], "[card]"]
            end, place = groups[last].end(), last
        place += 1
    return "".join([*kept, text[end:]])


def _last_of_card(groups: Sequence[re.Match[str]], first: int) -> int | None:
    """The last group of the longest card that begins with the group ``first``; among others, its groups are long."""
    digits, found, is_long = "", None, True
    for place in range(first, len(groups)):
        digits += groups[place][0]
        is_long = is_long and len(groups[place][0]) >= _SHORTEST_GROUP
        if len(digits) > _MOST_OF_CARD:
            break
        is_alone = first == 0 and place == len(groups) - 1
        if len(digits) >= _LEAST_OF_CARD and (is_long or is_alone) and _is_card(digits):
            found = place
    return found


#: What each kind is found by, and what takes its place. Cards go first, since phone numbers have no check digit.
_KINDS: Sequence[tuple[str, re.Pattern[str], str | Callable[[re.Match[str]], str]]] = (
    ("email", _EMAIL, "[email]"),
    ("email", _SPOKEN_EMAIL, "[email]"),
    ("card", _CARD_WITH_COMMAS, _masked_card),
    ("card", _NUMBERS, _masked_cards),
    ("phone", _PHONE, "[phone]"),
)


class Masking:
    """Replaces what ``options`` name by ``[email]``, ``[card]``, ``[phone]`` and ``[masked]``.

    >>> Masking(QueryLogOptions()).of("call +49 170 1234567 or write to anna@example.org")
    'call [phone] or write to [email]'
    """

    def __init__(self, options: QueryLogOptions) -> None:
        self._own = [re.compile(pattern) for pattern in options.patterns]
        self._kinds = [(pattern, instead) for kind, pattern, instead in _KINDS if kind in options.mask]

    def of(self, text: str) -> str:
        """The text without what is masked, of at most 2,000 characters."""
        is_cut, text = len(text) > _READ, text[:_READ]
        for pattern in self._own:
            text = pattern.sub("[masked]", text)
        for pattern, instead in self._kinds:
            text = pattern.sub(instead, text)
        return (text[:-_MARGIN] if is_cut else text)[:MAX_TEXT]
