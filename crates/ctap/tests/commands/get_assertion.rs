//! authenticatorGetAssertion. CTAP 2.3 §6.2.

use softhello_ctap::{
    Algorithm, Answer, AuthData, BackupPolicy, CounterPolicy, Flags, Piece, Profile, Protection, Status,
};

use crate::bench::{
    Bench, CLIENT_DATA_HASH, Call, Point, RP_ID, Request, array, boolean, broken_store, bytes, descriptor,
    hello, map, pin_pad, raw_map, security_key, text, uint,
};
use crate::signatures::verify;

const UP: u8 = Flags::UP;
const UV: u8 = Flags::UP | Flags::UV;

fn request() -> Request {
    Request::get_assertion()
}

#[test]
fn missing_members() {
    for (key, name) in [(0x01, "rpId"), (0x02, "clientDataHash")] {
        let reply = Bench::new(hello()).passkey("ada").send(&request().without(key).bytes());
        reply.assert_refused(name, Status::MissingParameter);
        assert!(reply.cause.unwrap().to_string().contains(name), "the reason names {name}");
    }
}

#[test]
fn members_of_the_wrong_type() {
    let descriptors = |id, kind| array(&[map(&[("id", id), ("type", kind)])]);
    for (name, key, item) in [
        ("rpId is bytes", 0x01, bytes(b"example.org")),
        ("rpId is a map", 0x01, map(&[("id", text(RP_ID))])),
        ("clientDataHash is text", 0x02, text("0123456789abcdef0123456789abcdef")),
        ("allowList is a map", 0x03, map(&[])),
        ("allowList is a descriptor", 0x03, descriptor(&[1], "public-key")),
        ("a descriptor is bytes", 0x03, array(&[bytes(&[1])])),
        ("a descriptor is an array", 0x03, array(&[array(&[])])),
        ("a descriptor has no id", 0x03, array(&[map(&[("type", text("public-key"))])])),
        ("a descriptor has no type", 0x03, array(&[map(&[("id", bytes(&[1]))])])),
        ("a descriptor's id is text", 0x03, descriptors(text("a"), text("public-key"))),
        ("a descriptor's type is bytes", 0x03, descriptors(bytes(&[1]), bytes(b"public-key"))),
        ("the second descriptor is text", 0x03, array(&[descriptor(&[1], "public-key"), text("a")])),
        ("extensions are text", 0x04, text("")),
        ("options are text", 0x05, text("up")),
        ("up is an integer", 0x05, map(&[("up", uint(0))])),
        ("uv is text", 0x05, map(&[("uv", text(""))])),
        ("rk is text", 0x05, map(&[("rk", text(""))])),
        ("pinUvAuthParam is an array", 0x06, array(&[])),
        ("pinUvAuthProtocol is bytes", 0x07, bytes(&[1])),
    ] {
        let reply = Bench::new(hello()).passkey("ada").send(&request().with(key, item).bytes());
        reply.assert_refused(name, Status::CborUnexpectedType);
        assert_eq!(reply.calls.len(), 1, "{name}: nothing was asked of the host");
    }
    for len in [0, 31, 33] {
        let reply =
            Bench::new(hello()).passkey("ada").send(&request().with(0x02, bytes(&vec![0; len])).bytes());
        reply.assert_refused(&format!("a hash of {len} bytes"), Status::InvalidLength);
    }
}

#[test]
fn members_that_are_ignored() {
    for (name, key, item) in [
        ("an unknown extension", 0x04, map(&[("example.org/x", uint(1))])),
        ("no extensions", 0x04, map(&[])),
        ("no options", 0x05, map(&[])),
        ("an unknown option", 0x05, map(&[("xy", boolean(true)), ("zz", uint(1))])),
        ("an option with an integer key", 0x05, raw_map(&[(uint(1), boolean(true))])),
        ("pinUvAuthProtocol by itself", 0x07, uint(9)),
    ] {
        let mut bench = Bench::new(hello()).passkey("ada");
        let asserted = bench.assert(&request().with(key, item));
        assert_eq!(asserted.auth_data.flags, Flags(UV), "{name}");
    }
}

