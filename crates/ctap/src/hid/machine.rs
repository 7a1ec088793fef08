//! The authenticator's side: reports in, requests out; responses in, reports out.

use std::collections::VecDeque;

use super::{
    BROADCAST, HidError, INIT_DATA, MAX_MESSAGE, Packet, Report, capability, channels::Channels, command,
    packet, reports,
};
use crate::{Profile, Timestamp, Version};

/// What a device says of itself in INIT, and how strict it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bits of [`capability`].
    pub capabilities: u8,
    /// Device version: major, minor, build.
    pub version: [u8; 3],
    /// Takes channels that no INIT gave out, and answers INIT on any of them at any time, as some simulated keys do.
    pub lenient: bool,
}

impl Options {
    /// What a device of this profile says: it can wink, and what its version strings tell.
    pub fn of(profile: &Profile) -> Self {
        let cbor = if profile.speaks_ctap2() { capability::CBOR } else { 0 };
        let nmsg = if profile.has_version(Version::U2fV2) { 0 } else { capability::NMSG };
        let [_, major, minor, build] = profile.firmware_version.unwrap_or_default().to_be_bytes();
        Self { capabilities: capability::WINK | cbor | nmsg, version: [major, minor, build], lenient: false }
    }
}

/// The machine. `P` says where reports come from and go to, for transports that have more than one host.
#[derive(Debug)]
pub struct Machine<P> {
    options: Options,
    channels: Channels,
    state: State<P>,
    lock: Option<Lock>,
    out: VecDeque<(P, Report)>,
}

#[derive(Debug)]
enum State<P> {
    Idle,
    /// A message is coming in.
    Receiving {
        peer: P,
        cid: u32,
        command: u8,
        len: usize,
        data: Vec<u8>,
        seq: u8,
        deadline: Timestamp,
    },
    /// A request was handed out.
    Working {
        peer: P,
        cid: u32,
        command: u8,
        keepalive: Timestamp,
    },
}

/// CTAPHID_LOCK: until then only this channel is served.
#[derive(Clone, Copy, Debug)]
struct Lock {
    cid: u32,
    until: Timestamp,
}

/// What the owner of the machine has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Answer this CTAP2 request with [`Machine::respond`].
    Cbor {
        /// The channel it came on.
        cid: u32,
        /// Command byte, then parameters.
        request: Vec<u8>,
    },
    /// Answer this U2F message with [`Machine::respond`].
    Message {
        /// The channel it came on.
        cid: u32,
        /// A command APDU.
        apdu: Vec<u8>,
    },
    /// The platform cancels the request under way. It ends by its own path, and is answered.
    Cancel,
    /// The channel was resynchronised: the request under way ends, and is not answered.
    Abort,
    /// Show which device it is.
    Wink,
}

/// How long a message may pause between packets, in milliseconds.
const MESSAGE_TIMEOUT_MS: u64 = 500;

/// How often a working device says so, in milliseconds.
const KEEPALIVE_MS: u64 = 90;

impl<P: Copy> Machine<P> {
    /// A machine right after power-up.
    pub fn new(options: Options) -> Self {
        Self { options, channels: Channels::default(), state: State::Idle, lock: None, out: VecDeque::new() }
    }

