"""IP addresses of clients, and the networks that they may come from."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from app.errors import Faults

NETWORKS_MAX = 50
ONE_CLIENT = 64
"""Bits of an IPv6 address that a provider gives to one client, who may use all addresses behind them."""


def read(written: str) -> IPv4Address | IPv6Address | None:
    """Return the address, as IPv4 where IPv6 only wraps one; None if it is no address, as that of a local socket."""
    try:
        address = ip_address(written)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def client(written: str) -> str:
    """Return what requests are counted by: the address, or the network of 64 bits that an IPv6 client has to itself."""
    address = read(written)
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), ONE_CLIENT), strict=False))
    return str(address or "")


def is_within(networks: Iterable[str], written: str) -> bool:
    """Say whether an address lies in one of the networks."""
    address = read(written)
    return address is not None and any(address in ip_network(network) for network in networks)


def clean_networks(written: Iterable[str], field: str, faults: Faults) -> list[str]:
    """Return the networks in their usual form, each once; each one that can't be read is a fault at its index."""
    found: dict[str, None] = {}
    texts = list(written)
    if len(texts) > NETWORKS_MAX:
        faults.add(field, "field_invalid", f"Give at most {NETWORKS_MAX} networks; this has {len(texts):,}.")
        return []
    for i, text in enumerate(texts):
        network = _network(text.strip())
        if network is None:
            faults.add(f"{field}[{i}]", "field_invalid", "Write each network as 192.0.2.0/24, 2001:db8::/32 or one address.")
        elif ip_address(text.strip().partition("/")[0]) != network.network_address:
            faults.add(f"{field}[{i}]", "field_invalid", f"This is an address inside a network. Did you mean {network}?")
        else:
            found.setdefault(str(network))
    return list(found)


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return None if "%" in text else ip_network(text, strict=False)
    except ValueError:
        return None
