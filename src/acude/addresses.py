"""Internet addresses in one spelling: the same address is the same text, however it was written."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

Network = IPv4Network | IPv6Network

_EMBEDDED: Final = tuple(map(IPv6Network, ("::ffff:0:0/96", "64:ff9b::/96", "::/96")))
"""Where an IPv4 address is written as one of version 6: mapped, translated (NAT64), and the old compatible form."""

_OWN: Final = IPv6Network("::/127")
"""The unspecified address and the machine itself."""

_LOW: Final = 0xFFFF_FFFF


def canonical(text: str) -> str:
    """An address in its one spelling.

    >>> canonical("2001:DB8:0::1"), canonical("::ffff:10.9.8.7"), canonical("64:ff9b::a09:807"), canonical("::1")
    ('2001:db8::1', '10.9.8.7', '10.9.8.7', '::1')

    Raises:
        ValueError: it is none, as `010.9.8.7` and `168364039`, or one of a link alone (`fe80::1%eth0`).
    """
    if "%" in text:
        raise ValueError("an address with a zone means something on one machine alone")
    return str(plain(ip_network(str(ip_address(text)))).network_address)


def plain(network: Network) -> Network:
    """An IPv4 network that is written as version 6 is the IPv4 network."""
    if isinstance(network, IPv4Network) or network.overlaps(_OWN):
        return network
    for prefix in _EMBEDDED:
        if network.subnet_of(prefix):
            return IPv4Network((int(network.network_address) & _LOW, network.prefixlen - prefix.prefixlen))
    return network