#[test]
fn pin_uv_auth_param_without_a_protocol_for_it() {
    for (name, request, want) in [
        ("no protocol", request().with(0x06, bytes(&[0; 16])), Status::MissingParameter),
        ("protocol 1", request().with(0x06, bytes(&[0; 16])).with(0x07, uint(1)), Status::InvalidParameter),
        ("protocol 2", request().with(0x06, bytes(&[0; 32])).with(0x07, uint(2)), Status::InvalidParameter),
        ("a probe without protocol", request().with(0x06, bytes(&[])), Status::MissingParameter),
        ("a probe", request().with(0x06, bytes(&[])).with(0x07, uint(2)), Status::InvalidParameter),
    ] {
        let reply = Bench::new(hello()).passkey("ada").send(&request.bytes());
        reply.assert_refused(name, want);
        assert_eq!(reply.effects(), [], "{name}: nobody was asked");
    }
}

/// Each request breaks two rules; the one that comes first in the specification answers.
#[test]
fn the_first_broken_rule_answers() {
    let too_many = |request: Request| request.list(&[&[1], &[2], &[3], &[4]]);
    let always_limited = Profile { max_credential_count_in_list: Some(3), ..hello() };
    for (name, bench, request, want) in [
        (
            "a missing member before pinUvAuthParam",
            Bench::new(hello()),
            request().without(0x02).with(0x06, bytes(&[])).with(0x07, uint(1)),
            Status::MissingParameter,
        ),
        (
            "pinUvAuthParam before uv",
            Bench::new(security_key()),
            request().with(0x06, bytes(&[])).with(0x07, uint(1)).option("uv", true),
            Status::InvalidParameter,
        ),
        (
            "uv before rk",
            Bench::new(security_key()),
            request().option("uv", true).option("rk", true),
            Status::InvalidOption,
        ),
        (
            "rk before the limit of the list",
            Bench::new(security_key()),
            too_many(request()).option("rk", false),
            Status::UnsupportedOption,
        ),
        (
            "the limit of the list before alwaysUv",
            Bench::new(always_limited).without_uv(),
            too_many(request()),
            Status::LimitExceeded,
        ),
        (
            "alwaysUv before the search",
            Bench::new(hello()).without_uv(),
            request().rp("nowhere.example"),
            Status::OperationDenied,
        ),
        (
            "blocked verification before the search",
            Bench::new(hello()).uv_retries(0),
            request().rp("nowhere.example"),
            Status::PinBlocked,
        ),
        (
            "the search before a declined touch",
            Bench::new(security_key()).user([Answer::Declined]),
            request().rp("nowhere.example"),
            Status::NoCredentials,
        ),
    ] {
        let mut bench = bench.passkey("ada");
        let reply = bench.send(&request.bytes());
        reply.assert_refused(name, want);
        assert_eq!(reply.effects(), [], "{name}: nobody was asked");
    }
}

