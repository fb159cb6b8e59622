"""What the desk's pages on deliveries say of what their services refuse, by slug."""

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from campaign.bundles.nouns import Noun, noun_of
from campaign.campaigns.desk.forms import SENTENCES as CAMPAIGN_SENTENCES
from campaign.core import i18n
from campaign.core.errors import DomainError
from campaign.deliveries.moved_letters import MovedSince
from campaign.deliveries.recording_rules import NumbersFault, NumbersProblem
from campaign.models.bundle import Bundle, BundleState
from campaign.public.case_page import destination_name
from campaign.web.form_base import DeskForm

SENTENCES: Mapping[str, object] = {
    **CAMPAIGN_SENTENCES,
    "day-to-come": _l("This day has not come yet where the mission is. Check the date."),
    "time-to-come": _l("This time has not come yet where the mission is. Check the time."),
    "day-before-bundle": _l("We froze the bundle after this day. Check the date."),
    "time-before-bundle": _l(
        "By the clocks where the mission is, we froze the bundle after this time. Check the time."
    ),
    "posted-before-visit": _l(
        "The mission returned the letters after this day. Check the date, or "
        "confirm that it is right."
    ),
    "pictures-full": _l("This record has too many pictures. The limit is 24."),
    "delivery-not-stopped": _l("The campaign is not stopped. Choose what happened."),
    "taken-missing": _l("Enter the number of letters they accepted."),
    "more-than-were-there": _l(
        "This is more letters than there were. Check the date, the time and later records."
    ),
    "taken-not-a-part": _l(
        "For “Accepted in part”, enter at least one letter, but not all of them."
    ),
    "withdrawn-unsaid": _l(
        "Letters in these envelopes were withdrawn or sent to review. "
        "Choose whether they were still in them."
    ),
    "paper-unsaid": _l(
        "Something in this bundle was withdrawn, sent to review or corrected after it was printed. "
        "Choose which print you had."
    ),
    "sheets-unsaid": _l("Say what happened to the signature sheets."),
    "paper-too-new": _l(
        "This print was made after the date and time you entered. Choose the print that you had, "
        "or correct the date or the time."
    ),
    "removed-not-in-print": _l(
        "Choose a print whose sheets that must not go were removed by hand. Enter only numbers of "
        "such letters in it."
    ),
    "remade-since": _l(
        "The bundle was remade after this time, and a later delivery is recorded. Delete that "
        "record, record this delivery, then record the later one again."
    ),
    "remade-between": _l(
        "The bundle was remade between the two times. Delete this record and record the "
        "delivery again."
    ),
    "tracking-of-several": _l(
        "A tracking number belongs to one envelope. Record the envelopes one by "
        "one, or leave this empty."
    ),
    "taken-before": _l("Some of these letters were already delivered. Remove their numbers."),
    "taken-too-few": _l(
        "These are fewer letters than they accepted. Add the missing numbers. If "
        "they accepted fewer, delete that record and record the delivery again."
    ),
    "taken-too-many": _l(
        "These are more letters than they accepted. Remove the numbers that came "
        "back. If they accepted more, delete that record and record the delivery "
        "again."
    ),
    "receipt-too-big": _l("The file is too big. Choose one of 12 MB or less."),
    "receipt-lies": _l("The file name does not match the kind of file. Choose the file again."),
    "pdf-not-drawn": _l(
        "We cannot show this PDF. It may be locked or damaged. Scan the paper again."
    ),
    "pictures-too-many": _l("Choose eight pictures at most."),
    "mission-missing": _l("Choose a mission."),
    "mission-without-street": _l(
        "This mission has no street address. Add one in the directory, then choose it again."
    ),
    "mission-same": _l("These letters were already at this mission. Choose another one."),
}
_CARD_SENTENCES: Mapping[str, object] = {
    **SENTENCES,
    "posted-before-visit": _l(
        "The mission returned the cards after this day. Check the date, or "
        "confirm that it is right."
    ),
    "taken-missing": _l("Enter the number of cards they accepted."),
    "more-than-were-there": _l(
        "This is more cards than there were. Check the date, the time and later records."
    ),
    "taken-not-a-part": _l("For “Accepted in part”, enter at least one card, but not all of them."),
    "withdrawn-unsaid": _l(
        "Cards in these envelopes were withdrawn or sent to review. "
        "Choose whether they were still in them."
    ),
    "removed-not-in-print": _l(
        "Choose a print whose sheets that must not go were removed by hand. Enter only numbers of "
        "such cards in it."
    ),
    "taken-before": _l("Some of these cards were already delivered. Remove their numbers."),
    "taken-too-few": _l(
        "These are fewer cards than they accepted. Add the missing numbers. If "
        "they accepted fewer, delete that record and record the delivery again."
    ),
    "taken-too-many": _l(
        "These are more cards than they accepted. Remove the numbers that came "
        "back. If they accepted more, delete that record and record the delivery "
        "again."
    ),
    "mission-same": _l("These cards were already at this mission. Choose another one."),
}


