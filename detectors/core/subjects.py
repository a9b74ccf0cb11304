"""What a mail's subject says, apart from what mail programs put before it."""

import re
from functools import lru_cache
from typing import NamedTuple

# a deal keeps 120 characters of a subject, prefixes and all: so many of its words can be compared
MOST_CHARACTERS = 90

# what mail programs of about twenty languages write before the subject of an answer, and of a mail that is passed on;
# VS is an answer in Finnish, and passed on in Danish: who passes a mail on mostly sends it to somebody new
_ANSWER = frozenset("re r aw antw antwort sv vs res rif rép rep odp ynt bls vá απ отв ответ 回复 回覆 答复".split())
_PASSED_ON = frozenset("fw fwd wg tr vb vl enc i pd rv doorst ilt πρθ пер 转发 轉寄".split())
# what a gateway writes before a mail from outside
_MARK = frozenset("ext extern external externe externo".split())
# every part is bounded, so that reading takes time in proportion to the subject
_PREFIX = re.compile(r"\s*(?:\[(?P<mark>\w{1,12})\]|(?P<word>[^\W\d_]{1,16})\s?(?:[\[(]\d{1,3}[\])])?\s?[:：])")


class Subject(NamedTuple):
    """The words of a subject, in small letters and without prefixes, and as what it begins: an answer, or passed on."""

    words: str
    answers: bool
    passed_on: bool = False


@lru_cache(maxsize=16_384)
def read(subject: str) -> Subject:
    """A subject as subjects are compared: letters, spaces and prefixes aside."""
    # a Turkish capital İ leaves its dot behind
    text = subject[:200].casefold().replace("\u0307", "")
    first, start = "", 0
    while found := _PREFIX.match(text, start):
        word, mark = found["word"], found["mark"]
        if word not in _ANSWER and word not in _PASSED_ON and mark not in _MARK:
            break
        first, start = first or word or "", found.end()
    return Subject(" ".join(text[start:].split())[:MOST_CHARACTERS], first in _ANSWER, first in _PASSED_ON)
