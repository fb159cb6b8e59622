"""What the desk's pages on deliveries say of what their services refuse, by slug."""

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from campaign.campaigns.desk.sentences import SENTENCES as CAMPAIGN_SENTENCES
from campaign.core.errors import DomainError
from campaign.web.desk_form import DeskForm

SENTENCES: Mapping[str, object] = {
    **CAMPAIGN_SENTENCES,
    "day-to-come": _l("This day is still to come at the mission."),
    "time-to-come": _l("This time is still to come at the mission."),
    "day-before-bundle": _l("The bundle was frozen after this day. Check the day."),
    "posted-before-visit": _l(
        "The letters came back from the mission after this day. Check the day, or tick that it is "
        "right."
    ),
    "pictures-full": _l("This record has too many pictures. It can have 24."),
    "delivery-recorded": _l(
        "This delivery is recorded already. Open its record to add pictures or correct it."
    ),
    "delivery-not-stopped": _l("The campaign is not stopped. Say how it ended at the gate."),
    "taken-missing": _l("Give the number of letters that were taken."),
    "more-than-were-there": _l(
        "More letters would have gone out than were there. Check the day, the time and later "
        "records."
    ),
    "taken-not-a-part": _l("A part is at least one letter, and not all of them."),
    "tracking-of-several": _l(
        "A tracking number belongs to one envelope. Note the envelopes one by one, each with its "
        "own number; or leave this empty."
    ),
    "taken-before": _l("Some of these letters had gone out before. Leave them out."),
    "taken-too-few": _l(
        "These are fewer letters than were taken. Add the numbers that are missing; if fewer were "
        "taken, remove the record of that visit and record it again."
    ),
    "taken-too-many": _l(
        "These are more letters than were taken. Leave out those that came back; if more were "
        "taken, remove the record of that visit and record it again."
    ),
    "receipt-too-big": _l("The file is too big: 12 MB at most."),
    "receipt-lies": _l("The name of the file says another kind than it is. Choose it again."),
    "pdf-not-drawn": _l("This PDF cannot be shown. It may be locked or damaged; scan it again."),
    "pictures-too-many": _l("Eight pictures at most."),
    "mission-missing": _l("Choose a mission."),
    "mission-without-street": _l(
        "This mission has no street address. Add one in the directory, then choose it again."
    ),
    "mission-same": _l("The letters were at this mission. Choose another one."),
}
_CARD_SENTENCES: Mapping[str, object] = {
    **SENTENCES,
    "posted-before-visit": _l(
        "The cards came back from the mission after this day. Check the day, or tick that it is "
        "right."
    ),
    "taken-missing": _l("Give the number of cards that were taken."),
    "more-than-were-there": _l(
        "More cards would have gone out than were there. Check the day, the time and later records."
    ),
    "taken-not-a-part": _l("A part is at least one card, and not all of them."),
    "taken-before": _l("Some of these cards had gone out before. Leave them out."),
    "taken-too-few": _l(
        "These are fewer cards than were taken. Add the numbers that are missing; if fewer were "
        "taken, remove the record of that visit and record it again."
    ),
    "taken-too-many": _l(
        "These are more cards than were taken. Leave out those that came back; if more were "
        "taken, remove the record of that visit and record it again."
    ),
    "mission-same": _l("The cards were at this mission. Choose another one."),
}


class DeliveryForm(DeskForm):
    sentences = SENTENCES
    cards = False

    def speak_of_cards(self, cards: bool) -> None:
        """Say cards in place of letters, if the bundle holds some."""
        self.cards, self.sentences = cards, _CARD_SENTENCES if cards else SENTENCES


def say_refusal(problem: DomainError, *, cards: bool) -> str:
    sentences = {
        "nothing-here": _("No card of this bundle is here any more: look at its page.")
        if cards
        else _("No letter of this bundle is here any more: look at its page."),
        "part-unnamed": _(
            "A part of this bundle was taken before, and nobody has said which cards. "
            "Say so on the bundle’s page, then record this."
        )
        if cards
        else _(
            "A part of this bundle was taken before, and nobody has said which letters. "
            "Say so on the bundle’s page, then record this."
        ),
        "not-open": _("This is a rehearsal: nothing of it is handed over."),
        "bundle-not-ready": _("The bundle is not ready yet."),
        "key-taken": _("A colleague sent this already from this phone."),
    }
    otherwise = _("The state of things does not allow it. Nothing was changed.")
    return str(sentences.get(problem.slug, otherwise))
