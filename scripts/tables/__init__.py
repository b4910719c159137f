"""The tables and figures of README.md, CONTRIBUTING.md and docs/: `python -m scripts.tables` writes them."""
