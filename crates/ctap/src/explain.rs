//! Annotates bytes: what each one means, in the specification's names.
//!
//! [`explain`] finds out what the bytes are, [`explain_as`] is told. Both read them with the tables of
//! [`message`](crate::message), the same that the codec reads, and both work on damaged input: they go as far as
//! they can, show the rest as it is, and say where and why they stopped. Displaying an [`Explanation`] prints the
//! bytes on the left and their meaning on the right.
//!
//! **Bounds.** At most [`MAX_INPUT`] bytes are looked at. Every [`Node`] shows at least one of them, so a tree has
//! at most one node per byte; a node holds its bytes and less than 2 KiB of text. Items nested deeper than
//! [`MAX_NESTING`] are not taken apart, and at most [`MAX_PROBLEMS`] problems are listed.

mod auth_data;
mod commands;
mod detect;
mod glossary;
mod head;
mod meaning;
mod render;
#[cfg(test)]
mod tests;
mod walk;

use crate::{
    Status, cbor,
    message::{ATTESTATION_OBJECT, ATTESTATION_STATEMENT, COSE_KEY, Table},
};
use commands::Command;
use walk::{Expected, Walk};

/// The most bytes that are explained; no CTAP transport carries half as many.
pub const MAX_INPUT: usize = 64 * 1024;

/// The deepest nesting of CBOR items that is taken apart. Messages may nest [`cbor::MAX_DEPTH`] levels.
pub const MAX_NESTING: usize = 16;

/// The most problems that are listed; a last one says that there are more.
pub const MAX_PROBLEMS: usize = 100;

/// A piece of the input and what it means.
///
/// Walking a tree depth first, parents before their children, and joining [`bytes`](Self::bytes) gives the input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Where [`bytes`](Self::bytes) begin in the input.
    pub offset: usize,
    /// What this node itself shows, without its children: a whole leaf, or the head of a map, array or wrapping
    /// byte string. Never empty.
    pub bytes: Vec<u8>,
    /// How many of `bytes` are the head of a CBOR item; what follows is the item's content.
    pub head: usize,
    /// The name of a field or a part, as `clientDataHash (0x01)`; empty where the parent has named it.
    pub label: String,
    /// The value, as `32 bytes` or `-257 (RS256)`; empty for keys that the label names.
    pub value: String,
    /// The section, what the value is for, decoded bits, or after `! ` what is wrong.
    pub note: Option<String>,
    /// What is inside: members of a map, items of an array, the parts of a byte string, the value of a key.
    pub children: Vec<Node>,
}

/// Something that a strict reader would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The byte that shows it.
    pub offset: usize,
    /// What is wrong, in words that name the byte.
    pub text: String,
}

/// What bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A CTAP request: command byte and parameters.
    Request,
    /// A CTAP response: status byte and data.
    Response {
        /// The command that it answers. If absent, the data decide.
        command: Option<u8>,
    },
    /// Authenticator data.
    AuthData,
    /// A COSE_Key.
    CoseKey,
    /// An attestation object of WebAuthn.
    AttestationObject,
    /// An attestation statement alone.
    AttestationStatement,
    /// Any other CBOR item.
    Cbor,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Request => f.write_str("CTAP request"),
            Self::Response { command } => match command.and_then(Command::find) {
                Some(command) => write!(f, "{} response", command.name),
                None => f.write_str("CTAP response"),
            },
            Self::AuthData => f.write_str("authenticator data"),
            Self::CoseKey => f.write_str("COSE_Key"),
            Self::AttestationObject => f.write_str("attestation object"),
            Self::AttestationStatement => f.write_str("attestation statement"),
            Self::Cbor => f.write_str("CBOR"),
        }
    }
}

/// Annotated bytes. [`Display`](std::fmt::Display) prints them, at most 110 columns wide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What the bytes were read as.
    pub kind: Kind,
    /// The parts, in the order of the bytes; empty for empty input only.
    pub nodes: Vec<Node>,
    /// What is wrong, in the order of the bytes; empty if a strict reader would accept them.
    pub problems: Vec<Problem>,
}

/// Finds out what `bytes` are, and explains them.
///
/// The first of these that fits:
///
/// 1. One map: an attestation object if it has `fmt` and `authData` or `attStmt`, an attestation statement if it
///    has `sig`, a COSE_Key if it has the integers 1 and 3 and the latter is a negative algorithm.
/// 2. A response: 0x00 alone or followed by a map. It is the response of the command whose table fits the map
///    with the fewest foreign, missing and mistyped members; the note says which others would fit as well.
/// 3. A request: a command byte followed by a map. No response is like that, since only 0x00 has data; what has a
///    map after any other status is a response that should not.
/// 4. One byte: a request if it is a command without parameters, otherwise a response with that status. The note
///    gives the other reading.
/// 5. One CBOR item of any other kind.
/// 6. Authenticator data: at least 37 bytes that end where the flags and lengths inside say.
/// 7. Damaged input: what it begins like, in the same order.
pub fn explain(bytes: &[u8]) -> Explanation {
    explain_as(detect::kind(bytes.get(..MAX_INPUT).unwrap_or(bytes)), bytes)
}

