//! What the fuzz targets share: an authenticator on the bench of `crates/ctap/tests`, driven by bytes.
#![forbid(unsafe_code)]

#[allow(dead_code, unused_imports, reason = "the tests of the crate use the rest")]
#[path = "../../../crates/ctap/tests/bench/mod.rs"]
mod bench;
mod replies;

use std::time::Duration;

use bench::{Bench, RP_ID, hello, pin_pad, security_key};
use softhello_ctap::{Answer, Channel, Protection, Status, Transport, cbor};

pub use replies::ceremonies;

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

/// A session: a byte that chooses the authenticator, then messages. Each begins with four bytes: what the user does,
/// channel, how long the platform waits, and the length of what follows in units of 1 byte, the command among it.
pub fn several(input: &[u8]) {
    let Some((which, mut rest)) = input.split_first() else { return };
    let mut bench = authenticator(*which);
    while let Some(([user, channel, wait, len], after)) = rest.split_first_chunk::<4>() {
        let (request, after) = after.split_at(usize::from(*len).min(after.len()));
        rest = after;
        bench.host.default_answer = answer(*user);
        bench.channel = Channel { transport: Transport::Usb, id: u32::from(channel % 3) };
        bench.advance(Duration::from_millis(250 * u64::from(*wait)));
        if *wait == u8::MAX {
            bench.power_cycle();
        }
        exchange(&mut bench, request);
    }
}

fn authenticator(which: u8) -> Bench {
    let mut bench = Bench::new(match which % 3 {
        0 => hello(),
        1 => security_key(),
        _ => pin_pad(),
    });
    for user in ["ada", "bob"] {
        bench.keep(RP_ID, user, Protection::Optional, true);
    }
    bench.keep(RP_ID, "eve", Protection::Required, true);
    match which / 3 % 3 {
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

/// Valid inputs of [`one`], [`several`] and [`ceremonies`], to begin with: target, name, bytes.
pub fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    use bench::{Request, array, bytes, map, text, uint};
    let (make, get) = (Request::make_credential, Request::get_assertion);
    let formats = make().formats(&["none", "packed"]).algorithms(&[-8, -257, -7]);
    let excluding =
        make().list(&[&[1; 32], &[2; 16]]).option("rk", true).option("uv", true).option("up", true);
    let transports =
        map(&[("id", bytes(&[1])), ("type", text("public-key")), ("transports", array(&[text("usb")]))]);
    let creations = [
        ("minimal", make()),
        ("formats", formats),
        ("excluding", excluding),
        ("transports", make().descriptors(&[transports])),
        ("enterprise", make().with(0x0a, uint(1))),
        ("pin", make().with(0x08, bytes(&[0; 16])).with(0x09, uint(1))),
        ("extensions", make().with(0x06, map(&[("credProtect", uint(3))]))),
    ];
    let assertions = [
        ("minimal", get()),
        ("listed", get().list(&[&[1; 32], &[2; 16]])),
        ("pre-flight", get().option("up", false).option("uv", true)),
        ("empty-list", get().descriptors(&[])),
        ("pin", get().with(0x06, bytes(&[0; 16])).with(0x07, uint(1))),
    ];
    let one = |request: &Request| [&[0, 4][..], &request.bytes()[1..]].concat();
    let several = |requests: &[Vec<u8>]| {
        let message = |request: &Vec<u8>| {
            let len = u8::try_from(request.len()).expect("seeds are short");
            [&[4, 0, 1, len][..], request].concat()
        };
        [vec![1], requests.iter().flat_map(message).collect()].concat()
    };
    // `explain` finds out by itself what these are.
    let unasked = |bytes: &[u8]| [&[8], bytes].concat();
    let mut seeds = Vec::new();
    for (name, request) in &creations {
        seeds.push(("make_credential", *name, one(request)));
        seeds.push(("cbor", *name, request.bytes()[1..].to_vec()));
        seeds.push(("explain", *name, unasked(&request.bytes())));
    }
    for (name, request) in &assertions {
        seeds.push(("get_assertion", *name, one(request)));
    }
    let rk = make().option("rk", true).bytes();
    seeds.push((
        "command",
        "creation-and-sequence",
        several(&[rk.clone(), get().bytes(), vec![8], vec![8], vec![8]]),
    ));
    seeds.push(("command", "reset-and-creation", several(&[vec![7], rk, get().bytes()])));
    seeds.push(("command", "others", several(&[vec![4], vec![0x0b], vec![6], vec![]])));
    for (name, request) in [("creation", make()), ("assertion", get())] {
        seeds.push((
            "explain",
            name,
            unasked(&Bench::new(hello()).passkey("ada").send(&request.bytes()).response),
        ));
    }
    let created = Bench::new(security_key()).create(&make());
    seeds.push(("explain", "authenticator-data", unasked(&created.auth_data_bytes)));
    seeds.push((
        "explain",
        "attestation-object",
        unasked(&softhello_ctap::attestation_object(
            &created.fmt,
            &created.att_stmt,
            &created.auth_data_bytes,
        )),
    ));
    for (name, json) in [("creation", CREATION), ("request", REQUEST)] {
        seeds.push(("client_options", name, json.as_bytes().to_vec()));
    }
    for (name, bytes) in replies::seeds() {
        seeds.push(("client_replies", name, bytes));
    }
    seeds
}

const CREATION: &str = r#"{"publicKey":{"rp":{"id":"example.org","name":"An RP"},"user":{"id":"YWRh","name":"ada@example.org","displayName":"Ada"},"challenge":"AAECAwQFBgcICQoLDA0ODw","pubKeyCredParams":[{"type":"public-key","alg":-7},{"type":"public-key","alg":-257}],"timeout":60000,"excludeCredentials":[{"type":"public-key","id":"AQID","transports":["internal","usb"]}],"authenticatorSelection":{"authenticatorAttachment":"platform","residentKey":"required","requireResidentKey":true,"userVerification":"preferred"},"hints":["client-device"],"attestation":"direct","attestationFormats":["packed"],"extensions":{"credProps":true}}}"#;

const REQUEST: &str = r#"{"challenge":"AAECAwQFBgcICQoLDA0ODw","timeout":60000,"rpId":"example.org","allowCredentials":[{"type":"public-key","id":"AQID","transports":["hybrid"]}],"userVerification":"required","hints":["security-key"],"extensions":{"appid":"https://example.org/app"}}"#;
