"""Numbers of spreadsheet cells as text: what Excel shows by a number format, but dates in ISO order and 24 hours."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache

from lake.parse.tables.cell_fractions import shows_fraction

#: Shows a cell's number.
Shows = Callable[[float], str]

_GENERAL, _TEXT = "General", "@"
_BUILT_IN = {
    0: _GENERAL, 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: "#,##0", 6: "#,##0", 7: "#,##0.00", 8: "#,##0.00",
    9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm",
    17: "mmm-yy", 18: "h:mm", 19: "h:mm:ss", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 37: "#,##0;(#,##0)",
    38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)", 41: "#,##0", 42: "#,##0", 43: "#,##0.00",
    44: "#,##0.00", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "0.0E+0", 49: _TEXT,
    **dict.fromkeys((*range(27, 32), 36, *range(50, 55), 57, 58), "yyyy-mm-dd"),
    **dict.fromkeys((*range(32, 36), 55, 56), "h:mm:ss"),
}  # fmt: skip
_TOKEN = re.compile(
    r"""(?P<quoted>"[^"]*"?)|\\(?P<escaped>.)|_.|\*.|\[(?P<bracket>[^\]]*)\]|(?P<general>General)"""
    r"|(?P<meridiem>AM/PM|A/P|上午/下午)|(?P<exponent>E[+-]0+)|(?P<digits>[0#?]+)|(?P<date>[ymdhsegbYMDHSEGB]+)|(?P<other>.)",
    re.S,
)
_ELAPSED = re.compile(r"[hH]+|[mM]+|[sS]+")
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)[ ]*(-?[\d.]{1,20})")
_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "<>": operator.ne,
}  # fmt: skip
_EPOCH_1900, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)
_LAST_DAY = 2_958_466
_LONGEST_FORMAT = 255


def general(value: float) -> str:
    """A number without a format: at most 15 significant digits, and no exponent that can be written out.

    >>> general(3.0), general(0.1 + 0.2), general(12345678901234.0), general(1e-7)
    ('3', '0.3', '12345678901234', '0.0000001')
    """
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    short = f"{value:.15g}"
    if "e" not in short or not 1e-10 < abs(value) < 1e21:
        return short.upper()
    return f"{Decimal(short):f}"


def built_in(number: int) -> str:
    """The code of a number format that every workbook has."""
    return _BUILT_IN.get(number, _GENERAL)


@cache
def shown_by(code: str, since_1904: bool = False) -> Shows:
    """The function that shows a number by a format's code; formats beyond the simple ones show it as General.

    >>> shown_by("0.0%")(0.125), shown_by('#,##0.00 "CZK"')(1234.5), shown_by("hh:mm")(0.3958333333)
    ('12.5%', '1,234.50 CZK', '09:30')
    >>> shown_by("dd/mm/yyyy")(47921), shown_by("[h]:mm")(1.25), shown_by("0;(0)")(-4)
    ('2031-03-14', '30:00', '(4)')
    """
    if code in (_GENERAL, _TEXT, "") or len(code) > _LONGEST_FORMAT:
        return general
    sections = [list(_TOKEN.finditer(section)) for section in _sections(code)]
    if _is_date(sections[0]):
        return _shows_date(sections[0], since_1904)
    if any(_condition(section) for section in sections):
        return _by_condition(sections)
    numbers = [_shows_number(section) for section in sections[:3]]
    return _by_sign(numbers)


def adds_words(code: str) -> bool:
    """Whether a format may add something to a cell's words."""
    return "@" in code and code != _TEXT


def shown_text(code: str, text: str) -> str:
    """A cell's words with what its format adds to them.

    >>> shown_text('0;-0;0;"Boat "@', "Ida"), shown_text("0.00", "Ida"), shown_text('@" (sic)"', "Ida")
    ('Boat Ida', 'Ida', 'Ida (sic)')
    """
    if not adds_words(code) or len(code) > _LONGEST_FORMAT:
        return text
    tokens = list(_TOKEN.finditer(_sections(code)[-1]))
    if not any(token["other"] == "@" for token in tokens) or any(token["digits"] for token in tokens):
        return text
    return "".join(text if token["other"] == "@" else _literal(token) for token in tokens).strip()


def _sections(code: str) -> list[str]:
    """Split a code at the semicolons outside quotes and brackets."""
    sections = [""]
    for token in _TOKEN.finditer(code):
        if token["other"] == ";":
            sections.append("")
        else:
            sections[-1] += token[0]
    return sections


