"""Texts of the rule language: matching by RE2, which never takes long, whatever the pattern."""

from cel_expr_python import cel

from services.triage.rulebook.numbers import Trouble

PATTERN_CHARACTERS_MAX = 1_000
# Python's own patterns can take for ever; those of CEL's standard library cannot.
_matching = cel.NewEnv(variables={"text": cel.Type.STRING, "pattern": cel.Type.STRING}).compile(
    "text.matches(pattern)"
)


def matches(text: str, pattern: str) -> bool:
    """Whether the pattern (RE2) is found somewhere in the text; raises Trouble."""
    if len(pattern) > PATTERN_CHARACTERS_MAX:
        raise Trouble(f"a pattern of more than {PATTERN_CHARACTERS_MAX} characters")
    found = _matching.eval(data={"text": text, "pattern": pattern})
    if found.type() == cel.Type.ERROR:
        raise Trouble("not a pattern that can be matched")
    return found.value() is True


def pattern_from(text: str) -> str:
    """A pattern that can be matched; raises Trouble."""
    matches("", text)
    return text
