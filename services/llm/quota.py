"""What a hosted engine may cost a principal, counted for all processes together."""

from collections.abc import Sequence
from dataclasses import dataclass

from mootion.errors.v1 import reason_pb2
from prometheus_client import Counter

from mesh import context
from mesh.errors import exhausted
from mesh.ports.limits import Limits
from services.llm.budget import Meter
from services.llm.failures import BudgetSpent

DAY_SECONDS = 86_400.0
# A unit of cost, in tokens. Providers ask several times as much for what a model writes as for what it reads.
PROMPT_TOKENS, COMPLETION_TOKENS = 1_000, 250
# Nobody waits for these, and what they do has to be done: the built-in engine does it when the quota is used up.
NOT_REFUSED = frozenset({"document-worker"})


@dataclass(frozen=True)
class DailyQuota:
    """Units of cost that a principal may have an engine use in any 24 hours.

    A request counts one unit before it is sent, and when its reply has come as many more as it cost; so requests that
    are under way when the quota is used up are the only ones that go beyond it.

    Args:
        limits: shared by all processes where Redis is configured.
        engine: whose cost this is.
        daily_units: at least 1.
    """

    limits: Limits
    engine: str
    daily_units: int

    async def check(self) -> None:
        """See Meter.

        Raises:
            BudgetSpent: for a caller that nobody waits for.
            CallError: QUOTA_EXHAUSTED, with the time after which a unit is free again.
        """
        taken = await self.limits.take(self._key(), 1, self.daily_units, DAY_SECONDS)
        if taken.admitted:
            return
        call = context.current()
        if call is not None and call.caller in NOT_REFUSED:
            raise BudgetSpent(f"{self.daily_units} units a day are used up")
        raise exhausted(
            reason_pb2.REASON_QUOTA_EXHAUSTED,
            f"The engine may cost an account {self.daily_units} units in 24 hours, and these are used up. Try again "
            "later.",
            taken.retry_after_seconds,
        )

    async def spent(self, prompt_tokens: int, completion_tokens: int) -> None:
        """See Meter."""
        more = min(units(prompt_tokens, completion_tokens), self.daily_units) - 1
        if more <= 0:
            return
        taken = await self.limits.take(self._key(), more, self.daily_units, DAY_SECONDS)
        if not taken.admitted and taken.remaining:
            await self.limits.take(self._key(), taken.remaining, self.daily_units, DAY_SECONDS)

    def _key(self) -> str:
        return f"engine:{self.engine}:{context.principal_id()}"


@dataclass(frozen=True)
class Measured:
    """Tells the metrics what an engine costs.

    Args:
        tokens: by engine and kind.
        cost: by engine, in units.
    """

    engine: str
    tokens: Counter
    cost: Counter

    async def check(self) -> None:
        """See Meter."""

    async def spent(self, prompt_tokens: int, completion_tokens: int) -> None:
        """See Meter."""
        self.tokens.labels(self.engine, "prompt").inc(prompt_tokens)
        self.tokens.labels(self.engine, "completion").inc(completion_tokens)
        self.cost.labels(self.engine).inc(units(prompt_tokens, completion_tokens))


@dataclass(frozen=True)
class Meters:
    """Several meters as one, asked in their order."""

    meters: Sequence[Meter]

    async def check(self) -> None:
        """See Meter."""
        for meter in self.meters:
            await meter.check()

    async def spent(self, prompt_tokens: int, completion_tokens: int) -> None:
        """See Meter."""
        for meter in self.meters:
            await meter.spent(prompt_tokens, completion_tokens)


def units(prompt_tokens: int, completion_tokens: int) -> int:
    """What a request costs, in whole units, at least 1."""
    thousandths = prompt_tokens * 1_000 // PROMPT_TOKENS + completion_tokens * 1_000 // COMPLETION_TOKENS
    return max(1, -(-thousandths // 1_000))
