"""reseal(): every value that an older key sealed, on every database, and nothing else."""

import pytest
from sqlalchemy import Column, LargeBinary, MetaData, String, Table, insert, select

from mesh import resealing
from mesh.resealing import SealedColumn, reseal
from mesh.sealing import Sealer, Unreadable
from tests.contract.ports.stores import Stores

OLD, NEW, LOST = (bytes([number]) * 32 for number in range(3))
PLAIN = b"\x0a\x05plain"
metadata = MetaData()
letters = Table(
    "sealed_letters",
    metadata,
    Column("owner", String(20), primary_key=True),
    Column("name", String(20), primary_key=True),
    Column("body", LargeBinary),
)
BODY = SealedColumn(letters, "body", lambda row: place_of(row.name))


def place_of(name: str) -> str:
    return f"letter:ada {name}"


async def keep(stores: Stores, number: int, sealer: Sealer | None) -> None:
    name = f"{number:04}"
    value = PLAIN if sealer is None else sealer.seal(name.encode(), place_of(name))
    await stores.database.create_tables(metadata)
    async with stores.database.transaction() as tx:
        await tx.execute(insert(letters).values(owner="ada", name=name, body=value))


async def kept(stores: Stores) -> dict[str, bytes]:
    async with stores.database.reading() as reader:
        rows = (await reader.execute(select(letters))).all()
    return {row.name: row.body for row in rows}


async def test_what_an_old_key_sealed_opens_with_the_new_one_alone(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "BATCH", 3)
    for number in range(7):
        await keep(stores, number, Sealer(OLD))
    await keep(stores, 7, Sealer(NEW))
    await keep(stores, 8, None)
    before = await kept(stores)
    assert await reseal(stores.database, Sealer(NEW, OLD), BODY) == 7
    after = await kept(stores)
    opened = [Sealer(NEW).open(after[name], place_of(name)) for name in sorted(after)[:8]]
    assert opened == [f"{number:04}".encode() for number in range(8)]
    assert (after["0007"], after["0008"]) == (before["0007"], PLAIN)
    assert await reseal(stores.database, Sealer(NEW, OLD), BODY) == 0


async def test_a_value_of_a_key_that_is_not_here_stops_it_and_what_came_before_stays_done(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "BATCH", 2)
    for number, key in enumerate((OLD, OLD, OLD, LOST)):
        await keep(stores, number, Sealer(key))
    with pytest.raises(Unreadable, match="MOOTION_OLD_DATA_KEYS"):
        await reseal(stores.database, Sealer(NEW, OLD), BODY)
    after = await kept(stores)
    assert [Sealer(NEW).is_newest(after[name]) for name in sorted(after)] == [True, True, False, False]
    assert await reseal(stores.database, Sealer(NEW, OLD, LOST), BODY) == 2
