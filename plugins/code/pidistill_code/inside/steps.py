"""Generators and coroutines of the other side: something of this side that has the other side's do its steps.

Where an event loop waits for a coroutine of the other side, both have a loop: the coroutine is a task of the one over
there, which is given turns. Each turn runs what is ready and never waits; between two of them this side's loop does
what it has to do. So coroutines of both sides take turns, wait for each other's events, and are cancelled, as in one.
"""

from __future__ import annotations

from typing import Any

from pidistill_code.inside.contents import BrokenError


def generated(peer: Any, remote: object) -> Any:
    """A generator whose steps are those of `remote`."""
    step: tuple[str, list[object]] = ("send", [None])
    while True:
        try:
            item = peer.request("method", remote, *step, {})
        except StopIteration as end:
            return end.value
        try:
            step = ("send", [(yield item)])
        except GeneratorExit:
            peer.request("method", remote, "close", [], {})
            raise
        except BrokenError:
            raise
        except BaseException as error:  # noqa: BLE001 - it is thrown into the generator
            step = ("throw", [error])


async def awaited(peer: Any, remote: object) -> object:
    """A coroutine that `remote` does."""
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:  # it is done step by step, without a loop
        return peer.request("await", remote)
    turns, stopped = 0, None
    while True:
        done, told = peer.request("turn", remote)
        if done is True:
            return told
        if done is None and stopped is not None:
            raise stopped
        if type(told) is not float:
            raise BrokenError("a time that is none")
        pause = 0.0 if turns < _AT_ONCE else min(_LONGEST_PAUSE_S, _PAUSE_S * 2 ** (turns - _AT_ONCE))
        turns = min(turns + 1, _MOST_COUNTED)
        try:
            await asyncio.sleep(max(0.0, min(pause, told)))
        except asyncio.CancelledError as stop:
            stopped = stop
            peer.request("cancel", remote)
        except GeneratorExit:
            peer.request("cancel", remote)
            raise


_AT_ONCE, _PAUSE_S, _LONGEST_PAUSE_S, _MOST_COUNTED = 4, 0.0005, 0.02, 50
"""Turns without a pause, then the first pause and the longest, each twice the one before."""


class Tasks:
    """Coroutines of this side that the other one awaits."""

    def __init__(self) -> None:
        self._tasks: dict[int, tuple[Any, Any]] = {}
        self._loop: Any = None
        self._stopped = set[int]()
        """Those that the other side has cancelled."""

    def turn(self, item: Any) -> tuple[bool | None, object]:
        """(True, what it comes to), (False, seconds until it may go on), or (None, 0.0) where it has ended because the
        other side wanted it to. Raises what it raises."""
        import asyncio

        running = _running(asyncio)
        if id(item) not in self._tasks:  # it begins once others that are awaited at the same time are there
            if running is None and (self._loop is None or self._loop.is_closed()):
                self._loop = asyncio.new_event_loop()
            self._tasks[id(item)] = item, (running or self._loop).create_task(_waiting(item))
            return False, 0.0
        task = self._tasks[id(item)][1]
        loop = task.get_loop()
        if not (task.done() or running is not None or loop.is_running() or loop.is_closed()):
            loop.call_soon(loop.stop)  # one round, so that what gives way to others does
            loop.run_forever()
        if not task.done():
            return False, _seconds_left(loop)
        del self._tasks[id(item)]
        wanted = id(item) in self._stopped
        self._stopped.discard(id(item))
        return (None, 0.0) if wanted and task.cancelled() else (True, task.result())

    def cancel(self, item: Any) -> None:
        """Have it end with `CancelledError` at its next step."""
        if id(item) in self._tasks:
            self._stopped.add(id(item))
            self._tasks[id(item)][1].cancel()


async def _waiting(item: Any) -> object:
    return await item


def _running(asyncio: Any) -> Any:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _seconds_left(loop: Any) -> float:
    if loop._ready or not loop._scheduled:
        return 0.0 if loop._ready else _LONGEST_PAUSE_S
    return float(loop._scheduled[0].when() - loop.time())


def run_coroutine(item: Any) -> object:
    """Run it to its end, in a loop of its own: in another thread where this one has a loop that runs."""
    import asyncio

    async def wait() -> object:
        return await item

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(wait())
    import threading

    found: list[Any] = []

    def run() -> None:
        try:
            found.append((True, asyncio.run(wait())))
        except BaseException as error:  # noqa: BLE001 - raised below
            found.append((False, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    worked, value = found[0]
    if not worked:
        raise value
    return value
