"""Tokens that a principal may spend in a day, and what it has spent."""

from dataclasses import dataclass
from typing import Protocol

from mesh import context
from mesh.clock import Clock
from mesh.ports.sql import Database
from services.llm import store
from services.llm.failures import BudgetSpent


class Meter(Protocol):
    """Counts tokens and says when there are no more."""

    async def check(self) -> None:
        """Raises BudgetSpent where the principal of the current call may spend nothing more today."""
        ...

    async def spent(self, prompt_tokens: int, completion_tokens: int) -> None:
        """Charges the principal of the current call."""
        ...


@dataclass(frozen=True)
class DailyBudget:
    """A budget for each principal that starts anew at midnight UTC. A call that began within it may go beyond it.

    Args:
        engine: whose tokens these are.
        daily_tokens: of prompts and completions together; 0 for no limit.
    """

    database: Database
    clock: Clock
    engine: str
    daily_tokens: int = 0

    async def check(self) -> None:
        """See Meter."""
        if not self.daily_tokens:
            return
        async with self.database.reading() as reader:
            usage = await store.usage_of(reader, context.principal_id(), self._today())
        if sum(row.prompt_tokens + row.completion_tokens for row in usage) >= self.daily_tokens:
            raise BudgetSpent(f"{self.daily_tokens} tokens a day are used up")

    async def spent(self, prompt_tokens: int, completion_tokens: int) -> None:
        """See Meter."""
        usage = store.Usage(
            context.principal_id(), self._today(), self.engine, prompt_tokens, completion_tokens
        )
        async with self.database.transaction() as tx:
            await store.add_usage(tx, usage)

    def _today(self) -> str:
        return self.clock.now().date().isoformat()
