"""Voices that say the narration. The built-in one is eSpeak NG, which needs no network."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Samples = npt.NDArray[np.float32]

SAMPLE_RATE = 48_000
"""Samples a second of what a voice gives; one channel."""

TIME_LIMIT = 120.0
"""Seconds that one scene's speech may take."""


class VoiceError(Exception):
    """The voice could not speak. Trying again may help."""


@dataclass(frozen=True)
class SpokenWord:
    """A word of a sentence: where it stands in the text, in letters, and when it is said, in seconds."""

    first: int
    last: int
    start: float
    end: float


@dataclass(frozen=True)
class Utterance:
    """A sentence as it is said: its text, sound at `SAMPLE_RATE`, and words. Sound and speech begin together."""

    text: str
    samples: Samples
    words: list[SpokenWord]

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / SAMPLE_RATE


class Voice(Protocol):
    """Something that speaks."""

    @property
    def name(self) -> str:
        """Names the voice and everything that changes its sound; part of a scene's key."""

    def say(self, sentences: Sequence[str], language: str) -> list[Utterance]:
        """Speaks each sentence. The same sentences give the same samples. Raises VoiceError."""


VOICES = {"en": "en-us+max", "zh": "cmn+max", "pt": "pt-br+max", "no": "nb+max"}
"""eSpeak's names where they are not the language's code. `max` is the variant that screen-reader users listen to by
default."""

SILENCE = 0.006
KEPT_SILENCE = 0.03
GAIN = 1.45
SOFTENING = (0.12, 0.76, 0.12)


@dataclass(frozen=True)
class EspeakVoice:
    """eSpeak NG: `rate` in words a minute, `pitch` and `pitch_range` from 0 to 99."""

    rate: int = 146
    pitch: int = 42
    pitch_range: int = 60

    @property
    def name(self) -> str:
        """Library and settings."""
        return f"espeak-ng max {self.rate} {self.pitch} {self.pitch_range}"

    def say(self, sentences: Sequence[str], language: str) -> list[Utterance]:
        """Speaks in `language`, an ISO 639-1 code; in English when eSpeak does not know it."""
        code = language.split("-")[0].lower() or "en"
        request = {
            "voice": VOICES.get(code, f"{code}+max"),
            "rate": self.rate,
            "pitch": self.pitch,
            "pitch_range": self.pitch_range,
            "sentences": list(sentences),
        }
        return _read_answer(_run(request), sentences) if sentences else []


def _run(request: dict[str, object]) -> bytes:
    program = Path(__file__).with_name("espeak.py")
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(program)],
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=TIME_LIMIT,
            check=True,
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise VoiceError("the speech program ended without an answer") from error
    return done.stdout


def _read_answer(answer: bytes, sentences: Sequence[str]) -> list[Utterance]:
    import numpy as np

    head, _, sound = answer.partition(b"\n")
    facts = json.loads(head)
    samples = np.frombuffer(sound, dtype="<i2").astype(np.float32) / np.float32(32768)
    utterances, start = [], 0
    for text, said in zip(sentences, facts["sentences"], strict=True):
        piece = samples[start : start + said["samples"]]
        start += said["samples"]
        utterances.append(_utterance(text, piece, said["words"], facts["sample_rate"]))
    return utterances


def _utterance(text: str, samples: Samples, words: list[list[int]], rate: int) -> Utterance:
    """Cuts the silence off both ends and times the words on what is left."""
    import numpy as np

    loud = np.flatnonzero(np.abs(samples) > SILENCE)
    if not loud.size:
        return Utterance(text, np.zeros(0, np.float32), [])
    margin = int(KEPT_SILENCE * rate)
    first, last = max(0, int(loud[0]) - margin), min(len(samples), int(loud[-1]) + margin)
    kept = _resampled(_softened(samples[first:last]), rate)
    duration = len(kept) / SAMPLE_RATE
    starts = [min(max(0.0, (sample - first) / rate), duration) for _, _, sample in words]
    ends = [*starts[1:], duration]
    spoken = [
        SpokenWord(place, min(place + length, len(text)), start, end)
        for (place, length, _), start, end in zip(words, starts, ends, strict=True)
        if place < len(text)
    ]
    return Utterance(text, kept, spoken)


def _softened(samples: Samples) -> Samples:
    """Takes some edge off the highest tones and brings the voice to an even loudness without clipping."""
    import numpy as np

    soft = np.convolve(samples, SOFTENING, mode="same") * GAIN
    return np.asarray(np.tanh(soft * 1.05) / 1.05, dtype=np.float32)


def _resampled(samples: Samples, rate: int) -> Samples:
    import av
    import numpy as np

    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="mono")
    frame.sample_rate = rate
    pieces = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([piece.to_ndarray().reshape(-1) for piece in pieces]).astype(np.float32)
