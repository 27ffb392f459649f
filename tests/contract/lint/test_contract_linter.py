"""Each bad contract gets exactly the sentences in the comment it begins with; good ones get none."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mesh.derive.access import loosened
from mesh.derive.contracts import ContractError, Contracts, build_image, parse
from mesh.derive.linter import lint

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
BAD = sorted((HERE / "bad").glob("*.proto"))
GOOD = HERE / "good/shelf_service.proto"
Read = Callable[[str], Contracts]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Reads the text of one contract beside our policy and nothing else."""
    folder = tmp_path_factory.mktemp("contracts")
    shutil.copy(ROOT / "buf.yaml", folder)
    shutil.copytree(ROOT / "protos/mootion/policy", folder / "protos/mootion/policy")
    shutil.copytree(ROOT / "protos/vendor", folder / "protos/vendor")
    contract = folder / "protos/mootion/shelf/v1/shelf_service.proto"
    contract.parent.mkdir(parents=True)

    def image(text: str) -> Contracts:
        contract.write_text(text)
        return parse(build_image(".", root=folder))

    return image


@pytest.mark.parametrize("bad", BAD, ids=[path.stem for path in BAD])
def test_a_bad_contract_gets_exactly_its_sentences(bad: Path, read: Read) -> None:
    text = bad.read_text()
    expected = [line.removeprefix("// ") for line in text.splitlines() if line.startswith("// ")]
    assert expected
    assert lint(read(text)) == expected


def test_a_good_contract_gets_none(read: Read) -> None:
    assert lint(read(GOOD.read_text())) == []


def test_our_own_contracts_get_none() -> None:
    assert lint(parse(build_image(".", root=ROOT))) == []


def test_every_rule_has_a_bad_contract() -> None:
    """Each sentence of the linter, cut at its first variable part, is expected by some fixture."""
    said = " ".join(path.read_text() for path in BAD)
    for piece in (
        "has no policy;", "names no `least_role`", "names no `callers`", "has no `deadline`", "is for workloads only",
        "names the caller", "has a rate limit without", "whom it counts", "is retried but", "`max_attempts`",
        "without an `initial_backoff`", "is cached but", "without a `ttl`", "who may share", "is reached by `GET",
        "is a read by its name", "has no `google.api.http` rule", "`edge` is not among", "is not idempotent, so",
        "lists things, so", "has a wrong path", "in `/v1", "has `body:", "has `response_body:", "which overlaps",
    ):  # fmt: skip
        assert piece in said


def test_a_lower_role_is_a_loosened_access(read: Read) -> None:
    before = GOOD.read_text()
    after = before.replace("ACCESS_ROLE_TEACHER", "ACCESS_ROLE_PUBLIC")
    assert loosened(read(before), read(after)) == [
        "mootion.shelf.v1.ShelfService.CreateShelf asked for the role TEACHER and now for PUBLIC: "
        "a loosened access is breaking."
    ]


def test_the_edge_as_a_new_caller_is_a_loosened_access(read: Read) -> None:
    before = GOOD.read_text()
    after = before.replace('callers: ["dust-worker"]', 'callers: ["dust-worker", "edge"]')
    assert loosened(read(before), read(after)) == [
        "mootion.shelf.v1.ShelfService.ReportDust could not be called by the edge and now can: "
        "a loosened access is breaking."
    ]


def test_a_tightened_access_and_a_new_method_are_not_loosened(read: Read) -> None:
    before = GOOD.read_text()
    tightened = before.replace("ACCESS_ROLE_STUDENT", "ACCESS_ROLE_ADMIN")
    renamed = before.replace("rpc DustShelf(", "rpc PolishShelf(")
    assert loosened(read(before), read(tightened)) == []
    assert loosened(read(before), read(renamed)) == []


def test_a_contract_that_does_not_parse_is_reported_in_bufs_words(read: Read) -> None:
    with pytest.raises(ContractError, match=r"shelf_service\.proto:1:"):
        read("this is no proto")
