//! What the fuzz targets share: an authenticator on the bench of `crates/ctap/tests`, driven by bytes.
#![forbid(unsafe_code)]

#[allow(dead_code, unused_imports, reason = "the tests of the crate use the rest")]
#[path = "../../../crates/ctap/tests/bench/mod.rs"]
mod bench;
mod framings;
mod replies;
mod seeds;

use std::time::Duration;

use bench::{
    Bench, PIN, Platform, RP_ID, Reply, Request, blob_key, full_key, hello, legacy_key, pin_pad, security_key,
};
use softhello_ctap::{
    Answer, Channel, Permissions, Protection, Status, Transport, api,
    cbor::{self, Reader},
    hid::MAX_MESSAGE,
};

pub use framings::{card, hid};
pub use replies::ceremonies;
pub use seeds::seeds;

/// What an answer may hold besides what a message of the longest size brought in: an id of 1,023 bytes, an RSA key
/// and a signature.
const ANSWER_MARGIN: usize = 2048;

/// One request: a byte that chooses the authenticator, one for its user, then the parameters of `command`.
pub fn one(command: u8, input: &[u8]) {
    let [which, user, parameters @ ..] = input else { return };
    let mut bench = authenticator(*which);
    bench.host.default_answer = answer(*user);
    exchange(&mut bench, &[&[command], parameters].concat());
}

/// A session: a byte that chooses the authenticator, then messages. Each begins with five bytes: what the user does,
/// channel, how long the platform waits, the permissions of a token that authenticates it (0 for none), and the length
/// of what follows in units of 1 byte, the command among it.
pub fn several(input: &[u8]) {
    let Some((which, mut rest)) = input.split_first() else { return };
    let mut bench = authenticator(*which);
    while let Some(([user, channel, wait, permissions, len], after)) = rest.split_first_chunk::<5>() {
        let (request, after) = after.split_at(usize::from(*len).min(after.len()));
        rest = after;
        bench.host.default_answer = answer(*user);
        bench.channel = Channel { transport: Transport::Usb, id: u32::from(channel % 3) };
        bench.advance(Duration::from_millis(250 * u64::from(*wait)));
        if *wait == u8::MAX {
            bench.power_cycle();
        }
        match authenticated(&mut bench, *permissions, request) {
            Some(request) => exchange(&mut bench, &request),
            // No command of CTAP2: a class of U2F.
            None if request.first() == Some(&0) => drop(message(&mut bench, request)),
            None => exchange(&mut bench, request),
        }
    }
}

/// The request with a `pinUvAuthParam` that is right, if a token can be had. That of authenticatorClientPIN is the
/// change from [`PIN`] to its parameters, as a padded PIN.
fn authenticated(bench: &mut Bench, permissions: u8, request: &[u8]) -> Option<Vec<u8>> {
    let permissions = Permissions::from_bits(permissions.into());
    let (command, parameters) = request.split_first()?;
    let protocol = *bench.profile.pin_uv_auth_protocols.first().filter(|_| permissions.bits() != 0)?;
    let platform = Platform::agree(bench, protocol);
    if *command == api::CLIENT_PIN {
        let blocks = parameters.len().next_multiple_of(16);
        let mut padded = parameters.to_vec();
        padded.resize(blocks, 0);
        return Some(platform.change_padded(PIN, &padded).bytes());
    }
    let parameters = members(*command, parameters)?;
    let got = if bench.profile.pin_uv_auth_token {
        platform.token_using_pin(PIN, permissions, Some(RP_ID))
    } else {
        platform.pin_token(PIN)
    };
    let reply = bench.send(&got.bytes());
    checked(bench, &reply);
    (reply.status() == Status::Ok).then(|| platform.token(&reply).authorize(parameters).bytes())
}

/// A request with the members of this map, if it is one.
fn members(command: u8, parameters: &[u8]) -> Option<Request> {
    let mut map = Reader::new(parameters);
    let members = map.map_len().ok()?;
    (0..members).try_fold(Request::new(command), |request, _| {
        let key = map.uint().ok()?;
        Some(request.with(key, map.item().ok()?.to_vec()))
    })
}

fn authenticator(which: u8) -> Bench {
    let mut bench = Bench::new(match which % 6 {
        0 => hello(),
        1 => security_key(),
        2 => pin_pad(),
        3 => full_key(),
        4 => blob_key(),
        _ => legacy_key(),
    });
    if bench.profile.client_pin {
        bench = bench.with_pin();
    }
    for user in ["ada", "bob"] {
        bench.keep(RP_ID, user, Protection::Optional, true);
    }
    bench.keep(RP_ID, "eve", Protection::Required, true);
    match which / 6 % 3 {
        0 => bench,
        1 => bench.without_uv(),
        _ => bench.uv_retries(1),
    }
}

fn answer(byte: u8) -> Answer {
    match byte % 8 {
        0 => Answer::Wrong,
        1 => Answer::Declined,
        2 => Answer::TimedOut,
        3 => Answer::Cancelled,
        _ => Answer::Given,
    }
}

/// Sends a request and checks what holds for every answer.
fn exchange(bench: &mut Bench, request: &[u8]) {
    let reply = bench.send(request);
    checked(bench, &reply);
}

fn checked(bench: &Bench, reply: &Reply) {
    match reply.status() {
        Status::Ok => {
            let body = reply.body();
            assert!(body.is_empty() || cbor::validate(body, cbor::MAX_DEPTH).is_ok(), "a canonical answer");
            assert!(
                body.len() <= bench.profile.message_limit() + ANSWER_MARGIN,
                "an answer of bounded length"
            );
        }
        Status::Other(code) => panic!("{code:#04x} is no status of the specification"),
        refused => reply.assert_refused("a refusal", refused),
    }
}

/// Sends a U2F message and checks what holds for every answer.
fn message(bench: &mut Bench, apdu: &[u8]) -> Vec<u8> {
    let response = bench.message(apdu).response;
    assert!((2..MAX_MESSAGE).contains(&response.len()), "a status word, behind data of bounded length");
    response
}
