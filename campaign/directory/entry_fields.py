"""What is kept of missions and officials, and what a file says of them, field by field."""

import enum
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from campaign.core.text.word_table import read_word_table
from campaign.models.directory import Directory, Mission, Official


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
    label: object
    rule: Rule | None = None
    in_files: str = ""  # what a column of a file is said to mean, where that is not the name
    shown: bool = False  # whether a dry run shows it of a new row, so that a wrong mapping is seen

    @property
    def meaning(self) -> str:
        return self.in_files or self.name


_ADDRESS = (
    Field("address", _l("Full address"), Rule.PLACE),
    Field("street", _l("Street")),
    Field("locality", _l("City or town"), Rule.PLACE),
    Field("region", _l("Region, state or province"), Rule.PLACE),
    Field("postal_code", _l("Postal code"), Rule.PLACE),
)
_CONTACTS = (
    Field("email", _l("Email")),
    Field("voice", _l("Phone")),
    Field("fax", _l("Fax")),
    Field("url", _l("Web page")),
    Field("twitter", _l("X handle")),
    Field("source_id", _l("Id in the source, for example in Wikidata"), Rule.SOURCE),
    Field("own_id", _l("Id in this directory, as in its exports")),
)
FIELDS: dict[Directory, tuple[Field, ...]] = {
    Directory.MISSIONS: (
        Field("kind", _l("Kind"), Rule.IDENTITY, shown=True),
        Field("name", _l("Name"), Rule.WORDS),
        Field("sending_country", _l("Sending country"), Rule.IDENTITY, shown=True),
        Field("host_country", _l("Host country"), Rule.IDENTITY, shown=True),
        Field("accredited_to", _l("Other countries"), Rule.FILLED, "accredited"),
        Field("head_of_mission", _l("Head of mission"), Rule.FILLED, shown=True),
        Field("hours", _l("Hours"), Rule.FILLED),
        Field("door_notes", _l("Access notes"), Rule.NEVER),
        *_ADDRESS,
        Field("last_checked_on", _l("Last checked on"), Rule.LATEST),
        *_CONTACTS,
    ),
    Directory.OFFICIALS: (
        Field("name", _l("Full name"), Rule.FILLED, "full_name"),
        Field("prefix", _l("Title before the name")),
        Field("given_name", _l("Given name"), Rule.FILLED),
        Field("family_name", _l("Family name"), Rule.FILLED),
        Field("office", _l("Office"), Rule.WORDS, shown=True),
        Field("organization", _l("Institution")),
        Field("salutation", _l("Salutation"), Rule.WORDS),
        Field("close", _l("Close"), Rule.WORDS),
        Field("country", _l("Country"), Rule.IDENTITY, shown=True),
        Field("preferred_locale", _l("Preferred language"), Rule.IDENTITY, "language"),
        Field("started_on", _l("In office since")),
        Field("ended_on", _l("In office until")),
        Field("left_on", _l("Left office on")),
        Field("post", _l("Office held")),
        *_ADDRESS,
        *_CONTACTS,
    ),
}
COLUMN_NAMES = read_word_table("""
kind: type|kind|type of|mission type|genre|tipo|category|art|typ|النوع|نوع البعثة
name: name|mission|name of mission|nom|nom de la mission|nombre|nombre de la mision|official name|
  office name|bezeichnung|vertretung|الاسم|اسم البعثة|البعثة
sending_country: operator|sending country|sending state|sender|pays accreditant|pays d envoi|
  pays representé|pais acreditante|pais que envia|origin|represented country|entsendestaat|
  entsendeland|الدولة الموفدة|الدولة المعتمدة|البلد الموفد
host_country: host country|receiving state|receiving country|located in|pays hote|
  pays accreditaire|pais anfitrion|pais receptor|host|empfangsstaat|gastland|الدولة المضيفة|
  البلد المضيف|الدولة المعتمد لديها
accredited: jurisdictions|accredited to|accreditation|also accredited to|juridictions|
  jurisdicciones|accreditations|accredited|jurisdiction|further countries|zustandig fur
head_of_mission: head of mission|ambassador|head|chef de mission|ambassadeur|jefe de mision|
  embajador|embajadora|representative|missionschef|botschafter|السفير|رئيس البعثة
hours: hours|opening hours|office hours|horaires|horario|heures d ouverture|offnungszeiten|
  ساعات العمل|الدوام
address: address|addresses|full address|postal address|adresse|adresses|direccion|mailing address|
  anschrift|adresse complete|العنوان|عنوان
street: street|street address|address line 1|address line 2|address line 3|address 1|address 2|
  line 1|line 2|rue|calle|strasse|الشارع|شارع
locality: city|town|locality|ville|ciudad|localidad|commune|ort|stadt|المدينة|مدينة
region: region|state|province|departement|estado|provincia|kanton|bundesland|المنطقة|المحافظة|
  الولاية
postal_code: postal code|postcode|zip|zip code|code postal|codigo postal|cp|plz|postleitzahl|
  الرمز البريدي
last_checked_on: last checked|last checked on|checked|verified|verifié le|verificado|gepruft am
email: email|e mail|mail|emails|email address|email addresses|courriel|correo|correo electronico|
  e mail adresse|البريد الالكتروني|البريد الإلكتروني|بريد الكتروني|البريد|الايميل
voice: phone|telephone|tel|telefono|phones|phone number|mobile|cell|contact|contact number|
  contact no|telephone number|telefon|telefonnummer|الهاتف|هاتف|رقم الهاتف|التلفون
fax: fax|telecopie|telecopieur|telefax|faxnummer|الفاكس|فاكس
url: website|url|web|homepage|web page|site|site web|sitio web|pagina web|webseite|internet|
  webadresse|الموقع|الموقع الالكتروني|الموقع الإلكتروني
twitter: twitter|x|x handle|twitter handle|compte x
source_id: qid|wikidata|wikidata id|id|source id|identifier|uuid|identifiant
own_id: id here
full_name: full name|name|nom complet|nombre completo|official|person|nom|nombre|
  vollstandiger name|الاسم|الاسم الكامل|اسم
prefix: honorific prefix|title before the name|prefix|courtesy title|civilité|tratamiento|anrede|
  اللقب
given_name: given name|first name|firstname|prenom|nombre de pila|given|vorname|الاسم الاول|
  الاسم الأول
family_name: family name|last name|surname|lastname|nom de famille|apellido|apellidos|nachname|
  familienname|اسم العائلة
office: office|post|position|role|title|function|fonction|poste|cargo|puesto|titre|amt|funktion|
  المنصب|الوظيفة|منصب|وظيفة
organization: organization|organisation|institution|organizacion|institucion|ministry|ministere|
  ministerio|organisme|behorde|ministerium|الجهة|المؤسسة|الوزارة
salutation: salutation|greeting|appel|formule d appel|saludo|form of address|briefanrede|التحية
close: close|closing|formule de politesse|despedida|grussformel|الخاتمة
country: country|countries|pays|pais|nation|land|staat|البلد|الدولة|بلد|دولة
language: language|preferred language|langue|idioma|lang|sprache|اللغة
started_on: start|start date|from|since|started on|in office since|debut|inicio|seit|beginn|
  تاريخ البدء|منذ
ended_on: end|end date|until|ended on|fin|left on|bis|ende|تاريخ الانتهاء|حتى
""")
PLACES = ("address", "locality", "region", "postal_code")  # the parts of an address
WORDS_LENGTH = 200  # characters of a text per language, or of a line of an address
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
