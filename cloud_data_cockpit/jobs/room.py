"""Room for bytes in memory: who wants more than is free waits, in the order of asking."""

from __future__ import annotations

import asyncio
from collections import deque


class Room:
    """`size` bytes, in the event loop's thread. More than all of it is never asked for: it would be cut to `size`."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.free = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def enter(self, amount: int) -> int:
        """Wait until so much is free and take it; what was taken, to be given to `leave`."""
        amount = min(amount, self.size)
        if not self._waiting and amount <= self.free:
            self.free -= amount
            return amount
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (amount, turn)
        self._waiting.append(entry)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(amount)
            elif entry in self._waiting:
                self._waiting.remove(entry)
                self._admit()
            raise
        return amount

    def leave(self, amount: int) -> None:
        """Give back what was taken."""
        self.free += amount
        self._admit()

    def _admit(self) -> None:
        while self._waiting and self._waiting[0][0] <= self.free:
            amount, turn = self._waiting.popleft()
            if not turn.done():
                self.free -= amount
                turn.set_result(None)
