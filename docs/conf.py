"""How Sphinx builds these pages: ``make docs``."""

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