class DeliveryForm(DeskForm):
    sentences = SENTENCES
    cards = False

    def speak_of(self, bundle: Bundle, *, posted_in: str = "") -> None:
        """Speak of its cards or letters; and of the day in the zone where they are posted."""
        self.cards = noun_of(bundle) is Noun.CARD
        self.sentences = _CARD_SENTENCES if self.cards else SENTENCES
        if posted_in or bundle.mission is None:
            zone = posted_in or bundle.zone
            self.sentences = {**self.sentences, **_say_of_posting(bundle, zone, cards=self.cards)}


def _say_of_posting(bundle: Bundle, zone: str, *, cards: bool) -> dict[str, str]:
    """Say what does not fit where no mission is: neither its clocks nor what it returned."""
    town = i18n.say_town_of_zone(zone)
    sentences = {
        "day-to-come": _("This day has not come yet (%(town)s time). Check the date.", town=town),
        "time-to-come": _("This time has not come yet (%(town)s time). Check the time.", town=town),
        "time-before-bundle": _(
            "We froze the bundle after this time (%(town)s time). Check the time.", town=town
        ),
    }
    if bundle.mission is None:
        sentences["posted-before-visit"] = (
            _(
                "A record says that the cards were still here after this day. Check the date, or "
                "confirm that it is right."
            )
            if cards
            else _(
                "A record says that the letters were still here after this day. Check the date, "
                "or confirm that it is right."
            )
        )
    return sentences


def say_page_closed(bundle: Bundle) -> str:
    """Say on the bundle's page why no delivery of it can be recorded now, and what to do."""
    if bundle.state is BundleState.CANCELLED:
        return _(
            "You cannot record a delivery, because this bundle was cancelled. If you delivered "
            "it, tell an admin before its contents are printed again."
        )
    if bundle.state is BundleState.FAILED:
        return _("You cannot record a delivery, because this bundle was not printed.")
    return _(
        "You cannot record a delivery yet, because this bundle is being printed. Wait until this "
        "page says that it is ready."
    )


def say_not_ready(bundle: Bundle) -> str:
    """Say why nothing of it can be recorded now, and what to do with what was typed."""
    if bundle.state is BundleState.CANCELLED:
        return _(
            "Nothing was recorded, because this bundle was cancelled: what was in it waits for "
            "another bundle. If you delivered it, tell an admin before it is printed again."
        )
    if bundle.state is BundleState.FAILED:
        return _(
            "Nothing was recorded, because this bundle could not be made. Open the bundle to see "
            "why."
        )
    return _(
        "Nothing was recorded, because this bundle is being made again. Send the record again in "
        "a few minutes."
    )