/// Explains `bytes` as what the caller knows them to be.
pub fn explain_as(kind: Kind, bytes: &[u8]) -> Explanation {
    let mut walk = Walk::new(bytes.get(..MAX_INPUT).unwrap_or(bytes));
    if bytes.is_empty() {
        walk.problem(0, "there are no bytes to explain".to_owned());
    }
    if bytes.len() > MAX_INPUT {
        let len = bytes.len();
        walk.problem(MAX_INPUT, format!("of {len} bytes only the first {MAX_INPUT} are explained"));
    }
    let (kind, nodes) = match kind {
        Kind::Request => (kind, request(&mut walk)),
        Kind::Response { command } => response(&mut walk, command),
        Kind::AuthData => {
            walk.depth_limit = Some(cbor::MAX_DEPTH);
            (kind, auth_data::walk(&mut walk))
        }
        Kind::CoseKey => (kind, map(&mut walk, Some(&COSE_KEY))),
        Kind::AttestationObject => (kind, map(&mut walk, Some(&ATTESTATION_OBJECT))),
        Kind::AttestationStatement => (kind, map(&mut walk, Some(&ATTESTATION_STATEMENT))),
        Kind::Cbor => (kind, map(&mut walk, None)),
    };
    Explanation { kind, nodes, problems: walk.into_problems() }
}

/// Command byte, then parameters.
fn request(walk: &mut Walk<'_>) -> Vec<Node> {
    walk.depth_limit = Some(cbor::MAX_DEPTH);
    let Some((mut node, byte)) = walk.byte("command") else { return Vec::new() };
    let command = Command::find(byte);
    node.value = Command::describe(byte);
    match command {
        Some(command) => node.note = Some(meaning::cite(command.section)),
        None => walk.blame(&mut node, 0, format!("0x{byte:02x} at byte 0 is no command of CTAP 2.3")),
    }
    if walk.is_at_end() {
        match command {
            Some(command) if command.params.is_some() => {
                walk.blame(&mut node, 0, format!("the parameters of {} are missing", command.name));
            }
            _ => {
                if let Some(status) = named_status(byte) {
                    node.note_more(&format!("as a response: {status}"));
                }
            }
        }
        return vec![node];
    }
    let table = command.and_then(|command| command.params);
    if let (Some(command), None) = (command, table) {
        walk.blame(&mut node, 1, format!("{} takes no parameters, but bytes follow at byte 1", command.name));
    }
    let mut nodes = vec![node];
    nodes.extend(map(walk, table));
    nodes
}

/// Status byte, then data.
fn response(walk: &mut Walk<'_>, command: Option<u8>) -> (Kind, Vec<Node>) {
    walk.depth_limit = Some(cbor::MAX_DEPTH);
    let Some((mut node, byte)) = walk.byte("status") else {
        return (Kind::Response { command }, Vec::new());
    };
    let status = Status::from_code(byte);
    node.value = if status == Status::Ok { status.name().to_owned() } else { status.to_string() };
    node.note = Some(meaning::cite("8.2"));
    if walk.is_at_end() {
        if byte != 0 && command.is_none() && Command::find(byte).is_some() {
            node.note_more(&format!("as a request: {}", Command::describe(byte)));
        }
        return (Kind::Response { command }, vec![node]);
    }
    if status != Status::Ok {
        walk.blame(
            &mut node,
            1,
            "a response with an error carries no data, but bytes follow at byte 1".to_owned(),
        );
    }
    let (command, others) = match command {
        Some(command) => (Some(command), Vec::new()),
        None => detect::answered(walk.rest()),
    };
    let known = command.and_then(Command::find);
    let table = known.and_then(|command| command.response);
    if let (Some(known), None) = (known, table) {
        walk.blame(&mut node, 1, format!("{} answers without data, but bytes follow at byte 1", known.name));
    }
    let mut body = map(walk, table);
    if let (Some(first), false) = (body.first_mut(), others.is_empty()) {
        first.note_more(&format!("it would fit {} as well", others.join(", ")));
    }
    let mut nodes = vec![node];
    nodes.append(&mut body);
    (Kind::Response { command }, nodes)
}

/// One item up to the end of the input, a map of this table if there is one.
fn map(walk: &mut Walk<'_>, table: Option<&'static Table>) -> Vec<Node> {
    if walk.is_at_end() {
        return Vec::new();
    }
    let mut nodes = Vec::new();
    let expected = table.map_or(Expected::Anything, Expected::Root);
    nodes.push(walk.item(expected, 0).node);
    nodes.extend(walk.surplus());
    nodes
}

/// The status of a byte, if the specification names it.
fn named_status(byte: u8) -> Option<Status> {
    Some(Status::from_code(byte)).filter(|status| !matches!(status, Status::Other(_)))
}

impl Node {
    /// Adds to the note; what is wrong stands last.
    fn note_more(&mut self, text: &str) {
        let note = self.note.get_or_insert_default();
        match note.find("! ") {
            Some(at) if !text.starts_with('!') => note.insert_str(at, &format!("{text}; ")),
            _ if note.is_empty() => note.push_str(text),
            _ => note.push_str(&format!("; {text}")),
        }
    }
}
