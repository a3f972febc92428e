# ruff: noqa: RUF001 - letters of other scripts look like Latin ones
"""Numbers of lists in the scripts and words of the world, by the names that Word has for them."""

from __future__ import annotations

from collections.abc import Callable

from lake.parse.numerals import roman

_CHINESE_DIGITS = "〇一二三四五六七八九"
_CHINESE_FORMAL = "零壹贰叁肆伍陆柒捌玖"
_ONES = (
    *("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve"),
    *("Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen"),
)
_TENS = ("", "", "Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety")
_ORDINALS = {
    "One": "First",
    "Two": "Second",
    "Three": "Third",
    "Five": "Fifth",
    "Eight": "Eighth",
    "Nine": "Ninth",
    "Twelve": "Twelfth",
}
_SERIES = {
    "ideographTraditional": "甲乙丙丁戊己庚辛壬癸",
    "ideographZodiac": "子丑寅卯辰巳午未申酉戌亥",
    "aiueoFullWidth": "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン",
    "irohaFullWidth": "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセス",
    "ganada": "가나다라마바사아자차카타파하",
    "chosung": "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ",
    "russianLower": "абвгдежзиклмнопрстуфхцчшщыэюя",
    "russianUpper": "АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЫЭЮЯ",
    "arabicAlpha": "أبتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "arabicAbjad": "أبجدهوزحطيكلمنسعفصقرشتثخذضظغ",
    "hebrew2": "אבגדהוזחטיכלמנסעפצקרשת",
    "hindiVowels": "कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसह",
    "thaiLetters": "กขคงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ",
    "decimalEnclosedCircle": "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳",
}
_SERIES |= {"aiueo": _SERIES["aiueoFullWidth"], "iroha": _SERIES["irohaFullWidth"]}
_HEBREW: tuple[tuple[int, str], ...] = (
    *((400, "ת"), (300, "ש"), (200, "ר"), (100, "ק"), (90, "צ"), (80, "פ"), (70, "ע"), (60, "ס"), (50, "נ"), (40, "מ")),
    *((30, "ל"), (20, "כ"), (16, "טז"), (15, "טו"), (10, "י")),
    *((9 - i, letter) for i, letter in enumerate("טחזוהדגבא")),
)


def counted(number: int, name: str) -> str:
    """A number as a list of Word in the format ``name`` shows it; in decimal digits if the format is unknown.

    >>> counted(23, "chineseCountingThousand"), counted(2, "upperRoman"), counted(3, "ordinalText")
    ('二十三', 'II', 'Third')
    """
    if series := _SERIES.get(name):
        return series[number - 1] if 0 < number <= len(series) else str(number)
    write = _WRITERS.get(name)
    return write(number) if write is not None and number >= 0 else str(number)


def _letters(number: int) -> str:
    return chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1) if 0 < number <= 780 else str(number)


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _cardinal(number: int) -> str:
    if number < 20:
        return _ONES[number]
    if number > 99:
        return str(number)
    tens, ones = divmod(number, 10)
    return _TENS[tens] + (f"-{_ONES[ones].lower()}" if ones else "")


def _ordinal_text(number: int) -> str:
    words = _cardinal(number)
    start, dash, last = words.rpartition("-")
    known = _ORDINALS.get(last.capitalize())
    if last.isdecimal():
        return _ordinal(number)
    ending = known or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return f"{start}{dash}{ending.lower() if dash else ending}"


def _chinese(digits: str, units: str) -> Callable[[int], str]:
    def write(number: int) -> str:
        if not 0 < number < 10_000:
            return "".join(digits[int(one)] for one in str(number))
        pieces = ""
        for place, digit in zip(range(len(str(number)) - 1, -1, -1), map(int, str(number)), strict=True):
            if digit:
                is_ten = digit == 1 and place == 1 and not pieces and digits == _CHINESE_DIGITS
                pieces += ("" if is_ten else digits[digit]) + (units[place - 1] if place else "")
            elif pieces and not pieces.endswith(digits[0]):
                pieces += digits[0]
        return pieces.rstrip(digits[0])

    return write


def _japanese(number: int) -> str:
    if not 0 < number < 10_000:
        return str(number)
    digits = zip(range(len(str(number)) - 1, -1, -1), map(int, str(number)), strict=True)
    units = ("", "十", "百", "千")
    return "".join(
        ("" if digit == 1 and place else _CHINESE_DIGITS[digit]) + units[place] for place, digit in digits if digit
    )


def _hebrew(number: int) -> str:
    text = ""
    for value, letter in _HEBREW:
        while 0 < value <= number and number < 1000:
            text, number = text + letter, number - value
    return text or str(number)


def _digits(zero: str) -> Callable[[int], str]:
    return lambda number: "".join(chr(ord(zero) + int(one)) for one in str(number))


def _each(number: int) -> str:
    return "".join(_CHINESE_DIGITS[int(one)] for one in str(number))


_counting = _chinese(_CHINESE_DIGITS, "十百千")
_formal = _chinese(_CHINESE_FORMAL, "拾佰仟")
_WRITERS: dict[str, Callable[[int], str]] = {
    "none": lambda number: "",
    "decimalZero": lambda number: f"{number:02d}",
    "lowerLetter": _letters,
    "upperLetter": lambda number: _letters(number).upper(),
    "lowerRoman": lambda number: roman(number) or "0",
    "upperRoman": lambda number: roman(number).upper() or "0",
    "ordinal": _ordinal,
    "cardinalText": _cardinal,
    "ordinalText": _ordinal_text,
    "numberInDash": lambda number: f"- {number} -",
    "decimalEnclosedFullstop": lambda number: f"{number}.",
    "decimalEnclosedParen": lambda number: f"({number})",
    **dict.fromkeys(("decimalFullWidth", "decimalFullWidth2"), _digits("０")),
    "thaiNumbers": _digits("๐"),
    "hindiNumbers": _digits("०"),
    "hebrew1": _hebrew,
    **dict.fromkeys(("chineseCounting", "chineseCountingThousand", "taiwaneseCountingThousand"), _counting),
    **dict.fromkeys(("taiwaneseCounting", "koreanCounting"), _counting),
    **dict.fromkeys(("japaneseCounting", "ideographLegalJapanese"), _japanese),
    **dict.fromkeys(("ideographDigital", "japaneseDigitalTenThousand", "taiwaneseDigital", "koreanDigital"), _each),
    **dict.fromkeys(("chineseLegalSimplified", "ideographLegalTraditional"), _formal),
}
