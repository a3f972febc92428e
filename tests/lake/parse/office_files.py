"""Small Office and OpenDocument files made of XML, for tests."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping

_PREFIXES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "p": "http://schemas.openxmlformats.org/presentationml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "dgm": "http://schemas.openxmlformats.org/drawingml/2006/diagram",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
    "cx": "http://schemas.microsoft.com/office/drawing/2014/chartex",
    "p188": "http://schemas.microsoft.com/office/powerpoint/2018/8/main",
    "adec": "http://schemas.microsoft.com/office/drawing/2017/decorative",
    "v": "urn:schemas-microsoft-com:vml",
    "o": "urn:schemas-microsoft-com:office:office",
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "draw": "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "presentation": "urn:oasis:names:tc:opendocument:xmlns:presentation:1.0",
    "svg": "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0",
    "form": "urn:oasis:names:tc:opendocument:xmlns:form:1.0",
    "chart": "urn:oasis:names:tc:opendocument:xmlns:chart:1.0",
    "meta": "urn:oasis:names:tc:opendocument:xmlns:meta:1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
    "math": "http://www.w3.org/1998/Math/MathML",
    "xlink": "http://www.w3.org/1999/xlink",
}
XMLNS = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _PREFIXES.items())
_TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


def with_namespaces(xml: str) -> str:
    """``xml`` with all prefixes declared on its root."""
    return re.sub(r"^<([\w:-]+)", rf"<\1 {XMLNS}", xml.strip(), count=1)


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def relations(targets: Mapping[str, tuple[str, str]]) -> str:
    """A part of relations: id -> kind and target; a target with a colon is external."""
    inner = "".join(
        f'<Relationship Id="{name}" Type="{_TYPES}/{kind}" Target="{target}"'
        f"{' TargetMode=' + chr(34) + 'External' + chr(34) if ':' in target else ''}/>"
        for name, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{_RELATIONS}">{inner}</Relationships>'


def docx(
    body: str,
    related: Mapping[str, tuple[str, str]] | None = None,
    parts: Mapping[str, str | bytes] | None = None,
    *,
    main: str = "word/document.xml",
) -> bytes:
    """A Word file: its body, the relations of its main part, and further parts by name."""
    folder, _, base = main.rpartition("/")
    members: dict[str, str | bytes] = {
        "_rels/.rels": relations({"rId1": ("officeDocument", main)}),
        main: with_namespaces(f"<w:document><w:body>{body}</w:body></w:document>"),
        f"{folder}/_rels/{base}.rels": relations(related or {}),
    }
    for name, content in (parts or {}).items():
        members[name] = with_namespaces(content) if isinstance(content, str) and name.endswith(".xml") else content
    return zipped(members)


def pptx(
    slides: list[str],
    related: Mapping[int, Mapping[str, tuple[str, str]]] | None = None,
    parts: Mapping[str, str | bytes] | None = None,
) -> bytes:
    """A PowerPoint file: the shapes of each slide, the relations of slides by number, and further parts by name.

    A slide that begins with ``<p:sld`` is a part of its own.
    """
    ids = "".join(f'<p:sldId id="{255 + i}" r:id="rId{i}"/>' for i in range(1, len(slides) + 1))
    members: dict[str, str | bytes] = {
        "_rels/.rels": relations({"rId1": ("officeDocument", "ppt/presentation.xml")}),
        "ppt/presentation.xml": with_namespaces(f"<p:presentation><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>"),
        "ppt/_rels/presentation.xml.rels": relations(
            {f"rId{i}": ("slide", f"slides/slide{i}.xml") for i in range(1, len(slides) + 1)}
        ),
    }
    for i, shapes in enumerate(slides, start=1):
        slide = shapes if shapes.startswith("<p:sld") else f"<p:sld>{tree(shapes)}</p:sld>"
        members[f"ppt/slides/slide{i}.xml"] = with_namespaces(slide)
        members[f"ppt/slides/_rels/slide{i}.xml.rels"] = relations((related or {}).get(i, {}))
    for name, content in (parts or {}).items():
        members[name] = with_namespaces(content) if isinstance(content, str) and name.endswith(".xml") else content
    return zipped(members)


def tree(shapes: str) -> str:
    return f"<p:cSld><p:spTree>{shapes}</p:spTree></p:cSld>"


def shape(text: str, *, kind: str = "", place: tuple[int, int] | None = None, extra: str = "", name: str = "") -> str:
    """A shape with one paragraph for each line of ``text``."""
    mark = f"<p:nvPr><p:ph type='{kind}'/></p:nvPr>" if kind else "<p:nvPr/>"
    frame = f"<a:xfrm><a:off x='{place[0]}' y='{place[1]}'/><a:ext cx='9' cy='9'/></a:xfrm>" if place else ""
    lines = "".join(f"<a:p><a:r><a:t>{line}</a:t></a:r></a:p>" for line in text.split("\n"))
    return (
        f"<p:sp><p:nvSpPr><p:cNvPr id='2' name='{name}' {extra}/><p:cNvSpPr/>{mark}</p:nvSpPr><p:spPr>{frame}</p:spPr>"
        f"<p:txBody><a:bodyPr/>{lines}</p:txBody></p:sp>"
    )


def run(text: str, properties: str = "") -> str:
    """A run of Word."""
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def para(content: str, properties: str = "") -> str:
    """A paragraph of Word; plain text becomes a run."""
    inner = content if content.startswith("<") else run(content)
    return f"<w:p><w:pPr>{properties}</w:pPr>{inner}</w:p>"


def styled(text: str, style: str) -> str:
    return para(text, f'<w:pStyle w:val="{style}"/>')


def table(*rows: str) -> str:
    return f"<w:tbl><w:tblPr/><w:tblGrid/>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


def cell(content: str, properties: str = "") -> str:
    inner = content if content.startswith("<") else para(content)
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inner}</w:tc>"


def odf(body: str, styles: str = "", parts: Mapping[str, str | bytes] | None = None, *, pages: str = "") -> bytes:
    """An OpenDocument file: its body with the element of its kind, automatic styles, further parts, master pages."""
    content = f"<office:document-content><office:automatic-styles>{styles}</office:automatic-styles>"
    members: dict[str, str | bytes] = {
        "content.xml": with_namespaces(f"{content}<office:body>{body}</office:body></office:document-content>")
    }
    if pages:
        masters = f"<office:master-styles>{pages}</office:master-styles>"
        members["styles.xml"] = with_namespaces(f"<office:document-styles>{masters}</office:document-styles>")
    for name, text in (parts or {}).items():
        members[name] = with_namespaces(text) if isinstance(text, str) and name.endswith(".xml") else text
    return zipped(members)
