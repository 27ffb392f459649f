"""What a kind of scene offers: layouts to be tried in turn."""

from __future__ import annotations

from collections.abc import Callable

from workers.render.storyboard import Storyboard

Attempt = Callable[[], Storyboard]
"""Lays the scene out in one way. Raises DoesNotFitError when that way has no room."""
