"""Generators and coroutines of the other side: something of this side that has the other side's do its steps, and a
loop that runs a coroutine to its end.
"""

from __future__ import annotations

from typing import Any

from pidistill_code.inside.graph import BrokenError


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
    return peer.request("await", remote)


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
