"""Why a campaign was closed or stopped, as a reader of each language gets it. Pure."""

from dataclasses import dataclass
from typing import NamedTuple

from campaign.core import i18n
from campaign.core.db import Words
from campaign.models.campaign import Campaign, StopKind


class SaidText(NamedTuple):
    """A text, and its language where that is not the reader's; else empty."""

    text: str = ""
    lang: str = ""


@dataclass(frozen=True, slots=True)
class Reasons:
    kind: StopKind
    words: Words
    default_locale: str

    def said_in(self, locale: str) -> SaidText:
        """The reason in that language, else in the campaign's main one, else in any it has."""
        text, code = i18n.said_in(self.words, locale, self.default_locale)
        return SaidText(text, "" if code == locale else code)


def reasons_of(campaign: Campaign) -> Reasons:
    return Reasons(campaign.stop_kind, campaign.status_reasons, campaign.default_locale)


def reason_of(campaign: Campaign) -> SaidText:
    return reasons_of(campaign).said_in(i18n.locale())
