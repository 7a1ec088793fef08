//! CTAPHID over UDP.

use std::{net::SocketAddr, time::Duration};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use softhello_ctap::{
    Authenticator as _, Channel, Status, api,
    hid::{BROADCAST, HidError, REPORT_LEN, command, reports},
};
use softhello_device::Script;
use softhello_transport::{
    SharedDevice,
    udp::{Listener, POWER_CYCLE, Remote},
};
use tokio::{
    net::UdpSocket,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use crate::bench::{device, soon};

async fn listening(device: &SharedDevice, lenient: bool) -> SocketAddr {
    served(device, lenient).await.0
}

/// The same, and the task that serves.
async fn served(device: &SharedDevice, lenient: bool) -> (SocketAddr, JoinHandle<std::io::Result<()>>) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.address().unwrap();
    let device = device.clone();
    (address, tokio::spawn(async move { listener.serve(&device, lenient).await }))
}

/// A host that sees every report.
struct Host(UdpSocket);

impl Host {
    async fn new(device: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(device).await.unwrap();
        Self(socket)
    }

    async fn send(&self, cid: u32, command: u8, data: &[u8]) {
        for report in reports(cid, command, data) {
            self.0.send(&report).await.unwrap();
        }
    }

    async fn report(&self) -> [u8; REPORT_LEN] {
        let mut report = [0; REPORT_LEN];
        assert_eq!(soon(self.0.recv(&mut report)).await.unwrap(), REPORT_LEN);
        report
    }

    async fn channel(&self) -> u32 {
        self.send(BROADCAST, command::INIT, &[7; 8]).await;
        u32::from_be_bytes(self.report().await[15..19].try_into().unwrap())
    }

    async fn is_quiet(&self, time: Duration) -> bool {
        timeout(time, self.0.recv(&mut [0; 70])).await.is_err()
    }
}

#[tokio::test]
async fn a_client_reaches_the_device() {
    let (device, _) = device("security-key").await;
    let address = listening(&device, false).await;
    let mut remote = soon(Remote::connect(address)).await.unwrap();
    let info = soon(remote.exchange(Channel::default(), &[api::GET_INFO])).await.response;
    assert_eq!(info[0], 0);
    assert!(info.len() > 300, "in several reports");
    let ping: Vec<u8> = (0..7609).map(|at: u32| at.to_le_bytes()[0]).collect();
    assert_eq!(soon(remote.transact(command::PING, &ping)).await.unwrap(), ping);
    assert!(soon(remote.transact(command::WINK, &[])).await.unwrap().is_empty());
    let version = soon(remote.message(Channel::default(), &[0, 3, 0, 0, 0, 0, 0])).await;
    assert_eq!(version, b"U2F_V2\x90\x00");
    let error = soon(remote.transact(0x02, &[])).await.unwrap_err();
    assert_eq!(error.to_string(), "the device answered CTAPHID_ERROR 0x01");
    assert_eq!(soon(remote.exchange(Channel::default(), &[0x55])).await.response, [0x01]);
}

#[tokio::test]
async fn keepalives_tell_of_the_user_and_a_cancel_ends_it() {
    let (device, user) = device("security-key").await;
    user.send_replace(None);
    let host = Host::new(listening(&device, false).await).await;
    let cid = host.channel().await;
    host.send(cid, command::CBOR, &[api::SELECTION]).await;
    let began = Instant::now();
    for _ in 0..5 {
        let report = host.report().await;
        assert_eq!(report[4..8], [0x80 | command::KEEPALIVE, 0, 1, 2]);
    }
    assert!(began.elapsed() > Duration::from_millis(4 * 80), "one at once, and then one every 90 ms");
    host.send(cid, command::CANCEL, &[]).await;
    loop {
        let report = host.report().await;
        if report[4] == 0x80 | command::CBOR {
            assert_eq!(report[5..8], [0, 1, Status::KeepaliveCancel.code()]);
            break;
        }
    }
    assert!(host.is_quiet(Duration::from_millis(300)).await);
    // The user is there again.
    host.send(cid, command::CBOR, &[api::SELECTION]).await;
    assert_eq!(host.report().await[4], 0x80 | command::KEEPALIVE);
    user.send_replace(Some(Script::Decline));
    loop {
        let report = host.report().await;
        if report[4] == 0x80 | command::CBOR {
            assert_eq!(report[7], Status::OperationDenied.code());
            break;
        }
    }
}

#[tokio::test]
async fn a_power_cycle_forgets_what_is_volatile() {
    let (device, user) = device("security-key").await;
    user.send_replace(None);
    let address = listening(&device, false).await;
    let host = Host::new(address).await;
    let cid = host.channel().await;
    host.send(cid, command::CBOR, &[api::SELECTION]).await;
    assert_eq!(host.report().await[4], 0x80 | command::KEEPALIVE);
    host.0.send(&POWER_CYCLE).await.unwrap();
    // The command ends without an answer, and the channel is gone.
    sleep(Duration::from_millis(250)).await;
    while timeout(Duration::from_millis(1), host.0.recv(&mut [0; 64])).await.is_ok() {}
    host.send(cid, command::PING, &[1]).await;
    assert_eq!(host.report().await[4..8], [0x80 | command::ERROR, 0, 1, HidError::InvalidChannel as u8]);
    user.send_replace(Some(Script::Approve));
    let mut remote = soon(Remote::connect(address)).await.unwrap();
    assert_eq!(soon(remote.exchange(Channel::default(), &[api::RESET])).await.response, [0], "a new window");
    // The same from beside.
    device.power_cycle().await;
    let error = soon(remote.transact(command::PING, &[])).await.unwrap_err();
    assert_eq!(error.to_string(), "the device answered CTAPHID_ERROR 0x0b");
    soon(Remote::connect(address)).await.unwrap().power_cycle().await.unwrap();
}

