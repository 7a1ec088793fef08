"""A device over UDP, as python-fido2 sees a HID device: one datagram is one report."""

import socket

from fido2 import hid
from fido2.hid import CtapHidDevice
from fido2.hid.base import CtapHidConnection, HidDescriptor

REPORT = 64
POWER_CYCLE = bytes.fromhex(
    "ac1052ca95e569de69e02ebff333485f13f9b2da34c5a8a340526697a9ab2e0b"
    "394d8d04973c134005be1a0140bff6045bb26eb77a73eaa47813f6b49a7250dc"
)
TIMEOUT = 40.0  # seconds; longer than a user may take


class UdpConnection(CtapHidConnection):
    def __init__(self, address: str) -> None:
        host, port = address.rsplit(":", 1)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(TIMEOUT)
        self.socket.connect((host, int(port)))

    def read_packet(self) -> bytes:
        return self.socket.recv(REPORT)

    def write_packet(self, data: bytes) -> None:
        self.socket.send(data)

    def close(self) -> None:
        self.socket.close()


def descriptor(address: str) -> HidDescriptor:
    return HidDescriptor(address, 0, 0, REPORT, REPORT, "softhello", None)


def connect(address: str) -> CtapHidDevice:
    return CtapHidDevice(descriptor(address), UdpConnection(address))


def power_cycle(address: str) -> None:
    connection = UdpConnection(address)
    connection.write_packet(POWER_CYCLE)
    connection.close()


def instead_of_hid(address: str, plugged_in) -> None:
    """Everything that looks for HID devices finds this one, as long as `plugged_in()`."""
    hid.list_descriptors = lambda: [descriptor(address)] if plugged_in() else []
    hid.open_connection = lambda found: UdpConnection(found.path)
    hid.get_descriptor = lambda path: descriptor(path)
