//! CTAPHID in a pseudo-terminal, as libfido2 opens it.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use softhello_ctap::{
    api,
    hid::{BROADCAST, Incoming, REPORT_LEN, Reply, Report, command, reports},
};
use softhello_device::Script;
use softhello_transport::{SharedDevice, pty::Terminal};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::bench::{device, soon};

/// A host. It blocks, as libfido2 does.
struct Host(File);

impl Host {
    fn open(path: &Path) -> Self {
        Self(OpenOptions::new().read(true).write(true).open(path).unwrap())
    }

    fn send(&mut self, cid: u32, command: u8, data: &[u8]) {
        for report in reports(cid, command, data) {
            self.0.write_all(&[&[0][..], &report].concat()).unwrap();
        }
    }

    fn report(&mut self) -> Report {
        let mut report = [0; REPORT_LEN];
        self.0.read_exact(&mut report).unwrap();
        report
    }

    fn channel(&mut self) -> u32 {
        self.send(BROADCAST, command::INIT, &[7; 8]);
        let mut report = self.report();
        // What is left of another host's; libfido2 passes it over as well.
        while report[..4] != BROADCAST.to_be_bytes() {
            report = self.report();
        }
        assert_eq!(report[..15], [0xff, 0xff, 0xff, 0xff, 0x86, 0, 17, 7, 7, 7, 7, 7, 7, 7, 7]);
        u32::from_be_bytes(report[15..19].try_into().unwrap())
    }

    fn transact(&mut self, cid: u32, command: u8, data: &[u8]) -> Vec<u8> {
        self.send(cid, command, data);
        let mut incoming = Incoming::new(cid, command);
        loop {
            if let Some(Reply::Response(response)) = incoming.push(&self.report()).unwrap() {
                return response;
            }
        }
    }
}

fn serving(device: &SharedDevice, link: Option<&Path>) -> (PathBuf, JoinHandle<()>) {
    let terminal = Terminal::open(link).unwrap();
    let path = terminal.path().to_owned();
    let device = device.clone();
    (path, tokio::spawn(async move { terminal.serve(&device).await.unwrap() }))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    soon(spawn_blocking(work)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_come_and_go() {
    let (device, _) = device("security-key").await;
    let (path, _) = serving(&device, None);
    assert!(path.starts_with("/dev"), "{}", path.display());
    blocking(move || {
        for _ in 0..3 {
            let mut host = Host::open(&path);
            let cid = host.channel();
            assert_eq!(host.transact(cid, command::CBOR, &[api::GET_INFO])[0], 0);
        }
        let mut host = Host::open(&path);
        let cid = host.channel();
        let ping: Vec<u8> = (0..7609).map(|at: u32| at.to_le_bytes()[0]).collect();
        assert_eq!(host.transact(cid, command::PING, &ping), ping, "longer than a terminal's buffer");
    })
    .await;
}

/// What a host left unread or half written is no matter for the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_leaves_in_the_middle() {
    let (device, user) = device("security-key").await;
    let (path, _) = serving(&device, None);
    blocking(move || {
        let mut rude = Host::open(&path);
        let cid = rude.channel();
        for _ in 0..20 {
            rude.send(cid, command::PING, &[9; 7609]);
        }
        rude.0.write_all(&[0, 1, 2, 3]).unwrap();
        drop(rude);
        std::thread::sleep(Duration::from_millis(300));
        let mut host = Host::open(&path);
        let cid = host.channel();
        assert_eq!(host.transact(cid, command::PING, b"honest"), b"honest");
        // One that leaves while its user is awaited.
        user.send_replace(None);
        host.send(cid, command::CBOR, &[api::SELECTION]);
        assert_eq!(host.report()[4], 0x80 | command::KEEPALIVE);
        drop(host);
        user.send_replace(Some(Script::Approve));
        let mut host = Host::open(&path);
        let cid = host.channel();
        assert_eq!(host.transact(cid, command::CBOR, &[api::GET_INFO])[0], 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_comes_and_goes_with_it() {
    let (device, _) = device("security-key").await;
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("token");
    for _ in 0..2 {
        let (path, task) = serving(&device, Some(&link));
        assert_eq!(path, link);
        let host = path.clone();
        blocking(move || assert_ne!(Host::open(&host).channel(), 0)).await;
        task.abort();
        assert!(soon(task).await.unwrap_err().is_cancelled());
        assert_eq!(fs::symlink_metadata(&link).unwrap_err().kind(), ErrorKind::NotFound);
    }
    // A link that a crash left behind is replaced, and a file is not.
    std::os::unix::fs::symlink("/dev/null", &link).unwrap();
    drop(Terminal::open(Some(&link)).unwrap());
    fs::write(&link, "precious").unwrap();
    assert_eq!(Terminal::open(Some(&link)).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read_to_string(&link).unwrap(), "precious");
}
