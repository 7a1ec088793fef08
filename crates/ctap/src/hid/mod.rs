//! CTAPHID: messages in reports of 64 bytes. The authenticator's side as a pure machine, and what a platform needs.
//!
//! Source: CTAP 2.3 §11.2.

mod channels;
mod machine;
mod reply;

pub use machine::{Action, Machine, Options};
pub use reply::{Incoming, Reply, ReplyError};

/// A report, without a report number.
pub type Report = [u8; REPORT_LEN];

/// The length of a report in bytes.
pub const REPORT_LEN: usize = 64;

/// The channel on which a platform asks for one of its own.
pub const BROADCAST: u32 = 0xffff_ffff;

/// The longest message: what one initialization packet and 128 continuation packets carry.
pub const MAX_MESSAGE: usize = INIT_DATA + 128 * CONT_DATA;

/// Data in an initialization packet.
const INIT_DATA: usize = REPORT_LEN - 7;

/// Data in a continuation packet.
const CONT_DATA: usize = REPORT_LEN - 5;

/// Marks an initialization packet in the byte after the channel.
const INIT_PACKET: u8 = 0x80;

/// The report descriptor of a FIDO device: usage page 0xF1D0, 64 bytes in and out.
pub const REPORT_DESCRIPTOR: [u8; 34] = [
    0x06, 0xd0, 0xf1, 0x09, 0x01, 0xa1, 0x01, 0x09, 0x20, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95,
    0x40, 0x81, 0x02, 0x09, 0x21, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x40, 0x91, 0x02, 0xc0,
];

/// Commands, without the bit that marks an initialization packet.
///
/// Source: CTAP 2.3 §11.2.9.
pub mod command {
    /// CTAPHID_PING.
    pub const PING: u8 = 0x01;
    /// CTAPHID_MSG.
    pub const MSG: u8 = 0x03;
    /// CTAPHID_LOCK.
    pub const LOCK: u8 = 0x04;
    /// CTAPHID_INIT.
    pub const INIT: u8 = 0x06;
    /// CTAPHID_WINK.
    pub const WINK: u8 = 0x08;
    /// CTAPHID_CBOR.
    pub const CBOR: u8 = 0x10;
    /// CTAPHID_CANCEL.
    pub const CANCEL: u8 = 0x11;
    /// CTAPHID_KEEPALIVE.
    pub const KEEPALIVE: u8 = 0x3b;
    /// CTAPHID_ERROR.
    pub const ERROR: u8 = 0x3f;
}

/// What INIT says that a device can do.
///
/// Source: CTAP 2.3 §11.2.9.1.3.
pub mod capability {
    /// CTAPHID_WINK.
    pub const WINK: u8 = 0x01;
    /// CTAPHID_CBOR.
    pub const CBOR: u8 = 0x04;
    /// CTAPHID_MSG is *not* implemented.
    pub const NMSG: u8 = 0x08;
}

/// The byte of CTAPHID_ERROR.
///
/// Source: CTAP 2.3 §11.2.9.1.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum HidError {
    /// ERR_INVALID_CMD.
    InvalidCommand = 0x01,
    /// ERR_INVALID_PAR.
    InvalidParameter = 0x02,
    /// ERR_INVALID_LEN.
    InvalidLength = 0x03,
    /// ERR_INVALID_SEQ.
    InvalidSeq = 0x04,
    /// ERR_MSG_TIMEOUT.
    MessageTimeout = 0x05,
    /// ERR_CHANNEL_BUSY.
    ChannelBusy = 0x06,
    /// ERR_INVALID_CHANNEL.
    InvalidChannel = 0x0b,
    /// ERR_OTHER.
    Other = 0x7f,
}

/// A message cut into reports. `data` has at most [`MAX_MESSAGE`] bytes; what is longer is left out.
pub fn reports(cid: u32, command: u8, data: &[u8]) -> impl Iterator<Item = Report> + '_ {
    let data = data.get(..MAX_MESSAGE).unwrap_or(data);
    let len = u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes();
    let (first, rest) = data.split_at(data.len().min(INIT_DATA));
    let init = report(cid, &[INIT_PACKET | command, len[0], len[1]], first);
    let continuation = (0u8..).zip(rest.chunks(CONT_DATA)).map(move |(seq, data)| report(cid, &[seq], data));
    std::iter::once(init).chain(continuation)
}

fn report(cid: u32, head: &[u8], data: &[u8]) -> Report {
    let mut report = [0; REPORT_LEN];
    let bytes = cid.to_be_bytes();
    for (place, byte) in report.iter_mut().zip(bytes.iter().chain(head).chain(data)) {
        *place = *byte;
    }
    report
}

/// A report taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packet<'a> {
    /// Begins a message of `len` bytes.
    Init { command: u8, len: usize, data: &'a [u8; INIT_DATA] },
    /// Goes on with one.
    Cont { seq: u8, data: &'a [u8; CONT_DATA] },
}

/// The channel and the packet of a report.
fn packet(report: &Report) -> (u32, Packet<'_>) {
    let [a, b, c, d, first, rest @ ..] = report;
    let cid = u32::from_be_bytes([*a, *b, *c, *d]);
    if first & INIT_PACKET == 0 {
        return (cid, Packet::Cont { seq: *first, data: rest });
    }
    let [high, low, data @ ..] = rest;
    let len = u16::from_be_bytes([*high, *low]).into();
    (cid, Packet::Init { command: first & !INIT_PACKET, len, data })
}

#[cfg(test)]
mod tests;
