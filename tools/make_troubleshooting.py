"""Write docs/troubleshooting.md and docs/troubleshooting.ko.md from the catalogue of failures."""

from pathlib import Path

from amlemulator.failures.guide import FILES, guide

DOCS = Path(__file__).resolve().parents[1] / "docs"

if __name__ == "__main__":
    for language, name in FILES.items():
        (DOCS / name).write_text(guide(language), "utf-8")
        print(f"wrote docs/{name}")
