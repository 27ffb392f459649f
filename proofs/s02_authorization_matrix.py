"""Every method, called by everybody with own, foreign and missing ids, lets in whom its policy says and nobody else."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
from mootion.identity.v1 import account_pb2, account_service_pb2
from mootion.policy.v1 import policy_pb2

from mesh.policy import Method
from mesh.runtime import Runtime
from mesh.signature import Signer
from proofs import systems
from proofs.authorization import permission_table, planted_fields
from proofs.authorization.matrix import Matrix, owns_ids, reads
from proofs.authorization.workload_calls import WorkloadCalls
from proofs.callers import doors
from proofs.callers.belongings import furnish
from proofs.callers.doors import Door, RestRequest
from proofs.callers.people import House, Person, moved_in
from proofs.callers.valid_requests import CannotMake
from proofs.ground import Ground, Size
from proofs.numbers import Numbers
from services.identity.signing import SigningKeys
from tests.e2e.system import LocalSystem

EXAMPLES = Path(__file__).parents[1] / "examples"


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """The whole matrix on one system. The short form takes turns between the two doors, the long one takes both."""
    numbers = Numbers(0)
    start = partial(systems.start, ground, render_workers=0, local_principal="off", principal_limit=0)
    system = await asyncio.to_thread(start)
    try:
        targets = {
            "port": f"127.0.0.1:{system.environment['MOOTION_GRPC_PORT']}",
            "edge": f"127.0.0.1:{system.edge_port}",
        }
        async with doors.opened(**targets) as ways, systems.beside(system, "render-worker") as runtime:
            house = await moved_in(ways["port"], runtime.settings)
            await asyncio.gather(
                *(
                    furnish(person, (EXAMPLES / name).read_bytes(), name, runtime)
                    for person, name in (
                        (house.owner, "waves-and-sound.pdf"),
                        (house.other, "waves-and-sound.docx"),
                    )
                )
            )
            for person in house.callers[1:]:
                person.renew = partial(_token, person, runtime)
            matrix = Matrix(house, numbers.check)
            await _Proof(numbers, matrix, ways, system, size, runtime.signer).run()
    finally:
        await asyncio.to_thread(system.stop)
    return numbers


class _Proof:
    def __init__(
        self,
        numbers: Numbers,
        matrix: Matrix,
        ways: dict[str, Door],
        system: LocalSystem,
        size: Size,
        signer: Signer,
    ) -> None:
        self.numbers = numbers
        self.matrix = matrix
        self.house: House = matrix.house
        self.ways = ways
        self.system = system
        self.is_long = size is Size.LONG
        self.signer = signer
        self.methods = doors.methods()
        self.outside = [method for method in self.methods if "edge" in method.callers]
        self.compared = 0

    async def run(self) -> None:
        self._every_method_can_be_asked()
        before = await self._state()
        await asyncio.gather(*(self._foreign_and_missing(person) for person in self.house.callers))
        workloads = WorkloadCalls(self.numbers.check, self.ways, self.signer, self.house)
        await workloads.make(self.methods)
        self.numbers.check(before == await self._state(), "calls with foreign ids changed what they named")
        planted = await self._planted()
        self.numbers.check(before.keys() == (await self._state()).keys(), "planted fields removed something")
        for person in self.house.callers:
            await self._own(person)
        self._observed_is_documented(workloads)
        self.numbers.n = self.matrix.calls + workloads.calls
        self.numbers.measured(
            methods=len(self.methods),
            outside=len(self.outside),
            people=len(self.house.callers),
            foreign_beside_missing=self.compared,
            planted=planted,
            outcomes=dict(sorted(self.matrix.outcomes.items())),
        )

    def _every_method_can_be_asked(self) -> None:
        """A method that nobody can be made to call fails the proof, and is named."""
        for method in tuple(self.outside):
            try:
                self.matrix.templates(method)
            except CannotMake as reason:
                self.numbers.check(False, str(reason))
                self.outside.remove(method)
                continue
            may = [each for each in self.house.callers if each.role >= method.policy.least_role]
            owned = any(self.matrix.questions(person, method) for person in may)
            self.numbers.check(owned, f"{method.path}: nobody owns what it asks for")

    async def _state(self) -> dict[str, object]:
        """All that the two students can read of their own."""
        found: dict[str, object] = {}
        for person in (self.house.owner, self.house.other):
            for method in self.outside:
                if _shows(method) and person.role >= method.policy.least_role:
                    for question in self.matrix.questions(person, method):
                        outcome = await self.ways["port"].call(method, question.request, person.headers)
                        found[f"{person.name} {method.path}"] = question.told(outcome)
        return found

    async def _foreign_and_missing(self, person: Person) -> None:
        for number, method in enumerate(self.outside):
            for turn, (name, foreign, missing) in enumerate(self.matrix.compared(person, method)):
                for door in self._doors(number + turn):
                    told = await self.matrix.ask(door, person, method, missing)
                    if owns_ids(method):
                        seen = await self.matrix.ask(door, person, method, foreign)
                        same = foreign.told(seen) == missing.told(told)
                        where = f"{method.path} ({name}) as {person.name} at the {door.name}"
                        self.numbers.check(
                            same,
                            f"{where}: foreign {seen.told()} {seen.message!r}, missing {told.told()} {told.message!r}",
                        )
                        self.compared += 1

    def _doors(self, turn: int) -> list[Door]:
        both = [self.ways["edge"], self.ways["port"]]
        return both if self.is_long else [both[turn % 2]]

    async def _own(self, person: Person) -> None:
        """What changes nothing first, then changes, then what takes away, the youngest things first."""
        await _find_sessions(person)
        age = {name: number for number, name in enumerate(person.owns)}

        def order(method: Method) -> tuple[int, int]:
            takes_away = any(rule.WhichOneof("pattern") == "delete" for rule in method.http_rules)
            names = [each.name for each in method.input.fields if each.name in age]
            return (2 if takes_away else int(not reads(method))), -max(
                (age[name] for name in names), default=0
            )

        for number, method in enumerate(sorted(self.outside, key=order)):
            for turn, question in enumerate(self.matrix.questions(person, method)):
                where = self._doors(number + turn)
                for door in where if reads(method) else where[:1]:
                    outcome = await self.matrix.ask(door, person, method, question)
                    # A branch of a change may name what the branch before took away.
                    first = reads(method) or turn == 0
                    lost = first and bool(question.ids) and outcome.code == "NOT_FOUND"
                    may = person.role >= method.policy.least_role
                    self.numbers.check(
                        not (may and lost),
                        f"{method.path}: {person.name} does not find its own: {outcome.message}",
                    )

    async def _planted(self) -> dict[str, int]:
        """Bodies with fields of the server: refused, or without any effect."""
        counts: dict[str, int] = {}
        person = self.house.other
        async with httpx2.AsyncClient(base_url=self.system.url, timeout=120) as client:
            for method in self.outside:
                if not _has_body(method) or person.role < method.policy.least_role:
                    continue
                request = doors.rest_request(method, self.matrix.questions(person, method)[0].request)
                # A wrong password counts, and twenty in ten minutes are allowed.
                each = self.is_long and not method.holds_secrets
                for fields in _each_and_all(planted_fields.fields_of(method), each):
                    status = await self._plant(client, request, fields)
                    counts[str(status)] = counts.get(str(status), 0) + 1
        get = account_service_pb2.GetAccountRequest()
        reply: Any = (await person.call("/mootion.identity.v1.AccountService/GetAccount", get)).replies[0]
        still = (reply.account.account_id, reply.account.role)
        self.numbers.check(
            still == (person.account_id, account_pb2.STUDENT), f"a planted field made {person.name} {still}"
        )
        return counts

    async def _plant(self, client: httpx2.AsyncClient, request: RestRequest, fields: dict[str, Any]) -> int:
        person = self.house.other
        found = await planted_fields.send(client, request, dict(person.headers), fields)
        if found.status == 429 and len(fields) > 1 and found.retry_after_seconds < doors.MOST_WAITING_SECONDS:
            # A limit was first; the whole set is tried when it allows, the fields one by one only where it allows them.
            await asyncio.sleep(found.retry_after_seconds + 0.5)
            found = await planted_fields.send(client, request, dict(person.headers), fields)
        self.matrix.calls += 1
        where = f"{request.verb} {request.path} with {sorted(fields)[:3]}"
        self.numbers.check(not found.took, f"{where}: took what the caller planted")
        self.numbers.check(found.status < 500, f"{where}: {found.status} {found.reason}")
        if not await person.is_signed_in():
            await person.come_back()
        return found.status

    def _observed_is_documented(self, workloads: WorkloadCalls) -> None:
        rows = permission_table.read()
        known = {method.full_name for method in self.methods}
        self.numbers.check(
            rows.keys() == known, f"docs/permissions.md differs in {sorted(rows.keys() ^ known)}"
        )
        for method in self.methods:
            row = rows.get(method.full_name)
            if row is not None:
                role, callers = self._observed(method, workloads)
                self.numbers.check(
                    role == row.least_role,
                    f"{method.path}: {role} got in; docs/permissions.md says {row.least_role}",
                )
                self.numbers.check(
                    callers == row.callers,
                    f"{method.path}: {sorted(callers)} got in; docs/permissions.md says {sorted(row.callers)}",
                )

    def _observed(self, method: Method, workloads: WorkloadCalls) -> tuple[str, set[str]]:
        callers = workloads.callers[method.full_name]
        if method.full_name in workloads.least_roles:
            return workloads.least_roles[method.full_name], callers
        admitted = self.matrix.admitted.get(method.full_name, set())
        roles = [person.role for person in self.house.callers if person.name in admitted]
        least = policy_pb2.AccessRole.Name(min(roles)) if roles else "nobody"
        return least.removeprefix("ACCESS_ROLE_"), callers | ({"edge"} if roles else set())


async def _token(person: Person, runtime: Runtime) -> str:
    """As the identity service would sign one."""
    keys = SigningKeys(runtime.database, runtime.sealer, runtime.ids)
    role = policy_pb2.AccessRole.Name(person.role).removeprefix("ACCESS_ROLE_")
    now, session_id = runtime.clock.now(), runtime.ids.new()
    return await keys.sign(person.account_id, account_pb2.Role.Value(role), session_id, now)


async def _find_sessions(person: Person) -> None:
    """Makes the sessions beside the current one those that a person owns: an earlier cell may have ended others."""
    if person.find("session_id"):
        if not await person.is_signed_in():
            await person.come_back()
        request = account_service_pb2.ListSessionsRequest()
        path = "/mootion.identity.v1.AccountService/ListSessions"
        reply: Any = (await person.call(path, request)).replies[0]
        person.owns["session_id"] = [each.session_id for each in reply.sessions if not each.current]


def _shows(method: Method) -> bool:
    """Whether a call of it shows what there is, and neither changes that, as a view is counted, nor is limited."""
    counts = method.server_streaming and not method.resumable
    return reads(method) and not counts and not method.policy.limits


def _has_body(method: Method) -> bool:
    """Whether its first HTTP rule changes something by more than a path."""
    rules = method.http_rules
    return not reads(method) and bool(rules) and rules[0].WhichOneof("pattern") != "delete"


def _each_and_all(fields: dict[str, Any], each: bool) -> list[dict[str, Any]]:
    """All at once, and in the long form one by one: a door that refuses the first says nothing of the others."""
    return [fields, *({name: value} for name, value in fields.items())] if each else [fields]