#[test]
fn options() {
    for (name, bench, request, want) in [
        ("hello, no options", Bench::new(hello()), request(), Ok(UV)),
        ("hello, uv", Bench::new(hello()), request().option("uv", true), Ok(UV)),
        ("hello, not uv", Bench::new(hello()), request().option("uv", false), Ok(UV)),
        ("hello, up", Bench::new(hello()), request().option("up", true), Ok(UV)),
        ("hello, rk", Bench::new(hello()), request().option("rk", true), Err(Status::UnsupportedOption)),
        ("hello, not rk", Bench::new(hello()), request().option("rk", false), Err(Status::UnsupportedOption)),
        ("hello without PIN", Bench::new(hello()).without_uv(), request(), Err(Status::OperationDenied)),
        ("key, no options", Bench::new(security_key()), request(), Ok(UP)),
        ("key, not uv", Bench::new(security_key()), request().option("uv", false), Ok(UP)),
        ("key, uv", Bench::new(security_key()), request().option("uv", true), Err(Status::InvalidOption)),
        (
            "key, not rk",
            Bench::new(security_key()),
            request().option("rk", false),
            Err(Status::UnsupportedOption),
        ),
        ("pad, no options", Bench::new(pin_pad()), request(), Ok(UP)),
        ("pad, uv", Bench::new(pin_pad()), request().option("uv", true), Ok(UV)),
        ("pad without PIN", Bench::new(pin_pad()).without_uv(), request(), Ok(UP)),
        (
            "pad without PIN, uv",
            Bench::new(pin_pad()).without_uv(),
            request().option("uv", true),
            Err(Status::InvalidOption),
        ),
    ] {
        let mut bench = bench.passkey("ada");
        let reply = bench.send(&request.bytes());
        match want {
            Ok(flags) => {
                assert_eq!(reply.asserted().auth_data.flags, Flags(flags), "{name}");
                let gestures = |call: &&Call| matches!(call, Call::Presence(_) | Call::Verify(_));
                assert_eq!(reply.calls.iter().filter(gestures).count(), 1, "{name}: one gesture is enough");
            }
            Err(status) => {
                reply.assert_refused(name, status);
                assert_eq!(reply.effects(), [], "{name}: nobody was asked");
            }
        }
    }
}

/// §6.2.2 step 4 names the status, also for an authenticator that always verifies: its getInfo says `uv: false`.
#[test]
fn uv_where_none_is_set_up_is_an_invalid_option_also_with_always_uv() {
    let reply = Bench::new(hello()).without_uv().passkey("ada").send(&request().option("uv", true).bytes());
    reply.assert_refused("uv true, no PIN set", Status::InvalidOption);
}

/// With `up` false nobody is asked, the flag UP is 0, and the platform learns which credential fits.
#[test]
fn a_pre_flight_asks_nobody() {
    for (name, bench) in [
        ("hello", Bench::new(hello())),
        ("hello without PIN", Bench::new(hello()).without_uv()),
        ("hello, blocked", Bench::new(hello()).uv_retries(0)),
        ("key", Bench::new(security_key())),
        ("pad", Bench::new(pin_pad())),
    ] {
        let mut bench = bench;
        let id = bench.keep(RP_ID, "ada", Protection::Optional, true);
        let pre_flight = request().list(&[&[1; 32], &id]).option("up", false);
        let reply = bench.send(&pre_flight.bytes());
        let asserted = reply.asserted();
        assert_eq!(asserted.auth_data.flags, Flags(0), "{name}");
        assert_eq!(asserted.id, id, "{name}");
        assert_eq!(asserted.user.unwrap().name, None, "{name}: nobody was verified");
        assert_eq!(reply.effects(), [Call::NextCount], "{name}");
        let reply = bench.send(&request().list(&[&[1; 32]]).option("up", false).bytes());
        reply.assert_refused(name, Status::NoCredentials);
    }
    // Verification is interaction, so that asking for it sets UP all the same.
    let mut bench = Bench::new(pin_pad()).passkey("ada");
    let asserted = bench.assert(&request().option("up", false).option("uv", true));
    assert_eq!(asserted.auth_data.flags, Flags(UV));
}

#[test]
fn presence() {
    for (answer, want) in [
        (Answer::Wrong, Status::OperationDenied),
        (Answer::Declined, Status::OperationDenied),
        (Answer::TimedOut, Status::OperationDenied),
        (Answer::Cancelled, Status::KeepaliveCancel),
    ] {
        let mut bench = Bench::new(security_key()).passkey("ada").passkey("bob").user([answer]);
        let reply = bench.send(&request().bytes());
        reply.assert_refused(&format!("{answer:?}"), want);
        assert_eq!(reply.effects(), [Call::Presence(RP_ID.to_owned())], "{answer:?}: asked once");
        let reply = bench.send(&[0x08]);
        reply.assert_refused(&format!("after {answer:?} there is no sequence"), Status::NotAllowed);
    }
}

