//! The same device behind CTAPHID in datagrams, and bare sockets that carry as many.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    sync::mpsc,
    thread,
    time::Duration,
};

use softhello_ctap::{
    Authenticator as _, Channel,
    api::GET_INFO,
    hid::{REPORT_LEN, Report, command, reports},
};
use softhello_device::{Device, SharedDevice};
use softhello_transport::udp::{Listener, Remote};
use tokio::runtime::{Builder, Runtime};

use crate::ours;

const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A platform, connected to a device.
pub(crate) struct Platform {
    runtime: Runtime,
    remote: Remote,
}

impl Platform {
    /// Both in one thread, as in an asynchronous test: neither sleeps while the other works.
    pub(crate) fn beside(device: Device) -> Self {
        let runtime = runtime();
        let remote = runtime.block_on(async {
            let listener = Listener::bind(LOOPBACK).await.expect("a free port");
            let address = listener.address().expect("an address");
            tokio::spawn(async move { listener.serve(&SharedDevice::new(device), false).await });
            Remote::connect(address).await.expect("a channel")
        });
        Self { runtime, remote }
    }

    /// The device in a thread of its own, until the process ends.
    pub(crate) fn apart_from(device: Device) -> Self {
        let (say, address) = mpsc::channel();
        thread::spawn(move || {
            runtime().block_on(async {
                let listener = Listener::bind(LOOPBACK).await.expect("a free port");
                say.send(listener.address().expect("an address")).expect("somebody who listens");
                listener.serve(&SharedDevice::new(device), false).await
            })
        });
        let runtime = runtime();
        let address = address.recv().expect("a device that listens");
        let remote = runtime.block_on(Remote::connect(address)).expect("a channel");
        Self { runtime, remote }
    }

    pub(crate) fn exchange(&mut self, request: &[u8]) -> Vec<u8> {
        let exchange = self.runtime.block_on(self.remote.exchange(Channel::default(), request));
        assert_eq!(exchange.response.first(), Some(&0), "refused or unanswered");
        exchange.response
    }

    pub(crate) fn get_info(&mut self) -> Vec<u8> {
        self.exchange(&[GET_INFO])
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Two sockets that carry the reports of one exchange, and nothing else.
pub(crate) struct Echo {
    host: UdpSocket,
    /// `None` if another thread has it.
    device: Option<UdpSocket>,
    asked: Vec<Report>,
    answered: Vec<Report>,
}

impl Echo {
    /// Both in one thread.
    pub(crate) fn of(request: &[u8], response: &[u8]) -> Self {
        let [host, device] = [(); 2].map(|()| UdpSocket::bind(LOOPBACK).expect("a free port"));
        host.connect(device.local_addr().expect("an address")).expect("loopback");
        device.connect(host.local_addr().expect("an address")).expect("loopback");
        // A datagram that was lost would stop the whole measurement.
        host.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
        let [asked, answered] =
            [request, response].map(|data| reports(1, command::CBOR, data).collect::<Vec<_>>());
        Self { host, device: Some(device), asked, answered }
    }

    /// The other side in a thread of its own, where `device` answers the same request before the reports are sent.
    pub(crate) fn working(mut device: Device, request: Vec<u8>) -> Self {
        let mut echo = Self::of(&request, &ours::exchange(&mut device, &request));
        let socket = echo.device.take().expect("the other side");
        let (asked, answered) = (echo.asked.len(), echo.answered.clone());
        thread::spawn(move || {
            loop {
                take(&socket, asked);
                ours::exchange(&mut device, &request);
                give(&socket, &answered);
            }
        });
        echo
    }

    pub(crate) fn turn(&self) {
        give(&self.host, &self.asked);
        if let Some(device) = &self.device {
            take(device, self.asked.len());
            give(device, &self.answered);
        }
        take(&self.host, self.answered.len());
    }
}

fn give(socket: &UdpSocket, reports: &[Report]) {
    reports.iter().for_each(|report| assert!(socket.send(report).is_ok(), "the other side is there"));
}

fn take(socket: &UdpSocket, count: usize) {
    let mut report = [0; REPORT_LEN];
    (0..count).for_each(|_| assert!(socket.recv(&mut report).is_ok(), "a report in time"));
}
