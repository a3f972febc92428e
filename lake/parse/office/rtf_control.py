"""RTF: what control words change: fonts, styles, marks of characters, places of cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lake.parse.office.rtf_parts import RowEdges
from lake.parse.office.rtf_text import RtfText
from lake.parse.office.rtf_words import codec_of


def _begin_row(text: RtfText, number: int | None) -> None:
    if text.state.place != "nesttableprops":
        text.edges = RowEdges()


def _row_left(text: RtfText, number: int | None) -> None:
    text.edges.move_first(number or 0)


def _cell_edge(text: RtfText, number: int | None) -> None:
    if text.state.place != "nesttableprops":
        text.edges.add(number or 0)


def _set_font(text: RtfText, number: int | None) -> None:
    if text.state.target == "font":
        text.fonts.begin(number or 0)
        text.entry = ""
    else:
        text.state.font = number


def _default_font(text: RtfText, number: int | None) -> None:
    text.fonts.default = number


def _charset(text: RtfText, number: int | None) -> None:
    if text.state.target == "font":
        text.fonts.set_charset(number)


def _font_page(text: RtfText, number: int | None) -> None:
    if text.state.target == "font":
        text.fonts.set_page(number)


def _code_page(text: RtfText, number: int | None) -> None:
    text.fonts.codec = codec_of(number) or text.fonts.codec


def _set_style(text: RtfText, number: int | None) -> None:
    if text.state.target == "style":
        text.styles.begin(number or 0)
        text.entry = ""
    else:
        text.state.style = number or 0


def _style_base(text: RtfText, number: int | None) -> None:
    if text.state.target == "style":
        text.styles.set_base(number)


def _set_outline(text: RtfText, number: int | None) -> None:
    if text.state.target == "style":
        text.styles.set_outline(number)
    else:
        text.state.outline = number


def _reset_paragraph(text: RtfText, number: int | None) -> None:
    state = text.state
    state.in_table, state.style, state.outline, state.depth = False, 0, None, 0


def _reset_text(text: RtfText, number: int | None) -> None:
    text.state.hidden = text.state.deleted = text.state.raised = False
    text.state.font = None


def _page_number(text: RtfText, number: int | None) -> None:
    text.sink.has_pages = True


def _setter(name: str, *, is_switch: bool = True) -> Callable[[RtfText, int | None], None]:
    def change(text: RtfText, number: int | None) -> None:
        setattr(text.state, name, number != 0 if is_switch else number or 0)

    return change


#: What a control word changes, by its name and its number.
CONTROL: Mapping[str, Callable[[RtfText, int | None], None]] = {
    "f": _set_font,
    "deff": _default_font,
    "fcharset": _charset,
    "cpg": _font_page,
    "ansicpg": _code_page,
    "mac": lambda text, _: _code_page(text, 10000),
    "pc": lambda text, _: _code_page(text, 437),
    "pca": lambda text, _: _code_page(text, 850),
    "uc": _setter("skip", is_switch=False),
    "v": _setter("hidden"),
    "deleted": _setter("deleted"),
    "htmlrtf": _setter("for_rtf"),
    "super": _setter("raised"),
    "up": _setter("raised"),
    "nosupersub": lambda text, number: setattr(text.state, "raised", False),
    "plain": _reset_text,
    "pard": _reset_paragraph,
    "intbl": _setter("in_table"),
    "ilvl": _setter("depth", is_switch=False),
    "s": _set_style,
    "sbasedon": _style_base,
    "outlinelevel": _set_outline,
    "trowd": _begin_row,
    "trleft": _row_left,
    "cellx": _cell_edge,
    "cell": lambda text, _: text.end_cell(),
    "nestcell": lambda text, _: text.end_nested(),
    "nestrow": lambda text, _: text.end_nested_row(),
    "row": lambda text, _: text.end_row(),
    "chpgn": _page_number,
    "fftype": lambda text, number: setattr(text.field, "kind", number or 0),
    "ffres": lambda text, number: setattr(text.field, "result", number),
    "ffdefres": lambda text, number: setattr(text.field, "default", number),
}