def _is_date(tokens: list[re.Match[str]]) -> bool:
    return any((token["date"] or "").strip("gGbB") or _ELAPSED.fullmatch(token["bracket"] or "") for token in tokens)


def _by_sign(numbers: list[Shows | None]) -> Shows:
    positive = numbers[0] or general
    negative = numbers[1] if len(numbers) > 1 else None
    zero = numbers[2] if len(numbers) > 2 else None

    def shows(value: float) -> str:
        if value < 0:
            return negative(-value) if negative else f"-{positive(-value)}"
        return zero(value) if zero and value == 0 else positive(value)

    return shows


def _condition(section: list[re.Match[str]]) -> re.Match[str] | None:
    """The condition such as [<=999] under which a section shows numbers."""
    return next((found for token in section if (found := _CONDITION.fullmatch(token["bracket"] or ""))), None)


def _by_condition(sections: list[list[re.Match[str]]]) -> Shows:
    """The first section whose condition holds, or the first without one."""
    chosen = [(_condition(section), _shows_number(section) or general) for section in sections[:3]]
    limits = [(found and (_HOLDS[found[1]], _number(found[2])), shown) for found, shown in chosen]

    def shows(value: float) -> str:
        limit, shown = next((one for one in limits if one[0] is None or one[0][0](value, one[0][1])), (None, general))
        has_own_sign = limit is not None and limit[0] in (operator.lt, operator.le) and limit[1] <= 0
        return f"-{shown(-value)}" if value < 0 and not has_own_sign else shown(abs(value))

    return shows


def _number(written: str) -> float:
    try:
        return float(written)
    except ValueError:
        return 0.0


def _shows_number(tokens: list[re.Match[str]]) -> Shows | None:
    """The function for numbers that are not negative; None if the section shows none."""
    if fraction := shows_fraction("".join(token[0] for token in tokens)):
        return fraction
    before, after, digits = "", "", ""
    is_whole = not any(
        token["exponent"] or token["general"] or (token["other"] or "") in ("/", ".", ",") for token in tokens
    )
    for token in tokens:
        literal = _literal(token)
        if token["digits"] or token["exponent"] or token["general"] or (digits and token["other"] in (".", ",")):
            if after.strip() or (after and is_whole):
                return _patterned(tokens) if is_whole else general
            digits += after + token[0]
            after = ""
        elif literal and digits:
            after += literal
        else:
            before += literal
    if not digits:
        return (lambda value: before.strip()) if before.strip() else None
    if not digits.strip("? "):  # shows digits other than zero
        return lambda value: f"{before}{general(value) if value else ''}{after}".strip()
    return general if "/" in after else _composed(before, digits, after)


def _patterned(tokens: list[re.Match[str]]) -> Shows:
    """The function for a whole number with signs between its digits, such as 000-00-0000."""

    def shows(value: float) -> str:
        left = f"{_rounded(value, 0):.0f}"
        shown: list[str] = []
        n_waiting = sum(len(token["digits"] or "") for token in tokens)
        for token in reversed(tokens):
            places = token["digits"] or ""
            n_waiting -= len(places)
            taken = left[-len(places) :] if n_waiting and places else left if places else _literal(token)
            left = left[: len(left) - len(taken)] if places else left
            shown.append("0" * (places.count("0") - len(taken)) + taken)
        return "".join(reversed(shown)).strip()

    return shows


def _literal(token: re.Match[str]) -> str:
    if token["quoted"]:
        return token["quoted"].strip('"')
    if token["bracket"] is not None:
        # [$EUR-407] names a currency; colours and locales show nothing.
        return token["bracket"][1:].partition("-")[0] if token["bracket"].startswith("$") else ""
    if token["other"] == "@":
        return ""
    return token["escaped"] or token["other"] or (token["date"] or "") or (token["meridiem"] or "")


