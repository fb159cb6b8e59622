"""Actions as JSON: what their public pages show, and no more."""

from typing import TypeAlias

from campaign.models.campaign import Campaign
from campaign.public.case_lists import CaseRow
from campaign.public.case_page import CaseHead, CasePage, CasePicture, CasePost, Neighbour
from campaign.public.ending_notice import ending_notice
from campaign.public.share_links import whole_url
from campaign.web.markup import markdown

Json: TypeAlias = dict[str, object]


def describe_row(row: CaseRow, lang: str) -> Json:
    return _head(row, row, row.country_code, lang)


def describe_action(campaign: Campaign, case: CasePage, lang: str) -> Json:
    return _head(case, campaign, campaign.country, lang) | {
        "background": _text(case.background),
        "asks": list(case.asks),
        "signed_on_paper": case.on_paper,
        "sent_by_writers": case.sent_by_self,
        "recipients": [
            {
                "name": recipient.name,
                "office": recipient.office,
                "mission": recipient.mission,
                "by_post": recipient.by_post,
                "gets_copy": recipient.copy,
            }
            for recipient in case.recipients
        ],
        "updates": [_post(post, case, lang) for post in case.posts],
        "reason": _text(case.reason.text) | {"language": case.reason.lang or lang},
        "outcome": _text(case.outcome.text) | {"language": case.outcome.lang or lang},
        "earlier_action": _neighbour(case.earlier, lang) if case.earlier else None,
        "later_actions": [_neighbour(action, lang) for action in case.later],
    }


def _head(case: CaseHead, facts: CaseRow | Campaign, country: str, lang: str) -> Json:
    return {
        "slug": case.slug,
        "reference": case.reference,
        "title": case.title,
        "person_name": case.person_name,
        "summary": _text(case.summary),
        "language": case.content_lang or lang,
        "status": case.status,
        "takes_letters": case.takes_letters,
        "kind": "card" if case.cards else "letter",
        "signatures": case.count,
        "notice": ending_notice(case, lang),
        "ending": case.ending.text,
        "picture": _picture(case.picture) if case.picture else None,
        "url": whole_url("public.case", lang=lang, slug=case.slug),
        "write_url": whole_url("signing.write", lang=lang, slug=case.slug)
        if case.takes_letters
        else None,
        "api_url": whole_url("api.show_action", slug=case.slug, lang=lang),
        "country": {"code": country, "name": case.country},
        "issued_on": facts.issued_on.isoformat() if facts.issued_on else None,
        "act_by": facts.act_by.isoformat() if facts.act_by else None,
        "themes": list(facts.themes),
        "letter_languages": list(facts.letter_locales),
    }


def _text(markup: str) -> Json:
    return {"markdown": markup, "html": str(markdown(markup)) if markup else ""}


def _picture(picture: CasePicture) -> Json:
    return {
        "url": whole_url("public.picture", name=picture.name),
        "alt": picture.alt,
        "width": picture.width,
        "height": picture.height,
    }


def _post(post: CasePost, case: CaseHead, lang: str) -> Json:
    return {
        "kind": post.kind,
        "title": post.title,
        "text": _text(post.body),
        "language": post.lang or lang,
        "happened_on": post.iso,
        "published_at": post.published_at.isoformat() if post.published_at else None,
        "before_stop": post.before_stop,
        "pictures": [_picture(shown) for shown in (post.picture, *post.more_pictures) if shown],
        "url": f"{whole_url('public.case', lang=lang, slug=case.slug)}#{post.anchor}",
    }


def _neighbour(action: Neighbour, lang: str) -> Json:
    return {
        "slug": action.slug,
        "reference": action.reference,
        "title": action.title,
        "takes_letters": action.takes_letters,
        "url": whole_url("public.case", lang=lang, slug=action.slug),
    }
