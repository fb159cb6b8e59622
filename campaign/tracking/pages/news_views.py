"""The page that ends news of a case; its address stands in each such mail (RFC 8058).

Mail providers end the news for their user, from their own machines: their POST has no origin of
ours and knows no language, and it needs neither, for the address itself is the secret. So the one
click has a blueprint of its own, outside of what other public forms are held to. Switching the
news on again is for people, and stands behind the usual checks.
"""

from flask import Blueprint, abort, g, request
from flask.typing import ResponseReturnValue

from campaign.core import db, i18n
from campaign.core.errors import NotFound
from campaign.public.pages.before_request import not_found, show_private
from campaign.tracking import news_subscription
from campaign.tracking.news_subscription import News
from campaign.web.page import Page
from campaign.web.security import public


class NewsPage(Page, template="tracking/news.html"):
    link: str
    news: News
    done: bool


one_click = Blueprint("tracking_news_off", __name__, url_prefix="/news-off")
one_click.register_error_handler(NotFound, not_found)


def register(blueprint: Blueprint) -> None:
    """Put the page for people under `/<lang>/news-off/<link>`."""
    address = "/<lang>/news-off/<link>"
    blueprint.add_url_rule(address, view_func=news_off, methods=["GET", "POST"])


@public
def news_off(lang: str, link: str) -> ResponseReturnValue:
    """Show the page with its buttons, or switch. Looking changes nothing."""
    if request.method != "POST":
        return _shown(link)
    return _switched(link, on=request.form.get("on") == "1")


@one_click.get("/<link>")
@public
def ask(link: str) -> ResponseReturnValue:
    """Show the button to people whose mail program opens the address."""
    return _shown(link)


@one_click.post("/<link>")
@public
def end(link: str) -> ResponseReturnValue:
    """End the news by the click of a mail provider."""
    if request.form.get("List-Unsubscribe") != "One-Click":
        abort(400)
    return _switched(link, on=False)


def _shown(link: str) -> ResponseReturnValue:
    with db.reading() as session:
        news = news_subscription.open_news(session, link)
        _set_locale(news)
        return show_private(NewsPage(link=link, news=news, done=False))


def _switched(link: str, *, on: bool) -> ResponseReturnValue:
    session = db.session()
    news = news_subscription.open_news(session, link)
    _set_locale(news)
    news_subscription.switch_news(session, news.signature, on=on, now=db.utcnow())
    return show_private(NewsPage(link=link, news=news, done=True))


def _set_locale(news: News) -> None:
    """Where the address names no language, take that of the email in which it stood."""
    in_a_language = "lang" in (request.view_args or {})
    if news.signature and not in_a_language and news.signature.locale in i18n.languages():
        g.locale = news.signature.locale
