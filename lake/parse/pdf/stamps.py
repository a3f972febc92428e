"""Watermarks and stamps, such as DRAFT or "Received 3 May": they follow the text of their page and head nothing."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from lake.parse.pdf.letters import plain_letters

if TYPE_CHECKING:
    from lake.parse.pdf.geometry import Line

_LARGER, _MUCH_LARGER, _OVER = 1.12, 1.9, 1.4
_SAME_SIZE = 0.04
_LEAST_REPEATS, _LEAST_DENSITY = 3, 0.4
_SAME_PLACE = 9.0
#: How far below a heading its text stands, and how much its left edge lies left or right of the text's, in its sizes.
_NEXT, _BEFORE, _AFTER = 3.0, 2.5, 0.6
_CENTRED = 0.1
#: What people stamp or print over pages, in the languages of most such documents.
_WORDS = (
    r"(?:(?:final|first|second|working)\s+)?draft|(?:strictly|highly|company|commercial[\s-]in)?\s*(?:private\s+(?:and|&)\s+)?"
    r"confidential|(?:(?:certified|true|archive|file|office|client|customer|reference|controlled|uncontrolled|review)\s+)?"
    r"copy|do\s+not\s+(?:copy|distribute|duplicate)|not\s+for\s+(?:distribution|publication|circulation|construction)|"
    r"sample|specimen|void|paid(?:\s+in\s+full)?|unpaid|overdue|past\s+due|cancell?ed|approved|rejected|received|filed|"
    r"recorded|posted|scanned|completed|urgent|(?:top\s+)?secret|classified|unclassified|restricted|"
    r"(?:for\s+)?(?:internal|official)\s+use(?:\s+only)?|for\s+(?:review|information|reference|comment)(?:\s+only)?|"
    r"preliminary|obsolete|superseded|duplicate|original|embargoed|expired|proof|"
    r"entwurf|(?:streng\s+)?vertraulich|kopie|muster|bezahlt|storniert|eingegangen|eingang|genehmigt|abgelehnt|geheim|"
    r"ung(?:ü|ue)ltig|vorabzug|duplikat|abschrift|nur\s+f(?:ü|ue)r\s+(?:den\s+)?internen\s+gebrauch|"
    r"brouillon|confidentiel(?:le)?|copie|sp[ée]cimen|pay[ée]e?|re[çc]u|annul[ée]e?|approuv[ée]e?|"
    r"borrador|confidencial|copia|muestra|pagad[oa]|recibido|anulad[oa]|aprobado|rascunho|c[óo]pia|recebido|"
    r"bozza|riservato|confidenziale|pagato|ricevuto|annullato|concept|vertrouwelijk|betaald|ontvangen"
)
_MONTH = (
    r"(?:jan|feb|mar|m[äa]r|apr|ma[iyjg]|ju[nl]|jui[nl]|aug|sep|o[ck]t|nov|de[cz]|d[ée]c|f[ée]v|avr|ao[uû]|ene|abr|ago|"
    r"dic|gen|giu|lug|set|ott|out)[^\W\d_]{0,7}"
)
_DATE = (
    rf"(?:\d{{1,2}}\.?\s+{_MONTH}\.?,?(?:\s+\d{{2,4}})?|{_MONTH}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?"
    r"|\d{1,4}[-./]\s?\d{1,2}[-./]\s?\d{1,4})(?:,?\s+\d{1,2}[:.]\d{2}(?:\s*[ap]m)?)?"
)
_STAMPED = re.compile(rf"\W*(?:{_WORDS})\W*(?P<date>(?:(?:on|am|le|el|il)\s+)?{_DATE}\W*)?", re.IGNORECASE)
_DATED = re.compile(rf"\W*{_DATE}\W*", re.IGNORECASE)


def stamps_among(lines: Sequence[Line], tilted: Collection[int] = ()) -> list[Line]:
    """The stamps of a page; ``tilted`` are ids of the lines that are neither level nor upright.

    A stamp is set in larger type than the page, and is tilted, lies over smaller lines, or says what stamps say in
    a type that no other line of the page has.
    """
    if len(lines) < 2 or len({line.size for line in lines}) == 1:
        return []
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    usual = max(sizes, key=lambda size: (sizes[size], -size))
    large = [line for line in lines if line.size >= _LARGER * usual > 0 and not line.table and len(line.text) > 2]
    if not large or len(large) == len(lines):
        return []
    found = [
        line for line in large if id(line) in tilted or _says_stamp(line, usual, large, lines) or _is_over(line, lines)
    ]
    for line in large:  # the date under RECEIVED
        if line not in found and _DATED.fullmatch(line.text) and any(_is_under(line, one) for one in found):
            found.append(line)
    return found


def _says_stamp(line: Line, usual: float, large: Iterable[Line], lines: Sequence[Line]) -> bool:
    """Whether a large line holds nothing but the words of a stamp, and is set like no heading."""
    if not line.is_upright or not (match := _STAMPED.fullmatch(line.text)):
        return False
    if not match["date"] and _heads_text(line, lines, usual):
        return False
    if line.size >= _MUCH_LARGER * usual:
        return True
    if not (match["date"] or line.text.isupper()):
        return False
    return not any(
        other.bold == line.bold
        and abs(other.size - line.size) <= _SAME_SIZE * line.size
        and not (_STAMPED.fullmatch(other.text) or _DATED.fullmatch(other.text))
        for other in large
    )


def _heads_text(line: Line, lines: Sequence[Line], usual: float) -> bool:
    """Whether a line stands by itself over the text that it may head, at its left edge or in the middle.

    "Draft" may name a chapter, and "Proof" a slide. In capitals it is a heading only at the left edge of plain text.
    """
    below: Line | None = None
    left, right = line.left, line.right
    for other in lines:
        left, right = min(left, other.left), max(right, other.right)
        if other is line:
            continue
        if line.bottom < other.middle < line.top:
            return False
        overlaps = other.left < line.right and other.right > line.left
        if other.middle < line.middle and overlaps and (below is None or other.middle > below.middle):
            below = other
    if below is None or line.middle - below.middle > _NEXT * line.size or below.size >= line.size:
        return False
    if line.text.isupper() and below.size >= _LARGER * usual:
        return False
    if -_BEFORE * line.size <= line.left - below.left <= _AFTER * line.size:
        return True
    is_centred = abs(line.left + line.right - left - right) <= 2 * _CENTRED * (right - left)
    return is_centred and not line.text.isupper()


def _is_over(large: Line, lines: Iterable[Line]) -> bool:
    """Whether a smaller line runs through a level one; the height of its letters counts, not that of its box."""
    if large.table or large.has_gap or not large.is_upright or len(large.text) < 3:
        return False
    left, right, largest = large.left, large.right, large.size / _OVER
    edge = 0.4 * (large.top - large.bottom)
    low, high = 2 * large.bottom + edge, 2 * large.top - edge
    for line in lines:
        # Written out since each large line of a page meets all others.
        if low < line.bottom + line.top < high and line.size < largest and line.is_upright and len(line.text) > 2:
            begin, end = line.left, line.right
            overlap = (end if end < right else right) - (begin if begin > left else left)
            if overlap > 0.3 * min(right - left, end - begin):
                return True
    return False


def _is_under(line: Line, above: Line) -> bool:
    overlap = min(line.right, above.right) - max(line.left, above.left)
    return overlap > 0 and 0 < above.middle - line.middle < 2.5 * above.size


def recurring_stamps(pages: Sequence[Sequence[Line]]) -> list[dict[int, str]]:
    """The stamps of each page, by their index, that stood at the same place before, with "" for what remains."""
    groups: dict[str, list[tuple[int, int, Line]]] = defaultdict(list)
    for page, lines in enumerate(pages):
        for i, line in enumerate(lines):
            if line.is_stamp:
                groups[plain_letters(line.text)].append((page, i, line))
    found: list[dict[int, str]] = [{} for _ in pages]
    for group in groups.values():
        first = group[0][2]
        alike = [
            one for one in group if abs(one[2].left - first.left) + abs(one[2].middle - first.middle) < _SAME_PLACE
        ]
        where = sorted({page for page, _, _ in alike})
        if len(where) >= _LEAST_REPEATS and len(where) / (where[-1] - where[0] + 1) >= _LEAST_DENSITY:
            for page, i, _ in alike[1:]:
                found[page][i] = ""
    return found
