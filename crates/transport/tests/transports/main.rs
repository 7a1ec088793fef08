//! The drivers, each from the other side of its wire.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, and says where"
)]

mod bench;
#[cfg(unix)]
mod pty;
mod udp;
#[cfg(unix)]
mod vpcd;
