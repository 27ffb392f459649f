"""The REST side of the contracts as an OpenAPI 3.1 document."""

import json

from mesh.derive.contracts import Contracts
from mesh.derive.openapi.document import document


def openapi(contracts: Contracts) -> str:
    """The document as JSON. The contracts must carry their comments (an image with source information)."""
    return json.dumps(document(contracts), indent=1, ensure_ascii=False) + "\n"
