"""Changing a letter, taking it back, switching its news off and on."""

from collections.abc import Iterable, Sequence

from flask import Blueprint, abort, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from campaign.campaigns.stop_rule import is_stopped
from campaign.core import db, i18n
from campaign.core.errors import NotFound
from campaign.core.settings import current_settings
from campaign.models.signature import Origin, Signature, SignatureState
from campaign.printing.page_fit import Room
from campaign.public.before_request import not_found, show_private
from campaign.public.case_page import CasePage, case_page
from campaign.signing import confirm_letter
from campaign.signing.address import AddressPart, ShownAddress, make_address_samples
from campaign.signing.checks.review_decision import note_for
from campaign.signing.consents import news_words
from campaign.signing.form.forms import SigningForm
from campaign.signing.letter.draft import Letters, signed_letters
from campaign.signing.mails import MailName
from campaign.signing.person_fingerprint import person_of
from campaign.tracking import change_or_withdraw, letter_links, news_subscription
from campaign.tracking.change_or_withdraw import ChangedMeanwhile, NameTaken, TooLate, digest_of
from campaign.tracking.letter_place import Place, find_place, say_list_went, say_row_too
from campaign.tracking.letter_trips import list_trips
from campaign.tracking.news_subscription import NewsLink
from campaign.tracking.pages.blueprint import blueprint
from campaign.tracking.timeline import is_frozen, status_of
from campaign.web.page import Page, redirect_to
from campaign.web.security import public


class WithdrawLetter(Page, template="tracking/withdraw.html"):
    token: str
    signature: Signature
    place: Place
    list_went: str  # When lists with the writer's name went out
    row_too: str  # What becomes of a row on paper that counts with it
    case: CasePage
    retention_months: int


class ChangeLetter(Page, template="tracking/change.html"):
    token: str
    signature: Signature
    by_link: bool  # Whether the token is the letter's own
    note: str
    case: CasePage
    form: SigningForm
    seen: str  # Digest of the letter that is, or was, shown with the form
    overtaken: bool  # Whether it was changed since the form was opened
    warns: bool  # Whether its writer has moved to where its officials are, and was not warned yet
    read_first: list[str]  # Why staff will read it before it is printed
    bounded: bool
    lives_there: bool
    points: list[tuple[str, bool, str]]
    parts: tuple[AddressPart, ...]
    samples: dict[str, ShownAddress]
    taken: set[str]
    letters: Letters  # As they are
    shown: Letters | None  # As they would be changed
    room: Room | None
    limit: int


_LETTER = "/<lang>/my-letters/<token>/<public_id>"


@blueprint.route(f"{_LETTER}/change", methods=["GET", "POST"])
@public
def change(lang: str, token: str, public_id: str) -> ResponseReturnValue:
    session = db.session()
    signature = letter_links.get_own_signature(session, token, public_id)
    return _ask(session, signature, token) or _back(lang, token, public_id, changed="1")


@blueprint.route("/<lang>/letter/<token>/change", methods=["GET", "POST"])
@public
def change_held(lang: str, token: str) -> ResponseReturnValue:
    session = db.session()
    signature = confirm_letter.get_by_token(session, token)
    confirm_letter.refuse_lost(signature, db.utcnow())
    if signature.shown_state is not SignatureState.HELD:
        if request.method == "POST":
            raise TooLate("letter-decided", signature)
        return redirect_to(".letter", lang=lang, token=token)
    answer = _ask(session, signature, token, by_link=True)
    return answer or redirect_to(".letter", lang=lang, token=token, changed="1")