#[test]
fn nothing_is_signed_before_the_user_answered() {
    for profile in [hello(), security_key()] {
        let calls = Bench::new(profile).passkey("ada").send(&request().bytes()).calls;
        let asked = calls.iter().position(|call| matches!(call, Call::Presence(_) | Call::Verify(_)));
        let signed = |call: &Call| matches!(call, Call::NextCount | Call::Shape(_));
        assert!(!calls[..asked.unwrap()].iter().any(signed), "{calls:?}");
        let pieces: Vec<_> = calls.iter().filter(|call| matches!(call, Call::Shape(_))).collect();
        assert_eq!(
            pieces,
            [&Call::Shape(Piece::AuthData), &Call::Shape(Piece::Signature), &Call::Shape(Piece::Response),]
        );
    }
}

#[test]
fn allow_list() {
    let mut bench = Bench::new(hello());
    let first = bench.keep(RP_ID, "ada", Protection::Optional, true);
    let second = bench.keep(RP_ID, "bob", Protection::Optional, true);
    let hidden = bench.keep(RP_ID, "eve", Protection::Optional, false);
    let elsewhere = bench.keep("example.com", "ada", Protection::Optional, true);
    let key = |id: &[u8]| descriptor(id, "public-key");
    let other = |id: &[u8]| descriptor(id, "password");
    for (name, list, want) in [
        ("the newest of the listed answers", vec![key(&first), key(&second)], Some(&second)),
        ("the newest of the listed answers, the other way", vec![key(&second), key(&first)], Some(&second)),
        ("unknown ones are passed over", vec![key(&[1; 32]), key(&[]), key(&first)], Some(&first)),
        ("one of another RP is passed over", vec![key(&elsewhere), key(&second)], Some(&second)),
        ("one of another type is passed over", vec![other(&first), key(&second)], Some(&second)),
        ("one that is not discoverable", vec![key(&hidden)], Some(&hidden)),
        ("the same twice", vec![key(&second), key(&second)], Some(&second)),
        ("only unknown ones", vec![key(&[1; 32])], None),
        ("only of another RP", vec![key(&elsewhere)], None),
        // A list without a usable entry never means all credentials.
        ("only other types", vec![other(&first), other(&[1; 32])], None),
        ("only an empty id", vec![key(&[])], None),
    ] {
        let reply = bench.send(&request().descriptors(&list).bytes());
        match want {
            Some(id) => {
                let asserted = reply.asserted();
                assert_eq!(asserted.id, *id, "{name}");
                assert_eq!(asserted.number_of_credentials, None, "{name}");
                bench.send(&[0x08]).assert_refused(name, Status::NotAllowed);
            }
            None => reply.assert_refused(name, Status::NoCredentials),
        }
    }
}

#[test]
fn an_empty_allow_list_is_empty_or_absent() {
    let lenient = Profile { empty_allow_list_is_absent: true, ..hello() };
    let request = request().descriptors(&[]);
    let reply = Bench::new(hello()).passkey("ada").passkey("bob").send(&request.bytes());
    reply.assert_refused("empty", Status::NoCredentials);
    let asserted = Bench::new(lenient.clone()).passkey("ada").passkey("bob").assert(&request);
    assert_eq!(asserted.number_of_credentials, Some(2));
    // The quirk is about the empty list only.
    let unusable = Request::get_assertion().descriptors(&[descriptor(&[1; 32], "password")]);
    let reply = Bench::new(lenient).passkey("ada").send(&unusable.bytes());
    reply.assert_refused("no usable entry", Status::NoCredentials);
}

#[test]
fn allow_list_limit() {
    for (entries, kind, want) in [
        (3, "public-key", Status::NoCredentials),
        (3, "password", Status::NoCredentials),
        (4, "public-key", Status::LimitExceeded),
        (4, "password", Status::LimitExceeded),
    ] {
        let list: Vec<_> = (0..entries).map(|id| descriptor(&[id], kind)).collect();
        let reply = Bench::new(security_key()).passkey("ada").send(&request().descriptors(&list).bytes());
        reply.assert_refused(&format!("{entries} of {kind}"), want);
    }
}

