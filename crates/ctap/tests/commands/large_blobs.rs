//! authenticatorLargeBlobs. CTAP 2.3 §6.10.

use sha2::{Digest as _, Sha256};
use softhello_ctap::{Channel, Permissions, Setting, Status, Transport, api, message::LARGE_BLOBS_RESPONSE};

use crate::{
    bench::{Bench, Call, Point, Request, broken_store, bytes, full_key, security_key, text, uint},
    refusals::{assert_refused, assert_refused_by, refusal},
};

/// maxMsgSize − 64 of the bench's key.
const MAX_FRAGMENT: usize = 1200 - 64;

/// What a new device has.
const INITIAL: &[u8; 17] = b"\x80\x76\xbe\x8b\x52\x8d\x00\x75\xf7\xaa\xe9\x8d\x6f\xa5\x7a\x6d\x3c";

/// Nothing protects it.
fn open() -> Bench {
    Bench::new(full_key()).without_uv()
}

fn protected() -> Bench {
    open().with_pin()
}

fn get(count: u64, offset: u64) -> Request {
    Request::new(api::LARGE_BLOBS).with(1, uint(count)).with(3, uint(offset))
}

fn set(fragment: &[u8], offset: usize) -> Request {
    Request::new(api::LARGE_BLOBS).with(2, bytes(fragment)).with(3, uint(offset as u64))
}

fn first(fragment: &[u8], length: usize) -> Request {
    set(fragment, 0).with(4, uint(length as u64))
}

/// An array of this length that ends in its hash.
fn array(length: usize) -> Vec<u8> {
    let body: Vec<u8> = (0..length - 16).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let hash = Sha256::digest(&body);
    [&body[..], &hash[..16]].concat()
}

fn stored(bench: &mut Bench) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let reply = bench.send(&get(1000, all.len() as u64).bytes());
        let part = reply.members(&LARGE_BLOBS_RESPONSE).bytes("config").unwrap().to_vec();
        all.extend_from_slice(&part);
        if part.len() < 1000 {
            return all;
        }
    }
}

