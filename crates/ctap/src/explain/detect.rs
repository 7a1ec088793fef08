//! Guesses what bytes are. The rules are listed at [`explain`](super::explain).

use super::{
    Kind, auth_data,
    commands::{COMMANDS, Command},
    head::{ARRAY, BYTES, Head, MAP, NEGATIVE, TEXT},
    walk::{self, Expected, Scalar, Walk},
};
use crate::{
    Status,
    message::{Key, Table},
};

pub(super) fn kind(bytes: &[u8]) -> Kind {
    let Some((&first, rest)) = bytes.split_first() else { return Kind::Cbor };
    let (response, command) = (Kind::Response { command: None }, Command::find(first));
    let is_status = !matches!(Status::from_code(first), Status::Other(_));
    let whole = whole_item(bytes);
    if whole == Some(MAP) {
        return map_kind(bytes);
    }
    match (first, whole_item(rest)) {
        (0x00, Some(MAP)) => return response,
        (_, Some(MAP)) if command.is_some() => return Kind::Request,
        (_, Some(MAP)) if is_status => return response,
        _ => {}
    }
    if rest.is_empty() {
        let takes_nothing = command.is_some_and(|command| command.params.is_none());
        return match (takes_nothing, is_status, whole) {
            (true, ..) => Kind::Request,
            (_, true, _) => response,
            (_, _, Some(_)) => Kind::Cbor,
            _ => response,
        };
    }
    if matches!(whole, Some(BYTES | TEXT | ARRAY)) {
        return Kind::Cbor;
    }
    if is_auth_data(bytes) {
        return Kind::AuthData;
    }
    if whole.is_some() {
        return Kind::Cbor;
    }
    // Damaged input: what it begins like.
    let begins_map = |bytes: &[u8]| bytes.first().is_some_and(|first| first >> 5 == MAP);
    let plausible_flags = bytes.len() >= auth_data::SHORTEST
        && bytes.get(32).is_some_and(|flags| flags & auth_data::RESERVED == 0);
    match first {
        _ if begins_map(bytes) && !members(bytes).is_empty() => map_kind(bytes),
        0x00 if begins_map(rest) => response,
        _ if command.is_some() && begins_map(rest) => Kind::Request,
        _ if plausible_flags => Kind::AuthData,
        0x00 => response,
        _ => Kind::Cbor,
    }
}

/// What kind of map this is, by its keys.
fn map_kind(bytes: &[u8]) -> Kind {
    let members = members(bytes);
    let has = |key: Key, majors: &[u8]| {
        members.iter().any(|(scalar, head)| key.matches(*scalar) && majors.contains(&head.major))
    };
    if has(Key::Text("fmt"), &[TEXT])
        && (has(Key::Text("authData"), &[BYTES]) || has(Key::Text("attStmt"), &[MAP, ARRAY]))
    {
        Kind::AttestationObject
    } else if has(Key::Text("sig"), &[BYTES]) {
        Kind::AttestationStatement
    } else if has(Key::Int(1), &[0]) && has(Key::Int(3), &[NEGATIVE]) {
        Kind::CoseKey
    } else {
        Kind::Cbor
    }
}

/// The command whose response the map is, and the names of others that it would fit as well.
pub(super) fn answered(map: &[u8]) -> (Option<u8>, Vec<&'static str>) {
    let members = members(map);
    if members.is_empty() {
        return (None, Vec::new());
    }
    // GetNextAssertion answers as GetAssertion, and prototypes as what they became.
    let tables = COMMANDS.iter().filter(|command| !matches!(command.code, 0x08 | 0x40 | 0x41));
    let mut fits: Vec<(usize, &Command)> = tables
        .filter_map(|command| command.response.map(|table| (misfits(table, &members), command)))
        .collect();
    fits.sort_by_key(|(misfits, _)| *misfits);
    let Some((least, best)) = fits.first().copied() else { return (None, Vec::new()) };
    // Nothing at all in common with any response.
    if least >= members.len() {
        return (None, Vec::new());
    }
    let others = fits.iter().skip(1).filter(|(misfits, _)| *misfits == least).map(|(_, other)| other.name);
    (Some(best.code), others.collect())
}

/// How many members are foreign, missing or mistyped.
fn misfits(table: &Table, members: &[(Scalar<'_>, Head)]) -> usize {
    let foreign = members.iter().filter(|(scalar, head)| {
        let field = table.fields.iter().find(|field| field.key.matches(*scalar));
        field.is_none_or(|field| !walk::accepts(&field.kind, *head))
    });
    let missing = table
        .fields
        .iter()
        .filter(|field| field.required && !members.iter().any(|(scalar, _)| field.key.matches(*scalar)));
    foreign.count() + missing.count()
}

/// The keys of a map and the heads of their values, as far as it can be read.
fn members(bytes: &[u8]) -> Vec<(Scalar<'_>, Head)> {
    let mut members = Vec::new();
    let Ok(head) = Head::read(bytes) else { return members };
    if head.major != MAP {
        return members;
    }
    let mut walk = Walk::new(bytes);
    walk.take_up_to(head.len);
    let mut left = head.value.unwrap_or(u64::MAX);
    while left > 0 && !walk.is_at_end() {
        left -= 1;
        let scalar = walk.item(Expected::Anything, 1).scalar;
        let Ok(head) = Head::read(walk.rest()) else { break };
        members.push((scalar, head));
        walk.item(Expected::Anything, 1);
    }
    members
}

/// The major type of the item that the bytes are, if they are exactly one and well formed.
fn whole_item(bytes: &[u8]) -> Option<u8> {
    let head = Head::read(bytes).ok()?;
    let mut walk = Walk::new(bytes);
    walk.item(Expected::Anything, 0);
    (walk.is_at_end() && !walk.failed()).then_some(head.major)
}

/// Whether authenticator data end exactly where they say.
fn is_auth_data(bytes: &[u8]) -> bool {
    if bytes.len() < auth_data::SHORTEST {
        return false;
    }
    let mut walk = Walk::new(bytes);
    auth_data::walk(&mut walk);
    !walk.failed() && bytes.get(32).is_some_and(|flags| flags & auth_data::RESERVED == 0)
}
