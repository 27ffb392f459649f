"""What can be wrong with a scene, so that the caller can say it to a person."""

from __future__ import annotations

from mootion.errors.v1 import reason_pb2


class SceneError(Exception):
    """A scene that cannot be rendered, however often it is tried."""

    reason: reason_pb2.Reason.ValueType = reason_pb2.REASON_RENDER_FAILED

    @property
    def message(self) -> str:
        """What is wrong and what to do, written for a person; names no file and no program code."""
        return str(self)


class SceneTooCostlyError(SceneError):
    """The scene is larger than may be rendered; found before any work is done."""

    reason = reason_pb2.REASON_SCENE_TOO_COSTLY


class SceneInvalidError(SceneError):
    """The scene says something that has no picture, such as a plot of something that is not a formula."""


class SceneUnlayableError(SceneError):
    """No layout of the scene passes the geometry check."""


class ScriptNotCoveredError(SceneError):
    """No installed font shows the scene's script; the message names the Debian package that brings one."""
