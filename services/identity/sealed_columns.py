"""Every sealed column of this service, and for which place its values are sealed."""

from mesh.resealing import SealedColumn
from services.identity.store import accounts, one_time_tokens, sessions, signing_keys

SEALED = (
    SealedColumn(accounts, "sealed_email", lambda row: f"account.email:{row.account_id}"),
    SealedColumn(accounts, "sealed_display_name", lambda row: f"account.display_name:{row.account_id}"),
    SealedColumn(accounts, "sealed_totp", lambda row: f"account.totp:{row.account_id}"),
    SealedColumn(sessions, "sealed_client", lambda row: f"session:{row.session_id}"),
    SealedColumn(one_time_tokens, "sealed_body", lambda row: f"sign_in:{row.token_hash}"),
    SealedColumn(signing_keys, "sealed_private", lambda row: f"signing_key:{row.kid}"),
)
