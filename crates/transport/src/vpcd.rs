//! A smart card in the virtual reader of pcscd (vpcd).
//!
//! The reader listens, and the card connects to it. Each message has two bytes of length before it, big endian. One byte is
//! a control: 0 off, 1 on, 2 reset, 4 asks for the ATR; anything else is a command APDU, which is answered.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use softhello_ctap::{
    Channel, Transport,
    apdu::StatusWord,
    nfc::{Action, Card, Received},
};
use softhello_device::SharedDevice;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::{
    Alarm,
    work::{Work, answer},
};

/// Where the first virtual reader listens.
pub const DEFAULT_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 35_963);

/// The card's answer to reset: T=0 and T=1, and seven historical bytes.
const ATR: &[u8; 12] = b"\x3b\x87\x80\x01softhlo\x63";

/// How long a request may take until the card says that it is under way, to a platform that polls.
const PATIENCE: Duration = Duration::from_millis(50);

const CHANNEL: Channel = Channel { transport: Transport::Nfc, id: 0 };

const OFF: u8 = 0;
const ON: u8 = 1;
const RESET: u8 = 2;
const GET_ATR: u8 = 4;

/// A card in a reader.
#[derive(Debug)]
pub struct Reader {
    stream: TcpStream,
    /// What came of messages that are not whole yet.
    received: Vec<u8>,
}

impl Reader {
    /// Puts a card into the reader at this address.
    ///
    /// # Errors
    ///
    /// The system's, if there is no reader.
    pub async fn connect(reader: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(reader).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::new() })
    }

    /// Serves the reader until it goes away.
    ///
    /// # Errors
    ///
    /// The system's; [`io::ErrorKind::UnexpectedEof`] when the reader has gone.
    pub async fn serve(mut self, device: &SharedDevice) -> io::Result<()> {
        let mut card = Card::new(&device.profile().ctap);
        let mut work: Option<Work> = None;
        // The response of a request that ended while the platform did not ask.
        let mut finished = None;
        // The platform waits for an answer, and is told at this time that the request is under way.
        let mut owed: Option<Option<Instant>> = None;
        let mut alarm = Alarm::new();
        let mut power_cycles = device.power_cycles();
        loop {
            let message = tokio::select! {
                biased;
                _ = power_cycles.changed() => {
                    (work, finished) = (None, None);
                    card.reset();
                    if owed.take().is_some() {
                        self.send(&StatusWord::OTHER.0.to_be_bytes()).await?;
                    }
                    continue;
                }
                response = answer(&mut work) => {
                    let is_message = work.take().is_some_and(|work| work.is_message());
                    match owed.take() {
                        Some(_) => self.send(&respond(&mut card, is_message, response)).await?,
                        None => finished = Some(response),
                    }
                    continue;
                }
                () = alarm.at(owed.flatten()) => {
                    owed = None;
                    let awaits_user = work.as_ref().is_some_and(Work::awaits_user);
                    self.send(&card.still_under_way(awaits_user)).await?;
                    continue;
                }
                message = self.receive() => message?,
            };
            match *message.as_slice() {
                [OFF] => {
                    (work, finished, owed) = (None, None, None);
                    card.reset();
                }
                [ON | RESET] => {
                    (work, finished, owed) = (None, None, None);
                    card.reset();
                    device.power_cycle().await;
                    power_cycles.mark_unchanged();
                }
                [GET_ATR] => self.send(ATR).await?,
                _ => {
                    let Received { aborts, action } = card.receive(&message);
                    if aborts {
                        (work, finished) = (None, None);
                    }
                    let patience = Instant::now() + PATIENCE;
                    match action {
                        Action::Answer(answer) => self.send(&answer).await?,
                        Action::Message(message) => {
                            work = Some(Work::message(device, CHANNEL, message));
                            owed = Some(None);
                        }
                        Action::Cbor { request, polls } => {
                            work = Some(Work::command(device, CHANNEL, request));
                            owed = Some(polls.then_some(patience));
                        }
                        Action::Poll | Action::Cancel => match finished.take() {
                            Some(response) => self.send(&card.respond(response)).await?,
                            None => {
                                let cancels = action == Action::Cancel;
                                work.iter().filter(|_| cancels).for_each(Work::cancel);
                                owed = Some((!cancels).then_some(patience));
                            }
                        },
                    }
                }
            }
        }
    }

    /// One message. Cancel-safe.
    async fn receive(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some((length, rest)) = self.received.split_first_chunk()
                && let Some(message) = rest.get(..usize::from(u16::from_be_bytes(*length)))
            {
                let message = message.to_vec();
                self.received.drain(..2 + message.len());
                return Ok(message);
            }
            // The reader sends length and message apart: a delayed acknowledgement of the first holds the second back.
            quick_ack(&self.stream)?;
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the reader has gone"));
            }
        }
    }

    async fn send(&mut self, message: &[u8]) -> io::Result<()> {
        let length = u16::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidData)?;
        self.stream.write_all(&[&length.to_be_bytes()[..], message].concat()).await
    }
}

fn respond(card: &mut Card, is_message: bool, response: Vec<u8>) -> Vec<u8> {
    if is_message { card.respond_message(response) } else { card.respond(response) }
}

/// TCP_QUICKACK holds for a few segments only.
#[cfg(target_os = "linux")]
fn quick_ack(stream: &TcpStream) -> io::Result<()> {
    Ok(rustix::net::sockopt::set_tcp_quickack(stream, true)?)
}

#[cfg(not(target_os = "linux"))]
fn quick_ack(_: &TcpStream) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ISO 7816-3: all bytes after TS make 0 together.
    #[test]
    fn the_atr_checks() {
        let check = ATR.iter().skip(1).fold(0, |check, byte| check ^ byte);
        assert_eq!((check, ATR.first(), ATR.len()), (0, Some(&0x3b), 4 + 7 + 1));
    }
}
