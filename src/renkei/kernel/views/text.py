"""Words for the search index, and questions put to it.

Japanese has no spaces, and most of its words have two characters; the index therefore holds every
*pair* of neighbouring characters (冠水, 水し, し道, …), which finds a two-character word exactly and
longer ones by their pairs.  Latin words and numbers are held by their beginnings of a few lengths,
so that ``flood`` finds ``flooding``.

Text is compared in NFKC, case folded (Unicode Standard Annex 15 and section 3.13): full-width
letters equal plain ones, half-width katakana equal full-width.

Every word is written behind a *mark*, private-use characters that name the label row under which the
text was found.  The same word under two labels is two words in the index, so that a reader's search
touches only what that reader may see, and takes no longer for all that is hidden.

Where the index alone cannot decide (a term longer than a pair or a held beginning), ``matches`` looks
at the text itself.
"""

import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

BEGINNINGS = (3, 6)
"""Lengths at which a Latin word's beginning is indexed: short enough for a first guess, long enough to
tell words apart, and few, because each is one more entry per word.  Shorter words are held whole."""

MAX_QUERY = 200
"""Characters of a question that are looked at; people type a word or two."""

MAX_TERMS = 8
"""Terms of a question that are looked at; each is intersected under every visible label."""

_SCRIPT = r"\u1100-\U0010ffff"
_WORD = rf"[^\W{_SCRIPT}_]"
_RUNS = re.compile(rf"{_WORD}+|[^\W\u0000-\u10ff]+")
_WORD_CHARACTER = re.compile(_WORD)
_FIRST_PAIRED = "\u1100"
"""Runs from here on in Unicode (Hangul, kana, Han) are indexed in pairs, those before by beginnings."""

_BEGUN, _PAIRED = 1, 2
_SPACE = ord(" ")
_BASIC, _ALL = 0x10000, sys.maxunicode + 1
"""Nearly all text is in the basic plane, of which a table is made in some 20 ms; one of all takes 400."""
_Numbers = NDArray[np.int64]

_LAST_DIGIT, _LAST_BASE = 0xF000, 0x800
_MORE_DIGIT, _MORE_BASE = 0xE000, 0x1000


def normalise(text: str) -> str:
    """``text`` as it is compared."""
    return unicodedata.normalize("NFKC", text).casefold()


def mark(label_row: int) -> str:
    """The private-use characters that stand for a label row; no mark is the beginning of another.

    Text never holds them: private-use characters are no letters and are dropped from what is indexed.
    """
    more, last = divmod(label_row, _LAST_BASE)
    text = chr(_LAST_DIGIT + last)
    while more:
        more, digit = divmod(more, _MORE_BASE)
        text = chr(_MORE_DIGIT + digit) + text
    return text


def label_row_of(marked: str) -> tuple[int, str]:
    """The label row and the word of an index entry; the inverse of ``mark``."""
    value = 0
    for at, character in enumerate(marked):
        code = ord(character)
        if code >= _LAST_DIGIT:
            return value * _LAST_BASE + code - _LAST_DIGIT, marked[at + 1 :]
        value = value * _MORE_BASE + code - _MORE_DIGIT
    raise ValueError("an index entry without a mark")


def holds_words(text: str) -> bool:
    """Whether there is anything in normalised ``text`` to be indexed."""
    return _RUNS.search(text) is not None


def entries(texts: Sequence[str], label_rows: Sequence[int]) -> list[str]:
    """The documents for the index: of each normalised text its words, each behind its label row's mark.

    Repeats are harmless and left in.  Worked out on the code points of many texts at once, a third of what
    it takes word by word.
    """
    if not texts:
        return []
    batch = _Batch(texts, label_rows)
    paired = np.flatnonzero(batch.classes == _PAIRED)
    columns = [batch.words(paired, 1 + (batch.classes[paired + 1] == _PAIRED), 2)]
    edges = np.flatnonzero(np.diff(batch.classes == _BEGUN, prepend=False, append=False))
    begins, lengths = edges[::2], edges[1::2] - edges[::2]
    for shorter, length in pairwise((0, *BEGINNINGS)):
        longer = lengths > shorter
        columns.append(batch.words(begins[longer], lengths[longer], length))
    return list(map("".join, zip(*columns, strict=True)))


