//! The platform's side: a device's reports put together.

use super::{MAX_MESSAGE, Packet, Report, command, packet};

/// What a device says to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The whole response.
    Response(Vec<u8>),
    /// It is still at work, and whether it waits for its user.
    Keepalive {
        /// The user is needed.
        awaits_user: bool,
    },
}

/// Why there is no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// CTAPHID_ERROR.
    #[error("the device answered CTAPHID_ERROR {0:#04x}")]
    Refused(u8),
    /// A response to another command, a packet out of order, or a length that no message has.
    #[error("the device's packets do not make a response")]
    Malformed,
}

/// A response that is coming in.
#[derive(Debug)]
pub struct Incoming {
    cid: u32,
    command: u8,
    message: Option<Message>,
}

#[derive(Debug)]
struct Message {
    len: usize,
    data: Vec<u8>,
    seq: u8,
}

impl Incoming {
    /// Waits for the response to this command on this channel.
    pub fn new(cid: u32, command: u8) -> Self {
        Self { cid, command, message: None }
    }

    /// Takes a report. Those of other channels are passed over.
    ///
    /// # Errors
    ///
    /// [`ReplyError`] if the request has failed.
    pub fn push(&mut self, report: &Report) -> Result<Option<Reply>, ReplyError> {
        let (cid, packet) = packet(report);
        if cid != self.cid {
            return Ok(None);
        }
        match (packet, &mut self.message) {
            (Packet::Init { command: command::KEEPALIVE, data, .. }, None) => {
                Ok(Some(Reply::Keepalive { awaits_user: data.first() == Some(&2) }))
            }
            (Packet::Init { command: command::ERROR, data, .. }, _) => {
                Err(ReplyError::Refused(data.first().copied().unwrap_or_default()))
            }
            (Packet::Init { command, len, data }, None) if command == self.command && len <= MAX_MESSAGE => {
                let data = data.iter().copied().take(len).collect();
                self.message = Some(Message { len, data, seq: 0 });
                Ok(self.finished())
            }
            (Packet::Cont { seq, data }, Some(message)) if seq == message.seq => {
                message.data.extend(data.iter().take(message.len - message.data.len()));
                message.seq += 1;
                Ok(self.finished())
            }
            _ => Err(ReplyError::Malformed),
        }
    }

    fn finished(&mut self) -> Option<Reply> {
        let message = self.message.take_if(|message| message.data.len() == message.len)?;
        Some(Reply::Response(message.data))
    }
}
