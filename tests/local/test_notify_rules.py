"""Which numbers and addresses NotifyNL takes, and how many text messages a text takes."""

from datetime import UTC, datetime, timedelta

import pytest

from deploy.local.gateway_behaviour import Behaviour, Switches
from deploy.local.notify_deliveries import plan
from deploy.local.notify_keys import ApiKey
from deploy.local.notify_recipients import email_fault, letter_address, phone_fault
from deploy.local.text_segments import Segments, segments

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
NO_CITY = "cant detect a dutch city, city name must be in the same line as postcode"
NO_POSTCODE = "Cant detect a dutch postcode, postcode must be in the same line together with a city"


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("", Segments("GSM-7", 0, 1)),
        ("a" * 160, Segments("GSM-7", 160, 1)),
        ("a" * 161, Segments("GSM-7", 161, 2)),
        ("a" * 306, Segments("GSM-7", 306, 2)),
        ("a" * 307, Segments("GSM-7", 307, 3)),
        ("€" * 80, Segments("GSM-7", 160, 1)),
        # A euro sign that would be cut in two goes to the next.
        ("a" * 152 + "€" + "a" * 152, Segments("GSM-7", 306, 3)),
        ("één", Segments("GSM-7", 3, 1)),
        ("ë" * 70, Segments("UCS-2", 70, 1)),
        ("ë" * 71, Segments("UCS-2", 71, 2)),
        ("ë" * 134, Segments("UCS-2", 134, 2)),
        ("ë" * 135, Segments("UCS-2", 135, 3)),
        ("🏠" * 35, Segments("UCS-2", 70, 1)),
        ("\N{RIGHT SINGLE QUOTATION MARK}", Segments("UCS-2", 1, 1)),
    ],
)
def test_a_text_takes_as_many_messages_as_fit_its_characters(text: str, counted: Segments) -> None:
    assert segments(text) == counted


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("0612345678", None),
        ("06-123 456 78", None),
        ("+31612345678", None),
        ("0031 6 12345678", None),
        ("31612345678", None),
        ("+31 (0)6 12345678", None),
        ("+32470123456", None),
        ("061234567", "Not enough digits"),
        ("06123456789", "Too many digits"),
        ("", "Not enough digits"),
        ("+1234567", "Not enough digits"),
        ("+12345678901234567", "Too many digits"),
        ("+0612345678", "Not a valid country prefix"),
        ("0101234567", "Not a dutch mobile number"),
        ("0881234567", "Not a dutch mobile number"),
        ("niemand", "Must not contain letters or symbols"),
    ],
)
def test_a_phone_number_is_dutch_and_mobile_or_abroad(number: str, fault: str | None) -> None:
    assert phone_fault(number, landline_is_a_fault=True) == fault


def test_a_number_of_the_right_length_that_does_not_exist_is_not_valid() -> None:
    assert (phone_fault("0662345678") or "").startswith("Het telefoonnummer is ongeldig")


@pytest.mark.parametrize(
    ("lines", "address", "fault"),
    [
        (["A", "Weg 1", "1234ab Stad"], ["A", "Weg 1", "1234 AB  STAD"], None),
        (["A", "Weg 1", "1234 AB", "Stad"], ["A", "Weg 1", "1234 AB  STAD"], None),
        (["A", "Weg 1", "Stad 1234 AB", "Nederland"], ["A", "Weg 1", "1234 AB  STAD"], None),
        (["A", "", "Weg 1,", "", "1234 AB Stad"], ["A", "Weg 1", "1234 AB  STAD"], None),
        (["A", "Weg 1", "Stad", "1234 AB"], None, NO_CITY),
        (["A", "Weg 1", "Stad"], None, NO_POSTCODE),
        (["A", "Weg 1", "0234 AB Stad"], None, NO_POSTCODE),
        (["A", "1234 AB Stad"], None, "Address must be at least 3 lines"),
        (["A", "(Weg 1)", "1234 AB Stad"], None,
         "Address lines must not start with any of the following characters: @ ( ) = [ ] ” \\ / ,"
         " < >"),
    ],
)  # fmt: skip
def test_an_address_has_three_lines_and_a_postcode_with_its_town(
    lines: list[str], address: list[str] | None, fault: str | None
) -> None:
    given = {f"address_line_{number}": line for number, line in enumerate(lines, 1)}
    found, said = letter_address(given)
    assert said == fault
    assert address is None or found == address


def test_a_postcode_field_counts_only_without_a_sixth_line_and_a_seventh_never_does() -> None:
    given = {"address_line_1": "A", "address_line_2": "Weg 1", "postcode": "1234 AB Stad"}
    assert letter_address(given)[1] is None
    assert letter_address({**given, "address_line_6": ""})[1] == "Address must be at least 3 lines"
    seventh = {"address_line_1": "A", "address_line_2": "Weg 1", "address_line_7": "1234 AB Stad"}
    assert letter_address(seventh)[1] == "Address must be at least 3 lines"


@pytest.mark.parametrize("address", ["", "x", "x@y", "a b@c.nl", "a@c..nl", "a@c.n"])
def test_an_email_address_has_a_name_and_a_domain(address: str) -> None:
    assert email_fault("o'neill+x@b.example") is None
    assert email_fault(address) == "Not a valid email address"


@pytest.mark.parametrize("key", ["", "name", "name-" + "x" * 73, "-".join(["name", "0" * 36])])
def test_a_key_that_is_none_is_not_taken(key: str) -> None:
    with pytest.raises(ValueError, match="an API key is"):
        ApiKey.parse(key)


def test_counters_run_out_and_what_has_none_lasts() -> None:
    switches = Switches(Behaviour(api_error_status=500, api_error_next=2, vanish_next=1))
    assert [switches.take_from("api_error_next") for _ in range(3)] == [500, 500, None]
    assert [switches.take("vanish_next") for _ in range(2)] == [True, False]
    assert switches.now == Behaviour()
    lasting = Switches(Behaviour(refuse_code=450))
    assert [lasting.take_from("refuse_next") for _ in range(2)] == [450, 450]
    assert Switches(Behaviour(refuse_code=450, refuse_next=0)).take_from("refuse_next") is None


def test_nothing_is_called_back_when_nobody_wants_it() -> None:
    switches = Switches(Behaviour(callback_twice_next=1, sending_seconds=1, completed_seconds=3))
    settled = plan("sms", "0612345678", switches, NOW, calls_back=False)
    assert settled.calls == []
    assert [one.at - NOW for one in settled.changes] == [timedelta(seconds=n) for n in (0, 1, 3)]
    assert switches.now.callback_twice_next == 1
