"""Two spellings of one person are one person; two persons are two."""

from datetime import date

import pytest

from services.triage.persons import Person, Relation, relation, surnames

BORN = date(1980, 2, 29)


def person(surname: str, infix: str = "", initials: str = "V.", born: date | None = BORN) -> Person:
    return Person(surname, infix, initials, born)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (person("Jansen", "van der"), person("van der Jansen")),
        (person("Jansen"), person("JANSEN")),
        (person("Müller"), person("Muller")),
        (person("Groß"), person("Gross")),
        (person("Wijnands"), person("Wynands")),
        (person("Søndergård"), person("Sondergard")),
        (person("Jansen-de Vries"), person("Vries", "de")),
        (person("Jansen - de Vries"), person("Jansen")),
        (person("'t Hart"), person("Hart", "'t")),
        (person("El Idrissi"), person("Idrissi", "el")),
        (person("De", "Van"), person("van de")),
        (person("Özdemir"), person("Ozdemir")),
        (person("d'Ancona"), person("Ancona", "d'")),
        (person("Yıldırım"), person("Yildirim")),
        (person("YILDIRIM"), person("yıldırım")),
        (person("İnönü"), person("Inonu")),
        (person("Wałęsa"), person("Walesa")),
        (person("Łukasz"), person("LUKASZ")),
        (person("Þórðarson"), person("Thordarson")),
        (person("Ħaż-Żebbuġ"), person("Haz-Zebbug")),
        (person("Đorđević"), person("Dordevic")),
        (person("Ǿrsted"), person("Orsted")),
        (person("Məmmədov"), person("Memmedov")),
        (person("Ŋaaba"), person("Naaba")),
        (person("Ægir"), person("Aegir")),
        (person("Ŧuomas"), person("Tuomas")),
        (person("Ɓello"), person("Bello")),
    ],
)
def test_spellings_of_one_surname_are_one(one: Person, other: Person) -> None:
    assert surnames(one) & surnames(other)
    assert relation(one, other) is Relation.SAME
    assert relation(other, one) is Relation.SAME


def test_every_letter_of_europe_s_latin_alphabets_is_told_in_plain_ones() -> None:
    # Latin-1 and Latin Extended-A and -B up to the letters of phonetics, small ones.
    letters = [chr(one) for one in (*range(0xE0, 0x180), *range(0x218, 0x21C))]
    plain = [one for one in letters if one.isalpha() and one not in "ªºŉſ"]
    for one in plain:
        (found,) = surnames(person(f"Ab{one}cd"))
        assert found.startswith("ab"), one
        assert found.endswith("cd"), one
        assert len(found) > len("abcd"), one


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        # The birth date decides where both have one.
        (person("Jansen"), person("Jansen", born=date(1980, 2, 28)), Relation.FAMILY),
        (person("Jansen", initials="A."), person("Jansen", initials="B."), Relation.SAME),
        # Else the first initial does.
        (person("Jansen", born=None), person("Jansen"), Relation.SAME),
        (person("Jansen", born=None), person("Jansen", initials="v.d."), Relation.SAME),
        (person("Jansen", born=None), person("Jansen", initials="J."), Relation.FAMILY),
        (person("Jansen", initials="", born=None), person("Jansen", initials=""), Relation.FAMILY),
        # Another surname is another person, also on the same birthday.
        (person("Jansen"), person("Janssen"), Relation.OTHER),
        (person("Jansen-Bos"), person("Vries"), Relation.OTHER),
        (person("李"), person("王"), Relation.OTHER),
        (person("李"), person("李"), Relation.SAME),
    ],
)
def test_who_is_who(one: Person, other: Person, wanted: Relation) -> None:
    assert relation(one, other) is wanted
    assert relation(other, one) is wanted
