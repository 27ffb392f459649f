"""The stubs of the toy contract under tests/gen are those of tests/protos."""

import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2
from mootion.toy.v1 import toy_service_pb2, unruled_pb2

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("module", [toy_service_pb2, unruled_pb2])
def test_the_stubs_are_made_from_the_proto_as_it_is(module: object, tmp_path: Path) -> None:
    compiled: bytes = module.DESCRIPTOR.serialized_pb  # type: ignore[attr-defined]
    name = descriptor_pb2.FileDescriptorProto.FromString(compiled).name
    out = tmp_path / "set.binpb"
    command = [sys.executable, "-m", "grpc_tools.protoc", f"--descriptor_set_out={out}", name]
    roots = [f"-I{ROOT / folder}" for folder in ("tests/protos", "protos", "protos/vendor")]
    subprocess.run([*command, *roots], check=True)
    (source,) = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file
    source.ClearField("source_code_info")
    for message in source.message_type:
        for field in message.field:
            field.ClearField("json_name")
    assert source == descriptor_pb2.FileDescriptorProto.FromString(compiled)
