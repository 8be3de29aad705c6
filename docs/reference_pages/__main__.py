"""Writes the generated pages: ``make reference``."""

from docs.reference_pages import PAGES

for page, document in PAGES.items():
    page.write_text(document())
