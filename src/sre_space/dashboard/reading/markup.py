"""Markdown from facts and strangers to HTML: rendered by markdown-it without raw HTML, then sanitized by nh3."""

import nh3
from markdown_it import MarkdownIt

MAX_TEXT = 70_000  # characters: a forge's longest comment and a little more
TAGS = {
    "p", "h1", "h2", "h3", "h4", "ul", "ol", "li", "strong", "em", "code", "pre", "blockquote", "hr", "br",
    "table", "thead", "tbody", "tr", "th", "td", "a",
}  # fmt: skip
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table").disable("image")


def html(markdown: str) -> str:
    """Return sanitized HTML: no script, style, image, form or attribute but links to http and https."""
    rendered: str = _MARKDOWN.render(markdown[:MAX_TEXT])
    return nh3.clean(
        rendered,
        tags=TAGS,
        attributes={"a": {"href", "title"}},
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer nofollow",
    )
