"""Regular expressions that Java's and RE2's engines read alike; every other one is refused."""

import re
from dataclasses import dataclass, field, replace

from acude.athena.errors import unsupported
from acude.athena.value import quote, refuses

_CLASSES = "dDwWsS"
_PLAIN_ESCAPES = r"\.[]{}()*+?^$|/-"
_CONTROL = "tnrf"
_QUANTIFIER = re.compile(r"(?:[*+?]|\{(\d+)(,(\d*))?\})")
_MOST_REPEATS = 1000


@dataclass(frozen=True)
class Regex:
    r"""A pattern that means the same in both engines.

    Attributes:
        text: The pattern.
        groups: How many capturing groups it has.
        optional: Groups that may not take part in a match (their result would be null in one engine, '' in the other).
        ascii_only: Whether it is alike for ASCII subjects only (``\w`` knows é in one engine).
        one_line: Whether it is alike for subjects without line breaks only (``.``, ``^``, ``$``).
        least: The fewest characters that it matches.
    """

    text: str
    groups: int = 0
    optional: frozenset[int] = field(default_factory=frozenset)
    ascii_only: bool = False
    one_line: bool = False
    least: int = 0

    @property
    def sql(self) -> str:
        """The pattern as a DuckDB literal."""
        return quote(self.text)

    @staticmethod
    def read(text: str) -> "Regex":
        """Reads a pattern; NOT_SUPPORTED where the engines may differ."""
        return _Reader(text).read()

    def repeating(self) -> "Regex":
        """The pattern for use match after match: an empty match moves on differently in the engines."""
        if self.least == 0:
            unsupported(f"The regular expression '{self.text}', which may match an empty text,")
        return self

    def guard(self, subject: str, sql: str) -> str:
        """SQL that refuses a subject for which the engines may differ."""
        doubts = []
        if self.ascii_only:
            doubts.append(f"length({subject}) <> strlen({subject})")
        if self.one_line:
            doubts.append(f"regexp_matches({subject}, '[\\n\\r\\x{{85}}\\x{{2028}}\\x{{2029}}]')")
        if not doubts:
            return f"({sql})"
        reason = refuses("This regular expression on such a text")
        return f"(CASE WHEN {' OR '.join(doubts)} THEN {reason} ELSE ({sql}) END)"


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found = Regex(text)
        self.optional: set[int] = set()

    def read(self) -> Regex:
        least = self._alternatives()
        if self.at < len(self.text):
            self._refuse()
        return replace(self.found, optional=frozenset(self.optional), least=least)

    def _refuse(self) -> None:
        unsupported(f"The regular expression '{self.text}' (at character {self.at + 1})")

    def _mark(self, **flags: bool) -> None:
        self.found = replace(self.found, **flags)  # type: ignore[arg-type]

    def _alternatives(self) -> int:
        first = self.found.groups
        leasts = [self._sequence()]
        while self.text[self.at : self.at + 1] == "|":
            self.at += 1
            leasts.append(self._sequence())
        if len(leasts) > 1:
            self.optional.update(range(first + 1, self.found.groups + 1))
        return min(leasts)

    def _sequence(self) -> int:
        least = 0
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            before = self.found.groups
            width, repeats = self._atom(), 1
            match = _QUANTIFIER.match(self.text, self.at)
            if match:
                self.at = match.end()
                repeats = self._repeats(match)
                if repeats == 0:
                    self.optional.update(range(before + 1, self.found.groups + 1))
                if self.text[self.at : self.at + 1] == "?":
                    self.at += 1
                if self.text[self.at : self.at + 1] in {"*", "+", "?", "{"} and self.at < len(self.text):
                    self._refuse()
            least += width * repeats
        return least

    def _repeats(self, match: re.Match[str]) -> int:
        if match[1] is None:
            return 1 if match[0] == "+" else 0
        if int(match[1]) > _MOST_REPEATS or int(match[3] or 0) > _MOST_REPEATS:
            self._refuse()
        return int(match[1])

    def _atom(self) -> int:
        char = self.text[self.at]
        self.at += 1
        if char == "(":
            return self._group()
        if char == "[":
            return self._set()
        if char == "\\":
            return self._escape(inside=False)
        if char in "^$":
            self._mark(one_line=True)
            return 0
        if char == ".":
            self._mark(one_line=True)
        elif char in "*+?{":
            self._refuse()
        return 1

    def _group(self) -> int:
        if self.text.startswith("?:", self.at):
            self.at += 2
        elif self.text.startswith("?i)", self.at) and self.at == 1:
            self.at += 3
            self._mark(ascii_only=True)
            return 0
        elif self.text.startswith("?", self.at):
            self._refuse()
        else:
            self._mark_group()
        least = self._alternatives()
        if self.text[self.at : self.at + 1] != ")":
            self._refuse()
        self.at += 1
        return least

    def _mark_group(self) -> None:
        self.found = replace(self.found, groups=self.found.groups + 1)

    def _escape(self, *, inside: bool) -> int:
        if self.at >= len(self.text):
            self._refuse()
        char = self.text[self.at]
        self.at += 1
        if char in _CLASSES:
            self._mark(ascii_only=True)
        elif char in "bB" and not inside:
            self._mark(ascii_only=True)
            return 0
        elif char not in _PLAIN_ESCAPES and char not in _CONTROL:
            self._refuse()
        return 1

    def _set(self) -> int:
        if self.text[self.at : self.at + 1] == "^":
            self.at += 1
        start = self.at
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "]" and self.at > start:
                self.at += 1
                return 1
            if char in "[]" or self.text.startswith("&&", self.at):
                self._refuse()
            self.at += 1
            if char == "\\":
                self._escape(inside=True)
        self._refuse()
        return 1


def replacement(text: str, regex: Regex) -> str:
    r"""Java's ``$1`` replacement as RE2's ``\1``."""
    out, at = "", 0
    while at < len(text):
        char = text[at]
        after = text[at + 1 : at + 2]
        if char == "$":
            if not after.isdigit() or text[at + 2 : at + 3].isdigit() or int(after) > regex.groups:
                unsupported(f"The replacement '{text}'")
            out, at = f"{out}\\{after}", at + 2
        elif char == "\\":
            if not after:
                unsupported(f"The replacement '{text}'")
            out, at = out + ("\\\\" if after == "\\" else after), at + 2
        else:
            out, at = out + char, at + 1
    return out
