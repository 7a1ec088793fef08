//! Authenticator data, part by part. Source: WebAuthn Level 3 §6.1 and §6.5.1.

use uuid::Uuid;

use super::{
    Node, meaning,
    walk::{Expected, Walk},
};
use crate::{
    Flags,
    message::{COSE_KEY, EXTENSIONS, Table},
};

/// rpIdHash ‖ flags ‖ signCount; nothing shorter is authenticator data.
pub(super) const SHORTEST: usize = 37;

/// The reserved bits of the flags byte.
pub(super) const RESERVED: u8 = 0x22;

/// The longest credential id. Source: WebAuthn Level 3 §4, "Credential ID".
const LONGEST_ID: usize = 1023;

/// Everything up to the end of the walk's region.
pub(super) fn walk(walk: &mut Walk<'_>) -> Vec<Node> {
    let mut nodes = Vec::new();
    // `None` means that the bytes ended; what there was is shown and blamed already.
    let _ = parts(walk, &mut nodes);
    nodes.extend(walk.surplus());
    nodes
}

fn parts(walk: &mut Walk<'_>, nodes: &mut Vec<Node>) -> Option<()> {
    let (_, node) = part(walk, nodes, "rpIdHash", 32)?;
    node.note = Some(format!("SHA-256 of the RP ID · {}", meaning::cite("WebAuthn 6.1")));

    let flags = flags(walk, nodes)?;

    let (count, node) = part(walk, nodes, "signCount", 4)?;
    node.value = number(count).to_string();
    node.note = Some("signature counter".to_owned());

    if flags.has(Flags::AT) {
        attested_credential(walk, nodes)?;
    }
    if flags.has(Flags::ED) {
        structure(walk, nodes, "extensions", &EXTENSIONS)?;
    }
    Some(())
}

fn flags(walk: &mut Walk<'_>, nodes: &mut Vec<Node>) -> Option<Flags> {
    let at = walk.position();
    let (bytes, node) = part(walk, nodes, "flags", 1)?;
    let flags = Flags(bytes.first().copied().unwrap_or_default());
    node.value = format!("0x{:02x}", flags.0);
    let set: Vec<String> = MEANINGS
        .iter()
        .filter(|(bit, ..)| flags.has(*bit))
        .map(|(_, name, meaning)| format!("{name}: {meaning}"))
        .collect();
    node.note = Some(if set.is_empty() { "no bit is set".to_owned() } else { set.join("; ") });
    if flags.0 & RESERVED != 0 {
        walk.blame(node, at, format!("the flags at byte {at} have reserved bits"));
    }
    if flags.has(Flags::BS) && !flags.has(Flags::BE) {
        walk.blame(node, at, format!("the flags at byte {at} have BS without BE"));
    }
    Some(flags)
}

const MEANINGS: [(u8, &str, &str); 6] = [
    (Flags::UP, "UP", "user present"),
    (Flags::UV, "UV", "user verified"),
    (Flags::BE, "BE", "backup eligible"),
    (Flags::BS, "BS", "backed up"),
    (Flags::AT, "AT", "attested credential data follows"),
    (Flags::ED, "ED", "extensions follow"),
];

fn attested_credential(walk: &mut Walk<'_>, nodes: &mut Vec<Node>) -> Option<()> {
    let (aaguid, node) = part(walk, nodes, "aaguid", 16)?;
    let aaguid = Uuid::from_slice(aaguid).unwrap_or_default();
    node.value = aaguid.to_string();
    node.note = Some(meaning::model(aaguid).unwrap_or("the authenticator's model").to_owned());

    let at = walk.position();
    let (len, node) = part(walk, nodes, "credentialIdLength", 2)?;
    let len = usize::try_from(number(len)).unwrap_or(usize::MAX);
    node.value = len.to_string();
    if len == 0 || len > LONGEST_ID {
        walk.blame(node, at, format!("the length at byte {at} is not 1 to {LONGEST_ID}"));
    }
    if len > 0 {
        part(walk, nodes, "credentialId", len)?;
    }
    structure(walk, nodes, "credentialPublicKey", &COSE_KEY)
}

/// A CBOR item.
fn structure(
    walk: &mut Walk<'_>,
    nodes: &mut Vec<Node>,
    label: &'static str,
    table: &'static Table,
) -> Option<()> {
    if walk.is_at_end() {
        return missing(walk, nodes, label);
    }
    let mut node = walk.item(Expected::Root(table), 0).node;
    node.label = label.to_owned();
    nodes.push(node);
    // After damage inside the item, nothing that follows has a known place.
    if walk.failed() { None } else { Some(()) }
}

/// The next `len` bytes.
fn part<'a, 'n>(
    walk: &mut Walk<'a>,
    nodes: &'n mut Vec<Node>,
    label: &'static str,
    len: usize,
) -> Option<(&'a [u8], &'n mut Node)> {
    if walk.is_at_end() {
        return missing(walk, nodes, label);
    }
    let at = walk.position();
    let bytes = walk.take_up_to(len);
    let mut node = Node {
        offset: at,
        bytes: bytes.to_vec(),
        label: label.to_owned(),
        value: meaning::count(bytes.len()),
        ..Node::default()
    };
    let whole = bytes.len() == len;
    if !whole {
        node.value = format!("{} of {len} bytes", bytes.len());
        walk.blame(&mut node, at, format!("authenticator data ends inside `{label}` at byte {at}"));
        walk.fail();
    }
    nodes.push(node);
    if whole { Some((bytes, nodes.last_mut()?)) } else { None }
}

/// The bytes end before the part `label`.
fn missing<T>(walk: &mut Walk<'_>, nodes: &mut [Node], label: &str) -> Option<T> {
    let at = walk.position();
    let text = format!("authenticator data ends at byte {at}, before `{label}`");
    match nodes.last_mut() {
        Some(node) => walk.blame(node, at, text),
        None => walk.problem(at, text),
    }
    walk.fail();
    None
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
