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

pub use softhello_device::SharedDevice;

use tokio::time::{Instant, sleep_until};

/// Ends at this time; never, if there is none.
async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
