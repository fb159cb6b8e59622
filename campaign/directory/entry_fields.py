"""What is kept of missions and officials, and what a file says of them, field by field."""

import enum
from dataclasses import KW_ONLY, dataclass

from flask_babel import lazy_gettext as _l

from campaign.models.directory import Mission, Official
from campaign.models.directory_import import Directory


class Rule(enum.Enum):
    """How an import changes a field of an entry that it finds again."""

    FILLED = "filled in where it is empty; put in its place where the file counts"
    WORDS = "the same, in each language by itself"
    IDENTITY = "changed by an export of ours alone: it tells entries apart"
    LATEST = "the later day stays"
    PLACE = "a part of the address, which is one value"
    SOURCE = "taken once"
    NEVER = "no file says it"


@dataclass(frozen=True, slots=True)
class Field:
    """A field that is kept, or without a rule what only files or their dry runs have."""

    name: str
    """Of the column, and in drafts."""
    label: object
    rule: Rule | None = None
    _: KW_ONLY
    in_files: str = ""
    """What a column of a file is said to mean, where that is not the name."""
    heads: str = ""
    """Names of columns that mean it, with | between; none: no column of a file can."""
    shown: bool = False
    """Whether a dry run shows it of a new row, so that a wrong mapping is seen."""

    @property
    def meaning(self) -> str:
        return self.in_files or self.name


