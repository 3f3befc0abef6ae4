"""Pairs answers with requests by id, as JSON-RPC peers on a mining socket really use ids.

Contract: `ask(id, what)` remembers a request of one side, `answer(id)` gives the oldest unanswered one with
that id, or None. Ids repeat (ethminer numbers every submit of a GPU alike), are null, 0 or strings, and some
servers send the number back as a string: `1` and `"1"` are one id here. At most MAX_OPEN wait, the oldest
are forgotten first: an answer that never comes must not cost memory.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec import Struct, field

What = TypeVar("What")
MAX_OPEN = 4096


def id_key(identity: object) -> str | None:
    """An id as something to compare; None (JSON null) is an id too. Lists and objects are no ids."""
    if isinstance(identity, bool) or not isinstance(identity, (int, str, float)):
        return None
    if isinstance(identity, float) and identity.is_integer():
        identity = int(identity)  # some servers send every number as a float
    return str(identity)[:64]


class Requests(Struct, Generic[What]):
    """The unanswered requests of one side."""

    open: int = 0
    _waiting: OrderedDict[str | None, deque[What]] = field(default_factory=OrderedDict)

    def ask(self, identity: object, what: What) -> None:
        self._waiting.setdefault(id_key(identity), deque()).append(what)
        self.open += 1
        while self.open > MAX_OPEN:
            self._take(next(iter(self._waiting)))

    def answer(self, identity: object) -> What | None:
        key = id_key(identity)
        return self._take(key) if key in self._waiting else None

    def answer_if(self, identity: object, fits: Callable[[What], bool]) -> What | None:
        """As `answer`, but the oldest with that id that fits: others were answered by what a gap swallowed."""
        key = id_key(identity)
        queue = self._waiting.get(key)
        at = next((at for at, what in enumerate(queue) if fits(what)), None) if queue else None
        if queue is None or at is None:
            return None
        queue.rotate(-at)
        what = self._take(key)
        queue.rotate(at)
        return what

    def answer_first(self, identity: object, fits: Callable[[What], bool]) -> What | None:
        """The oldest request with that id that fits; those asked before it lost their answers. None fits: None."""
        key = id_key(identity)
        if not any(fits(what) for what in self._waiting.get(key, ())):
            return None
        what = self._take(key)
        while not fits(what):
            what = self._take(key)
        return what

    def _take(self, key: str | None) -> What:
        queue = self._waiting[key]
        what = queue.popleft()
        self.open -= 1
        if not queue:
            del self._waiting[key]
        return what
