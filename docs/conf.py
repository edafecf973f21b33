"""How Sphinx builds these pages: ``make docs``."""

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

project = "amlclassic"
author = "amlclassic maintainers"
copyright = "amlclassic maintainers, MIT licence"
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "amlclassic"
exclude_patterns = ["_build"]
# Files of the repository that pages name are no pages; a test of the suite holds that they are there.
suppress_warnings = ["myst.xref_missing"]


def setup(app: Sphinx) -> None:
    """Show state diagrams as the text they are: drawing them would need a script from elsewhere."""
    app.add_lexer("mermaid", TextLexer)
