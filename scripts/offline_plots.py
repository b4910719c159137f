"""Let `dvc plots` write pages that need no network: a template that holds Vega, from a Python package that carries it.

DVC's own pages fetch Vega from a public server each time that they are opened. `run` calls this before `dvc plots`; the
template is made once, and .dvc/config.local points to it, unless somebody has set another one.
"""

import subprocess
from pathlib import Path

TEMPLATE = Path(".reprise/plots.html")
OPTION = "plots.html_template"
VEGA_LITE = "5.21"  # of the major version that DVC writes its plots for

PAGE = """<!DOCTYPE html>
<html>
<head>
{refresh_tag}
<meta charset="utf-8">
<title>DVC Plot</title>
<script>%s</script>
<style>table {border-spacing: 15px;}</style>
</head>
<body>
{plot_divs}
</body>
</html>
"""


def write_template(path: Path) -> None:
    """Write a template for DVC, with Vega, Vega-Lite and Vega-Embed inside."""
    import vl_convert

    vega = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=VEGA_LITE)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PAGE % vega.replace("</script", r"<\/script"), encoding="utf-8")


def main() -> None:
    ours = f"../{TEMPLATE.as_posix()}"  # DVC reads it from .dvc
    found = subprocess.run(["dvc", "config", OPTION], capture_output=True, text=True, check=False).stdout.strip()
    if found not in ("", ours):
        return
    if not TEMPLATE.is_file():
        write_template(TEMPLATE)
    if not found:
        subprocess.run(["dvc", "config", "--local", OPTION, ours], check=True)


if __name__ == "__main__":
    main()