#[test]
fn refusals() {
    let whole = array(100);
    let begun = || {
        let mut bench = open();
        assert_eq!(bench.send(&first(&array(100)[..50], 100).bytes()).response, [0]);
        bench
    };
    let lbw = |bench: &mut Bench, request: Request| bench.token(Permissions::LBW, None).authorize(request);
    let w = || array(100);
    assert_refused(vec![
        refusal(
            "6.10 1 no offset",
            open(),
            |_| get(1, 0).without(3),
            Status::InvalidParameter,
            "LargeBlobsParameters",
        ),
        refusal(
            "6.10 1 neither get nor set",
            open(),
            |_| get(1, 0).without(1),
            Status::InvalidParameter,
            "LargeBlobsParameters",
        ),
        refusal(
            "6.10 1 get and set",
            open(),
            |_| get(1, 0).with(2, bytes(&[])),
            Status::InvalidParameter,
            "LargeBlobsParameters",
        ),
        refusal(
            "6.10 1 get as text",
            open(),
            |_| get(1, 0).with(1, text("1")),
            Status::CborUnexpectedType,
            "Message",
        ),
        refusal(
            "6.10 2 get with length",
            open(),
            |_| get(1, 0).with(4, uint(1)),
            Status::InvalidParameter,
            "LargeBlobsParameters",
        ),
        refusal(
            "6.10 2 get with pinUvAuthParam",
            open(),
            |_| get(1, 0).with(5, bytes(&[0; 32])),
            Status::InvalidParameter,
            "LargeBlobsParameters",
        ),
        refusal(
            "6.10 2 get with pinUvAuthProtocol",
            open(),
            |_| get(1, 0).with(6, uint(2)),
            Status::InvalidParameter,
            "LargeBlobsParameters",
        ),
        refusal(
            "6.10 2 get of too many",
            open(),
            |_| get(MAX_FRAGMENT as u64 + 1, 0),
            Status::InvalidLength,
            "FragmentTooLong",
        ),
        refusal(
            "6.10 2 get of ever so many",
            open(),
            |_| get(u64::MAX, 0),
            Status::InvalidLength,
            "FragmentTooLong",
        ),
        refusal(
            "6.10 2 get behind the end",
            open(),
            |_| get(1, 18),
            Status::InvalidParameter,
            "LargeBlobsParameters",
        ),
        refusal(
            "6.10 2 get far behind the end",
            open(),
            |_| get(1, u64::MAX),
            Status::InvalidParameter,
            "LargeBlobsParameters",
        ),
        refusal(
            "6.10 3 a fragment too long",
            open(),
            |_| first(&[0; MAX_FRAGMENT + 1], 2000),
            Status::InvalidLength,
            "FragmentTooLong",
        ),
        refusal(
            "6.10 3 a first fragment without length",
            open(),
            |_| set(&[0; 10], 0),
            Status::InvalidParameter,
            "LargeBlobsParameters",
        ),
        refusal(
            "6.10 3 an array too long",
            open(),
            |_| first(&[0; 10], 2049),
            Status::LargeBlobStorageFull,
            "LargeBlobStorageFull",
        ),
        refusal(
            "6.10 3 an array ever so long",
            open(),
            |_| Request::new(api::LARGE_BLOBS).with(2, bytes(&[])).with(3, uint(0)).with(4, uint(u64::MAX)),
            Status::LargeBlobStorageFull,
            "LargeBlobStorageFull",
        ),
        refusal(
            "6.10 3 an array too short",
            open(),
            |_| first(&[0; 10], 16),
            Status::InvalidParameter,
            "LargeBlobsParameters",
        ),
        refusal(
            "6.10 3 a further fragment with length",
            begun(),
            move |_| set(&w()[50..], 50).with(4, uint(100)),
            Status::InvalidParameter,
            "LargeBlobsParameters",
        ),
        refusal(
            "6.10 3 a further fragment of nothing",
            open(),
            |_| set(&[0; 10], 10),
            Status::InvalidSeq,
            "LargeBlobOffset",
        ),
        refusal(
            "6.10 3 a fragment left out",
            begun(),
            |_| set(&[0; 10], 51),
            Status::InvalidSeq,
            "LargeBlobOffset",
        ),
        refusal(
            "6.10 3 a fragment twice",
            begun(),
            |_| set(&[0; 10], 49),
            Status::InvalidSeq,
            "LargeBlobOffset",
        ),
        refusal(
            "6.10 3 an offset ever so far",
            begun(),
            |_| Request::new(api::LARGE_BLOBS).with(2, bytes(&[0])).with(3, uint(u64::MAX)),
            Status::InvalidSeq,
            "LargeBlobOffset",
        ),
        refusal(
            "6.10 3.1 no pinUvAuthParam",
            protected(),
            |_| first(&array(100), 100),
            Status::PuatRequired,
            "PuatRequired",
        ),
        refusal(
            "6.10 3.1 no pinUvAuthParam, alwaysUv",
            open().set(Setting::AlwaysUv(true)),
            |_| first(&array(100), 100),
            Status::PuatRequired,
            "PuatRequired",
        ),
        refusal(
            "6.10 3.1 no pinUvAuthProtocol",
            protected(),
            move |bench| lbw(bench, first(&array(100), 100)).without(6),
            Status::MissingParameter,
            "ProtocolMissing",
        ),
        refusal(
            "6.10 3.1 an unknown pinUvAuthProtocol",
            protected(),
            move |bench| lbw(bench, first(&array(100), 100)).with(6, uint(3)),
            Status::InvalidParameter,
            "ProtocolUnsupported",
        ),
        refusal(
            "6.10 3.1 another pinUvAuthParam",
            protected(),
            move |bench| lbw(bench, first(&array(100), 100)).with(5, bytes(&[0; 32])),
            Status::PinAuthInvalid,
            "PinUvAuthParamWrong",
        ),
        refusal(
            "6.10 3.1 the pinUvAuthParam of another fragment",
            protected(),
            move |bench| lbw(bench, first(&array(99), 100)).with(2, bytes(&array(100))),
            Status::PinAuthInvalid,
            "PinUvAuthParamWrong",
        ),
        refusal(
            "6.10 3.1 a token for something else",
            protected(),
            |bench| bench.token(Permissions::ACFG, None).authorize(first(&array(100), 100)),
            Status::PinAuthInvalid,
            "PermissionMissing",
        ),
        refusal(
            "6.10 3.2 more than length",
            open(),
            |_| first(&array(101), 100),
            Status::InvalidParameter,
            "LargeBlobsParameters",
        ),
        refusal(
            "6.10 3.2 later more than length",
            begun(),
            |_| set(&[0; 51], 50),
            Status::InvalidParameter,
            "LargeBlobsParameters",
        ),
        refusal(
            "6.10 3.3 another hash",
            open(),
            |_| first(&[7; 100], 100),
            Status::IntegrityFailure,
            "LargeBlobHash",
        ),
    ]);
    assert_eq!(whole.len(), 100);
    let reply = Bench::new(security_key()).send(&get(1, 0).bytes());
    assert_refused_by(&reply, "8.1 1 without large blobs", Status::InvalidCommand, "UnknownCommand");
}

#[test]
fn a_part_of_the_array() {
    let mut bench = protected();
    for (count, offset, want) in [
        (17, 0, &INITIAL[..]),
        (MAX_FRAGMENT as u64, 0, &INITIAL[..]),
        (0, 0, &[]),
        (5, 0, &INITIAL[..5]),
        (5, 15, &INITIAL[15..]),
        (5, 17, &[]),
    ] {
        let reply = bench.send(&get(count, offset).bytes());
        assert_eq!(reply.members(&LARGE_BLOBS_RESPONSE).bytes("config"), Some(want), "{count} at {offset}");
        assert_eq!(reply.effects(), []);
    }
}

