"""Contrast measured on pixels, where axe-core cannot compute it: text on glass, over filters, partly covered."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from playwright.sync_api import Page

NEEDED, NEEDED_LARGE = 4.5, 3.0  # WCAG 2.2 AA
# Shows an element and hides its text; says in which boxes that was, in which colour, and whether it is large.
# A text that something else covers, or whose dialog is closed, has no box.
HIDE = """
(path) => {
  const found = path.reduce(([root], selector) => {
    const one = root?.querySelector(selector) ?? null;
    return [one?.shadowRoot ?? one, one];
  }, [document, null])[1];
  if (!found) return null;
  found.scrollIntoView({ block: "center", inline: "nearest" });
  const top = (x, y, root = document) => {
    const one = root.elementFromPoint(x, y);
    return one?.shadowRoot && one.shadowRoot !== root ? (top(x, y, one.shadowRoot) ?? one) : one;
  };
  const boxes = [...found.childNodes]
    .filter((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim())
    .flatMap((node) => {
      const range = document.createRange();
      range.selectNodeContents(node);
      return [...range.getClientRects()];
    })
    .filter(({ x, y, width, height }) => width >= 1 && height >= 1 && top(x + width / 2, y + height / 2) === found)
    .map(({ x, y, width, height }) => ({ x, y, width, height }));
  const paint = found instanceof SVGElement ? "fill" : "color";
  const { [paint]: color, fontSize, fontWeight } = getComputedStyle(found);
  const size = parseFloat(fontSize);
  found.style.setProperty("transition", "none");
  found.style.setProperty(paint, "transparent", "important");
  window.shown = () => found.removeAttribute("style");
  return { boxes, color, large: size >= 24 || (size >= 18.66 && Number(fontWeight) >= 600) };
}
"""
# The lowest contrast of a colour with what makes at least a fiftieth of a picture.
LOWEST = """
async ([picture, colour]) => {
  const image = new Image();
  image.src = "data:image/png;base64," + picture;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const drawing = canvas.getContext("2d");
  drawing.drawImage(image, 0, 0);
  const { data } = drawing.getImageData(0, 0, image.width, image.height);
  const counts = new Map();
  for (let at = 0; at < data.length; at += 4) {
    const key = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = ([red, green, blue]) =>
    0.2126 * linear(red / 255) + 0.7152 * linear(green / 255) + 0.0722 * linear(blue / 255);
  const text = luminance(colour.match(/[\\d.]+/g).slice(0, 3).map(Number));
  const against = (key) => {
    const ground = luminance([key >> 16, (key >> 8) & 255, key & 255]);
    return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
  };
  const least = (data.length / 4) / 50;
  return Math.min(...[...counts].filter(([, count]) => count >= least).map(([key]) => against(key)));
}
"""


def too_faint(page: Page, incomplete: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    """Return the texts of axe-core's `incomplete` contrast results that are too faint on the screen, a line each."""
    nodes = [node for one in incomplete if one["id"] == "color-contrast" for node in one["nodes"]]
    browser = page.context.browser
    if not nodes or browser is None:
        return ()
    blank = browser.new_page()
    found = [_measured(page, blank, node["target"][0]) for node in nodes]
    blank.close()
    return [line for line in found if line]


def _measured(page: Page, blank: Page, target: str | Sequence[str]) -> str:
    """Return a line about a text that is too faint; "" for one that is not, or that is not to be seen."""
    text = page.evaluate(HIDE, [target] if isinstance(target, str) else list(target))
    if text is None:
        return f"not found: {target}"
    try:
        pictures = [page.screenshot(clip=box) for box in text["boxes"]]
    finally:
        page.evaluate("window.shown()")
    encoded = [base64.b64encode(picture).decode() for picture in pictures]
    needed = NEEDED_LARGE if text["large"] else NEEDED
    ratio = min((blank.evaluate(LOWEST, [one, text["color"]]) for one in encoded), default=needed)
    return "" if ratio >= needed else f"contrast {ratio:.2f} of {needed}: {target}, {text['color']}"
