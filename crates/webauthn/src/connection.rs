//! An authenticator, spoken to with CTAP2 bytes; its replies are not trusted.

use softhello_ctap::{
    Authenticator, Channel, Denied, Status, Step,
    cbor::{self, Writer},
    message::MessageError,
};

use crate::{DomException, Failure};

/// One ceremony's way to its authenticator.
pub(crate) struct Connection<'a, A> {
    authenticator: &'a mut A,
    channel: Channel,
}

/// Why there is no reply to read.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The authenticator refused.
    Status(Status, Option<Denied>),
    /// The reply is not what the specification allows; the words follow "the authenticator's reply".
    Malformed(String),
}

impl<'a, A: Authenticator> Connection<'a, A> {
    pub(crate) fn new(authenticator: &'a mut A, channel: Channel) -> Self {
        Self { authenticator, channel }
    }

    /// Sends a command with its encoded parameters and gives the map that came back, as canonical CBOR.
    pub(crate) async fn call(&mut self, command: u8, parameters: Writer) -> Result<Vec<u8>, Refusal> {
        let request = [vec![command], parameters.into_bytes()].concat();
        let exchange = self.authenticator.exchange(self.channel, &request).await;
        let malformed = |reason: String| Err(Refusal::Malformed(reason));
        let mut reply = exchange.response;
        if reply.len() > MAX_REPLY {
            return malformed(format!("has {} bytes, more than {MAX_REPLY}", reply.len()));
        }
        match reply.first().copied().map(Status::from_code) {
            Some(Status::Ok) => {}
            Some(status) => return Err(Refusal::Status(status, exchange.cause)),
            None => return malformed("is empty".to_owned()),
        }
        reply.remove(0);
        match cbor::validate(&reply, cbor::MAX_DEPTH) {
            Ok(()) => Ok(reply),
            Err(error) => malformed(format!("is not canonical CBOR: {error}")),
        }
    }
}

/// The longest reply that is read, in bytes: many times what any transport carries.
const MAX_REPLY: usize = 1 << 16;

impl Refusal {
    /// The failure this is at `step`; `name` chooses for a status.
    pub(crate) fn at(self, step: &'static Step, name: fn(Status) -> DomException) -> Failure {
        match self {
            Self::Status(status, cause) => Failure::refused(name(status), step, status, cause),
            Self::Malformed(reason) => malformed(step, &reason),
        }
    }
}

impl From<MessageError> for Refusal {
    fn from(error: MessageError) -> Self {
        Self::Malformed(format!("cannot be read: {error}"))
    }
}

/// The failure that a reply is which the specification does not allow.
pub(crate) fn malformed(step: &'static Step, reason: &str) -> Failure {
    Failure::new(DomException::UnknownError, step, format!("the authenticator's reply {reason}"))
}

/// The name for refusals that say nothing to a page.
pub(crate) fn not_allowed(_: Status) -> DomException {
    DomException::NotAllowedError
}
