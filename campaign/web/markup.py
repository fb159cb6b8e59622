"""Organizers' Markdown: as HTML, and what it says without its marks."""

import re
from collections.abc import Iterable, Iterator

import nh3
from flask_babel import gettext
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from markupsafe import Markup, escape

BAR = "█████"
MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False})
_TAGS = {"p", "em", "strong", "a", "ul", "ol", "li", "blockquote", "h2", "h3", "h4", "br", "hr"}
_ADDRESS = re.compile(r"https?://[^\s<>]*[^\s<>.,;:!?…)»”\"'*_]")
_RULE = "———"
_SENTENCE_END = re.compile(r"[.!?…؟](?:\s?[»”\"])?(?=\s|$)")


def _lower_headings(state: StateCore) -> None:
    """Set headings one below the page's own."""
    for token in state.tokens:
        if token.tag == "h1":
            token.tag = "h2"


def _link_addresses(state: StateCore) -> None:
    for token in state.tokens:
        if token.children and "://" in token.content:
            token.children = list(_split_at_addresses(token.children))


def _split_at_addresses(tokens: Iterable[Token]) -> Iterator[Token]:
    within = 0
    for token in tokens:
        within += token.nesting if token.type in {"link_open", "link_close"} else 0
        if token.type != "text" or within:
            yield token
            continue
        at = 0
        for match in _ADDRESS.finditer(token.content):
            yield _text(token.content[at : match.start()])
            yield Token("link_open", "a", 1, attrs={"href": match[0]})
            yield _text(match[0])
            yield Token("link_close", "a", -1)
            at = match.end()
        yield _text(token.content[at:])


def _text(words: str) -> Token:
    return Token("text", "", 0, content=words)


MARKDOWN.core.ruler.push("lower_headings", _lower_headings)
MARKDOWN.core.ruler.before("text_join", "link_addresses", _link_addresses)


def markdown(text: str) -> Markup:
    """Return organizers' Markdown as HTML without anything active."""
    html = nh3.clean(
        MARKDOWN.render(text),
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"https", "http", "mailto"},
        # A quotation may be in a language that is written the other way.
        set_tag_attribute_values={"blockquote": {"dir": "auto"}},
        link_rel="noopener noreferrer",
    )
    if BAR in html:
        words = escape(gettext("a passage that is not published"))
        html = html.replace(BAR, f'<span class="bar" role="img" aria-label="{words}">{BAR}</span>')
    return Markup(html)  # noqa: S704 — cleaned by nh3 just above


def unmarked(text: str) -> str:
    """Return Markdown as plain text, for a mail's text part or a line: a link keeps its address."""
    return _blocks(SyntaxTreeNode(MARKDOWN.parse(text)).children)


def opening(text: str, limit: int) -> str:
    """Return the first whole sentences of `text`, at most `limit` characters; else whole words."""
    plain = " ".join(re.split(r"[ \t\r\n]+", text.strip()))  # figures keep their own spaces
    if len(plain) <= limit:
        return plain
    ends = [match.end() for match in _SENTENCE_END.finditer(plain) if match.end() <= limit]
    if ends:
        return plain[: ends[-1]]
    words = plain[:limit].rpartition(" ")[0] or plain[: limit - 1]
    return f"{words.rstrip(',;:')}…"


def _blocks(nodes: Iterable[SyntaxTreeNode]) -> str:
    return "\n\n".join(filter(None, map(_block, nodes)))


def _block(node: SyntaxTreeNode) -> str:
    if node.type == "blockquote":
        return "\n".join(f"> {line}".rstrip() for line in _blocks(node.children).split("\n"))
    if node.type in {"bullet_list", "ordered_list"}:
        first = int(node.attrs.get("start", 1))
        numbered = node.type == "ordered_list"
        signs = (f"{first + at}." if numbered else "–" for at in range(len(node.children)))
        return "\n".join(map(_item, signs, node.children))
    if node.type == "hr":
        return _RULE
    if node.children:
        return "".join(map(_inline, node.children))
    return node.content.rstrip("\n")


def _item(sign: str, node: SyntaxTreeNode) -> str:
    """Return an item, its further lines under its first word."""
    indent = "\n" + " " * (len(sign) + 1)
    return f"{sign} " + _blocks(node.children).replace("\n", indent)


def _inline(node: SyntaxTreeNode) -> str:
    if node.type in {"softbreak", "hardbreak"}:
        return "\n"
    if node.type == "image" or not node.children:
        return node.content
    words = "".join(map(_inline, node.children))
    address = str(node.attrs.get("href", "")) if node.type == "link" else ""
    if address.removeprefix("mailto:") in {"", words}:
        return words
    return f"{words} ({address})"
