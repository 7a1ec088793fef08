//! Processors that stay awake while a page asks one thing after the other.
//!
//! A ceremony goes through some twenty threads, most of them Chromium's. While an answer is made, the other processors fall
//! asleep. A virtual machine's host takes them away then: waking each costs tens of microseconds, and meanwhile Linux counts
//! them as busy and queues threads behind others, where they wait for the next tick.
//!
//! Source: Linux, Documentation/power/pm_qos_interface.rst: as long as a process has `/dev/cpu_dma_latency` open and has
//! written a latency to it, processors fall into no sleep that takes longer to wake from. Only root may, unless the system
//! says otherwise; everybody else goes without.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// Requests that come sooner after one another than this belong to a page that does nothing else.
const SOON: Duration = Duration::from_millis(20);

/// Whether processors have to stay awake.
pub(super) struct Awake {
    /// What keeps them awake.
    path: PathBuf,
    /// When the last request came.
    last: Option<Instant>,
    /// While it is open, they do.
    latency: Option<File>,
    /// There is no such thing, or it could not be opened.
    refused: bool,
}

impl Awake {
    pub(super) fn new() -> Self {
        let path = PathBuf::from("/dev/cpu_dma_latency");
        Self { path, last: None, latency: None, refused: !cfg!(target_os = "linux") }
    }

    /// A request has come.
    pub(super) fn requested(&mut self) {
        let now = Instant::now();
        let soon = self.last.is_some_and(|last| now - last < SOON);
        self.last = Some(now);
        if soon && self.latency.is_none() && !self.refused {
            self.latency = open(&self.path).ok();
            self.refused = self.latency.is_none();
        }
    }

    /// Lets them sleep once no request came for a while, and ends then.
    pub(super) async fn until_quiet(&mut self) {
        let (Some(_), Some(last)) = (&self.latency, self.last) else { return std::future::pending().await };
        sleep_until(last + SOON).await;
        self.latency = None;
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut latency = OpenOptions::new().write(true).open(path)?;
    // None at all, in microseconds.
    latency.write_all(&0_i32.to_ne_bytes())?;
    Ok(latency)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn they_stay_awake_while_requests_come_soon() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("latency");
        std::fs::write(&path, "").expect("a file");
        let mut awake = Awake { path: path.clone(), last: None, latency: None, refused: false };
        awake.requested();
        assert!(awake.latency.is_none(), "one alone");
        tokio::time::sleep(SOON * 2).await;
        awake.requested();
        assert!(awake.latency.is_none(), "two, but not soon");
        awake.requested();
        assert!(awake.latency.is_some());
        assert_eq!(std::fs::read(&path).expect("its latency"), [0; 4]);
        assert!(awake.until_quiet().now_or_never().is_none());
        assert!(awake.latency.is_some(), "not yet");
        awake.until_quiet().await;
        assert!(awake.latency.is_none(), "they sleep again");
        assert!(awake.until_quiet().now_or_never().is_none());
    }
}