class _Batch:
    """Many texts as one row of code points, a line's end after each."""

    def __init__(self, texts: Sequence[str], label_rows: Sequence[int]) -> None:
        self._count = len(texts)
        self._codes = _code_points("\n".join(texts) + "\n")
        self.classes = _classes(_BASIC if int(self._codes.max()) < _BASIC else _ALL)[self._codes]
        self._text_of = np.repeat(np.arange(self._count), np.fromiter(map(len, texts), np.int64) + 1)
        marks = list(map(mark, label_rows))
        self._head_width = 1 + max(map(len, marks))
        heads = "".join([one.rjust(self._head_width) for one in marks])
        self._heads = _code_points(heads).reshape(self._count, self._head_width)

    def words(self, begins: _Numbers, lengths: _Numbers, width: int) -> list[str]:
        """Of each text those words that begin at ``begins``, cut to ``width`` characters, behind the mark."""
        steps = np.arange(width)
        letters = self._codes.take(begins[:, None] + steps, mode="clip")
        letters[steps >= lengths[:, None]] = _SPACE
        texts = self._text_of[begins]
        written = np.hstack((self._heads[texts], letters)).tobytes().decode("utf-32-le")
        counts = np.bincount(texts, minlength=self._count)
        ends = (np.cumsum(counts) * (self._head_width + width)).tolist()
        return [written[start:end] for start, end in pairwise((0, *ends))]


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


@cache
def _classes(count: int) -> NDArray[np.uint8]:
    """What each of the first code points is to the index: in no word, held by beginnings, or in pairs."""
    found = np.zeros(count, np.uint8)
    for run in _RUNS.finditer("".join(map(chr, range(count)))):
        found[run.start() : run.end()] = _PAIRED if run[0] >= _FIRST_PAIRED else _BEGUN
    return found


class Query(msgspec.Struct, frozen=True):
    """A question: ``words`` must all be in the index, ``starts`` as beginnings of entries there.

    ``terms`` must be in the text; ``exact`` says that the index alone proves that they are.
    """

    words: tuple[str, ...]
    starts: tuple[str, ...]
    terms: tuple[str, ...]
    exact: bool

    def expression(self, marks: Iterable[str]) -> str:
        """The question as FTS5 takes it, put under each of ``marks``."""
        return " OR ".join(
            "(" + " AND ".join([f'"{m}{w}"' for w in self.words] + [f'"{m}{w}" *' for w in self.starts]) + ")"
            for m in marks
        )


def parse(question: str) -> Query | None:
    """The question in ``question``, or None if there is nothing in it to look for.

    Terms are separated by white space; all of them must be found, each anywhere.  A Latin term
    matches the beginning of a word, a Japanese one any part of the text.
    """
    wanted: dict[str, None] = {}
    starts: dict[str, None] = {}
    terms: list[str] = []
    exact = True
    for term in normalise(question[:MAX_QUERY]).split()[:MAX_TERMS]:
        runs = _RUNS.findall(term)
        if not runs:
            continue
        terms.append(term)
        exact = exact and len(runs) == 1 and runs[0] == term
        for run in runs:
            exact = _look_for(run, wanted, starts) and exact
    if not terms:
        return None
    return Query(tuple(wanted), tuple(starts), tuple(terms), exact)


def _look_for(run: str, wanted: dict[str, None], starts: dict[str, None]) -> bool:
    """Add what the index should be asked about ``run``; whether its answer is exact."""
    if len(run) == 1:
        starts[run] = None
        return True
    if run >= _FIRST_PAIRED:
        pairs = [run[i : i + 2] for i in range(0, len(run) - 1, 2)]
        wanted.update(dict.fromkeys([*pairs, run[-2:]]))
        return len(run) == 2
    if len(run) < BEGINNINGS[0]:
        starts[run] = None
        return True
    held = max(n for n in BEGINNINGS if n <= len(run))
    wanted[run[:held]] = None
    return held == len(run)


def matches(query: Query, texts: Iterable[str]) -> bool:
    """Whether every term of ``query`` is in one of ``texts``."""
    compared = [normalise(text) for text in texts]
    return all(any(_holds(text, term) for text in compared) for term in query.terms)


def _holds(text: str, term: str) -> bool:
    """Whether ``term`` is in ``text``; a Latin beginning must stand at the beginning of a word."""
    anywhere = _WORD_CHARACTER.match(term) is None
    at = text.find(term)
    while at >= 0:
        if anywhere or at == 0 or _WORD_CHARACTER.match(text[at - 1]) is None:
            return True
        at = text.find(term, at + 1)
    return False
