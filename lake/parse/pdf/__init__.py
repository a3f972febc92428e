"""PDF: page text, headings and tables by pypdfium2."""

from lake.parse.pdf.reader import ocr_installed, parse

__all__ = ["ocr_installed", "parse"]
