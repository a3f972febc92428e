"""PDF: page text, headings and tables by pypdfium2, and OCR of pages without text."""

from lake.parse.pdf.reader import parse

__all__ = ["parse"]
