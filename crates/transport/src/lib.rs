//! Emulated authenticators where other programs look for them, and a platform that finds them there.
//!
//! Each driver carries the bytes of one transport between a [`SharedDevice`] and a pure machine of `softhello-ctap`, which
//! holds the rules of the framing. Drivers are futures that run until they fail; dropping one takes the device from its
//! transport.
//!
//! - [`udp`]: CTAPHID, one report in a datagram, after the convention of the Solo simulation;
//! - [`pty`]: CTAPHID in a pseudo-terminal, which libfido2 takes for a device;
//! - [`vpcd`]: a smart card in the virtual reader of pcscd.
//!
//! They need the runtime of `tokio`.

mod hid;
#[cfg(unix)]
pub mod pty;
pub mod udp;
#[cfg(unix)]
pub mod vpcd;
mod work;

use std::pin::Pin;

pub use softhello_device::SharedDevice;

use tokio::time::{Instant, Sleep, sleep_until};

/// Wakes at deadlines that change with every report.
///
/// To set a timer costs a system call, so that one is left to run out before a later deadline is set.
struct Alarm(Pin<Box<Sleep>>);

impl Alarm {
    fn new() -> Self {
        Self(Box::pin(sleep_until(Instant::now())))
    }

    /// Ends at this time; never, if there is none. Cancel-safe.
    async fn at(&mut self, deadline: Option<Instant>) {
        let Some(deadline) = deadline else { return std::future::pending().await };
        while Instant::now() < deadline {
            if self.0.is_elapsed() || deadline < self.0.deadline() {
                self.0.as_mut().reset(deadline);
            }
            self.0.as_mut().await;
        }
    }
}
