"""What a whole lesson would cost, estimated from its script before any scene of it is queued."""

from mootion.errors.v1 import reason_pb2
from mootion.video.v1 import script_pb2

from mesh.errors import CallError, refused
from mesh.validation import Validator

SPOKEN_LETTERS_A_SECOND = 14.0
# Three times the longest lesson that can be asked for: scripts may be longer than what was wished.
MOST_SECONDS = 1800.0
# The largest script that keeps every limit of the contract is smaller; more would not be worth counting.
MOST_BYTES = 2 << 20


class ScriptGauge:
    """Refuses scripts that no worker should begin with."""

    def __init__(self) -> None:
        self._validator = Validator()

    def check(self, script: script_pb2.LessonScript) -> None:
        """Its size first, which costs nothing to know, then how long it is spoken, then the rules of the contract.

        Raises:
            CallError: SCENE_TOO_COSTLY.
        """
        if script.ByteSize() > MOST_BYTES:
            raise _too_costly(f"has more than {MOST_BYTES:,} bytes")
        seconds = spoken_seconds(script)
        if seconds > MOST_SECONDS:
            raise _too_costly(f"would be spoken for {seconds:,.0f} s; at most {MOST_SECONDS:,.0f} s")
        found = self._validator.violations(script)
        if found:
            raise _too_costly(f"breaks a limit: {found[0].field}: {found[0].description}")


def spoken_seconds(script: script_pb2.LessonScript) -> float:
    """How long all narration takes, which is how long the video is: frames are this times the frame rate."""
    letters = sum(len(sentence) for scene in script.scenes for sentence in scene.narration)
    return letters / SPOKEN_LETTERS_A_SECOND


def _too_costly(what: str) -> CallError:
    return refused(
        reason_pb2.REASON_SCENE_TOO_COSTLY,
        f"The script of the lesson {what}. Ask for a shorter lesson, or for one on a narrower topic.",
    )
