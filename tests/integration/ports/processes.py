"""Processes of their own for a test: quick to start, and to kill."""

import asyncio
import multiprocessing
from collections.abc import Callable, Coroutine
from multiprocessing.process import BaseProcess
from typing import Any

_context = multiprocessing.get_context("forkserver")
_preloaded = ["pytest", "tests.integration.ports.preloaded"]
_context.set_forkserver_preload(_preloaded)


def preload(*modules: str) -> None:
    """Has modules imported once for all processes, where none was started before; otherwise each imports them."""
    _preloaded.extend(module for module in modules if module not in _preloaded)
    _context.set_forkserver_preload(_preloaded)


def start(work: Callable[..., Coroutine[Any, Any, None]], *arguments: object) -> BaseProcess:
    """Runs a coroutine function of a module in a new process."""
    process = _context.Process(target=_run, args=(work, arguments), daemon=True)
    process.start()
    return process


def start_main(main: Callable[..., None], *arguments: object) -> BaseProcess:
    """Runs a plain function of a module in a new process."""
    process = _context.Process(target=main, args=arguments, daemon=True)
    process.start()
    return process


def kill(process: BaseProcess) -> None:
    """SIGKILL, and waits for the end."""
    process.kill()
    process.join()


def _run(work: Callable[..., Coroutine[Any, Any, None]], arguments: tuple[object, ...]) -> None:
    asyncio.run(work(*arguments))
