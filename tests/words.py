"""The words that texts use and do not use, with reasons.

`tests/unit/core/test_words.py` holds texts against them.
"""

import re
from typing import NamedTuple


class Banned(NamedTuple):
    pattern: re.Pattern[str]
    say: str
    """What to write instead."""
    reason: str


def _banned(pattern: str, say: str, reason: str) -> Banned:
    return Banned(re.compile(pattern, re.IGNORECASE), say, reason)


_IDIOM = "reads as translated"
BANNED = (
    _banned(
        r"\b(?:e-mail|(?<!Royal )mail(?! server)|mails|mailed|mailing|mailbox|mailboxes)\b",
        "email; post; inbox",
        "in Canada mail is paper, so a consent to mail is a consent to the wrong thing",
    ),
    _banned(
        r"\b(?:take|takes|took|taken|taking)\b[^.]{0,40}? back\b",
        "withdraw, unpublish, recall",
        "three different acts have one name",
    ),
    _banned(r"\b(?:stand|stands|stood)\b", "is, are", _IDIOM),
    _banned(r"\bby (?:itself|themselves|himself|herself)\b", "automatically; separately", _IDIOM),
    _banned(r"\banew\b", "again", _IDIOM),
    _banned(r"\bwhoever\b", "people who; anyone who", "has no noun that says who"),
    _banned(r"\bmeanwhile\b", "since then; in the meantime", _IDIOM),
    _banned(r"\b(?:mend|mends|mended|mending)\b", "fix", _IDIOM),
    _banned(
        r"\bset(?:s|ting)? (?:them |it |those )?aside\b",
        "exclude; not printable",
        "letters and signatures are set aside for two different reasons",
    ),
    _banned(r"\bdesk\b", "workspace", "no one knows what the desk is"),
    _banned(
        r"\b(?:give|gives|giving|gave|given) (?:it |this bundle |the bundle )?up\b",
        "cancel",
        "sounds like failure",
    ),
    _banned(r"\bgo(?:es)? (?:its|their) way\b", "we deliver it", _IDIOM),
    _banned(
        r"\bhand(?:s|ed|ing)?[ -]?(?:it |them )?over\b|\bhand-?over\b",
        "deliver, delivery",
        "one word for one thing",
    ),
    _banned(
        r"\b(?:nobody|somebody|everybody|anybody)\b",
        "no one, someone, everyone, anyone",
        "one form throughout",
    ),
    _banned(r"\b(?:seal|sealed|unsealed)\b", "encrypted", "a seal is wax"),
    _banned(
        r"\b(?:wipe|wipes|wiped|erase|erases|erased|erasure)\b|\bthrow(?:n|s)? (?:it )?away\b",
        "delete",
        "seven verbs for one act",
    ),
    _banned(r"\b(?:come|came|comes|become|became|becomes) of\b", "what happened; outcome", _IDIOM),
    _banned(r"\ba look\b", "review", _IDIOM),
    _banned(r"\badministrators?\b", "admin", "the role is called admin"),
    _banned(r"\bworkers?\b(?!’)", "background service", "no one sees a worker"),
    _banned(r"\binvalid\b", "say what is wrong and how to fix it", "blames the reader"),
    _banned(r"\bplease note\b", "leave it out", "says nothing"),
    _banned(r"\bperson is at risk\b|\bfree or safe\b", "the name", "speak of people with care"),
    _banned(
        r"\b(?:organis|recognis|personalis|anonymis|analys(?!is|es\b|ts?\b))\w*",
        "-ize, -yze",
        "Canadian spelling",
    ),
    _banned(
        r"\b(?:color|colors|center|centers|labeled|canceled)\b",
        "colour, centre, labelled",
        "Canadian spelling",
    ),
    _banned(
        r"\b\w+n[’']t\b|\b(?:it|that|there|what)[’']s\b|\b\w+[’'](?:ll|re|ve)\b",
        "the words in full",
        "no contractions",
    ),
    _banned(
        r"\bits\s+last\s+delivery\b",
        "the last delivery for that action",
        "whose: of the letter, or of the action",
    ),
    _banned(
        r"\bwhichever\s+is\s+(?:later|sooner)\b",
        "after both have ended",
        "four readers in four languages did not understand it",
    ),
    _banned(
        r"\bwe\s+cannot\s+reach\s+them\b",
        "they stay until our staff delete them",
        "is not believed of lists that our own staff have",
    ),
    _banned(
        r"\bso that we do not email you again\b",
        "so that we do not email you about new actions again",
        "a letter can still bring emails",
    ),
    _banned(r"!(?!\[)", "a full stop", "no exclamation marks"),
)
"""What English texts do not say: messages, and pages of the documentation."""

