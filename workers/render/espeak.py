"""Speaks sentences with eSpeak NG: a program of its own that reads JSON and writes sound.

It runs in a process for each scene, because the library keeps the phase of its oscillators from one text to the next:
only a fresh process says the same text with the same samples. It imports nothing of the project.

Input, one JSON object: `voice`, `rate` in words a minute, `pitch` and `pitch_range` from 0 to 99, `sentences`.
Output: a line of JSON with `sample_rate` and for each sentence `samples` and `words`, as lists of the word's place in
the text, its length in letters and its first sample; then all samples as signed 16-bit numbers.
"""

from __future__ import annotations

import ctypes
import json
import sys
from dataclasses import dataclass, field
from typing import Any

SYNCHRONOUS = 2
DONT_EXIT = 0x8000
UTF8 = 1
RATE, PITCH, PITCH_RANGE = 1, 3, 4
LIST_TERMINATED, WORD = 0, 1
FALLBACK_VOICE = "en-us"


class EventId(ctypes.Union):
    """What an event is about."""

    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class Event(ctypes.Structure):
    """espeak_EVENT."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", EventId),
    )


@dataclass
class Said:
    """Sound and words of one sentence, filled in by the library as it speaks."""

    sound: bytearray = field(default_factory=bytearray)
    words: list[tuple[int, int, int]] = field(default_factory=list)


def speak(request: dict[str, Any]) -> tuple[int, list[Said]]:
    """Speaks the request's sentences in order; gives the sample rate and what was said.

    Raises RuntimeError when the library does not start or knows neither the voice nor English.
    """
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = espeakng_loader.get_data_path().encode()
    sample_rate = int(library.espeak_Initialize(SYNCHRONOUS, 0, data, DONT_EXIT))
    if sample_rate <= 0:
        raise RuntimeError("the speech library does not start")
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))
    voices = (request["voice"], FALLBACK_VOICE)
    if all(library.espeak_SetVoiceByName(voice.encode()) != 0 for voice in voices):
        raise RuntimeError("the speech library has no English voice")
    library.espeak_SetParameter(RATE, request["rate"], 0)
    library.espeak_SetParameter(PITCH, request["pitch"], 0)
    library.espeak_SetParameter(PITCH_RANGE, request["pitch_range"], 0)
    return sample_rate, [_say(library, sentence) for sentence in request["sentences"]]


def _say(library: ctypes.CDLL, sentence: str) -> Said:
    said = Said()

    def receive(samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            said.sound.extend(ctypes.string_at(samples, count * 2))
        index = 0
        while events[index].type != LIST_TERMINATED:
            event = events[index]
            if event.type == WORD:
                said.words.append((event.text_position - 1, event.length, event.sample))
            index += 1
        return 0

    prototype = ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event)
    )
    callback = prototype(receive)
    library.espeak_SetSynthCallback(callback)
    text = sentence.encode()
    library.espeak_Synth(text, ctypes.c_size_t(len(text) + 1), 0, 1, 0, UTF8, None, None)
    library.espeak_Synchronize()
    return said


def main() -> None:
    """Reads a request from standard input and writes the answer to standard output."""
    sample_rate, sentences = speak(json.load(sys.stdin))
    head = {
        "sample_rate": sample_rate,
        "sentences": [{"samples": len(said.sound) // 2, "words": said.words} for said in sentences],
    }
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n")
    for said in sentences:
        sys.stdout.buffer.write(bytes(said.sound))


if __name__ == "__main__":
    main()
