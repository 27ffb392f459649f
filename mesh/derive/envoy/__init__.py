"""The edge, derived from the contracts: an Envoy configuration built as typed objects."""

import json

from mesh.derive.contracts import Contracts
from mesh.derive.envoy.bootstrap import bootstrap


def configuration(contracts: Contracts) -> str:
    """The edge's configuration as JSON, with the addresses that hold where no setting says otherwise."""
    text = json.dumps(bootstrap(contracts).to_dict(), indent=1, sort_keys=True) + "\n"
    # betterproto2 spells this field in a way that Envoy does not know.
    return text.replace("enforcingConsecutive5Xx", "enforcingConsecutive5xx")
