"""How an engine fails. All of these let another engine stand in."""


class EngineFailure(Exception):
    """The engine did not do the task."""


class EngineUnavailable(EngineFailure):
    """It does not answer, refuses for lack of rights or allowance, or took too long. Counts against its circuit.

    Args:
        retryable: another try may succeed.
        retry_after_seconds: when, where the engine says so.
    """

    def __init__(
        self, message: str, *, retryable: bool = False, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds


class OutputInvalid(EngineFailure):
    """What it wrote breaks the schema, or is not borne out by the document, after every retry.

    Args:
        problems: sentences that tell the model what to correct.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__(f"{len(problems)} problems in the output")
        self.problems = problems


class RequestRefused(EngineFailure):
    """It refuses this request whatever the number of tries, such as one that is too long for it."""


class EngineResting(EngineFailure):
    """It failed too often of late and is left alone for a while."""


class BudgetSpent(EngineFailure):
    """The principal's tokens of today are used up."""
