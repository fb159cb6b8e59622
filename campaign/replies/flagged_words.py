"""Where a reply says what a flag rules out or another text blacks out, and leaving that out."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy.orm import Session

from campaign.campaigns.content.risks import (
    Finding,
    Words,
    find_blacked_out,
    list_reply_texts,
    watch_of,
)
from campaign.core.text.passages import are_paired, list_hidden
from campaign.core.text.phrases import phrases_of
from campaign.models.reply import Reply, ReplyTranslation
from campaign.replies import replies
from campaign.replies.redaction import mark_places, redact


def list_words(reply: Reply) -> Iterator[Words]:
    """List what would be published, as typed: without markup, and without what is left out."""
    for code, text in list_reply_texts(reply).items():
        if are_paired(text):
            field = "text" if code == reply.locale else f"text_{code}"
            yield Words("reply", code, field, redact(text))
    for code, title in reply.titles.items():
        yield Words("reply", code, f"title_{code}", title)


def list_findings(reply: Reply) -> list[Finding]:
    """List what a flag rules out or another text blacks out; the same words of one text once."""
    shown = list(list_words(reply))
    findings: dict[tuple[str, str], Finding] = {}
    for finding in (
        *watch_of(reply.campaign).findings(shown),
        *find_blacked_out(list_reply_texts(reply).values(), shown),
    ):
        findings.setdefault((finding.field, finding.found.casefold()), finding)
    return list(findings.values())


class FewerMarks(NamedTuple):
    """A text, or the picture, in which less is blacked out than in another."""

    locale: str
    """Empty: the picture."""
    marks: int
    most: int
    """In another text; or 1, where only the picture has bars."""


def list_fewer_marks(reply: Reply) -> list[FewerMarks]:
    """List texts with fewer passages left out than another, and a picture with no bar at all."""
    counts = {
        code: len(list_hidden(text)) for code, text in list_reply_texts(reply).items() if text
    }
    most = max(counts.values(), default=0)
    bars = sum(f"{bar['scan']}/{bar['page']}" == reply.shown_page for bar in reply.bars)
    if reply.shown_page and most and not bars:
        counts[""] = 0
    # A name over two lines has two bars: their number is compared with no text's.
    most = most or bool(bars)
    return [FewerMarks(code, count, most) for code, count in counts.items() if count < most]


def black_out(session: Session, reply: Reply, words: str, *, actor: str) -> bool:
    """Leave `words` out of the answer and its translations; tells whether one said them.

    Titles stay as they are. Raises Refused (`reply-published`).
    """
    replies.lock_draft(session, reply)
    phrases, changed = phrases_of([words]), False
    texts: list[Reply | ReplyTranslation] = [reply, *reply.translations]
    for text in texts:
        if phrases and are_paired(text.text):
            new = mark_places(text.text, phrases.places)
            text.text, changed = new, changed or new != text.text
    if changed:
        session.flush()
        replies.audit_reply(session, reply, actor, "reply.edit", blacked_out=True)
    return changed
