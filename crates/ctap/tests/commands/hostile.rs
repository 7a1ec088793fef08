//! Bytes that no platform would send.

use proptest::{collection::vec, prelude::*, sample::Index};
use softhello_ctap::{Answer, Channel, Permissions, Profile, Protection, Status, Transport, api, cbor};

use crate::bench::{
    Bench, RP_ID, Reply, Request, array, blob_key, boolean, bytes, full_key, hello, int, legacy_key, pin_pad,
    platform::client_pin, raw_map, security_key, text, uint,
};

/// The commands that are asked for most, those of a key with everything, and one that reads nothing.
fn command() -> impl Strategy<Value = u8> {
    prop_oneof![
        4 => prop_oneof![Just(api::MAKE_CREDENTIAL), Just(api::GET_ASSERTION)],
        4 => prop_oneof![
            Just(api::CLIENT_PIN),
            Just(api::BIO_ENROLLMENT),
            Just(api::CREDENTIAL_MANAGEMENT),
            Just(api::LARGE_BLOBS),
            Just(api::CONFIG),
        ],
        2 => Just(api::GET_NEXT_ASSERTION),
        1 => any::<u8>(),
    ]
}

fn profile() -> impl Strategy<Value = Profile> {
    prop_oneof![
        Just(hello()),
        Just(security_key()),
        Just(pin_pad()),
        Just(full_key()),
        Just(blob_key()),
        Just(legacy_key())
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    use Answer::{Cancelled, Declined, Given, TimedOut, Wrong};
    prop_oneof![4 => Just(Given), 1 => prop_oneof![Just(Wrong), Just(Declined), Just(TimedOut), Just(Cancelled)]]
}

/// A canonical item, now and then one level too deep for a message.
fn item() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        any::<u64>().prop_map(uint),
        any::<i64>().prop_map(int),
        (0..30u64).prop_map(uint),
        vec(any::<u8>(), 0..70).prop_map(|value| bytes(&value)),
        "\\PC{0,70}".prop_map(|value| text(&value)),
        prop_oneof!["id", "type", "public-key", "alg", "rk", "up", "uv", "none", "packed", RP_ID]
            .prop_map(|value| text(&value)),
        any::<bool>().prop_map(boolean),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(|items| array(&items)),
            vec((inner.clone(), inner), 0..6).prop_map(sorted_map),
        ]
    })
}

fn sorted_map(mut pairs: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<u8> {
    pairs.sort_by(|(a, _), (b, _)| cbor::key_order(a, b));
    pairs.dedup_by(|(a, _), (b, _)| a == b);
    raw_map(&pairs)
}

/// A valid request in which some members were given other values or taken away.
fn odd_request() -> impl Strategy<Value = Request> {
    let change = (0..16u64, prop_oneof![3 => item().prop_map(Some), 1 => Just(None)]);
    (valid(), vec(change, 0..4)).prop_map(|(valid, changes)| {
        let change = |request: Request, (key, value)| match value {
            Some(item) => request.with(key, item),
            None => request.without(key),
        };
        changes.into_iter().fold(valid, change)
    })
}

/// Requests that are valid once they are authenticated, each of the commands with subcommands in many ways.
fn valid() -> impl Strategy<Value = Request> {
    let of = |command, number: std::ops::Range<u64>, params: u64, more: Vec<(u64, Vec<u8>)>| {
        (number, item()).prop_map(move |(subcommand, item)| {
            let request = Request::new(command)
                .with(if command == api::BIO_ENROLLMENT { 2 } else { 1 }, uint(subcommand));
            let request = request.with(params, raw_map(&[(uint(1), item)]));
            more.iter().fold(request, |request, (key, item)| request.with(*key, item.clone()))
        })
    };
    let fragment = (vec(any::<u8>(), 0..100), 0..120u64, 0..120u64).prop_map(|(fragment, offset, length)| {
        let request = Request::new(api::LARGE_BLOBS).with(2, bytes(&fragment)).with(3, uint(offset));
        if offset == 0 { request.with(4, uint(length)) } else { request }
    });
    prop_oneof![
        2 => Just(Request::make_credential()),
        2 => Just(Request::get_assertion()),
        1 => of(api::CREDENTIAL_MANAGEMENT, 0..9, 2, vec![]),
        1 => of(api::BIO_ENROLLMENT, 0..9, 3, vec![(1, uint(1))]),
        1 => of(api::CONFIG, 0..6, 2, vec![]),
        1 => (0..11u64).prop_map(client_pin),
        1 => fragment,
    ]
}

/// The request as it is sent: authenticated where the profile has tokens and the command takes one.
fn authorized(bench: &mut Bench, request: Request) -> Vec<u8> {
    let permission = match request.command() {
        api::MAKE_CREDENTIAL => Permissions::MC,
        api::GET_ASSERTION => Permissions::GA,
        api::CREDENTIAL_MANAGEMENT => Permissions::CM,
        api::BIO_ENROLLMENT => Permissions::BE,
        api::CONFIG => Permissions::ACFG,
        api::LARGE_BLOBS if bench.profile.max_serialized_large_blob_array.is_some() => Permissions::LBW,
        _ => return request.bytes(),
    };
    if !(bench.profile.client_pin && bench.profile.pin_uv_auth_token) {
        return request.bytes();
    }
    // A reset among the messages before it took the PIN away.
    match bench.try_token(permission, Some(RP_ID)) {
        Some(token) => token.authorize(request).bytes(),
        None => request.bytes(),
    }
}

#[derive(Clone, Debug)]
enum Damage {
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index),
    Cut(Index),
    Repeat(Index, Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        4 => (any::<Index>(), 1..=u8::MAX).prop_map(|(at, mask)| Damage::Flip(at, mask)),
        2 => (any::<Index>(), vec(any::<u8>(), 1..5)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        2 => any::<Index>().prop_map(Damage::Remove),
        1 => any::<Index>().prop_map(Damage::Cut),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Repeat(from, to)),
    ]
}

