//! Volatile state: what a power cycle forgets.

use crate::{Channel, Flags, Handle, Timestamp};

/// Everything an authenticator remembers between commands and forgets at a power cycle.
///
/// Source: CTAP 2.3 §6, stateful commands; §6.6 for the reset window.
#[derive(Debug)]
pub struct Session {
    pub(crate) powered_up: Timestamp,
    pub(crate) assertions: Option<RememberedAssertions>,
}

/// What authenticatorGetNextAssertion goes on with.
#[derive(Debug)]
pub(crate) struct RememberedAssertions {
    pub(crate) channel: Channel,
    pub(crate) client_data_hash: [u8; 32],
    pub(crate) handles: Vec<Handle>,
    /// credentialCounter: the next of `handles` to answer with.
    pub(crate) counter: usize,
    /// UP and UV of the first answer.
    pub(crate) flags: Flags,
    /// When the last answer was given.
    pub(crate) last: Timestamp,
}

impl Session {
    /// The state right after power-up at `now`.
    pub fn power_up(now: Timestamp) -> Self {
        Self { powered_up: now, assertions: None }
    }
}
