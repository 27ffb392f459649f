"""Where a service answers: one `host:port`, or several IP addresses with commas between them, one for each replica."""

from ipaddress import ip_address


def each_of(addresses: str) -> list[str]:
    """The addresses one by one."""
    return [address.strip() for address in addresses.split(",")]


def host_and_port(address: str) -> tuple[str, int]:
    """The parts of one address; an IPv6 address is given without its brackets."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def problem_of(addresses: str) -> str:
    """What is wrong with it and what to write instead, or nothing.

    Several names are refused: a client finds all replicas behind one name, and gRPC looks up only one.
    """
    found = each_of(addresses)
    if not all(_is_well_formed(address) for address in found):
        return "give host:port, such as document.mootion:50051, or several with commas between them"
    versions = {_ip_version(host_and_port(address)[0]) for address in found}
    if len(found) > 1 and (None in versions or len(versions) > 1):
        return "give several as IP addresses of one version, or one name that stands for all of them"
    return ""


def target(addresses: str) -> str:
    """What a gRPC channel is opened to so that it finds every replica: by DNS for a name, which is asked again when
    a connection ends."""
    found = each_of(addresses)
    version = _ip_version(host_and_port(found[0])[0])
    if version is None:
        return f"dns:///{found[0]}"
    return f"ipv{version}:{','.join(found)}"


def _is_well_formed(address: str) -> bool:
    host, _, port = address.rpartition(":")
    return bool(host) and port.isdigit() and 1 <= int(port) <= 65535


def _ip_version(host: str) -> int | None:
    try:
        return ip_address(host).version
    except ValueError:
        return None