/// Which of three credentials (levels 1, 2 and 3) are found.
#[test]
fn protection_levels() {
    use Protection::{Optional, OptionalWithCredentialIdList, Required};
    for (name, uv, listed, want) in [
        ("not verified, discovered", false, false, &[0][..]),
        ("not verified, listed", false, true, &[0, 1]),
        ("verified, discovered", true, false, &[0, 1, 2]),
        ("verified, listed", true, true, &[0, 1, 2]),
    ] {
        for (at, protection) in [Optional, OptionalWithCredentialIdList, Required].into_iter().enumerate() {
            let mut bench = Bench::new(pin_pad());
            let id = bench.keep(RP_ID, "ada", protection, true);
            let request = if listed { request().list(&[&id]) } else { request() };
            let reply = bench.send(&request.option("uv", uv).bytes());
            let name = format!("{name}: {protection:?}");
            match want.contains(&at) {
                true => assert_eq!(reply.asserted().id, id, "{name}"),
                false => reply.assert_refused(&name, Status::NoCredentials),
            }
        }
    }
    // Those that may not be used are not counted either.
    let mut bench = Bench::new(pin_pad());
    for (user, protection) in [("a", Optional), ("b", OptionalWithCredentialIdList), ("c", Required)] {
        bench.keep(RP_ID, user, protection, true);
    }
    assert_eq!(bench.assert(&request()).number_of_credentials, None);
    assert_eq!(bench.assert(&request().option("uv", true)).number_of_credentials, Some(3));
}

#[test]
fn discovery_finds_the_newest_first() {
    let mut bench = Bench::new(hello());
    bench.keep(RP_ID, "old", Protection::Optional, true);
    let newest = bench.keep(RP_ID, "new", Protection::Optional, true);
    bench.keep(RP_ID, "hidden", Protection::Optional, false);
    bench.keep("example.com", "elsewhere", Protection::Optional, true);
    let asserted = bench.assert(&request());
    assert_eq!(asserted.id, newest);
    assert_eq!(asserted.number_of_credentials, Some(2));
    for rp_id in ["nowhere.example", "", "Example.org", "sub.example.org", "org"] {
        bench.send(&request().rp(rp_id).bytes()).assert_refused(rp_id, Status::NoCredentials);
    }
}

#[test]
fn the_user_entity_is_filtered_without_verification() {
    for (name, profile, uv, named) in [
        ("hello", hello(), false, true),
        ("key", security_key(), false, false),
        ("pad", pin_pad(), true, true),
    ] {
        for listed in [false, true] {
            let mut bench = Bench::new(profile.clone());
            let id = bench.keep(RP_ID, "ada", Protection::Optional, true);
            let request = if listed { request().list(&[&id]) } else { request() };
            let request = if uv { request.option("uv", true) } else { request };
            let user = bench.assert(&request).user.unwrap();
            let name = format!("{name}, listed {listed}");
            assert_eq!(user.id, b"ada", "{name}");
            assert_eq!(user.name.as_deref(), named.then_some("ada@example.org"), "{name}");
            assert_eq!(user.display_name.as_deref(), named.then_some("The great ada"), "{name}");
        }
    }
    let mut bench = Bench::new(hello());
    let id = bench.keep(RP_ID, "ada", Protection::Optional, false);
    assert_eq!(bench.assert(&request().list(&[&id])).user, None, "not discoverable");
}

#[test]
fn number_of_credentials_only_where_there_are_several() {
    for (users, want) in [(&["a"][..], None), (&["a", "b"], Some(2)), (&["a", "b", "c"], Some(3))] {
        let bench = Bench::new(hello());
        let mut bench = users.iter().fold(bench, |bench, user| bench.passkey(user));
        assert_eq!(bench.assert(&request()).number_of_credentials, want, "{users:?}");
    }
}