def _ask(
    session: Session, signature: Signature, token: str, *, by_link: bool = False
) -> ResponseReturnValue | None:
    """Show the form until what it holds is saved, then return None. A look saves nothing."""
    change_or_withdraw.refuse_unchangeable(signature)
    first = request.method != "POST"
    posted = change_or_withdraw.as_posted(signature) if first else request.form
    changed = change_or_withdraw.judge_change(session, signature, posted)
    warns = "warned" not in request.form and change_or_withdraw.must_warn(signature, changed)
    if first or "move" in request.form or "fit" in request.form:
        return _change_page(signature, token, changed, by_link=by_link)
    reasons = [] if warns else change_or_withdraw.list_reasons_to_say(session, signature, changed)
    tells = bool(reasons) and request.form.get("read_first") != " ".join(reasons)
    if changed.result.form is None or "show" in request.form or warns or tells:
        return _change_page(
            signature, token, changed, by_link=by_link, answer=True, warns=warns, read_first=reasons
        )
    try:
        change_or_withdraw.change_letter(
            session, signature, changed.result.form, seen=request.form.get("seen", "")
        )
    except ChangedMeanwhile:
        return _change_page(signature, token, changed, by_link=by_link, overtaken=True)
    except NameTaken:
        changed = change_or_withdraw.judge_change(session, signature, posted)
        return _change_page(signature, token, changed, by_link=by_link, answer=True)
    return None


@blueprint.route(f"{_LETTER}/withdraw", methods=["GET", "POST"])
@public
def withdraw(lang: str, token: str, public_id: str) -> ResponseReturnValue:
    session = db.session()
    signature = letter_links.get_own_signature(session, token, public_id)
    change_or_withdraw.refuse_unwithdrawable(session, signature)
    if request.method == "POST":
        change_or_withdraw.withdraw_letter(session, signature, db.utcnow())
        return _back(lang, token, public_id)
    case = case_page(signature.campaign, lang, count=0, now=db.utcnow())
    return show_private(
        WithdrawLetter(
            token=token,
            signature=signature,
            place=find_place(session, signature),
            list_went=say_list_went(session, signature),
            row_too=say_row_too(session, signature),
            case=case,
            retention_months=current_settings().retention_months,
        )
    )


@blueprint.post(f"{_LETTER}/news")
@public
def switch_news(lang: str, token: str, public_id: str) -> ResponseReturnValue:
    session = db.session()
    signature = letter_links.get_own_signature(session, token, public_id)
    on = request.form.get("on") == "1"
    news_subscription.switch_news(
        session, signature, on=on, now=db.utcnow(), agreed_to=news_words()
    )
    return _back(lang, token, public_id)


def _back(lang: str, token: str, public_id: str, changed: str | None = None) -> ResponseReturnValue:
    here = {"lang": lang, "token": token, "public_id": public_id}
    return redirect_to("privacy.mine", **here, changed=changed)


def _change_page(
    signature: Signature,
    token: str,
    changed: change_or_withdraw.ChangedLetter,
    *,
    by_link: bool,
    answer: bool = False,
    warns: bool = False,
    read_first: Sequence[str] = (),
    overtaken: bool = False,
) -> ResponseReturnValue:
    """Show the form; with `answer`, what is wrong in it, or the letter as it would print."""
    settings = current_settings()
    result = changed.result
    form = SigningForm(changed.posted)
    form.offer_countries(settings.organisation_country)
    form.show_problems(result.problems if answer else {})
    shown = result.form if answer else None
    page = ChangeLetter(
        token=token,
        signature=signature,
        by_link=by_link,
        note=note_for(db.session(), signature),
        case=case_page(signature.campaign, i18n.locale(), count=0, now=db.utcnow()),
        form=form,
        seen=digest_of(signature)
        if overtaken or request.method == "GET"
        else request.form.get("seen", ""),
        overtaken=overtaken,
        warns=warns,
        read_first=[*read_first],
        bounded=changed.bounded,
        lives_there=form.country.data == signature.campaign.country,
        points=change_or_withdraw.offered_points(signature, changed.posted),
        parts=form.fit_address(),
        samples=make_address_samples(form),
        taken=set(changed.posted.getlist("points")),
        letters=signed_letters(signature),
        shown=signed_letters(signature, writer=shown) if shown else None,
        room=changed.room,
        limit=settings.own_words_limit,
    )
    return show_private(page, 422 if overtaken else result.status if answer else 200)