#[tokio::test]
async fn a_half_message_times_out_unprompted() {
    let (device, _) = device("security-key").await;
    let host = Host::new(listening(&device, false).await).await;
    let cid = host.channel().await;
    let began = Instant::now();
    host.0.send(&reports(cid, command::CBOR, &[7; 100]).next().unwrap()).await.unwrap();
    let report = host.report().await;
    let after = began.elapsed();
    assert_eq!(report[4..8], [0x80 | command::ERROR, 0, 1, HidError::MessageTimeout as u8]);
    assert!(after >= Duration::from_millis(400), "{after:?}");
    host.send(cid, command::PING, b"?").await;
    assert_eq!(host.report().await[4..8], [0x80 | command::PING, 0, 1, b'?']);
}

#[tokio::test]
async fn two_hosts_at_once() {
    let (device, user) = device("security-key").await;
    user.send_replace(None);
    let address = listening(&device, false).await;
    let (one, two) = (Host::new(address).await, Host::new(address).await);
    let (first, second) = (one.channel().await, two.channel().await);
    one.send(first, command::CBOR, &[api::SELECTION]).await;
    assert_eq!(one.report().await[4], 0x80 | command::KEEPALIVE);
    two.send(second, command::CBOR, &[api::GET_INFO]).await;
    assert_eq!(two.report().await[4..8], [0x80 | command::ERROR, 0, 1, HidError::ChannelBusy as u8]);
    // Each hears only of its own.
    assert!(two.is_quiet(Duration::from_millis(200)).await);
    user.send_replace(Some(Script::Approve));
    while one.report().await[4] != 0x80 | command::CBOR {}
    two.send(second, command::CBOR, &[api::GET_INFO]).await;
    assert_eq!(two.report().await[4], 0x80 | command::CBOR);
}

#[tokio::test]
async fn strict_and_lenient() {
    let (device, _) = device("security-key").await;
    for (lenient, want) in [(false, 0x80 | command::ERROR), (true, 0x80 | command::PING)] {
        let host = Host::new(listening(&device, lenient).await).await;
        host.send(0x0102_0304, command::PING, &[1]).await;
        assert_eq!(host.report().await[4], want, "lenient {lenient}");
    }
}

/// Datagrams without sense, of every length, and of hosts that are gone; then an honest host.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn datagrams_without_sense() {
    let (device, _) = device("security-key").await;
    let address = listening(&device, false).await;
    let mut rng = StdRng::seed_from_u64(5);
    for _ in 0..20 {
        let host = Host::new(address).await;
        for _ in 0..500 {
            let mut datagram = [0; 80];
            rng.fill_bytes(&mut datagram);
            let len = [64, 64, 64, 0, 1, 63, 65, 80][usize::from(datagram[79] % 8)];
            if datagram[78] % 2 == 0 {
                datagram[..7].copy_from_slice(&[0xff, 0xff, 0xff, 0xff, 0x86, 0, 8]);
            }
            // The host's own buffer may be full: then it is lost, as it may be.
            let _ = host.0.send(&datagram[..len]).await;
        }
    }
    // What comes while the device's buffer is full is lost, too: then it is asked again.
    let asked = || async {
        let mut remote = Remote::connect(address).await.unwrap();
        remote.exchange(Channel::default(), &[api::GET_INFO]).await
    };
    let answer = soon(async {
        loop {
            if let Ok(answer) = tokio::time::timeout(Duration::from_secs(1), asked()).await {
                break answer;
            }
        }
    });
    assert_eq!(answer.await.response[0], 0);
}

/// A transport that goes takes its device along, and another one of the same device serves on.
#[tokio::test]
async fn two_transports_of_one_device() {
    let (device, user) = device("security-key").await;
    let (one, serving) = served(&device, false).await;
    let two = listening(&device, false).await;
    let mut remotes = [Remote::connect(one).await.unwrap(), Remote::connect(two).await.unwrap()];
    let all = remotes.each_mut().map(|remote| remote.exchange(Channel::default(), &[api::GET_INFO]));
    for answer in all {
        assert_eq!(soon(answer).await.response[0], 0);
    }
    user.send_replace(None);
    let host = Host::new(one).await;
    let cid = host.channel().await;
    host.send(cid, command::CBOR, &[api::SELECTION]).await;
    host.report().await;
    serving.abort();
    let [_, other] = &mut remotes;
    let answer = soon(other.exchange(Channel::default(), &[api::GET_INFO])).await.response;
    assert_eq!(answer[0], 0, "what waited for its user has gone with its transport");
}
