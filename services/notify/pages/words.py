"""The words of alerts on pages, in Dutch; a template has them translated. Pure."""

from services.notify.deciding import Decision
from services.notify.gate import Mode
from shared.policy import Channel


def _(text: str) -> str:
    """Marks a text for the catalogues; it is translated where it is shown."""
    return text


KINDS = {
    "assignment": _("Toewijzing"),
    "track": _("Andere aanpak"),
    "visit": _("Huisbezoek"),
    "hearing": _("Zitting"),
    "eviction": _("Ontruiming"),
    "summons": _("Dagvaarding"),
    "judgment": _("Vonnis"),
    "objection": _("Bezwaar"),
    "deadline_near": _("Termijn bijna om"),
    "deadline_missed": _("Termijn voorbij"),
    "not_accepted": _("Niet aangenomen"),
    "restriction": _("Contactafspraak"),
    "moratorium": _("Moratorium"),
    "undelivered": _("Bericht aan bewoner kwam niet aan"),
    "bounced": _("Bericht aan medewerker kwam niet aan"),
    "reply": _("Antwoord van bewoner"),
    "first_contact": _("Eerste bericht aan bewoner"),
}
MOMENTS = {
    "set": _("nieuw"),
    "reminder": _("herinnering"),
    "moved": _("verplaatst"),
    "cancelled": _("gaat niet door"),
}
CHANNELS = {Channel.MAIL: _("e-mail"), Channel.SMS: _("sms"), Channel.LETTER: _("brief")}
MODES = {
    Mode.OFF: _("uit"),
    Mode.SHADOW: _("proef"),
    Mode.GUESTS: _("alleen gasten"),
    Mode.LIVE: _("live"),
}
STATES = {
    "held": _("Tegengehouden"),
    "unknown": _("Onbekend of het is aangekomen"),
    "failed": _("Mislukt"),
    "scheduled": _("Gaat zo weg"),
    "claimed": _("Gaat zo weg"),
    "sent": _("Verstuurd"),
    "delivered": _("Bezorgd"),
    "superseded": _("Vervangen door iets nieuws"),
    "stopped": _("Gaat niet"),
    "shadowed": _("Proef, niet verstuurd"),
}
# What a decision says on its button, and what follows from it.
DECISIONS = {
    Decision.SEND.value: _("Versturen"),
    Decision.DROP.value: _("Niet versturen"),
    Decision.ARRIVED.value: _("Het is aangekomen"),
    Decision.NOT_ARRIVED.value: _("Niet aangekomen: opnieuw versturen"),
    "again": _("Opnieuw versturen"),
}
# Why the gate held something back, as it writes it.
WHY = (
    _("alle berichten aan bewoners zijn stilgezet"),
    _("het dagmaximum is bereikt"),
)


def kind_of(template: str) -> str:
    """What an alert is about."""
    return KINDS[template.rpartition("_")[0]]


def moment_of(template: str) -> str:
    """Whether it is new, a reminder, or a change."""
    return MOMENTS[template.rpartition("_")[2]]