fn damaged(mut request: Vec<u8>, damages: Vec<Damage>) -> Vec<u8> {
    for damage in damages {
        if request.is_empty() {
            break;
        }
        let len = request.len();
        match damage {
            Damage::Flip(at, mask) => request[at.index(len)] ^= mask,
            Damage::Insert(at, bytes) => {
                let at = at.index(len);
                request.splice(at..at, bytes);
            }
            Damage::Remove(at) => drop(request.remove(at.index(len))),
            Damage::Cut(at) => request.truncate(at.index(len)),
            Damage::Repeat(from, to) => {
                let (from, to) = (from.index(len), to.index(len));
                let repeated = request[from.min(to)..from.max(to)].to_vec();
                request.extend(repeated);
            }
        }
    }
    request
}

/// What holds for every answer, whatever was asked.
fn check(bench: &Bench, request: &[u8], reply: &Reply) {
    let status = reply.status();
    assert!(!matches!(status, Status::Other(_)), "{request:02x?}: {status}");
    match status {
        Status::Ok => {
            assert!(reply.cause.is_none(), "{request:02x?}");
            let body = reply.body();
            assert!(body.is_empty() || cbor::validate(body, cbor::MAX_DEPTH).is_ok(), "{request:02x?}");
            // A user entity of some earlier request, an id of 1,023 bytes, an RSA key and a signature.
            assert!(body.len() <= bench.profile.message_limit() + 2048, "{request:02x?}");
        }
        refused => reply.assert_refused(&format!("{request:02x?}"), refused),
    }
}

fn bench(profile: Profile, answers: Vec<Answer>) -> Bench {
    let mut bench = Bench::new(profile).passkey("ada").passkey("bob").user(answers);
    bench.keep(RP_ID, "eve", Protection::Required, true);
    if bench.profile.client_pin { bench.with_pin() } else { bench }
}

proptest! {
    #[test]
    fn arbitrary_bytes(
        command in command(),
        body in vec(any::<u8>(), 0..200),
        profile in profile(),
    ) {
        let mut bench = bench(profile, vec![]);
        let request = [vec![command], body].concat();
        let reply = bench.send(&request);
        check(&bench, &request, &reply);
    }

    #[test]
    fn arbitrary_canonical_parameters(
        command in command(),
        body in item(),
        profile in profile(),
    ) {
        let mut bench = bench(profile, vec![]);
        let request = [vec![command], body].concat();
        let reply = bench.send(&request);
        check(&bench, &request, &reply);
    }

    #[test]
    fn damaged_requests(
        request in odd_request(),
        damages in vec(damage(), 0..4),
        profile in profile(),
        answers in vec(answer(), 0..3),
    ) {
        let mut bench = bench(profile, answers);
        let request = authorized(&mut bench, request);
        let request = damaged(request, damages);
        let reply = bench.send(&request);
        check(&bench, &request, &reply);
    }

    #[test]
    fn several_messages_of_one_session(
        messages in vec((odd_request(), vec(damage(), 0..2), prop_oneof![Just(None), command().prop_map(Some)], 0..3u32), 1..6),
        profile in profile(),
        answers in vec(answer(), 0..6),
    ) {
        let mut bench = bench(profile, answers);
        for (request, damages, command, channel) in messages {
            let request = authorized(&mut bench, request);
            let mut request = damaged(request, damages);
            if let (Some(command), Some(first)) = (command, request.first_mut()) {
                *first = command;
            }
            bench.channel = Channel { transport: Transport::Usb, id: channel };
            let reply = bench.send(&request);
            check(&bench, &request, &reply);
        }
    }
}

/// Many small items in the largest message there may be.
#[test]
fn the_largest_messages_are_answered() {
    let profile = Profile {
        max_msg_size: Some(65_536),
        max_credential_count_in_list: None,
        // CTAPHID carries less.
        transports: vec![Transport::Nfc],
        ..security_key()
    };
    let fill = |unit: Vec<u8>| array(&vec![unit.clone(); 65_000 / unit.len()]);
    let descriptor = crate::bench::descriptor(&[], "public-key");
    let parameters = crate::bench::map(&[("alg", int(-1)), ("type", text("public-key"))]);
    for (name, request, want) in [
        ("descriptors", Request::make_credential().with(5, fill(descriptor.clone())), Status::Ok),
        ("descriptors", Request::get_assertion().with(3, fill(descriptor)), Status::NoCredentials),
        ("algorithms", Request::make_credential().with(4, fill(parameters)), Status::UnsupportedAlgorithm),
        ("formats", Request::make_credential().with(11, fill(text(""))), Status::Ok),
        ("an unknown array", Request::make_credential().with(32, fill(uint(0))), Status::Ok),
        ("a text", Request::make_credential().with(32, text(&"x".repeat(65_000))), Status::Ok),
    ] {
        let mut bench = Bench::new(profile.clone());
        assert_eq!(bench.send(&request.bytes()).status(), want, "{name}");
    }
}
