//! CTAPHID over UDP, after the convention of the Solo simulation: one datagram is one report of 64 bytes, without a report
//! number. Answers go to where a report came from.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use rand::Rng as _;
use softhello_ctap::{
    Authenticator, Channel, Exchange,
    apdu::StatusWord,
    hid::{self, BROADCAST, Incoming as Reassembly, Options, REPORT_LEN, Reply, Report, command},
};
use softhello_device::SharedDevice;
use tokio::net::UdpSocket;

use crate::hid::{Incoming, Outgoing, Received, serve};

/// Where a device of this convention listens.
pub const DEFAULT_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8111);

/// The datagram that cuts the power and gives it back.
pub const POWER_CYCLE: [u8; REPORT_LEN] = [
    0xac, 0x10, 0x52, 0xca, 0x95, 0xe5, 0x69, 0xde, 0x69, 0xe0, 0x2e, 0xbf, 0xf3, 0x33, 0x48, 0x5f, 0x13,
    0xf9, 0xb2, 0xda, 0x34, 0xc5, 0xa8, 0xa3, 0x40, 0x52, 0x66, 0x97, 0xa9, 0xab, 0x2e, 0x0b, 0x39, 0x4d,
    0x8d, 0x04, 0x97, 0x3c, 0x13, 0x40, 0x05, 0xbe, 0x1a, 0x01, 0x40, 0xbf, 0xf6, 0x04, 0x5b, 0xb2, 0x6e,
    0xb7, 0x7a, 0x73, 0xea, 0xa4, 0x78, 0x13, 0xf6, 0xb4, 0x9a, 0x72, 0x50, 0xdc,
];

/// A device's socket.
#[derive(Debug)]
pub struct Listener(UdpSocket);

impl Listener {
    /// Listens here; port 0 picks one.
    ///
    /// # Errors
    ///
    /// The system's, if the address cannot be had.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self(UdpSocket::bind(address).await?))
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Serves hosts. `lenient` takes channels that no INIT gave out.
    ///
    /// # Errors
    ///
    /// The system's, if the socket fails.
    pub async fn serve(self, device: &SharedDevice, lenient: bool) -> io::Result<()> {
        let options = Options { lenient, ..Options::of(&device.profile().ctap) };
        serve(&mut Datagrams(&self.0), &Datagrams(&self.0), device, options).await
    }
}

struct Datagrams<'a>(&'a UdpSocket);

impl Incoming for Datagrams<'_> {
    type Peer = SocketAddr;

    async fn receive(&mut self) -> io::Result<Received<SocketAddr>> {
        // One byte more, so that a datagram that is too long is not taken for a report.
        let mut datagram = [0; REPORT_LEN + 1];
        loop {
            let received = self.0.recv_from(&mut datagram).await;
            let (len, peer) = match received {
                Ok(received) => received,
                Err(error) if is_the_hosts(&error) => continue,
                Err(error) => return Err(error),
            };
            match datagram.first_chunk().filter(|_| len == REPORT_LEN) {
                Some(&POWER_CYCLE) => return Ok(Received::PowerCycle),
                Some(report) => return Ok(Received::Report(peer, *report)),
                None => {}
            }
        }
    }
}

impl Outgoing<SocketAddr> for Datagrams<'_> {
    async fn send(&self, peer: SocketAddr, report: &Report) -> io::Result<()> {
        match self.0.send_to(report, peer).await {
            Err(error) if !is_the_hosts(&error) => Err(error),
            _ => Ok(()),
        }
    }
}

/// A host that is gone or cannot be reached is no failure of the device.
fn is_the_hosts(error: &io::Error) -> bool {
    use io::ErrorKind::{
        AddrNotAvailable, ConnectionRefused, ConnectionReset, HostUnreachable, InvalidInput,
        NetworkUnreachable, PermissionDenied,
    };
    let kinds = [
        AddrNotAvailable,
        ConnectionRefused,
        ConnectionReset,
        HostUnreachable,
        InvalidInput,
        NetworkUnreachable,
        PermissionDenied,
    ];
    kinds.contains(&error.kind())
}

/// A platform's connection to a device over UDP.
#[derive(Clone, Debug)]
pub struct Remote {
    socket: Arc<UdpSocket>,
    cid: u32,
}

impl Remote {
    /// Asks the device at this address for a channel. Nothing says whether there is a device: set a time limit.
    ///
    /// # Errors
    ///
    /// The system's, or [`io::ErrorKind::InvalidData`] if the answer is none.
    pub async fn connect(device: SocketAddr) -> io::Result<Self> {
        // Nobody from elsewhere answers for a device of this machine.
        let local = match device.ip() {
            ip if ip.is_loopback() => ip,
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = Arc::new(UdpSocket::bind((local, 0)).await?);
        socket.connect(device).await?;
        let mut remote = Self { socket, cid: BROADCAST };
        let mut nonce = [0; 8];
        rand::rng().fill_bytes(&mut nonce);
        loop {
            let answer = remote.transact(command::INIT, &nonce).await?;
            // Another host's answer came on broadcast as well.
            if answer.starts_with(&nonce) {
                let cid = answer.get(8..12).and_then(|cid| cid.try_into().ok());
                let cid = cid.ok_or_else(|| invalid("the answer to CTAPHID_INIT is too short"))?;
                remote.cid = u32::from_be_bytes(cid);
                return Ok(remote);
            }
        }
    }

    /// Sends a message and waits for its answer, passing keepalives over.
    ///
    /// # Errors
    ///
    /// The system's, or [`io::ErrorKind::InvalidData`] with what the device said instead of an answer.
    pub async fn transact(&self, command: u8, data: &[u8]) -> io::Result<Vec<u8>> {
        for report in hid::reports(self.cid, command, data) {
            self.socket.send(&report).await?;
        }
        let mut incoming = Reassembly::new(self.cid, command);
        // One byte more, so that a datagram that is too long is not taken for a report.
        let mut datagram = [0; REPORT_LEN + 1];
        loop {
            let len = self.socket.recv(&mut datagram).await?;
            let Some(report) = datagram.first_chunk().filter(|_| len == REPORT_LEN) else { continue };
            match incoming.push(report) {
                Ok(Some(Reply::Response(response))) => return Ok(response),
                Ok(Some(Reply::Keepalive { .. }) | None) => {}
                Err(error) => return Err(invalid(error)),
            }
        }
    }

    /// Cancels the request under way; it still gets its answer.
    ///
    /// # Errors
    ///
    /// The system's.
    pub async fn cancel(&self) -> io::Result<()> {
        for report in hid::reports(self.cid, command::CANCEL, &[]) {
            self.socket.send(&report).await?;
        }
        Ok(())
    }

    /// Cuts the device's power and gives it back. The channel is gone afterwards.
    ///
    /// # Errors
    ///
    /// The system's.
    pub async fn power_cycle(self) -> io::Result<()> {
        self.socket.send(&POWER_CYCLE).await.map(drop)
    }
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// Over a wire there is no cause. A device that cannot be reached answers with nothing.
impl Authenticator for Remote {
    async fn exchange(&mut self, _: Channel, request: &[u8]) -> Exchange {
        let response = self.transact(command::CBOR, request).await.unwrap_or_default();
        Exchange { response, cause: None }
    }

    async fn message(&mut self, _: Channel, apdu: &[u8]) -> Vec<u8> {
        let unanswered = || StatusWord::OTHER.0.to_be_bytes().to_vec();
        self.transact(command::MSG, apdu).await.unwrap_or_else(|_| unanswered())
    }
}
