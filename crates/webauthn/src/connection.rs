//! An authenticator, spoken to with bytes of CTAP2 and U2F; its replies are not trusted.

use softhello_ctap::{
    Authenticator, Channel, Denied, Status, Step, apdu::StatusWord, cbor, message::MessageError,
};

use crate::{DomException, Failure, client::Random};

/// One ceremony's way to its authenticator.
pub(crate) struct Connection<'a, A> {
    authenticator: &'a mut A,
    channel: Channel,
    random: &'a Random,
}

/// Why there is no reply to read.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The authenticator refused.
    Status(Status, Option<Denied>),
    /// A U2F message was refused.
    Word(StatusWord),
    /// The reply is not what the specification allows; the words follow "the authenticator's reply".
    Malformed(String),
}

impl Refusal {
    /// The reply lacks a member that it must have.
    pub(crate) fn missing(member: &str) -> Self {
        Self::Malformed(format!("cannot be read: `{member}` is missing"))
    }
}

impl<'a, A: Authenticator> Connection<'a, A> {
    pub(crate) fn new(authenticator: &'a mut A, channel: Channel, random: &'a Random) -> Self {
        Self { authenticator, channel, random }
    }

    /// Fills `out` with what nobody can guess.
    pub(crate) fn random(&self, out: &mut [u8]) {
        (self.random)(out);
    }

    /// Sends a command with its encoded parameters and gives the map that came back, as canonical CBOR.
    pub(crate) async fn call(&mut self, command: u8, parameters: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        let reply = self.tell(command, parameters).await?;
        match cbor::validate(&reply, cbor::MAX_DEPTH) {
            Ok(()) => Ok(reply),
            Err(error) => Err(Refusal::Malformed(format!("is not canonical CBOR: {error}"))),
        }
    }

    /// The same for a command whose answer has nothing of interest; gives what came back as it came.
    pub(crate) async fn tell(&mut self, command: u8, parameters: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        let mut request = parameters;
        request.insert(0, command);
        let exchange = self.authenticator.exchange(self.channel, &request).await;
        let malformed = |reason: String| Err(Refusal::Malformed(reason));
        let mut reply = exchange.response;
        if reply.len() > MAX_REPLY {
            return malformed(format!("has {} bytes, more than {MAX_REPLY}", reply.len()));
        }
        match reply.first().copied().map(Status::from_code) {
            Some(Status::Ok) => {
                reply.remove(0);
                Ok(reply)
            }
            Some(status) => Err(Refusal::Status(status, exchange.cause)),
            None => malformed("is empty".to_owned()),
        }
    }

    /// Sends a U2F message and gives the data and the status word that came back; `6F00` if there was none.
    pub(crate) async fn message(&mut self, apdu: &[u8]) -> (Vec<u8>, StatusWord) {
        let mut reply = self.authenticator.message(self.channel, apdu).await;
        let word = reply.split_last_chunk().map(|(_, word)| StatusWord(u16::from_be_bytes(*word)));
        match word {
            Some(word) if reply.len() <= MAX_REPLY => {
                reply.truncate(reply.len() - 2);
                (reply, word)
            }
            _ => (Vec::new(), StatusWord::OTHER),
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
            Self::Word(word) => Failure::new(DomException::NotAllowedError, step, word_reason(word)),
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

fn word_reason(word: StatusWord) -> String {
    match word {
        StatusWord::CONDITIONS_NOT_SATISFIED => "the user did not touch the U2F authenticator".to_owned(),
        StatusWord(word) => format!("the U2F authenticator answered {word:04X}"),
    }
}

/// The name for refusals that say nothing to a page.
pub(crate) fn not_allowed(_: Status) -> DomException {
    DomException::NotAllowedError
}
