"""Every row of the table of S15 is a call that its method understands, and has a name of its own."""

import pytest
from google.protobuf import json_format, message_factory

from proofs.callers.doors import methods, rest_request
from proofs.wire.cases import GOOD, Case
from proofs.wire.refusals import REFUSALS

CASES = (*GOOD, *REFUSALS)
METHODS = {f"{method.service}.{method.full_name.rpartition('.')[2]}": method for method in methods()}


def test_each_case_has_a_name_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    assert len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_is_a_request_of_its_method(case: Case) -> None:
    method = METHODS[case.method]
    request = message_factory.GetMessageClass(method.input)()
    json_format.ParseDict(case.request, request)
    if method.http_rules:
        assert rest_request(method, request).path.startswith(("/v1/", "/.well-known/"))
