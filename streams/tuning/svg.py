"""A drawn figure as SVG that stands in a page: text stays text, and the colours are the page's, in light and in dark.

Figures are drawn in the colours below. No reader sees these: each becomes the variable of its name in the stylesheet.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

from lxml import etree
from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, QUIET, LINE, FAINT, SHEET = "#000001", "#000002", "#000003", "#000004", "#000005"
ACCENT, CRITICAL, WARNING, FINE, THEM = "#000006", "#000007", "#000008", "#000009", "#00000a"
_VARIABLES = {
    INK: "ink",
    QUIET: "quiet",
    LINE: "line",
    FAINT: "faint",
    SHEET: "sheet",
    ACCENT: "accent",
    CRITICAL: "critical",
    WARNING: "warning-mark",
    FINE: "fine",
    THEM: "them",
}
STYLE: Any = {
    "figure.dpi": 72,  # a point is a pixel
    "font.size": 12,
    "font.sans-serif": ["DejaVu Sans"],  # comes along with matplotlib; wider than what readers have, so all fits
    "svg.fonttype": "none",
    "svg.hashsalt": "stallwatch",
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": LINE,
    "xtick.labelcolor": QUIET,
    "ytick.color": LINE,
    "ytick.labelcolor": QUIET,
    "grid.color": LINE,
    "grid.linewidth": 0.8,
    "lines.solid_capstyle": "round",
}
_SVG = "{http://www.w3.org/2000/svg}"
_COLOUR = re.compile("|".join(_VARIABLES))
_REFERENCE = re.compile(r"(?<=#)[\w.-]+")
_FONT = re.compile(r"font-family:[^;]*;? ?")


def inline(figure: Figure, name: str, words: str) -> Markup:
    """The figure as an image that `words` tell to those who do not see it; `name` sets it apart from others of a page.

    To be called within `matplotlib.rc_context(STYLE)`.
    """
    drawn = BytesIO()
    figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None})
    root = etree.fromstring(drawn.getvalue())
    for tag in ("metadata", "style"):
        for element in root.findall(f".//{_SVG}{tag}"):
            element.getparent().remove(element)  # type: ignore[union-attr]
    used = {found[0] for element in root.iter() for found in map(_REFERENCE.search, _references(element)) if found}
    for element in root.iter():
        if (known := element.attrib.pop("id", None)) in used:
            element.set("id", f"{name}-{known}")
        if style := element.get("style"):
            element.set("style", _COLOUR.sub(lambda hit: f"var(--{_VARIABLES[hit[0]]})", _FONT.sub("", style)))
        for attribute, value in element.attrib.items():
            if value.startswith(("#", "url(#")):
                element.set(attribute, value.replace("#", f"#{name}-", 1))
    for attribute in ("width", "height", "version"):
        del root.attrib[attribute]
    root.set("role", "img")
    root.set("aria-label", words)
    return Markup(etree.tostring(root, encoding="unicode"))  # noqa: S704 (escaped by the writer of XML)


def _references(element: etree._Element) -> list[str]:
    return [value for value in element.attrib.values() if value.startswith(("#", "url(#"))]