#[test]
fn an_array_in_fragments() {
    for (name, protected, length, parts) in [
        ("in one", false, 100, vec![100]),
        ("the shortest", false, 17, vec![17]),
        ("the longest", false, 2048, vec![MAX_FRAGMENT, 2048 - MAX_FRAGMENT]),
        ("in many", true, 100, vec![1, 49, 34, 16]),
        ("with nothing amid", true, 100, vec![50, 0, 50]),
    ] {
        let mut bench = if protected { self::protected() } else { open() };
        let token = protected.then(|| bench.token(Permissions::LBW, None));
        let array = array(length);
        let mut offset = 0;
        for part in parts {
            let fragment = &array[offset..offset + part];
            let request = if offset == 0 { first(fragment, length) } else { set(fragment, offset) };
            let request = token.as_ref().map_or(request.clone(), |token| token.authorize(request));
            offset += part;
            let reply = bench.send(&request.bytes());
            assert_eq!(reply.response, [0], "{name}: {:?}", reply.cause);
            let want: &[Call] = if offset == length { &[Call::LargeBlobArray] } else { &[] };
            assert_eq!(reply.effects(), want, "{name}: only a whole array is kept");
        }
        assert_eq!(stored(&mut bench), array, "{name}");
        // It is at its end.
        assert_eq!(bench.send(&set(&[], length).bytes()).status(), Status::InvalidSeq, "{name}");
    }
}

#[test]
fn what_ends_a_write() {
    let whole = array(100);
    for (name, disturb, goes_on) in [
        ("nothing", (|_| ()) as fn(&mut Bench), true),
        ("another command", |bench| drop(bench.send(&[api::GET_INFO])), false),
        ("a get", |bench| drop(bench.send(&get(1, 0).bytes())), false),
        ("a power cycle", Bench::power_cycle, false),
        ("another channel", |bench| bench.channel = Channel { transport: Transport::Usb, id: 9 }, false),
    ] {
        let mut bench = open();
        assert_eq!(bench.send(&first(&whole[..50], 100).bytes()).response, [0]);
        disturb(&mut bench);
        let reply = bench.send(&set(&whole[50..], 50).bytes());
        assert_eq!(reply.status(), if goes_on { Status::Ok } else { Status::InvalidSeq }, "{name}");
    }
    // A first fragment begins anew, also amid another array.
    let mut bench = open();
    let other = array(60);
    assert_eq!(bench.send(&first(&whole[..50], 100).bytes()).response, [0]);
    assert_eq!(bench.send(&first(&other[..30], 60).bytes()).response, [0]);
    assert_eq!(bench.send(&set(&other[30..], 30).bytes()).response, [0]);
    assert_eq!(stored(&mut bench), other);
}

/// The fragments of a failed write leave the stored array as it was.
#[test]
fn a_failed_write_changes_nothing() {
    let (old, new) = (array(60), array(100));
    for (name, second, status) in [
        ("another hash", vec![9; 50], Status::IntegrityFailure),
        ("too long", vec![9; 51], Status::InvalidParameter),
    ] {
        let mut bench = open();
        assert_eq!(bench.send(&first(&old, 60).bytes()).response, [0]);
        assert_eq!(bench.send(&first(&new[..50], 100).bytes()).response, [0]);
        assert_eq!(bench.send(&set(&second, 50).bytes()).status(), status, "{name}");
        assert_eq!(stored(&mut bench), old, "{name}");
    }
    let mut bench = open().fail(Point::Commit, broken_store());
    let reply = bench.send(&first(&old, 60).bytes());
    assert_eq!((reply.status(), reply.reason()), (Status::CtapOther, "Host"));
    assert_eq!(stored(&mut bench), INITIAL);
}

/// §6.2.2 step 9: a ceremony with presence clears every permission but lbw.
#[test]
fn a_token_of_a_ceremony_still_writes() {
    let mut bench = protected().passkey("ada");
    let token = bench.token(Permissions::GA.with(Permissions::LBW), Some(crate::bench::RP_ID));
    bench.assert(&token.authorize(Request::get_assertion()));
    for _ in 0..2 {
        let write = token.authorize(first(&array(100), 100));
        assert_eq!(bench.send(&write.bytes()).response, [0]);
    }
    assert_eq!(bench.send(&token.authorize(Request::get_assertion()).bytes()).reason(), "PermissionMissing");
}

#[test]
fn a_reset_brings_the_initial_array_back() {
    let mut bench = open();
    assert_eq!(bench.send(&first(&array(100), 100).bytes()).response, [0]);
    assert_eq!(bench.send(&[api::RESET]).response, [0]);
    assert_eq!(stored(&mut bench), INITIAL);
}
