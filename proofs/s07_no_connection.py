"""No address that a caller writes anywhere makes the system connect to it: 44 forms, in every field and every file."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from joserfc.jwk import ECKey

from mesh.policy import Method
from mesh.signature import SIGNATURE_KEY, Signer
from proofs import systems
from proofs.attacks import url_forms
from proofs.attacks.forged_tokens import Forger, part
from proofs.callers import doors
from proofs.callers.belongings import furnish
from proofs.callers.doors import Door
from proofs.callers.people import House, moved_in
from proofs.callers.valid_requests import Made, requests_of
from proofs.ground import Ground, Size
from proofs.numbers import Numbers
from tests.e2e.calls import upload
from tests.e2e.system import LocalSystem

EXAMPLE = Path(__file__).parents[1] / "examples" / "waves-and-sound.docx"
# What a fetch in the background would take to begin.
SETTLED_SECONDS = 5.0
READ_SECONDS = 120.0
# Words of the names of fields that hold addresses.
_NAMES = frozenset(
    ("url", "uri", "link", "href", "address", "endpoint", "callback", "webhook", "issuer", "host", "site")
)


@dataclass
class Listener:
    """Counts who connects to a port of this machine, by both versions of the protocol."""

    port: int = 0
    heard: list[str] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Keeps the first line, answers as a web server, and hangs up."""
        self.heard.append("")
        line = await asyncio.wait_for(reader.readline(), 5)
        self.heard[-1] = line.decode("latin-1").strip()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    """On all addresses of this machine, since some forms name another loopback address."""
    found = Listener()
    server = await asyncio.start_server(found.answer, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    others = []
    for host in ("127.9.9.9", "::1"):
        try:
            others.append(await asyncio.start_server(found.answer, host, found.port))
        except OSError:
            continue
    try:
        yield found
    finally:
        for each in (server, *others):
            each.close()


async def prove(ground: Ground, seed: int, size: Size) -> Numbers:
    """Fields from the descriptors, files, headers and the edge as a proxy."""
    numbers = Numbers(0)
    async with AsyncExitStack() as stack:
        listener = await stack.enter_async_context(listening())
        start = partial(
            systems.start,
            ground,
            render_workers=0,
            local_principal="off",
            principal_limit=0,
            oidc_school_issuer="http://127.0.0.1:1",
            oidc_school_client_id="somebody",
            oidc_school_client_secret="nothing",
            oidc_redirects="http://127.0.0.1/signed-in",
            smtp_url="smtp://127.0.0.1:1",
        )
        system = await asyncio.to_thread(start)
        stack.push_async_callback(asyncio.to_thread, system.stop)
        port = f"127.0.0.1:{system.environment['MOOTION_GRPC_PORT']}"
        ways = await stack.enter_async_context(doors.opened(port=port))
        runtime = await stack.enter_async_context(systems.beside(system, "render-worker"))
        house = await moved_in(ways["port"], runtime.settings)
        await furnish(house.owner, EXAMPLE.read_bytes(), EXAMPLE.name, runtime)
        proof = _Proof(numbers, listener, system, ways["port"], house, runtime.signer, random.Random(seed))
        await proof.run(size)
    return numbers


class _Proof:
    def __init__(
        self,
        numbers: Numbers,
        listener: Listener,
        system: LocalSystem,
        door: Door,
        house: House,
        signer: Signer,
        chance: random.Random,
    ) -> None:
        self.numbers = numbers
        self.listener = listener
        self.system = system
        self.door = door
        self.house = house
        self.signer = signer
        self.chance = chance
        self.fields: set[str] = set()

    async def run(self, size: Size) -> None:
        await self._control()
        await self._fields(size)
        files = await asyncio.to_thread(self._files, size)
        await self._headers()
        await self._as_a_proxy()
        await asyncio.sleep(SETTLED_SECONDS)
        self.numbers.check(not self.listener.heard, f"somebody connected: {self.listener.heard[:5]}")
        named = sorted(each for each in self.fields if _is_address(each))
        self.numbers.measured(
            forms=len(url_forms.forms(1)),
            fields=len(self.fields),
            fields_that_name_addresses=named,
            files=files,
            connections=len(self.listener.heard),
        )

    async def _control(self) -> None:
        """The listener hears what it is to hear."""
        async with httpx2.AsyncClient() as client:
            await client.get(f"http://127.0.0.1:{self.listener.port}/control")
        self.numbers.check(len(self.listener.heard) == 1, "the listener does not hear")
        self.listener.heard.clear()

    async def _fields(self, size: Size) -> None:
        """Every text of every request, each with every form in the long proof and with some in the short one."""
        for method in doors.methods():
            if "edge" in method.callers:
                for made in requests_of(method, self._own):
                    for path in _texts(method.input, ""):
                        await self._field(method, made, path, size)

    def _own(self, path: str, name: str) -> str:
        for person in (self.house.owner, self.house.teacher, self.house.admin):
            if person.find(name):
                return person.find(name)[0]
        return "none"

    async def _field(self, method: Method, made: Made, path: str, size: Size) -> None:
        self.fields.add(f"{method.full_name.rpartition('.')[2]}.{path}")
        every = list(url_forms.forms(self.listener.port, f"field-{path}").values())
        some = every if size is Size.LONG or _is_address(path) else self.chance.sample(every, 2)
        for value in some:
            request = type(made.request)()
            request.CopyFrom(made.request)
            if _put(request, path.split("."), value):
                await self.door.call(method, request, self._signed(method), patient=False)
                self.numbers.n += 1

    def _signed(self, method: Method) -> dict[str, str]:
        """For the owner, past the limits of the contract."""
        said = {
            "mootion-caller": "edge",
            "mootion-principal": self.house.owner.account_id,
            "mootion-role": "ADMIN",
        }
        return said | {SIGNATURE_KEY: self.signer.sign(method.path, said)}

    def _files(self, size: Size) -> int:
        """Uploads them and waits until each was read or refused."""
        files = url_forms.documents(self.listener.port)
        chosen = dict(list(files.items())[:: size.of(short=5, long=1)])
        ids = []
        headers = dict(self.house.owner.headers)
        with httpx2.Client(base_url=self.system.url, timeout=60, headers=headers) as client:
            for name, data in chosen.items():
                url = url_forms.forms(self.listener.port, "file-name")["plain"]
                reply = upload(client, data, url if "PDF" in name else f"{name}.docx")
                self.numbers.n += 1
                self.numbers.check(reply.status_code < 500, f"{name}: HTTP {reply.status_code}")
                if reply.status_code == 200:
                    ids.append(reply.json()["document"]["documentId"])
            self._read(client, ids)
        return len(chosen)

    def _read(self, client: httpx2.Client, ids: list[str]) -> None:
        give_up = time.monotonic() + READ_SECONDS
        while ids and time.monotonic() < give_up:
            time.sleep(0.1)
            reply = client.get(f"/v1/documents/{ids[0]}")
            if reply.json().get("document", {}).get("state") in ("READY", "FAILED"):
                ids.pop(0)
        self.numbers.check(not ids, f"{len(ids)} documents were not read in time")

    async def _headers(self) -> None:
        """Headers that proxies and verifiers of tokens might follow."""
        plain = url_forms.forms(self.listener.port, "header")["plain"]
        at = f"127.0.0.1:{self.listener.port}"
        key = ECKey.generate_key("P-256", {"kid": plain})
        forger = Forger(key, 1_800_000_000.0)
        header = {**forger.header, "jku": plain, "x5u": plain}
        headers: list[dict[str, str]] = [
            {name: value}
            for name in ("referer", "origin", "x-original-url", "x-rewrite-url", "x-wap-profile", "forwarded")
            for value in (plain, f"host={at}")
        ]
        headers += [
            {name: at}
            for name in ("host", "x-forwarded-host", "x-forwarded-for", "x-envoy-original-dst-host")
        ]
        headers += [{"authorization": f"Bearer {forger.signed(None, forger.header)}"}]
        headers += [{"authorization": f"Bearer {_named(forger, header)}"}, {"x-api-key": plain}]
        async with httpx2.AsyncClient(base_url=self.system.url, timeout=30) as client:
            for each in headers:
                reply = await client.get("/v1/account", headers=each)
                self.numbers.n += 1
                self.numbers.check(reply.status_code < 500, f"{sorted(each)}: HTTP {reply.status_code}")

    async def _as_a_proxy(self) -> None:
        """The edge fetches nothing for those who ask it as a proxy."""
        at = f"127.0.0.1:{self.listener.port}"
        for line in (
            f"GET http://{at}/proxied HTTP/1.1\r\nHost: {at}",
            f"CONNECT {at} HTTP/1.1\r\nHost: {at}",
            f"GET //{at}/proxied HTTP/1.1\r\nHost: {at}",
            f"GET @{at}/proxied HTTP/1.1\r\nHost: {at}",
            f"GET / HTTP/1.1\r\nHost: {at}\r\nUpgrade: websocket\r\nConnection: upgrade",
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.system.edge_port)
            writer.write(f"{line}\r\n\r\n".encode())
            await writer.drain()
            status = await asyncio.wait_for(reader.readline(), 10)
            writer.close()
            self.numbers.n += 1
            good = b" 4" in status[:14] or not status
            self.numbers.check(good, f"{line.partition(chr(13))[0]}: {status.decode('latin-1').strip()}")


def _named(forger: Forger, header: dict[str, str]) -> str:
    _, claims, signature = forger.signed().split(".")
    return f"{part(header)}.{claims}.{signature}"


def _texts(descriptor: Descriptor, path: str, depth: int = 0) -> Iterator[str]:
    """Paths of all text fields of a request, ids too."""
    for each in descriptor.fields:
        if each.type == FieldDescriptor.TYPE_STRING:
            yield f"{path}{each.name}"
        elif depth < 4 and each.message_type is not None and _is_ours(each.message_type):
            yield from _texts(each.message_type, f"{path}{each.name}.", depth + 1)


def _is_address(path: str) -> bool:
    """Whether a field is for an address, by the words of its name."""
    return not _NAMES.isdisjoint(path.rpartition(".")[2].split("_"))


def _is_ours(descriptor: Descriptor) -> bool:
    return descriptor.full_name.startswith("mootion.") or descriptor.name == "HttpBody"


def _put(message: Message, path: list[str], value: str) -> bool:
    """Sets a field, and makes what it is part of; False where the branch is another one already."""
    each = message.DESCRIPTOR.fields_by_name[path[0]]
    if len(path) == 1:
        if each.is_repeated:
            getattr(message, each.name)[:] = [value]
        else:
            setattr(message, each.name, value)
        return True
    chosen = each.containing_oneof and message.WhichOneof(each.containing_oneof.name)
    if chosen and chosen != each.name:
        return False
    found = getattr(message, each.name)
    if each.is_repeated:
        return _put(found[0] if len(found) else found.add(), path[1:], value)
    return _put(found, path[1:], value)
