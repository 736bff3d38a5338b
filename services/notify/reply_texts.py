"""The words of the page where residents answer, and in which language somebody reads it: pure.

They say nothing of visits, courts or debts: whoever has the link reads them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared.contracts.notify import Answer

LANGUAGE = "nl"  # where nobody asks for another that is there
_LIKED = re.compile(
    r"\s*([a-z]{1,8})(?:-[a-z0-9-]*)?\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?", re.IGNORECASE
)


@dataclass(frozen=True)
class Words:
    """What the page says in one language."""

    name: str  # of the language, in itself
    skip: str
    title: str
    intro: str
    choose: str  # to who sent the form without a choice
    buttons: Mapping[Answer, str]
    thanks: str
    next: Mapping[Answer, str]  # what happens now
    again: str
    call: str  # with the number
    gone: str
    call_town: str  # where no number can be told
    busy: str
    later: str


WORDS: Mapping[str, Words] = {
    "nl": Words(
        name="Nederlands",
        skip="Naar de inhoud",
        title="Laat het ons weten",
        intro="U kreeg een bericht van ons. Kies wat u wilt vertellen. U hoeft niet in te loggen.",
        choose="Kies een van deze antwoorden.",
        buttons={
            Answer.OTHER_TIME: "Ik wil op een andere tijd praten",
            Answer.NOT_ME: "Dit ben ik niet",
            Answer.NO_MESSAGES: "Ik wil geen berichten meer",
            Answer.CALL_ME: "Bel mij",
        },
        thanks="Dank u wel",
        next={
            Answer.OTHER_TIME: "Wij zoeken met u een andere tijd. Tot dan verandert er niets.",
            Answer.NOT_ME: "Wij zoeken uit wat er misging. U hoeft niets te doen.",
            Answer.NO_MESSAGES: "U krijgt geen berichten meer. Wilt u ze later weer? Bel ons.",
            Answer.CALL_ME: "Wij bellen u zo snel als het kan.",
        },
        again="Nog iets laten weten",
        call="Bellen mag ook: {callback}.",
        gone="Deze link werkt niet meer",
        call_town="Wilt u iets laten weten? Bel dan de gemeente. Het nummer staat in ons bericht.",
        busy="Het lukt nu niet",
        later="Probeer het over een minuut nog eens.",
    ),
    "en": Words(
        name="English",
        skip="Go to the content",
        title="Let us know",
        intro="We sent you a message. Choose what you want to tell us. You do not have to sign in.",
        choose="Choose one of these answers.",
        buttons={
            Answer.OTHER_TIME: "I want to talk at another time",
            Answer.NOT_ME: "This is not me",
            Answer.NO_MESSAGES: "No messages please",
            Answer.CALL_ME: "Call me",
        },
        thanks="Thank you",
        next={
            Answer.OTHER_TIME: "We will find another time with you. Until then nothing changes.",
            Answer.NOT_ME: "We will find out what went wrong. You do not have to do anything.",
            Answer.NO_MESSAGES: "We send you no more messages. Want them again later? Call us.",
            Answer.CALL_ME: "We will call you as soon as we can.",
        },
        again="Tell us something else",
        call="You can also call: {callback}.",
        gone="This link no longer works",
        call_town="Do you want to tell us something? Call your municipality (gemeente). "
        "The number is in our message.",
        busy="This does not work right now",
        later="Try again in a minute.",
    ),
}


def language_of(asked: str, accepted: str) -> str:
    """The language that was asked for; else the one that a browser likes best (Accept-Language)."""
    if asked in WORDS:
        return asked
    liked = dict.fromkeys(WORDS, 0.0)
    for part in accepted.split(",")[:20]:
        found = _LIKED.fullmatch(part)
        if found and (language := found[1].lower()) in liked:
            liked[language] = max(liked[language], float(found[2] or 1))
    best = max(liked, key=lambda one: (liked[one], one == LANGUAGE))
    return best if liked[best] else LANGUAGE
