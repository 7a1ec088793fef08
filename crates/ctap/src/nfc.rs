//! The FIDO applet of a card: APDUs in, requests out; responses in, APDUs out. The authenticator's side as a pure machine.
//!
//! Source: CTAP 2.3 §11.3; ISO 7816-4 for chaining.

use crate::{
    Profile, Version,
    apdu::{Apdu, StatusWord},
};

/// The application identifier of FIDO.
pub const AID: [u8; 8] = [0xa0, 0x00, 0x00, 0x06, 0x47, 0x2f, 0x00, 0x01];

/// SELECT.
const SELECT: u8 = 0xa4;
/// NFCCTAP_MSG.
const NFCCTAP_MSG: u8 = 0x10;
/// NFCCTAP_GETRESPONSE.
const NFCCTAP_GETRESPONSE: u8 = 0x11;
/// NFCCTAP_CONTROL.
const NFCCTAP_CONTROL: u8 = 0x12;
/// GET RESPONSE of ISO 7816-4.
const GET_RESPONSE: u8 = 0xc0;

/// The class of CTAP's own instructions.
const CTAP_CLASS: u8 = 0x80;
/// The bit of a class that says: more of this command follows.
const CHAINING: u8 = 0x10;
/// P1 of NFCCTAP_MSG: the platform takes `9100` and polls.
const TAKES_UNDER_WAY: u8 = 0x80;
/// P1 of NFCCTAP_GETRESPONSE: cancel.
const CANCEL: u8 = 0x11;
/// P1 of NFCCTAP_CONTROL: end.
const END: u8 = 0x01;

/// The longest command, chained or not: as long as an extended one can be.
const MAX_COMMAND: usize = 65_535;

/// The longest response to a short command.
const SHORT_RESPONSE: usize = 256;

/// The applet.
#[derive(Debug)]
pub struct Card {
    /// Whether it speaks U2F, which its answer to SELECT says.
    u2f: bool,
    ctap2: bool,
    selected: bool,
    chain: Option<Chain>,
    /// What is left of a response that was too long for one short APDU.
    rest: Vec<u8>,
    /// Whether a CTAP request is under way, after `9100`.
    under_way: bool,
    /// The form of the command that is being answered.
    extended: bool,
    le: usize,
}

/// A command that comes in parts.
#[derive(Debug)]
struct Chain {
    /// The class without its chaining bit, instruction, P1 and P2.
    head: [u8; 4],
    data: Vec<u8>,
}

/// What the owner of the card has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send this.
    Answer(Vec<u8>),
    /// Carry this CTAP2 request out and answer with [`Card::respond`]; if the platform polls, [`Card::still_under_way`] may
    /// answer first.
    Cbor {
        /// Command byte, then parameters.
        request: Vec<u8>,
        /// Whether the platform polls.
        polls: bool,
    },
    /// Answer this U2F message with [`Card::respond_message`].
    Message(Vec<u8>),
    /// Answer for the request under way, with [`Card::respond`] if it has ended, else with [`Card::still_under_way`].
    Poll,
    /// Cancel the request under way, and answer its end with [`Card::respond`].
    Cancel,
}

/// A command's outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The request under way ends, and is not answered.
    pub aborts: bool,
    /// What is to be done.
    pub action: Action,
}

impl Card {
    /// A card with an authenticator of this profile, not selected yet.
    pub fn new(profile: &Profile) -> Self {
        Self {
            u2f: profile.has_version(Version::U2fV2),
            ctap2: profile.speaks_ctap2(),
            selected: false,
            chain: None,
            rest: Vec::new(),
            under_way: false,
            extended: false,
            le: SHORT_RESPONSE,
        }
    }

    /// Power off and on, or a reset.
    pub fn reset(&mut self) {
        self.selected = false;
        self.chain = None;
        self.rest = Vec::new();
        self.under_way = false;
    }

    /// Takes a command APDU.
    pub fn receive(&mut self, command: &[u8]) -> Received {
        let was_under_way = self.under_way;
        let action = self.action(command).unwrap_or_else(|word| Action::Answer(word.after(Vec::new())));
        Received { aborts: was_under_way && !self.under_way, action }
    }