    /// Takes a report. What is to be sent afterwards comes from [`Machine::outgoing`].
    pub fn receive(
        &mut self,
        peer: P,
        report: &Report,
        now: Timestamp,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Option<Action> {
        self.lock.take_if(|lock| now >= lock.until);
        let (cid, packet) = packet(report);
        match packet {
            Packet::Cont { seq, data } => self.continuation(peer, cid, seq, data, now),
            Packet::Init { command, len, data } => {
                match self.initialization(peer, cid, command, len, data, now, random) {
                    Ok(action) => action,
                    Err(error) => {
                        self.error(peer, cid, error);
                        None
                    }
                }
            }
        }
    }

    fn continuation(&mut self, peer: P, cid: u32, seq: u8, bytes: &[u8], now: Timestamp) -> Option<Action> {
        let State::Receiving { cid: receiving, command, len, data, seq: next, deadline, .. } =
            &mut self.state
        else {
            return None;
        };
        if *receiving != cid {
            return None;
        }
        if *next != seq {
            self.state = State::Idle;
            self.error(peer, cid, HidError::InvalidSeq);
            return None;
        }
        *next += 1;
        *deadline = Timestamp(now.0 + MESSAGE_TIMEOUT_MS);
        data.extend(bytes.iter().take(*len - data.len()));
        if data.len() < *len {
            return None;
        }
        let (command, data) = (*command, std::mem::take(data));
        self.state = State::Idle;
        self.complete(peer, cid, command, data, now).unwrap_or_else(|error| {
            self.error(peer, cid, error);
            None
        })
    }

    #[expect(clippy::too_many_arguments, reason = "everything that a report has, and the world")]
    fn initialization(
        &mut self,
        peer: P,
        cid: u32,
        command: u8,
        len: usize,
        data: &[u8; INIT_DATA],
        now: Timestamp,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Option<Action>, HidError> {
        if cid == 0 {
            return Err(HidError::InvalidChannel);
        }
        if command == command::INIT {
            return self.init(peer, cid, len, data, random);
        }
        if cid == BROADCAST || !self.knows(cid) {
            return Err(HidError::InvalidChannel);
        }
        if command == command::CANCEL {
            return match (&self.state, len) {
                (_, 1..) => Err(HidError::InvalidLength),
                (State::Working { cid: working, command: command::CBOR, .. }, 0) if *working == cid => {
                    Ok(Some(Action::Cancel))
                }
                _ => Ok(None),
            };
        }
        if self.lock.is_some_and(|lock| lock.cid != cid) {
            return Err(HidError::ChannelBusy);
        }
        match &self.state {
            State::Idle => {}
            State::Receiving { cid: receiving, .. } if *receiving == cid => {
                self.state = State::Idle;
                return Err(HidError::InvalidSeq);
            }
            State::Receiving { .. } | State::Working { .. } => return Err(HidError::ChannelBusy),
        }
        if len > MAX_MESSAGE {
            return Err(HidError::InvalidLength);
        }
        if !self.has(command) {
            return Err(HidError::InvalidCommand);
        }
        let data: Vec<u8> = data.iter().copied().take(len).collect();
        if data.len() == len {
            return self.complete(peer, cid, command, data, now);
        }
        let deadline = Timestamp(now.0 + MESSAGE_TIMEOUT_MS);
        self.state = State::Receiving { peer, cid, command, len, data, seq: 0, deadline };
        Ok(None)
    }

    /// CTAPHID_INIT: a new channel, or a channel brought back into step.
    fn init(
        &mut self,
        peer: P,
        cid: u32,
        len: usize,
        data: &[u8; INIT_DATA],
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Option<Action>, HidError> {
        let busy = match &self.state {
            State::Idle => None,
            State::Receiving { cid, .. } | State::Working { cid, .. } => Some(*cid),
        };
        let locked = self.lock.map(|lock| lock.cid);
        if cid != BROADCAST && !self.knows(cid) {
            return Err(HidError::InvalidChannel);
        }
        if len != 8 {
            return Err(HidError::InvalidLength);
        }
        let is_own = |owner: Option<u32>| owner.is_none_or(|owner| owner == cid);
        if cid != BROADCAST && !self.options.lenient && !(is_own(busy) && is_own(locked)) {
            return Err(HidError::ChannelBusy);
        }
        let mut aborted = None;
        let given = if cid == BROADCAST {
            // Answered also while another channel is served: a platform that comes late wants to know who is there.
            self.channels.allocate(random, busy.or(locked))
        } else {
            if busy == Some(cid) {
                aborted = matches!(self.state, State::Working { .. }).then_some(Action::Abort);
                self.state = State::Idle;
            }
            cid
        };
        let Options { capabilities, version, .. } = self.options;
        let nonce: Vec<u8> = data.iter().copied().take(len).collect();
        let response =
            [&nonce[..], &given.to_be_bytes(), &[PROTOCOL_VERSION], &version, &[capabilities]].concat();
        self.send(peer, cid, command::INIT, &response);
        Ok(aborted)
    }

    /// Whether a channel was given out, or may be used all the same.
    fn knows(&mut self, cid: u32) -> bool {
        let known = self.channels.touch(cid);
        if !known && self.options.lenient {
            let keep = self.lock.map(|lock| lock.cid);
            self.channels.adopt(cid, keep);
        }
        known || self.options.lenient
    }

    fn has(&self, command: u8) -> bool {
        match command {
            command::PING | command::LOCK => true,
            command::WINK => self.options.capabilities & capability::WINK != 0,
            command::CBOR => self.options.capabilities & capability::CBOR != 0,
            command::MSG => self.options.capabilities & capability::NMSG == 0,
            _ => false,
        }
    }

    /// A whole message came in.
    fn complete(
        &mut self,
        peer: P,
        cid: u32,
        command: u8,
        data: Vec<u8>,
        now: Timestamp,
    ) -> Result<Option<Action>, HidError> {
        match command {
            command::PING => {
                self.send(peer, cid, command, &data);
                Ok(None)
            }
            command::WINK if data.is_empty() => {
                self.send(peer, cid, command, &[]);
                Ok(Some(Action::Wink))
            }
            command::LOCK => {
                let &[seconds] = data.as_slice() else { return Err(HidError::InvalidLength) };
                if seconds > MAX_LOCK_SECONDS {
                    return Err(HidError::InvalidParameter);
                }
                let until = Timestamp(now.0 + 1000 * u64::from(seconds));
                self.lock = (seconds > 0).then_some(Lock { cid, until });
                self.send(peer, cid, command, &[]);
                Ok(None)
            }
            command::CBOR | command::MSG if !data.is_empty() => {
                self.state =
                    State::Working { peer, cid, command, keepalive: Timestamp(now.0 + KEEPALIVE_MS) };
                Ok(Some(match command {
                    command::CBOR => Action::Cbor { cid, request: data },
                    _ => Action::Message { cid, apdu: data },
                }))
            }
            _ => Err(HidError::InvalidLength),
        }
    }

    /// Answers the request that was handed out.
    pub fn respond(&mut self, response: &[u8]) {
        if let State::Working { peer, cid, command, .. } = self.state {
            self.state = State::Idle;
            if response.len() > MAX_MESSAGE {
                self.error(peer, cid, HidError::Other);
            } else {
                self.send(peer, cid, command, response);
            }
        }
    }

    /// Says at once that the user is needed, or no longer needed.
    pub fn status_changed(&mut self, now: Timestamp, awaits_user: bool) {
        if let State::Working { peer, cid, command: command::CBOR, keepalive } = &mut self.state {
            *keepalive = Timestamp(now.0 + KEEPALIVE_MS);
            let (peer, cid) = (*peer, *cid);
            self.send(peer, cid, command::KEEPALIVE, &[keepalive_status(awaits_user)]);
        }
    }

    /// Does what is due: a keepalive, or the end of a message that does not go on.
    pub fn tick(&mut self, now: Timestamp, awaits_user: bool) {
        match self.state {
            State::Receiving { peer, cid, deadline, .. } if now >= deadline => {
                self.state = State::Idle;
                self.error(peer, cid, HidError::MessageTimeout);
            }
            State::Working { keepalive, command: command::CBOR, .. } if now >= keepalive => {
                self.status_changed(now, awaits_user);
            }
            _ => {}
        }
    }

    /// When [`Machine::tick`] has something to do.
    pub fn deadline(&self) -> Option<Timestamp> {
        match &self.state {
            State::Receiving { deadline, .. } => Some(*deadline),
            State::Working { keepalive, command: command::CBOR, .. } => Some(*keepalive),
            State::Idle | State::Working { .. } => None,
        }
    }

    /// The next report to be sent, and where.
    pub fn outgoing(&mut self) -> Option<(P, Report)> {
        self.out.pop_front()
    }

    /// How many reports are to be sent.
    pub fn waiting(&self) -> usize {
        self.out.len()
    }

    /// Drops what is to be sent: nobody reads it.
    pub fn discard_outgoing(&mut self) {
        self.out.clear();
    }

    fn error(&mut self, peer: P, cid: u32, error: HidError) {
        self.send(peer, cid, command::ERROR, &[error as u8]);
    }

    fn send(&mut self, peer: P, cid: u32, command: u8, data: &[u8]) {
        self.out.extend(reports(cid, command, data).map(|report| (peer, report)));
    }
}

/// CTAPHID's own version.
const PROTOCOL_VERSION: u8 = 2;

/// The longest lock in seconds.
const MAX_LOCK_SECONDS: u8 = 10;

/// 1: processing, 2: user presence needed.
fn keepalive_status(awaits_user: bool) -> u8 {
    if awaits_user { 2 } else { 1 }
}
