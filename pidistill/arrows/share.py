"""Making each key once, whoever works on the store at the same time.

What stands in the store is not made. What another process is making right now is waited for, and taken from the store
then. A process that dies lets go of its claims, and the others make what it did not finish.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from pidistill.errors import StoreError
from pidistill.records import Record
from pidistill.store.log import Log
from pidistill.store.store import Store

R = TypeVar("R", bound=Record)


def missing(store: Store, log: Log[R], keys: Iterable[str], holds: Callable[[str], bool]) -> Iterator[list[str]]:
    """Lists of keys that this process has to make, in the order of `keys`; each must hold when the next is asked for.

    `holds` says of a key whether what stands in the store will do. Raises `StoreError` where what was yielded still
    does not hold, rather than making it again and again.
    """
    made = set[str]()
    while absent := [key for key in dict.fromkeys(keys) if not holds(key)]:
        if again := made.intersection(absent):
            raise StoreError(f"{log.folder}: {min(again)} was made and is not there.", "Run the same command again.")
        mine, others = store.claims.take(absent)
        try:
            log.refresh()  # somebody may have made it between the look and the claim
            todo = [key for key in mine if not holds(key)]
            if todo:
                yield todo
                made.update(todo)
        finally:
            store.claims.release(mine)
        if others:
            store.claims.wait(others)
            log.refresh()
