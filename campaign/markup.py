"""Organizers' Markdown: how it is read, and what it says without its marks. Pure."""

import re
from collections.abc import Iterable

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False})
_RULE = "———"
_SENTENCE_END = re.compile(r"[.!?…؟](?:\s?[»”\"])?(?=\s|$)")


def unmarked(text: str) -> str:
    """Markdown as plain text, for a mail's text part or a line: a link keeps its address."""
    return _blocks(SyntaxTreeNode(MARKDOWN.parse(text)).children)


def opening(text: str, limit: int) -> str:
    """Return the first whole sentences of `text`, at most `limit` characters; else whole words."""
    plain = " ".join(text.split())
    if len(plain) <= limit:
        return plain
    ends = [one.end() for one in _SENTENCE_END.finditer(plain) if one.end() <= limit]
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
    """An item, its further lines under its first word."""
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