class NewsPage(Page, template="tracking/news.html"):
    link: str
    news: NewsLink
    done: bool
    people: list[Signature]  # for whom news is, or was just, switched
    by_button: bool  # Whether nobody's is or was: then it is for whom the button would
    shared: bool  # Whether to say for whom: others have the mailbox too
    names: list[MailName]  # Theirs; none where they cannot be named
    stopped: bool
    by_hand: bool  # Whether all who are spoken to signed on paper, and have no letter
    printed: bool
    waiting: bool  # Whether everything they signed is confirmed, and in our hands


# Mail providers end the news for their user, from their own machines (RFC 8058): their POST has no
# origin of ours and knows no language, and it needs neither, for the address itself is the secret.
# So the one click has a blueprint of its own, outside of what other public forms are held to.
one_click = Blueprint("tracking_news_off", __name__, url_prefix="/news-off")
one_click.register_error_handler(NotFound, not_found)


@blueprint.route("/<lang>/news-off/<link>", methods=["GET", "POST"])
@public
def news_off(lang: str, link: str) -> ResponseReturnValue:
    if request.method != "POST":
        return _shown(link)
    return _switched(link, on=request.form.get("on") == "1")


@one_click.get("/<link>")
@public
def ask(link: str) -> ResponseReturnValue:
    return _shown(link)


@one_click.post("/<link>")
@public
def end(link: str) -> ResponseReturnValue:
    if request.form.get("List-Unsubscribe") != "One-Click":
        abort(400)
    return _switched(link, on=False)


def _shown(link: str) -> ResponseReturnValue:
    with db.reading() as session:
        news = news_subscription.open_news(session, link)
        return _news_page(session, link, news, news.readers)


def _switched(link: str, *, on: bool) -> ResponseReturnValue:
    """Stop the news of all who share the mailbox; it is back on for those alone who had it."""
    session = db.session()
    news = news_subscription.open_news(session, link)
    people = news.readers
    if on:
        own = [news.signature.public_id] if news.signature else []
        chosen = request.form.getlist("reader") or own
        people = [writer for writer in news.writers if writer.public_id in chosen]
    for signature in people:
        news_subscription.switch_news(session, signature, on=on, now=db.utcnow())
    return _news_page(session, link, news, people, done=True)


def _news_page(
    session: Session, link: str, news: NewsLink, people: list[Signature], *, done: bool = False
) -> ResponseReturnValue:
    _set_locale(news)
    told = people or news.writers
    written = [signature for signature in told if signature.origin is Origin.ONLINE]
    signed = written or told
    states = {status_of(signature, list_trips(session, signature)) for signature in signed}
    is_gone = any(find_place(session, signature) is Place.GONE for signature in signed)
    by_button = not people
    people = people or [writer for writer in news.writers if writer is news.signature]
    having = news.writers if done or by_button else people
    return show_private(
        NewsPage(
            link=link,
            news=news,
            done=done,
            people=people,
            by_button=by_button,
            shared=news.signature is not None and _names_others(news.signature, having),
            names=news_subscription.name_readers(signature.given_name for signature in people),
            stopped=news.campaign is not None and is_stopped(news.campaign.status),
            by_hand=not written,
            printed=any(is_frozen(signature) for signature in written),
            waiting=bool(states) and states <= {"confirmed", "printed", "held"} and not is_gone,
        )
    )


def _names_others(signature: Signature, people: Iterable[Signature]) -> bool:
    """Whether they are others: who wrote twice shares the address with nobody."""
    return any(person_of(other).name != person_of(signature).name for other in people)


def _set_locale(news: NewsLink) -> None:
    """Where the address names no language, take that of the email in which it stood."""
    if "lang" not in (request.view_args or {}):
        g.language_endpoint = "tracking_news_off.ask"
        i18n.speak_as_mail(news.signature.locale if news.signature else "")
