"""Accounts and sessions as callers see them."""

from collections.abc import Sequence
from typing import Any

from mootion.identity.v1 import account_pb2

from services.identity.account_store import StoredAccount
from services.identity.session_store import StoredSession


def account_message(account: StoredAccount, providers: Sequence[str]) -> account_pb2.Account:
    """An account without its secrets."""
    message = account_pb2.Account(
        account_id=account.account_id,
        username=account.username,
        email=account.email,
        display_name=account.display_name,
        role=account.role,
        disabled=account.disabled,
        second_factor=account.totp_confirmed,
        providers=providers,
    )
    message.create_time.FromMicroseconds(account.created_us)
    return message


def session_message(session: StoredSession, current_id: str) -> account_pb2.Session:
    """A session, marked where it is the one that asks."""
    message = account_pb2.Session(
        session_id=session.session_id,
        user_agent=session.user_agent,
        address=session.address,
        current=session.session_id == current_id,
    )
    message.create_time.FromMicroseconds(session.created_us)
    message.refresh_time.FromMicroseconds(session.refreshed_us)
    return message


def student_message(row: Any) -> account_pb2.Student:
    """A student of a teacher."""
    message = account_pb2.Student(account_id=row.account_id, username=row.username)
    message.link_time.FromMicroseconds(row.linked_us)
    return message


def teacher_message(row: Any) -> account_pb2.Teacher:
    """A teacher of a student."""
    message = account_pb2.Teacher(teacher_id=row.account_id, username=row.username)
    message.link_time.FromMicroseconds(row.linked_us)
    return message
