"""How often somebody may ask over HTTP. Limits of a replica, kept in memory."""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass, field

MINUTE_SECONDS = 60
CLIENTS_MAX = 10_000  # remembered; who has not tried for longest is forgotten first
# Who has one address of IPv6 has all of its network.
NETWORK_BITS = 64


@dataclass
class Bucket:
    """Requests that somebody may still make; it fills up evenly over a minute."""

    per_minute: int
    left: float
    filled_at: float  # monotonic

    def take(self, now: float) -> float:
        """Take one; 0, or in how many seconds there will be one."""
        rate = self.per_minute / MINUTE_SECONDS
        self.left = min(self.per_minute, self.left + (now - self.filled_at) * rate)
        self.filled_at = now
        if self.left < 1:
            return (1 - self.left) / rate
        self.left -= 1
        return 0


@dataclass
class Tries:
    """What clients who did not sign in may still try, by the network that they come from."""

    per_minute: int
    clients_max: int = CLIENTS_MAX
    _buckets: OrderedDict[str, Bucket] = field(default_factory=OrderedDict)

    def take(self, address: str, now: float) -> float:
        """Take a try; 0, or in how many seconds (`now` is monotonic) there will be one."""
        network = network_of(address)
        bucket = self._buckets.pop(network, None) or Bucket(self.per_minute, self.per_minute, now)
        self._buckets[network] = bucket
        if len(self._buckets) > self.clients_max:
            self._buckets.popitem(last=False)
        return bucket.take(now)

    def give_back(self, address: str) -> None:
        """It was none: who found what they asked for may go on."""
        if bucket := self._buckets.get(network_of(address)):
            bucket.left += 1


def network_of(address: str) -> str:
    """Whose address this is, as far as anybody can tell; what is no address stays as it is."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, NETWORK_BITS), strict=False))
    return address
