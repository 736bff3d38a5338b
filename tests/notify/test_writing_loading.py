"""Templates with faults are refused, with every fault by file and line."""

import shutil
from pathlib import Path

import pytest

from services.notify.writing.facts import Audience, Channel, samples
from services.notify.writing.loading import TextFault
from services.notify.writing.texts import TEMPLATES, Texts

VISIT, TRACK, SMS = (
    "nl/resident/visit_set.txt",
    "nl/worker/track_set.txt",
    "en/layouts/resident_sms.txt",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TEMPLATES, tmp_path / "templates"))


def change(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))


def faults(folder: Path) -> list[str]:
    with pytest.raises(TextFault) as caught:
        Texts.load(folder)
    assert str(caught.value).splitlines() == [str(fault) for fault in caught.value.faults]
    return [str(fault) for fault in caught.value.faults]


def test_all_faults_are_told_at_once_with_file_and_line(folder: Path) -> None:
    change(folder, VISIT, "{% block text %}\n", "{% block text %}\n\n{{ amount }} ")
    change(folder, TRACK, "{% block text %}\n", "{% block text %}\n{% if %}")
    change(folder, SMS, "{{ link }}", "{{ link | shorten }}")
    (folder / "en/resident/hearing_moved.txt").unlink()
    (folder / "nl/worker/eviction_carried_out.txt").write_text("Te laat.")
    (folder / "nl/worker/visit_set.txt").write_bytes(b"\xff")
    assert [fault.partition(" here")[0] for fault in faults(folder)] == [
        "en/layouts/resident_sms.txt:3: No filter named 'shorten'.",
        "en/resident/hearing_moved.txt:1: is not there",
        "nl/resident/visit_set.txt:5: there is no fact amount",
        "nl/worker/eviction_carried_out.txt:1: is no text that there is",
        "nl/worker/track_set.txt:4: Expected an expression, got 'end of statement block'",
        "nl/worker/visit_set.txt:1: is not UTF-8",
    ]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("{% block sms %}", "{% block app %}", "1: there is no block app here: sms, subject, text"),
        ("{% block sms %}", "{% block app %}", "1: block sms is not there"),
        ("{% block text %}", "Los. {% block text %}", "2: is in no block, so nobody would read it"),
        ("{{ day }}", "{{ reference }}",
         "1: there is no fact reference here: callback, day, hour, link, municipality, when, "
         "window_end, worker"),
        ("{{ day }}", '{% include "mail.html" %}',
         "1: a text stands on its own: it takes in no other file"),
        ("{{ day }}", "{{ day + 1 }}",
         '1: TypeError: can only concatenate str (not "int") to str'),
        ("{{ day }}", "{{ day.year }}",
         "1: UndefinedError: 'str object' has no attribute 'year'"),
        ("{{ day }}", "{{ day.__class__.__mro__ }}",
         "1: SecurityError: access to attribute '__class__' of 'str' object is unsafe."),
        ("{{ day }}", "{{ range(1000000) | list }}",
         "1: OverflowError: Range too big. The sandbox blocks ranges larger than MAX_RANGE"
         " (100000)."),
        ("{{ day }}", "een " * 40, "1: as SMS it takes 3 segments of at most 2"),
    ],
)  # fmt: skip
def test_each_fault_is_found(folder: Path, old: str, new: str, fault: str) -> None:
    change(folder, VISIT, old, new)
    assert f"{VISIT}:{fault}" in faults(folder)


def test_a_fault_in_one_turn_of_a_text_is_found(folder: Path) -> None:
    change(folder, "nl/worker/visit_set.txt", "Let op: dit is al snel.", "\n{{ 1 // 0 }}")
    (fault,) = faults(folder)
    assert fault.startswith("nl/worker/visit_set.txt:5: ZeroDivisionError")


def test_a_digest_has_a_heading_for_every_kind(folder: Path) -> None:
    change(folder, "nl/layouts/worker_digest.txt", '"summons"', '"summon"')
    (fault,) = faults(folder)
    assert "UndefinedError" in fault
    assert "'summons'" in fault


def test_another_language_is_there_when_all_of_it_is(folder: Path) -> None:
    (folder / "tr/resident").mkdir(parents=True)
    shutil.copy(folder / VISIT, folder / "tr/resident/visit_set.txt")
    told = faults(folder)
    assert len(told) == 11
    assert "tr/layouts/resident_letter.txt:1: is not there" in told
    shutil.copytree(folder / "nl/resident", folder / "tr/resident", dirs_exist_ok=True)
    shutil.copytree(
        folder / "nl/layouts", folder / "tr/layouts", ignore=shutil.ignore_patterns("worker*")
    )
    texts = Texts.load(folder)
    assert texts.languages(Audience.RESIDENT) == ["en", "nl", "tr"]
    assert texts.language_for(Audience.WORKER, "tr") == "nl"


def test_the_version_changes_with_the_text_its_layout_and_the_page(folder: Path) -> None:
    def versions() -> list[str]:
        texts = Texts.load(folder)
        facts = samples(Audience.RESIDENT, "visit_set", "nl")
        return [
            texts.write("visit_set", Audience.RESIDENT, channel, "nl", facts).version
            for channel in (Channel.SMS, Channel.MAIL)
        ]

    seen = [versions(), versions()]
    for file in (VISIT, "nl/layouts/resident_sms.txt", "mail.html", "nl/resident/visit_moved.txt"):
        (folder / file).write_text((folder / file).read_text() + "\n")
        seen.append(versions())
    sms, mail = zip(*seen, strict=True)
    assert [sms.index(one) for one in sms] == [0, 0, 2, 3, 3, 3]
    assert [mail.index(one) for one in mail] == [0, 0, 2, 2, 4, 4]
