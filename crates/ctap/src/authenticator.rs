//! Anything that answers CTAP2 requests.

use std::future::Future;

use crate::{Denied, Transport, apdu::StatusWord};

/// Where a request came from: a transport and a channel on it.
///
/// Continuations answer only on the channel that began them (CTAP 2.3 §6, stateful commands).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Channel {
    /// Which transport. Some rules depend on it (CTAP 2.3 §6.5.2.1, §6.6).
    pub transport: Transport,
    /// Which channel on it (CTAPHID's CID), 0 where there is none.
    pub id: u32,
}

/// An answer, and why it is a refusal if it is one.
#[derive(Debug)]
pub struct Exchange {
    /// Status byte, then the CBOR map if there is one.
    pub response: Vec<u8>,
    /// The reason behind a status other than 0x00. Over a wire there is none.
    pub cause: Option<Denied>,
}

/// Anything that answers CTAP2 requests: a device in this process, or one at the end of a wire.
pub trait Authenticator: Send {
    /// Answers one request: command byte, then the CBOR map if the command takes one.
    ///
    /// The future may be dropped at any await; that is a power cut, and the store is left whole.
    fn exchange(&mut self, from: Channel, request: &[u8]) -> impl Future<Output = Exchange> + Send;

    /// Answers one U2F message, a command APDU: data and a status word. `6D00` where there is no U2F.
    fn message(&mut self, from: Channel, apdu: &[u8]) -> impl Future<Output = Vec<u8>> + Send {
        let _ = (from, apdu);
        std::future::ready(StatusWord::UNKNOWN_INSTRUCTION.0.to_be_bytes().to_vec())
    }
}

impl<A: Authenticator> Authenticator for &mut A {
    fn exchange(&mut self, from: Channel, request: &[u8]) -> impl Future<Output = Exchange> + Send {
        (**self).exchange(from, request)
    }

    fn message(&mut self, from: Channel, apdu: &[u8]) -> impl Future<Output = Vec<u8>> + Send {
        (**self).message(from, apdu)
    }
}