#[test]
fn counters() {
    let mut bench = Bench::new(hello());
    let first = bench.keep(RP_ID, "ada", Protection::Optional, true);
    let second = bench.keep(RP_ID, "bob", Protection::Optional, true);
    for (id, want) in [(&first, 1), (&first, 2), (&second, 1), (&first, 3)] {
        assert_eq!(bench.assert(&request().list(&[id])).auth_data.sign_count, want);
    }
    let pre_flight = bench.assert(&request().list(&[&first]).option("up", false));
    assert_eq!(pre_flight.auth_data.sign_count, 4);

    let mut bench = Bench::new(Profile { counter: CounterPolicy::Zero, ..hello() }).passkey("ada");
    for _ in 0..2 {
        let reply = bench.send(&request().bytes());
        assert_eq!(reply.asserted().auth_data.sign_count, 0);
        assert!(!reply.calls.contains(&Call::NextCount));
    }
}

/// BE and BS are the credential's own, not the authenticator's of today.
#[test]
fn backup_flags_are_the_credentials() {
    for (eligible, backed_up, want) in
        [(false, false, UV), (true, false, UV | Flags::BE), (true, true, UV | Flags::BE | Flags::BS)]
    {
        let mut bench = Bench::new(Profile { backup: BackupPolicy { eligible, backed_up }, ..hello() });
        bench.create(&Request::make_credential());
        bench.profile.backup = BackupPolicy { eligible: !eligible, backed_up: false };
        assert_eq!(bench.assert(&request()).auth_data.flags, Flags(want), "BE {eligible}, BS {backed_up}");
    }
}

#[test]
fn signatures_verify() {
    let profile = Profile { algorithms: Algorithm::ALL.to_vec(), ..hello() };
    for algorithm in Algorithm::ALL {
        let mut bench = Bench::new(profile.clone());
        let created = bench.create(&Request::make_credential().algorithms(&[algorithm.cose_id()]));
        for _ in 0..2 {
            let asserted = bench.assert(&request());
            assert_eq!(asserted.id, created.id(), "{algorithm}");
            assert_eq!(
                asserted.auth_data.rp_id_hash,
                AuthData::new(softhello_ctap::u2f::application(RP_ID), Flags(0), 0).rp_id_hash
            );
            assert_eq!(asserted.auth_data.attested, None);
            assert_eq!(asserted.auth_data_bytes.len(), 37);
            let message = [&asserted.auth_data_bytes[..], &CLIENT_DATA_HASH].concat();
            verify(&created.attested().public_key, &message, &asserted.signature);
        }
    }
}

#[test]
fn an_answer_holds_no_more_than_it_should() {
    let reply = Bench::new(hello()).passkey("ada").send(&request().bytes());
    let members = reply.members(&softhello_ctap::message::GET_ASSERTION_RESPONSE);
    for absent in ["numberOfCredentials", "userSelected", "largeBlobKey", "unsignedExtensionOutputs"] {
        assert_eq!(members.raw(absent), None, "{absent}");
    }
}

fn failing() -> Vec<(&'static str, Bench)> {
    let bench = || Bench::new(hello()).passkey("ada");
    vec![
        ("the state", bench().fail(Point::State, broken_store())),
        ("the lowered retries", bench().fail(Point::Commit, broken_store())),
        ("the restored retries", bench().fail_after(Point::Commit, 1, broken_store())),
        ("the search", bench().fail(Point::Find, broken_store())),
        ("the credential", bench().fail(Point::Load, broken_store())),
        ("the credential, gone meanwhile", bench().fail(Point::Load, softhello_ctap::HostError::Missing)),
        ("the count", bench().fail(Point::NextCount, broken_store())),
    ]
}

#[test]
fn a_failing_host_ends_the_command() {
    for (name, mut bench) in failing() {
        let reply = bench.send(&request().bytes());
        assert_eq!(reply.response, [0x7f], "{name}");
        assert_eq!(reply.reason(), "Host", "{name}");
        assert!(!reply.calls.contains(&Call::Shape(Piece::Signature)), "{name}: nothing is signed");
    }
}

#[test]
fn a_failing_host_is_noted() {
    for (name, mut bench) in failing() {
        bench.send(&request().bytes()).assert_noted(name);
    }
}