_ADDRESS = (
    Field(
        "address",
        _l("Full address"),
        Rule.PLACE,
        heads="address|addresses|full address|postal address|adresse|adresses|direccion"
        "|mailing address|anschrift|adresse complete|العنوان|عنوان",
    ),
    Field(
        "street",
        _l("Street"),
        heads="street|street address|address line 1|address line 2|address line 3|address 1"
        "|address 2|line 1|line 2|rue|calle|strasse|الشارع|شارع",
    ),
    Field(
        "locality",
        _l("City or town"),
        Rule.PLACE,
        heads="city|town|locality|ville|ciudad|localidad|commune|ort|stadt|المدينة|مدينة",
    ),
    Field(
        "region",
        _l("Region, state or province"),
        Rule.PLACE,
        heads="region|state|province|departement|estado|provincia|kanton|bundesland|المنطقة"
        "|المحافظة|الولاية",
    ),
    Field(
        "postal_code",
        _l("Postal code"),
        Rule.PLACE,
        heads="postal code|postcode|zip|zip code|code postal|codigo postal|cp|plz|postleitzahl"
        "|الرمز البريدي",
    ),
)
_REACHED = (
    Field(
        "email",
        _l("Email"),
        heads="email|e mail|mail|emails|email address|email addresses|courriel|correo"
        "|correo electronico|e mail adresse|البريد الالكتروني|البريد الإلكتروني|بريد الكتروني"
        "|البريد|الايميل",
    ),
    Field(
        "voice",
        _l("Phone"),
        heads="phone|telephone|tel|telefono|phones|phone number|mobile|cell|contact"
        "|contact number|contact no|telephone number|telefon|telefonnummer|الهاتف|هاتف"
        "|رقم الهاتف|التلفون",
    ),
    Field("fax", _l("Fax"), heads="fax|telecopie|telecopieur|telefax|faxnummer|الفاكس|فاكس"),
    Field(
        "url",
        _l("Web page"),
        heads="website|url|web|homepage|web page|site|site web|sitio web|pagina web|webseite"
        "|internet|webadresse|الموقع|الموقع الالكتروني|الموقع الإلكتروني",
    ),
    Field("twitter", _l("X handle"), heads="twitter|x|x handle|twitter handle|compte x"),
    Field(
        "source_id",
        _l("Id in the source, for example in Wikidata"),
        Rule.SOURCE,
        heads="qid|wikidata|wikidata id|id|source id|identifier|uuid|identifiant",
    ),
    Field("own_id", _l("Id in this directory, as in its exports"), heads="id here"),
)
FIELDS: dict[Directory, tuple[Field, ...]] = {
    Directory.MISSIONS: (
        Field(
            "kind",
            _l("Kind"),
            Rule.IDENTITY,
            shown=True,
            heads="type|kind|type of|mission type|genre|tipo|category|art|typ|النوع|نوع البعثة",
        ),
        Field(
            "name",
            _l("Name"),
            Rule.WORDS,
            heads="name|mission|name of mission|nom|nom de la mission|nombre|nombre de la mision"
            "|official name|office name|bezeichnung|vertretung|الاسم|اسم البعثة|البعثة",
        ),
        Field(
            "sending_country",
            _l("Sending country"),
            Rule.IDENTITY,
            shown=True,
            heads="operator|sending country|sending state|sender|pays accreditant|pays d envoi"
            "|pays representé|pais acreditante|pais que envia|origin|represented country"
            "|entsendestaat|entsendeland|الدولة الموفدة|الدولة المعتمدة|البلد الموفد",
        ),
        Field(
            "host_country",
            _l("Host country"),
            Rule.IDENTITY,
            shown=True,
            heads="host country|receiving state|receiving country|located in|pays hote"
            "|pays accreditaire|pais anfitrion|pais receptor|host|empfangsstaat|gastland"
            "|الدولة المضيفة|البلد المضيف|الدولة المعتمد لديها",
        ),
        Field(
            "accredited_to",
            _l("Other countries"),
            Rule.FILLED,
            in_files="accredited",
            heads="jurisdictions|accredited to|accreditation|also accredited to|juridictions"
            "|jurisdicciones|accreditations|accredited|jurisdiction|further countries"
            "|zustandig fur",
        ),
        Field(
            "head_of_mission",
            _l("Head of mission"),
            Rule.FILLED,
            shown=True,
            heads="head of mission|ambassador|head|chef de mission|ambassadeur|jefe de mision"
            "|embajador|embajadora|representative|missionschef|botschafter|السفير|رئيس البعثة",
        ),
        Field(
            "hours",
            _l("Hours"),
            Rule.FILLED,
            heads="hours|opening hours|office hours|horaires|horario|heures d ouverture"
            "|offnungszeiten|ساعات العمل|الدوام",
        ),
        Field("door_notes", _l("Access notes"), Rule.NEVER),
        *_ADDRESS,
        Field(
            "last_checked_on",
            _l("Last checked on"),
            Rule.LATEST,
            heads="last checked|last checked on|checked|verified|verifié le|verificado|gepruft am",
        ),
        *_REACHED,
    ),
    Directory.OFFICIALS: (
        Field(
            "name",
            _l("Full name"),
            Rule.FILLED,
            in_files="full_name",
            heads="full name|name|nom complet|nombre completo|official|person|nom|nombre"
            "|vollstandiger name|الاسم|الاسم الكامل|اسم",
        ),
        Field(
            "prefix",
            _l("Title before the name"),
            heads="honorific prefix|title before the name|prefix|courtesy title|civilité"
            "|tratamiento|anrede|اللقب",
        ),
        Field(
            "given_name",
            _l("Given name"),
            Rule.FILLED,
            heads="given name|first name|firstname|prenom|nombre de pila|given|vorname"
            "|الاسم الاول|الاسم الأول",
        ),
        Field(
            "family_name",
            _l("Family name"),
            Rule.FILLED,
            heads="family name|last name|surname|lastname|nom de famille|apellido|apellidos"
            "|nachname|familienname|اسم العائلة",
        ),
        Field(
            "office",
            _l("Office"),
            Rule.WORDS,
            shown=True,
            heads="office|post|position|role|title|function|fonction|poste|cargo|puesto|titre|amt"
            "|funktion|المنصب|الوظيفة|منصب|وظيفة",
        ),
        Field(
            "organization",
            _l("Institution"),
            heads="organization|organisation|institution|organizacion|institucion|ministry"
            "|ministere|ministerio|organisme|behorde|ministerium|الجهة|المؤسسة|الوزارة",
        ),
        Field(
            "salutation",
            _l("Salutation"),
            Rule.WORDS,
            heads="salutation|greeting|appel|formule d appel|saludo|form of address|briefanrede"
            "|التحية",
        ),
        Field(
            "close",
            _l("Close"),
            Rule.WORDS,
            heads="close|closing|formule de politesse|despedida|grussformel|الخاتمة",
        ),
        Field(
            "country",
            _l("Country"),
            Rule.IDENTITY,
            shown=True,
            heads="country|countries|pays|pais|nation|land|staat|البلد|الدولة|بلد|دولة",
        ),
        Field(
            "preferred_locale",
            _l("Preferred language"),
            Rule.IDENTITY,
            in_files="language",
            heads="language|preferred language|langue|idioma|lang|sprache|اللغة",
        ),
        Field(
            "started_on",
            _l("In office since"),
            heads="start|start date|from|since|started on|in office since|debut|inicio|seit"
            "|beginn|تاريخ البدء|منذ",
        ),
        Field(
            "ended_on",
            _l("In office until"),
            heads="end|end date|until|ended on|fin|left on|bis|ende|تاريخ الانتهاء|حتى",
        ),
        Field("left_on", _l("Left office on")),
        Field("post", _l("Office held")),
        *_ADDRESS,
        *_REACHED,
    ),
}
PLACES = ("address", "locality", "region", "postal_code")
"""The parts of an address."""
WORDS_LENGTH = 200
"""Characters of a text per language, or of a line of an address."""


LABELS: dict[str, object] = {
    name: field.label
    for directory in (Directory.OFFICIALS, Directory.MISSIONS)
    for field in FIELDS[directory]
    for name in (field.name, field.meaning)
}
"""By names and meanings; a name alone is a mission's."""


def names_with(directory: Directory, *rules: Rule) -> tuple[str, ...]:
    return tuple(field.name for field in FIELDS[directory] if field.rule in rules)


def limit_of(model: type[Mission | Official], name: str) -> int:
    return getattr(model.__table__.c[name].type, "length", None) or WORDS_LENGTH