def _composed(before: str, digits: str, after: str) -> Shows:
    if "General" in digits:
        return lambda value: f"{before}{general(value)}{after}".strip()
    whole, _, decimals = digits.replace(" ", "").partition(".")
    exponent = "E" in digits
    scaled = len(digits.rstrip()) - len(digits.rstrip().rstrip(","))
    n_decimals = sum(sign in "0#?" for sign in decimals.partition("E")[0])
    n_fixed = decimals.partition("E")[0].count("0")
    grouped = "," if "," in whole.rstrip(",") else ""
    width, n_whole = whole.count("0"), sum(sign in "0#?" for sign in whole.partition("E")[0])
    factor = 100.0 ** (before + after).count("%") / 1000.0**scaled

    def shows(value: float) -> str:
        if exponent:
            return f"{before}{_scientific(value, n_decimals, n_whole)}{after}".strip()
        number = f"{_rounded(value * factor, n_decimals):{grouped}.{n_decimals}f}"
        if n_fixed < n_decimals:
            kept, _, fraction = number.partition(".")
            fraction = fraction[:n_fixed] + fraction[n_fixed:].rstrip("0")
            number = f"{kept}.{fraction}" if fraction else kept
        if width > 1:
            kept, dot, fraction = number.partition(".")
            number = kept.rjust(width, "0") + dot + fraction
        return f"{before}{number}{after}".strip()

    return shows


def _scientific(value: float, n_decimals: int, n_whole: int) -> str:
    """A number with an exponent that is a multiple of ``n_whole``, as 123.5E+3 is for 3."""
    exponent = int(f"{value:E}".partition("E")[2]) if value else 0
    step = exponent - exponent % max(1, n_whole)
    if n_whole < 2:
        return f"{value:.{n_decimals}E}"
    return f"{_rounded(value / 10.0**step, n_decimals):.{n_decimals}f}E{step:+}"


def _rounded(value: float, n_decimals: int) -> float:
    """Round halves up, as spreadsheets do, and not to even; tiny errors of binary fractions are evened out."""
    return round(value + value * 1e-15, n_decimals) if abs(value) < 1e15 else value


def _shows_date(tokens: list[re.Match[str]], since_1904: bool) -> Shows:
    dates = [(token["date"] or "").lower() for token in tokens if token["date"]]
    elapsed = next((t["bracket"][0].lower() for t in tokens if _ELAPSED.fullmatch(t["bracket"] or "")), "")
    has_day = any("d" in date for date in dates)
    has_year = any("y" in date or "e" in date for date in dates)
    has_hour = any("h" in date for date in dates) or elapsed == "h"
    has_second = any("s" in date for date in dates) or elapsed == "s"
    minutes = [date for date in dates if "m" in date]
    names_month = any(len(date) > 2 for date in minutes)
    is_clock = has_hour or has_second or bool(elapsed)
    has_month = names_month or (bool(minutes) and (not is_clock or len(minutes) > 1 or has_day or has_year))
    after_seconds = "".join(t[0] for t in tokens if not t["quoted"])
    fraction = re.search(r"[sS]\]?\.(0+)", after_seconds)
    n_decimals = len(fraction[1]) if fraction else 0
    is_date = has_day or has_year or has_month

    def shows(value: float) -> str:
        if not is_date:
            return _clock(value, elapsed, has_hour, has_second, n_decimals)
        if not -1 < value < _LAST_DAY:
            return general(value)
        moment = _moment(value, since_1904)
        day = moment.strftime("%Y-%m-%d") if moment.year > 999 else moment.date().isoformat()
        if not is_clock and not has_day:
            day = day[:7] if has_month else day[:4]
        if not is_clock:
            return day
        return f"{day} {moment:%H:%M:%S}" if has_second else f"{day} {moment:%H:%M}"

    return shows


def _moment(value: float, since_1904: bool) -> datetime:
    """The time of a serial number, to the second; Excel believes that 1900 was a leap year."""
    days = value + (1 if not since_1904 and value < 60 else 0)
    return (_EPOCH_1904 if since_1904 else _EPOCH_1900) + timedelta(seconds=round(days * 86_400))


def _clock(value: float, elapsed: str, has_hour: bool, has_second: bool, n_decimals: int) -> str:
    sign, value = ("-", -value) if value < 0 else ("", value)
    seconds = round(value * 86_400, n_decimals)
    if not elapsed:
        seconds %= 86_400
    hours, rest = divmod(seconds, 3600)
    if not has_hour:
        hours, rest = 0, seconds if elapsed else rest
    minutes, rest = divmod(rest, 60)
    if elapsed == "s":
        return f"{sign}{minutes * 60 + rest:.{n_decimals}f}"
    second = f"{rest:0{n_decimals + 3 if n_decimals else 2}.{n_decimals}f}"
    if has_hour:
        return f"{sign}{hours:02.0f}:{minutes:02.0f}" + (f":{second}" if has_second else "")
    return f"{sign}{minutes:02.0f}" + (f":{second}" if has_second else "")