    fn action(&mut self, command: &[u8]) -> Result<Action, StatusWord> {
        let apdu = Apdu::parse(command)?;
        (self.extended, self.le) = (apdu.extended, apdu.le.unwrap_or(SHORT_RESPONSE));
        if apdu.ins != GET_RESPONSE {
            self.rest = Vec::new();
        }
        if (apdu.cla & !CHAINING, apdu.ins) == (0x00, SELECT) {
            return self.select(&apdu);
        }
        if !self.selected {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        let head = [apdu.cla & !CHAINING, apdu.ins, apdu.p1, apdu.p2];
        let data = self.chained(head, &apdu)?;
        if apdu.cla & CHAINING != 0 {
            self.chain = Some(Chain { head, data });
            return Ok(Action::Answer(StatusWord::OK.after(Vec::new())));
        }
        match (head[0], apdu.ins) {
            (CTAP_CLASS, _) if !self.ctap2 => Err(StatusWord::UNKNOWN_CLASS),
            (CTAP_CLASS, NFCCTAP_MSG) if data.is_empty() => Err(StatusWord::WRONG_LENGTH),
            (CTAP_CLASS, NFCCTAP_MSG) => {
                self.under_way = false;
                Ok(Action::Cbor { request: data, polls: apdu.p1 & TAKES_UNDER_WAY != 0 })
            }
            (CTAP_CLASS, NFCCTAP_GETRESPONSE) if !self.under_way => Err(StatusWord::CONDITIONS_NOT_SATISFIED),
            (CTAP_CLASS, NFCCTAP_GETRESPONSE) if apdu.p1 == CANCEL => Ok(Action::Cancel),
            (CTAP_CLASS, NFCCTAP_GETRESPONSE) => Ok(Action::Poll),
            (CTAP_CLASS, NFCCTAP_CONTROL) if (apdu.p1, apdu.p2) == (END, 0) => {
                self.reset();
                Ok(Action::Answer(StatusWord::OK.after(Vec::new())))
            }
            (CTAP_CLASS, NFCCTAP_CONTROL) => Err(StatusWord::WRONG_PARAMETERS),
            (0x00 | CTAP_CLASS, GET_RESPONSE) if self.rest.is_empty() => {
                Err(StatusWord::CONDITIONS_NOT_SATISFIED)
            }
            (0x00 | CTAP_CLASS, GET_RESPONSE) => {
                let rest = std::mem::take(&mut self.rest);
                Ok(Action::Answer(self.split(rest)))
            }
            (0x00, 0x01..=0x03) if self.u2f => {
                self.under_way = false;
                Ok(Action::Message(extended(head, &data)))
            }
            (0x00 | CTAP_CLASS, _) => Err(StatusWord::UNKNOWN_INSTRUCTION),
            _ => Err(StatusWord::UNKNOWN_CLASS),
        }
    }

    fn select(&mut self, apdu: &Apdu<'_>) -> Result<Action, StatusWord> {
        if apdu.p1 != 0x04 {
            return Err(StatusWord::WRONG_PARAMETERS);
        }
        if apdu.data != AID {
            return Err(StatusWord::NOT_FOUND);
        }
        self.reset();
        self.selected = true;
        let version = if self.u2f { Version::U2fV2 } else { Version::Fido20 };
        Ok(Action::Answer(StatusWord::OK.after(version.identifier().into())))
    }

    /// The data of a command with the parts before it.
    fn chained(&mut self, head: [u8; 4], apdu: &Apdu<'_>) -> Result<Vec<u8>, StatusWord> {
        let mut data = match self.chain.take() {
            Some(chain) if chain.head == head => chain.data,
            // Another command ends the chain.
            _ => Vec::new(),
        };
        if data.len() + apdu.data.len() > MAX_COMMAND {
            return Err(StatusWord::WRONG_LENGTH);
        }
        data.extend_from_slice(apdu.data);
        Ok(data)
    }

    /// The APDU that answers with a CTAP response. The request is no longer under way.
    pub fn respond(&mut self, response: Vec<u8>) -> Vec<u8> {
        self.under_way = false;
        self.split(response)
    }

    /// The APDU that answers with a U2F response, which brings its own status word.
    pub fn respond_message(&mut self, mut response: Vec<u8>) -> Vec<u8> {
        if !response.ends_with(&StatusWord::OK.0.to_be_bytes()) {
            return response;
        }
        response.truncate(response.len() - 2);
        self.split(response)
    }

    /// The APDU that says that the request is not finished: `9100`, and whether the user is needed.
    pub fn still_under_way(&mut self, awaits_user: bool) -> Vec<u8> {
        self.under_way = true;
        StatusWord::UNDER_WAY.after(vec![if awaits_user { 2 } else { 1 }])
    }

    /// As much as the command's form takes; the rest waits for GET RESPONSE.
    fn split(&mut self, mut response: Vec<u8>) -> Vec<u8> {
        let room = self.le.min(SHORT_RESPONSE);
        if self.extended || response.len() <= room {
            return StatusWord::OK.after(response);
        }
        self.rest = response.split_off(room);
        StatusWord::more(self.rest.len()).after(response)
    }
}

/// A command in extended form, as U2F over CTAPHID has them.
fn extended([cla, ins, p1, p2]: [u8; 4], data: &[u8]) -> Vec<u8> {
    let len = u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes();
    match data {
        [] => vec![cla, ins, p1, p2, 0, 0, 0],
        data => [&[cla, ins, p1, p2, 0, len[0], len[1]][..], data, &[0, 0]].concat(),
    }
}

#[cfg(test)]
mod tests;
