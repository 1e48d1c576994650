"""What a person reads, or has read to them, on a screen in the browser."""

from playwright.sync_api import Page

_TEXTS = """
() => {
  const left = "script, style, noscript, pre, code, [data-testid=stIconMaterial], [role=grid], .on-paper td";
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.nodeValue.trim();
    if (text && !node.parentElement.closest(left)) found.push(text);
  }
  for (const name of ["aria-label", "title", "placeholder", "alt", "aria-description", "data-title"])
    for (const node of document.querySelectorAll(`[${name}]`))
      if (!node.closest("[role=grid]") && node.tagName !== "LINK" && node.tagName !== "STYLE")
        found.push(node.getAttribute(name));
  found.push(document.title);
  return found;
}
"""


def texts_of(page: Page) -> list[str]:
    """All texts, labels, hints and placeholders that stand in the page just now, and its title."""
    texts: list[str] = page.evaluate(_TEXTS)
    return texts