EXCEPTIONS: dict[str, str] = {}
"""Whole messages that may say it, each with its reason."""


class Term(NamedTuple):
    english: re.Pattern[str]
    translations: dict[str, re.Pattern[str]]
    """What a translation of a message with that word contains, by language."""


def _term(english: str, **translations: str) -> Term:
    return Term(
        re.compile(english, re.IGNORECASE),
        {locale: re.compile(word, re.IGNORECASE) for locale, word in translations.items()},
    )


TERMS = (
    _term(
        r"(?<!block )(?<!US )(?<!two-)(?<!other )(?<!120 )\bletters?\b"
        r"(?! of the alphabet| or (?:a )?digit|, 215| – #10| \(�| are wrong)",
        fr="lettre",
        es="carta",
        ar="رسال|رسائل|خطاب",
    ),
    _term(r"(?<!sheets of )\bcards?\b(?! stock)", fr="carte", es="tarjeta", ar="بطاق"),
    _term(
        r"\bemails?\b",
        fr="courriel|écri|envo",
        es="correos? electrónicos?|mensaje|escri|env[ií]",
        ar="إلكتروني|مراسل|نراسل|رسل",
    ),
    _term(
        r"\bprivacy notice\b",
        fr="politique de confidentialité",
        es="aviso de privacidad",
        ar="إشعار الخصوصية",
    ),
    _term(r"\bencrypted\b", fr="chiffr", es="cifr", ar="مشف|شُف|تشفير"),
    _term(r"\bsignatures?\b", fr="sign", es="firm", ar="توقيع|موق|وق[ّ]?ع"),
    _term(r"\bofficials?\b", fr="autorit|fiche", es="autoridad|oficial|ficha", ar="مسؤول"),
    _term(r"(?<!Write )\bembass(?:y|ies)\b", fr="ambassade", es="embajada", ar="سفار"),
    _term(r"\bworkspace\b", fr="espace de travail", es="espacio de trabajo", ar="منصة العمل"),
)
"""Words that have one translation."""

NEVER = {
    "fr": (
        _banned(r"\be-?mails?\b|\bmails?\b", "courriel", "one word for one thing"),
        _banned(r"\bscell", "chiffré", "calque of sealed"),
        _banned(r"\bde lui-même\b|\bd’elle-même\b", "automatiquement", "calque of by itself"),
        _banned(r"\bpaquets?\b", "liasse", "one word for one thing"),
        _banned(r"\bsa\s+dernière\s+remise\b", "la dernière remise effectuée", "whose"),
        _banned(r"\w·e\b|\w·s\b", "another wording", "no midpoint"),
        _banned(r" [:;?!»]|« ", "U+00A0", "a line may not begin with the sign"),
    ),
    "es": (
        _banned(
            r"\be-?mails?\b|\bmails?\b", "correo electrónico; mensaje", "one word for one thing"
        ),
        _banned(r"\bsellad[oa]s?\b", "cifrado", "calque of sealed"),
        _banned(r"\bpor sí mism[oa]s?\b", "automáticamente", "calque of by itself"),
        _banned(r"\bustedes\b|\bvos\b|\btú\b", "usted, left out", "one reader, politely"),
        _banned(r"\bsu\s+última\s+entrega\b", "la última entrega de esa acción", "whose"),
        _banned(r"\bnota(?:r|mos)\b", "saber, indicar", "calque of to notice"),
        _banned(r"[«»]", "“ ”", "quotation marks of Mexico"),
    ),
    "ar": (
        _banned("مختوم", "مشفّر", "calque of sealed"),
        _banned(r"\bمحو|المحو", "حذف", "one word for one thing"),
        _banned("رزمة", "حزمة", "one word for one thing"),
        _banned("مغلّف|مغلف", "مظروف", "one word for one thing"),
        _banned("تواقيع", "توقيعات", "one spelling"),
        _banned("كلمة سر", "كلمة مرور", "one word for one thing"),
        _banned(r",(?! ?\d)", "،", "no Western comma"),
    ),
}
"""What translations do not say, by language."""