def say_moved(problem: MovedSince) -> str:
    """Say where what was in the bundle is now, and what to do so that it is delivered once."""
    locale = i18n.locale()
    bundles = i18n.comma(locale).join(
        i18n.isolate(f"{destination_name(bundle.destination, locale)} · {bundle.number}")
        for bundle in problem.bundles
    )
    if not bundles:
        return _(
            "After this, what was in this bundle was taken out, and waits for another bundle. If "
            "you delivered it, tell an admin before it is printed again."
        )
    if problem.delivered:
        return _(
            "After this, a colleague moved what was in this bundle to %(bundles)s, and recorded "
            "what happened there. If that is a mistake, delete that record and cancel that bundle "
            "first. If both are true, add this to the notes of that record.",
            bundles=bundles,
        )
    words = _(
        "After this, a colleague moved what was in this bundle to %(bundles)s. If you delivered "
        "it here, no one may deliver it there: tell your colleagues now. Cancel %(bundles)s, then "
        "send this record again.",
        bundles=bundles,
    )
    if not problem.go_back:
        words = _(
            "After this, a colleague moved what was in this bundle to %(bundles)s, and another "
            "record of this bundle was made. If you delivered everything here, no one may deliver "
            "it there: tell your colleagues now. First delete the later record of this bundle, "
            "then cancel %(bundles)s. Then send this record again.",
            bundles=bundles,
        )
    if not problem.some_left:
        return words
    only = _(
        "If you delivered only what is still in this bundle, correct the time or choose "
        "“Accepted in part”."
    )
    return f"{words} {only}"


def say_refusal(problem: DomainError, *, cards: bool) -> str:
    if isinstance(problem, MovedSince):
        return say_moved(problem)
    sentences = {
        "nothing-here": _(
            "You have no cards of this bundle left. Open the bundle to see where they are."
        )
        if cards
        else _("You have no letters of this bundle left. Open the bundle to see where they are."),
        "part-unnamed": _(
            "Part of this bundle was accepted before, but we do not know which "
            "cards. Enter their numbers on the bundle page first."
        )
        if cards
        else _(
            "Part of this bundle was accepted before, but we do not know which "
            "letters. Enter their numbers on the bundle page first."
        ),
        "not-open": _("This is a rehearsal. Nothing in it can be delivered."),
        "bundle-not-ready": _("The bundle was cancelled or is being made. Open it to see which."),
        "key-taken": _("A colleague has already sent this from this phone."),
    }
    otherwise = _("This is not possible now. Nothing was changed. Reload the page and try again.")
    return str(sentences.get(problem.slug, otherwise))


def say_numbers_fault(
    problem: NumbersFault, *, cards: bool, lowest: int = 0, highest: int = 0
) -> str:
    """Say what cannot be read in numbers that somebody typed, by `read_numbers`."""
    sentences = {
        NumbersProblem.NONE: _("Enter the numbers of the accepted cards.")
        if cards
        else _("Enter the numbers of the accepted letters."),
        NumbersProblem.TOO_LONG: _(
            "This is too long. Enter cards in a row as a range, such as 1-200."
        )
        if cards
        else _("This is too long. Enter letters in a row as a range, such as 1-200."),
        NumbersProblem.UNREADABLE: _(
            "“%(piece)s” is not a number or a range. Write for example 1-200, 350, 400-412.",
            piece=problem.piece,
        ),
        NumbersProblem.BACKWARDS: _(
            "“%(piece)s” is in the wrong order. Write %(other)s.",
            piece=problem.piece,
            other=problem.other,
        ),
        NumbersProblem.TWICE: _(
            "“%(piece)s” and “%(other)s” contain the same cards. Enter each card once.",
            piece=problem.piece,
            other=problem.other,
        )
        if cards
        else _(
            "“%(piece)s” and “%(other)s” contain the same letters. Enter each letter once.",
            piece=problem.piece,
            other=problem.other,
        ),
        NumbersProblem.OUTSIDE: _(
            "“%(piece)s” is not in this bundle. Its cards are %(lowest)s to %(highest)s.",
            piece=problem.piece,
            lowest=lowest,
            highest=highest,
        )
        if cards
        else _(
            "“%(piece)s” is not in this bundle. Its letters are %(lowest)s to %(highest)s.",
            piece=problem.piece,
            lowest=lowest,
            highest=highest,
        ),
    }
    return str(sentences[problem.fault])
