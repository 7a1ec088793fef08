//! authenticatorMakeCredential. CTAP 2.3 §6.1.

use softhello_ctap::{
    Algorithm, Answer, BackupPolicy, CounterPolicy, Denied, Flags, Format, HostError, Profile, Protection,
    Status,
};

use crate::bench::{
    Bench, CLIENT_DATA_HASH, Call, Point, RP_ID, Request, array, boolean, broken_store, bytes, descriptor,
    full_key, hello, int, map, pin_pad, security_key, text, uint,
};
use crate::signatures::verify;

fn request() -> Request {
    Request::make_credential()
}

#[test]
fn missing_members() {
    for (key, name) in [(0x01, "clientDataHash"), (0x02, "rp"), (0x03, "user"), (0x04, "pubKeyCredParams")] {
        let reply = Bench::new(hello()).send(&request().without(key).bytes());
        reply.assert_refused(name, Status::MissingParameter);
        assert!(reply.cause.unwrap().to_string().contains(name), "the reason names {name}");
        assert_eq!(reply.calls.len(), 1, "{name}: nothing was asked of the host");
    }
}

#[test]
fn members_of_the_wrong_type() {
    let parameters = |alg, kind| array(&[map(&[("alg", alg), ("type", kind)])]);
    let after_good = |entry| array(&[map(&[("alg", int(-7)), ("type", text("public-key"))]), entry]);
    let descriptors = |id, kind| array(&[map(&[("id", id), ("type", kind)])]);
    let user = |member, item| map(&[("id", bytes(&[1])), (member, item)]);
    for (name, key, item) in [
        ("clientDataHash is text", 0x01, text("0123456789abcdef0123456789abcdef")),
        ("clientDataHash is a map", 0x01, map(&[])),
        ("rp is text", 0x02, text(RP_ID)),
        ("rp is an array", 0x02, array(&[])),
        ("rp.id is absent", 0x02, map(&[("name", text("An RP"))])),
        ("rp.id is bytes", 0x02, map(&[("id", bytes(b"example.org"))])),
        ("rp.name is an integer", 0x02, map(&[("id", text(RP_ID)), ("name", uint(1))])),
        ("user is bytes", 0x03, bytes(&[1])),
        ("user.id is absent", 0x03, map(&[("name", text("ada"))])),
        ("user.id is text", 0x03, map(&[("id", text("ada"))])),
        ("user.id is an integer", 0x03, map(&[("id", uint(1))])),
        ("user.name is bytes", 0x03, user("name", bytes(b"ada"))),
        ("user.displayName is a boolean", 0x03, user("displayName", boolean(true))),
        ("pubKeyCredParams is a map", 0x04, map(&[])),
        ("pubKeyCredParams is text", 0x04, text("ES256")),
        ("an entry is an integer", 0x04, array(&[int(-7)])),
        ("an entry has no alg", 0x04, array(&[map(&[("type", text("public-key"))])])),
        ("an entry has no type", 0x04, array(&[map(&[("alg", int(-7))])])),
        ("alg is text", 0x04, parameters(text("ES256"), text("public-key"))),
        ("alg is no 64-bit integer", 0x04, parameters(uint(u64::MAX), text("public-key"))),
        ("type is bytes", 0x04, parameters(int(-7), bytes(b"public-key"))),
        ("an entry after the chosen one is text", 0x04, after_good(text("ES256"))),
        ("an entry after the chosen one has no alg", 0x04, after_good(map(&[("type", text("public-key"))]))),
        ("an entry after the chosen one is empty", 0x04, after_good(map(&[]))),
        ("excludeList is a map", 0x05, map(&[])),
        ("excludeList is bytes", 0x05, bytes(&[1])),
        ("a descriptor is bytes", 0x05, array(&[bytes(&[1])])),
        ("a descriptor has no id", 0x05, array(&[map(&[("type", text("public-key"))])])),
        ("a descriptor has no type", 0x05, array(&[map(&[("id", bytes(&[1]))])])),
        ("a descriptor's id is text", 0x05, descriptors(text("a"), text("public-key"))),
        ("a descriptor's type is an integer", 0x05, descriptors(bytes(&[1]), uint(1))),
        ("extensions are an array", 0x06, array(&[])),
        ("extensions are a boolean", 0x06, boolean(true)),
        ("options are an array", 0x07, array(&[])),
        ("options are a boolean", 0x07, boolean(true)),
        ("rk is an integer", 0x07, map(&[("rk", uint(1))])),
        ("up is text", 0x07, map(&[("up", text("true"))])),
        ("uv is bytes", 0x07, map(&[("uv", bytes(&[1]))])),
        ("pinUvAuthParam is text", 0x08, text("")),
        ("pinUvAuthProtocol is text", 0x09, text("1")),
        ("pinUvAuthProtocol is negative", 0x09, int(-1)),
        ("enterpriseAttestation is a boolean", 0x0a, boolean(true)),
        ("attestationFormatsPreference is text", 0x0b, text("packed")),
        ("a preferred format is an integer", 0x0b, array(&[text("none"), uint(1)])),
    ] {
        let mut bench = Bench::new(hello());
        let reply = bench.send(&request().with(key, item).bytes());
        reply.assert_refused(name, Status::CborUnexpectedType);
        assert_eq!(reply.calls.len(), 1, "{name}: nothing was asked of the host");
    }
}

#[test]
fn members_of_the_wrong_length() {
    let user = |len| map(&[("id", bytes(&vec![1; len]))]);
    for (name, key, item, want) in [
        ("a hash of 31 bytes", 0x01, bytes(&[0; 31]), Status::InvalidLength),
        ("a hash of 33 bytes", 0x01, bytes(&[0; 33]), Status::InvalidLength),
        ("a hash of 0 bytes", 0x01, bytes(&[]), Status::InvalidLength),
        ("a user.id of 0 bytes", 0x03, user(0), Status::InvalidLength),
        ("a user.id of 1 byte", 0x03, user(1), Status::Ok),
        ("a user.id of 64 bytes", 0x03, user(64), Status::Ok),
        ("a user.id of 65 bytes", 0x03, user(65), Status::InvalidLength),
    ] {
        assert_eq!(Bench::new(hello()).send(&request().with(key, item).bytes()).status(), want, "{name}");
    }
}

#[test]
fn members_that_are_ignored() {
    for (name, key, item) in [
        ("rp.icon", 0x02, map(&[("id", text(RP_ID)), ("icon", text("https://example.org/i.png"))])),
        ("rp without name", 0x02, map(&[("id", text(RP_ID))])),
        ("an empty rp.id", 0x02, map(&[("id", text(""))])),
        ("user.icon", 0x03, map(&[("id", bytes(&[1])), ("icon", text("i"))])),
        ("user.icon of another type", 0x03, map(&[("id", bytes(&[1])), ("icon", uint(1))])),
        ("user without names", 0x03, map(&[("id", bytes(&[1]))])),
        (
            "an unknown member of an entry",
            0x04,
            array(&[map(&[("alg", int(-7)), ("type", text("public-key")), ("x", uint(1))])]),
        ),
        ("an empty excludeList", 0x05, array(&[])),
        ("no extensions", 0x06, map(&[])),
        ("an unknown extension", 0x06, map(&[("example.org/x", map(&[("a", uint(1))]))])),
        ("no options", 0x07, map(&[])),
        ("an unknown option", 0x07, map(&[("xy", boolean(true))])),
        ("an unknown option of another type", 0x07, map(&[("zz", uint(1))])),
        ("pinUvAuthProtocol by itself", 0x09, uint(9)),
        ("no preferred format", 0x0b, array(&[])),
    ] {
        let mut bench = Bench::new(hello());
        let reply = bench.send(&request().with(key, item).bytes());
        let created = reply.created();
        assert!(!created.auth_data.flags.has(Flags::ED), "{name}: no extension outputs");
        let members = reply.members(&softhello_ctap::message::MAKE_CREDENTIAL_RESPONSE);
        for absent in ["epAtt", "largeBlobKey", "unsignedExtensionOutputs"] {
            assert_eq!(members.raw(absent), None, "{name}: {absent}");
        }
    }
}

#[test]
fn pin_uv_auth_param_without_a_protocol_for_it() {
    for (name, request, want) in [
        ("no protocol", request().with(0x08, bytes(&[0; 16])), Status::MissingParameter),
        ("protocol 1", request().with(0x08, bytes(&[0; 16])).with(0x09, uint(1)), Status::InvalidParameter),
        ("protocol 2", request().with(0x08, bytes(&[0; 32])).with(0x09, uint(2)), Status::InvalidParameter),
        ("protocol 0", request().with(0x08, bytes(&[0; 32])).with(0x09, uint(0)), Status::InvalidParameter),
        // The probe is for authenticators with clientPin or pinUvAuthToken only.
        ("a probe without protocol", request().with(0x08, bytes(&[])), Status::MissingParameter),
        ("a probe", request().with(0x08, bytes(&[])).with(0x09, uint(1)), Status::InvalidParameter),
    ] {
        let reply = Bench::new(hello()).send(&request.bytes());
        reply.assert_refused(name, want);
        assert_eq!(reply.effects(), [], "{name}: nobody was asked");
    }
}

/// Each request breaks two rules; the one that comes first in the specification answers.
#[test]
fn the_first_broken_rule_answers() {
    let auth_param = |request: Request| request.with(0x08, bytes(&[0; 16]));
    let too_many = |request: Request| request.list(&[&[1], &[2], &[3], &[4]]);
    let enterprise = |request: Request| request.with(0x0a, uint(1));
    let no_rk = Profile { discoverable: false, ..security_key() };
    let always_limited = Profile { max_credential_count_in_list: Some(3), ..hello() };
    for (name, bench, request, want) in [
        (
            "a wrong type before a missing member",
            Bench::new(hello()),
            request().without(0x01).with(0x07, uint(1)),
            Status::CborUnexpectedType,
        ),
        (
            "a missing member before pinUvAuthParam",
            Bench::new(hello()),
            auth_param(request().without(0x01)),
            Status::MissingParameter,
        ),
        (
            "pinUvAuthParam without protocol before the algorithm",
            Bench::new(hello()),
            auth_param(request().algorithms(&[-65535])),
            Status::MissingParameter,
        ),
        (
            "an unsupported protocol before the algorithm",
            Bench::new(hello()),
            auth_param(request().algorithms(&[-65535])).with(0x09, uint(3)),
            Status::InvalidParameter,
        ),
        (
            "the algorithm before uv",
            Bench::new(security_key()),
            request().algorithms(&[-65535]).option("uv", true),
            Status::UnsupportedAlgorithm,
        ),
        (
            "the algorithm before up",
            Bench::new(hello()),
            request().algorithms(&[-65535]).option("up", false),
            Status::UnsupportedAlgorithm,
        ),
        (
            "uv before rk",
            Bench::new(no_rk.clone()),
            request().option("uv", true).option("rk", true),
            Status::InvalidOption,
        ),
        (
            "rk before up",
            Bench::new(no_rk),
            request().option("rk", true).option("up", false),
            Status::UnsupportedOption,
        ),
        (
            "up before the limit of the list",
            Bench::new(security_key()),
            too_many(request()).option("up", false),
            Status::InvalidOption,
        ),
        (
            "up before alwaysUv",
            Bench::new(hello()).without_uv(),
            request().option("up", false),
            Status::InvalidOption,
        ),
        (
            "the limit of the list before alwaysUv",
            Bench::new(always_limited).without_uv(),
            too_many(request()),
            Status::LimitExceeded,
        ),
        (
            "the limit of the list before the need of verification",
            Bench::new(pin_pad()),
            too_many(request()),
            Status::LimitExceeded,
        ),
        (
            "alwaysUv before enterprise attestation",
            Bench::new(hello()).without_uv(),
            enterprise(request()),
            Status::OperationDenied,
        ),
        (
            "the need of verification before enterprise attestation",
            Bench::new(pin_pad()),
            enterprise(request()),
            Status::OperationDenied,
        ),
        (
            "enterprise attestation before blocked verification",
            Bench::new(hello()).uv_retries(0),
            enterprise(request()),
            Status::InvalidParameter,
        ),
        (
            "enterprise attestation before a wrong PIN",
            Bench::new(hello()).user([Answer::Wrong]),
            enterprise(request()),
            Status::InvalidParameter,
        ),
    ] {
        let mut bench = bench;
        let reply = bench.send(&request.bytes());
        reply.assert_refused(name, want);
        assert_eq!(reply.effects(), [], "{name}: nobody was asked");
    }
}

#[test]
fn verification_comes_before_the_exclude_list() {
    let mut bench = Bench::new(hello()).user([Answer::Declined]);
    let id = bench.keep(RP_ID, "bob", Protection::Optional, true);
    bench.send(&request().list(&[&id]).bytes()).assert_refused("declined", Status::OperationDenied);
}

#[test]
fn algorithms() {
    let entry = |alg, kind| map(&[("alg", int(alg)), ("type", text(kind))]);
    for (name, list, want) in [
        ("the only one", vec![entry(-7, "public-key")], Ok(Algorithm::Es256)),
        (
            "the RP's order wins",
            vec![entry(-7, "public-key"), entry(-257, "public-key")],
            Ok(Algorithm::Es256),
        ),
        (
            "the RP's order wins, the other way",
            vec![entry(-257, "public-key"), entry(-7, "public-key")],
            Ok(Algorithm::Rs256),
        ),
        (
            "unknown ones are passed over",
            vec![entry(-65535, "public-key"), entry(7, "public-key"), entry(-7, "public-key")],
            Ok(Algorithm::Es256),
        ),
        (
            "one of another type is passed over",
            vec![entry(-7, "secret"), entry(-257, "public-key")],
            Ok(Algorithm::Rs256),
        ),
        ("an unknown one after it", vec![entry(-7, "public-key"), entry(1, "secret")], Ok(Algorithm::Es256)),
        ("none", vec![], Err(Status::UnsupportedAlgorithm)),
        ("one that exists, but not here", vec![entry(-8, "public-key")], Err(Status::UnsupportedAlgorithm)),
        ("only unknown ones", vec![entry(-65535, "public-key")], Err(Status::UnsupportedAlgorithm)),
        ("only another type", vec![entry(-7, "Public-Key")], Err(Status::UnsupportedAlgorithm)),
        (
            "the extreme integers",
            vec![entry(i64::MIN, "public-key"), entry(i64::MAX, "public-key")],
            Err(Status::UnsupportedAlgorithm),
        ),
    ] {
        let mut bench = Bench::new(hello());
        let reply = bench.send(&request().with(0x04, array(&list)).bytes());
        match want {
            Ok(algorithm) => {
                assert_eq!(reply.created().attested().public_key.algorithm(), algorithm, "{name}");
                assert!(reply.calls.contains(&Call::Generate(algorithm)), "{name}");
            }
            Err(status) => reply.assert_refused(name, status),
        }
    }
}

/// The flags of the answer, or the status.
#[test]
fn options() {
    const UP: u8 = Flags::UP | Flags::AT;
    const UV: u8 = UP | Flags::UV;
    let no_rk = || Profile { discoverable: false, ..security_key() };
    let lenient = || Profile { make_cred_uv_not_rqd: true, ..pin_pad() };
    let always = || Profile { user_verification: softhello_ctap::UserVerification::Always, ..lenient() };
    for (name, bench, request, want) in [
        // A platform authenticator that always verifies.
        ("hello, no options", Bench::new(hello()), request(), Ok(UV)),
        ("hello, uv", Bench::new(hello()), request().option("uv", true), Ok(UV)),
        ("hello, not uv", Bench::new(hello()), request().option("uv", false), Ok(UV)),
        ("hello, up", Bench::new(hello()), request().option("up", true), Ok(UV)),
        ("hello, not rk", Bench::new(hello()), request().option("rk", false), Ok(UV)),
        ("hello, not up", Bench::new(hello()), request().option("up", false), Err(Status::InvalidOption)),
        ("hello without PIN", Bench::new(hello()).without_uv(), request(), Err(Status::OperationDenied)),
        (
            "hello without PIN, not uv",
            Bench::new(hello()).without_uv(),
            request().option("uv", false),
            Err(Status::OperationDenied),
        ),
        // One with a button only.
        ("key, no options", Bench::new(security_key()), request(), Ok(UP)),
        ("key, rk", Bench::new(security_key()), request().option("rk", true), Ok(UP)),
        ("key, not uv", Bench::new(security_key()), request().option("uv", false), Ok(UP)),
        ("key, uv", Bench::new(security_key()), request().option("uv", true), Err(Status::InvalidOption)),
        (
            "key, not up",
            Bench::new(security_key()),
            request().option("up", false),
            Err(Status::InvalidOption),
        ),
        ("no rk, rk", Bench::new(no_rk()), request().option("rk", true), Err(Status::UnsupportedOption)),
        // getInfo says `rk: false`, so that asking for false asks for nothing.
        ("no rk, not rk", Bench::new(no_rk()), request().option("rk", false), Ok(UP)),
        // One that can verify, and needs it for every credential.
        ("pad, no options", Bench::new(pin_pad()), request(), Err(Status::OperationDenied)),
        ("pad, rk", Bench::new(pin_pad()), request().option("rk", true), Err(Status::OperationDenied)),
        ("pad, uv", Bench::new(pin_pad()), request().option("uv", true), Ok(UV)),
        ("pad, uv and rk", Bench::new(pin_pad()), request().option("uv", true).option("rk", true), Ok(UV)),
        ("pad without PIN", Bench::new(pin_pad()).without_uv(), request(), Ok(UP)),
        ("pad without PIN, rk", Bench::new(pin_pad()).without_uv(), request().option("rk", true), Ok(UP)),
        (
            "pad without PIN, uv",
            Bench::new(pin_pad()).without_uv(),
            request().option("uv", true),
            Err(Status::InvalidOption),
        ),
        // One that needs it for discoverable credentials only.
        ("lenient, no options", Bench::new(lenient()), request(), Ok(UP)),
        ("lenient, uv", Bench::new(lenient()), request().option("uv", true), Ok(UV)),
        ("lenient, rk", Bench::new(lenient()), request().option("rk", true), Err(Status::OperationDenied)),
        (
            "lenient, rk and uv",
            Bench::new(lenient()),
            request().option("rk", true).option("uv", true),
            Ok(UV),
        ),
        ("lenient without PIN, rk", Bench::new(lenient()).without_uv(), request().option("rk", true), Ok(UP)),
        ("a lock screen, uv", Bench::new(always()), request().option("uv", true), Ok(UV)),
    ] {
        let mut bench = bench;
        let reply = bench.send(&request.bytes());
        match want {
            Ok(flags) => {
                let created = reply.created();
                assert_eq!(created.auth_data.flags, Flags(flags), "{name}");
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

/// §6.1.2 step 5.3 names the status, also for an authenticator that always verifies: its getInfo says `uv: false`.
#[test]
fn uv_where_none_is_set_up_is_an_invalid_option_also_with_always_uv() {
    let reply = Bench::new(hello()).without_uv().send(&request().option("uv", true).bytes());
    reply.assert_refused("uv true, no PIN set", Status::InvalidOption);
}

#[test]
fn enterprise_attestation_is_not_available() {
    for value in [0, 1, 2, 3, u64::MAX] {
        let reply = Bench::new(hello()).send(&request().with(0x0a, uint(value)).bytes());
        reply.assert_refused(&format!("enterpriseAttestation {value}"), Status::InvalidParameter);
    }
}

#[test]
fn exclude_list_limit() {
    let unknown = |id: u8| descriptor(&[id], "no-key");
    for (name, list, want) in [
        ("three", vec![descriptor(&[1], "public-key"), unknown(2), unknown(3)], Status::Ok),
        ("four", vec![unknown(1), unknown(2), unknown(3), unknown(4)], Status::LimitExceeded),
    ] {
        let reply = Bench::new(security_key()).send(&request().descriptors(&list).bytes());
        assert_eq!(reply.status(), want, "{name}");
    }
    let many: Vec<_> = (0..50).map(|id| descriptor(&[id], "public-key")).collect();
    let profile = Profile { max_msg_size: Some(4096), ..hello() };
    assert_eq!(
        Bench::new(profile).send(&request().descriptors(&many).bytes()).status(),
        Status::Ok,
        "no limit is announced, and none holds"
    );
}

/// Whether a stored credential of some protection stops the command, with and without verification.
#[test]
fn exclude_list() {
    use Protection::{Optional, OptionalWithCredentialIdList, Required};
    let verified = |request: Request| request.option("uv", true);
    let presence = || Call::Presence(RP_ID.to_owned());
    let lenient = Profile { make_cred_uv_not_rqd: true, ..pin_pad() };
    for protection in [Optional, OptionalWithCredentialIdList, Required] {
        for discoverable in [true, false] {
            for uv in [true, false] {
                let name = format!("{protection:?}, discoverable {discoverable}, uv {uv}");
                let mut bench = Bench::new(lenient.clone());
                let id = bench.keep(RP_ID, "bob", protection, discoverable);
                let request = request().list(&[&[1; 32], &id]);
                let reply = bench.send(&if uv { verified(request) } else { request }.bytes());
                match (protection, uv) {
                    (Required, false) => assert_eq!(reply.status(), Status::Ok, "{name}"),
                    (_, true) => {
                        reply.assert_refused(&name, Status::CredentialExcluded);
                        let want = [Call::UvRetries(4), Call::Verify(4), Call::UvRetries(5)];
                        assert_eq!(reply.effects(), want, "{name}: verification was presence enough");
                    }
                    (_, false) => {
                        reply.assert_refused(&name, Status::CredentialExcluded);
                        assert_eq!(reply.effects(), [presence()], "{name}: presence, then the refusal");
                    }
                }
            }
        }
    }
}

#[test]
fn exclude_list_without_a_hit() {
    let mut bench = Bench::new(security_key());
    let here = bench.keep(RP_ID, "bob", Protection::Optional, true);
    let elsewhere = bench.keep("example.com", "bob", Protection::Optional, true);
    let prefix = &here[..31];
    let longer = [&here[..], &[0]].concat();
    for (name, list) in [
        ("empty", vec![]),
        ("unknown ids", vec![descriptor(&[1], "public-key"), descriptor(&[], "public-key")]),
        ("of another RP", vec![descriptor(&elsewhere, "public-key")]),
        ("of another type", vec![descriptor(&here, "PublicKey"), descriptor(&here, "")]),
        ("a prefix and more", vec![descriptor(prefix, "public-key"), descriptor(&longer, "public-key")]),
    ] {
        let reply = bench.send(&request().descriptors(&list).bytes());
        assert_eq!(reply.status(), Status::Ok, "{name}");
    }
    let reply = bench.send(&request().descriptors(&[descriptor(&here, "public-key")]).bytes());
    reply.assert_refused("and it is there", Status::CredentialExcluded);
    // An id of another type does not hide the same id of the right one.
    let both = [descriptor(&here, "other"), descriptor(&here, "public-key")];
    let reply = bench.send(&request().descriptors(&both).bytes());
    reply.assert_refused("behind another type", Status::CredentialExcluded);
}

#[test]
fn an_excluded_credential_is_told_after_any_gesture_but_a_cancel() {
    for (answer, want) in [
        (Answer::Given, Status::CredentialExcluded),
        (Answer::Wrong, Status::CredentialExcluded),
        (Answer::Declined, Status::CredentialExcluded),
        (Answer::TimedOut, Status::CredentialExcluded),
        (Answer::Cancelled, Status::KeepaliveCancel),
    ] {
        let mut bench = Bench::new(security_key()).user([answer]);
        let id = bench.keep(RP_ID, "bob", Protection::Optional, true);
        let reply = bench.send(&request().list(&[&id]).bytes());
        reply.assert_refused(&format!("{answer:?}"), want);
        assert_eq!(reply.effects(), [Call::Presence(RP_ID.to_owned())], "{answer:?}");
        assert_eq!(bench.host.credentials.len(), 1, "{answer:?}: nothing was made");
    }
}

#[test]
fn presence() {
    for (answer, want) in [
        (Answer::Wrong, Status::OperationDenied),
        (Answer::Declined, Status::OperationDenied),
        (Answer::TimedOut, Status::OperationDenied),
        (Answer::Cancelled, Status::KeepaliveCancel),
    ] {
        let mut bench = Bench::new(security_key()).user([answer]);
        let reply = bench.send(&request().option("rk", true).bytes());
        reply.assert_refused(&format!("{answer:?}"), want);
        assert_eq!(reply.effects(), [Call::Presence(RP_ID.to_owned())], "{answer:?}: asked once");
        assert!(bench.host.credentials.is_empty(), "{answer:?}: nothing was made");
    }
}

/// As many keys have it; the specification says OPERATION_DENIED.
#[test]
fn a_user_who_does_nothing_may_have_a_status_of_his_own() {
    let profile = Profile { user_action_timeout: true, ..full_key() };
    let probe = || request().with(8, bytes(&[]));
    for (name, request) in
        [("creation", request()), ("assertion", Request::get_assertion()), ("probe", probe())]
    {
        let mut bench = Bench::new(profile.clone()).passkey("ada").user([Answer::TimedOut]);
        bench.send(&request.bytes()).assert_refused(name, Status::UserActionTimeout);
    }
}

#[test]
fn nothing_is_made_before_the_user_answered() {
    let made = |call: &Call| matches!(call, Call::Create | Call::Generate(_) | Call::Shape(_));
    for (name, profile, request) in [
        ("verification", hello(), request()),
        ("presence", security_key(), request().option("rk", true)),
        ("presence, not kept", security_key(), request()),
    ] {
        let mut bench = Bench::new(profile);
        let calls = bench.send(&request.bytes()).calls;
        let asked = calls.iter().position(|call| matches!(call, Call::Presence(_) | Call::Verify(_)));
        assert!(!calls[..asked.unwrap()].iter().any(made), "{name}: {calls:?}");
    }
}

#[test]
fn the_steps_of_a_creation_stand_in_order() {
    let shape = Call::Shape;
    let piece = |calls: &[Call]| -> Vec<Call> {
        calls.iter().filter(|call| !matches!(call, Call::State | Call::Find)).cloned().collect()
    };
    let hello_calls = Bench::new(hello()).send(&request().formats(&["packed"]).bytes()).calls;
    assert_eq!(
        piece(&hello_calls),
        [
            Call::UvRetries(4),
            Call::Verify(4),
            Call::UvRetries(5),
            Call::Generate(Algorithm::Es256),
            shape(softhello_ctap::Piece::AuthData),
            shape(softhello_ctap::Piece::Signature),
            Call::Create,
            shape(softhello_ctap::Piece::Response),
        ]
    );
    let key_calls = Bench::new(security_key()).send(&request().formats(&["none"]).bytes()).calls;
    assert_eq!(
        piece(&key_calls),
        [
            Call::Presence(RP_ID.to_owned()),
            Call::Generate(Algorithm::Es256),
            shape(softhello_ctap::Piece::AuthData),
            shape(softhello_ctap::Piece::Response),
        ]
    );
}

#[test]
fn a_power_cut_while_the_user_is_asked_leaves_the_store_whole() {
    let mut bench = Bench::new(hello());
    assert_eq!(
        bench.cut_power_at_ask(&request().bytes()).last(),
        Some(&Call::Verify(4)),
        "the power was cut at the gesture"
    );
    assert!(bench.host.credentials.is_empty());
    assert_eq!(bench.host.state.uv_retries, 4, "cutting the power wins no attempt");
    bench.create(&request());
    assert_eq!(bench.host.state.uv_retries, 5);
}

#[test]
fn attestation_formats_preference() {
    let with_packed = |default_format| Profile { default_format, ..security_key() };
    let none_only =
        || Profile { attestation_formats: vec![], default_format: Format::None, ..security_key() };
    for (name, profile, preference, want) in [
        ("absent", with_packed(Format::Packed), None, "packed"),
        ("absent", with_packed(Format::None), None, "none"),
        ("empty", with_packed(Format::Packed), Some(&[][..]), "packed"),
        ("empty", with_packed(Format::None), Some(&[]), "none"),
        ("none", with_packed(Format::Packed), Some(&["none"]), "none"),
        ("none", none_only(), Some(&["none"]), "none"),
        ("packed", with_packed(Format::None), Some(&["packed"]), "packed"),
        ("packed, which there is not", none_only(), Some(&["packed"]), "none"),
        ("the first supported", with_packed(Format::None), Some(&["tpm", "packed", "none"]), "packed"),
        ("the first supported", with_packed(Format::Packed), Some(&["tpm", "none", "packed"]), "none"),
        ("none supported", with_packed(Format::Packed), Some(&["tpm", "fido-u2f"]), "packed"),
        ("none supported", with_packed(Format::None), Some(&["Packed", ""]), "none"),
    ] {
        let request = match preference {
            Some(list) => request().formats(list),
            None => request(),
        };
        let default = profile.default_format;
        let created = Bench::new(profile).create(&request);
        let name = format!("{name} ({preference:?}, default {default})");
        assert_eq!(created.fmt, want, "{name}");
        assert_eq!(created.att_stmt == map(&[]), want == "none", "{name}: {:02x?}", created.att_stmt);
    }
}

#[test]
fn packed_self_attestation_verifies() {
    let profile = Profile { algorithms: Algorithm::ALL.to_vec(), ..security_key() };
    for algorithm in Algorithm::ALL {
        let mut bench = Bench::new(profile.clone());
        let created = bench.create(&request().algorithms(&[algorithm.cose_id()]).formats(&["packed"]));
        let signature = created.statement_signature().unwrap();
        let message = [&created.auth_data_bytes[..], &CLIENT_DATA_HASH].concat();
        verify(&created.attested().public_key, &message, &signature);
        let members = map(&[("alg", int(algorithm.cose_id())), ("sig", bytes(&signature))]);
        assert_eq!(created.att_stmt, members, "{algorithm}: exactly alg and sig");
    }
}

#[test]
fn a_fault_in_authenticator_data_is_signed() {
    let mut bench = Bench::new(security_key());
    bench.host.shaper = Some(|piece, bytes| {
        if piece == softhello_ctap::Piece::AuthData {
            bytes[0] ^= 1;
        }
    });
    let created = bench.create(&request());
    let message = [&created.auth_data_bytes[..], &CLIENT_DATA_HASH].concat();
    verify(&created.attested().public_key, &message, &created.statement_signature().unwrap());
    assert_ne!(
        created.auth_data.rp_id_hash,
        softhello_ctap::AuthData::new(softhello_ctap::u2f::application(RP_ID), Flags(0), 0).rp_id_hash
    );
}

#[test]
fn authenticator_data() {
    let backup = |eligible, backed_up| BackupPolicy { eligible, backed_up };
    for (name, profile, want) in [
        ("hello", hello(), Flags::UP | Flags::UV | Flags::AT),
        ("key", security_key(), Flags::UP | Flags::AT),
        (
            "backup eligible",
            Profile { backup: backup(true, false), ..security_key() },
            Flags::UP | Flags::BE | Flags::AT,
        ),
        (
            "backed up",
            Profile { backup: backup(true, true), ..hello() },
            Flags::UP | Flags::UV | Flags::BE | Flags::BS | Flags::AT,
        ),
        (
            "no counter",
            Profile { counter: CounterPolicy::Zero, ..hello() },
            Flags::UP | Flags::UV | Flags::AT,
        ),
    ] {
        for format in ["none", "packed"] {
            let aaguid = profile.aaguid;
            let created = Bench::new(profile.clone()).create(&request().formats(&[format]));
            let want_hash =
                softhello_ctap::AuthData::new(softhello_ctap::u2f::application(RP_ID), Flags(0), 0)
                    .rp_id_hash;
            assert_eq!(created.auth_data.rp_id_hash, want_hash, "{name}, {format}");
            assert_eq!(created.auth_data.flags, Flags(want), "{name}, {format}");
            assert_eq!(created.auth_data.sign_count, 0, "{name}, {format}");
            assert_eq!(created.attested().aaguid, aaguid, "{name}, {format}: the AAGUID is kept");
            assert_eq!(created.auth_data.extensions, None, "{name}, {format}");
        }
    }
}

#[test]
fn what_is_kept_of_a_discoverable_credential() {
    let profile = Profile {
        backup: BackupPolicy { eligible: true, backed_up: true },
        credential_id_length: 20,
        ..hello()
    };
    let mut bench = Bench::new(profile);
    let created = bench.create(&request());
    let [stored] = &bench.host.credentials[..] else { panic!("one credential is kept") };
    let kept = &stored.credential;
    assert_eq!(kept.id.as_bytes(), created.id());
    assert_eq!(kept.id.as_bytes().len(), 20);
    assert_eq!(kept.rp_id, RP_ID);
    assert_eq!(kept.user.id, b"ada");
    assert_eq!(kept.user.name.as_deref(), Some("ada@example.org"));
    assert_eq!(kept.user.display_name.as_deref(), Some("The great ada"));
    assert_eq!(kept.key.public_key(), created.attested().public_key);
    assert_eq!(kept.protection, Protection::Optional);
    assert_eq!(kept.created, bench.host.clock);
    assert!(kept.discoverable && kept.backup_eligible && kept.backed_up);
}

#[test]
fn ids_and_keys_are_never_the_same_twice() {
    let mut bench = Bench::new(Profile { max_credentials: None, ..security_key() });
    let (mut ids, mut keys) = (Vec::new(), Vec::new());
    for user in ["a", "b", "c", "d"] {
        for rk in [true, false] {
            let created = bench.create(&request().user(user).option("rk", rk));
            assert!(!ids.contains(&created.id()));
            assert!(!keys.contains(&created.attested().public_key));
            ids.push(created.id());
            keys.push(created.attested().public_key.clone());
        }
    }
}

#[test]
fn the_same_user_of_the_same_rp_is_replaced_even_when_full() {
    let mut bench = Bench::new(security_key());
    let rk = |user| request().user(user).option("rk", true);
    let first = bench.create(&rk("ada")).id();
    for user in ["bob", "eve"] {
        bench.create(&rk(user));
    }
    bench.send(&rk("mallory").bytes()).assert_refused("a fourth", Status::KeyStoreFull);
    let elsewhere = rk("ada").rp("example.com").bytes();
    bench.send(&elsewhere).assert_refused("ada elsewhere", Status::KeyStoreFull);
    let second = bench.create(&rk("ada")).id();
    assert_eq!(bench.host.credentials.len(), 3);
    assert!(!bench.host.credentials.iter().any(|stored| stored.credential.id.as_bytes() == first));
    assert!(bench.host.credentials.iter().any(|stored| stored.credential.id.as_bytes() == second));
    // A credential that is not kept needs no room.
    bench.create(&request().user("mallory"));
}

#[test]
fn refusals_of_the_store_are_told_with_their_cause() {
    let registered = HostError::AlreadyRegistered { detail: "Windows Hello for Business of ada".to_owned() };
    for (error, want, reason) in [
        (registered, Status::CredentialExcluded, "AlreadyRegistered"),
        (HostError::Full, Status::KeyStoreFull, "KeyStoreFull"),
        (HostError::Conflict, Status::CtapOther, "Host"),
        (broken_store(), Status::CtapOther, "Host"),
    ] {
        let text = error.to_string();
        let mut bench = Bench::new(security_key()).fail(Point::Commit, error);
        let reply = bench.send(&request().option("rk", true).bytes());
        reply.assert_refused(&text, want);
        assert_eq!(reply.reason(), reason, "{text}");
        assert!(bench.host.credentials.is_empty(), "{text}: nothing is kept");
    }
    let registered = HostError::AlreadyRegistered { detail: "the key of ada".to_owned() };
    let reply = Bench::new(security_key())
        .fail(Point::Commit, registered)
        .send(&request().option("rk", true).bytes());
    assert!(matches!(&reply.cause, Some(Denied::AlreadyRegistered { detail }) if detail == "the key of ada"));
    let reply = Bench::new(security_key())
        .fail(Point::Commit, broken_store())
        .send(&request().option("rk", true).bytes());
    assert!(
        matches!(reply.cause, Some(Denied::Host(HostError::Store(error))) if error.to_string().contains("fire"))
    );
}

#[test]
fn a_failing_host_ends_the_command() {
    for (name, bench) in [
        ("the state", Bench::new(hello()).fail(Point::State, broken_store())),
        ("the lowered retries", Bench::new(hello()).fail(Point::Commit, broken_store())),
        ("the restored retries", Bench::new(hello()).fail_after(Point::Commit, 1, broken_store())),
        ("the search", Bench::new(hello()).fail(Point::Find, broken_store())),
        ("the key", Bench::new(hello()).fail(Point::Generate, broken_store())),
        ("the credential", Bench::new(hello()).fail_after(Point::Commit, 2, broken_store())),
    ] {
        let mut bench = bench;
        let reply = bench.send(&request().list(&[&[1; 32]]).bytes());
        assert_eq!(reply.response, [0x7f], "{name}");
        assert_eq!(reply.reason(), "Host", "{name}");
        assert!(bench.host.credentials.is_empty(), "{name}: nothing is kept");
    }
}

#[test]
fn a_failing_host_is_noted() {
    for (name, bench) in [
        ("the state", Bench::new(hello()).fail(Point::State, broken_store())),
        ("the lowered retries", Bench::new(hello()).fail(Point::Commit, broken_store())),
        ("the restored retries", Bench::new(hello()).fail_after(Point::Commit, 1, broken_store())),
        ("the search", Bench::new(hello()).fail(Point::Find, broken_store())),
        ("the key", Bench::new(hello()).fail(Point::Generate, broken_store())),
        ("the credential", Bench::new(hello()).fail_after(Point::Commit, 2, broken_store())),
    ] {
        let mut bench = bench;
        bench.send(&request().list(&[&[1; 32]]).bytes()).assert_noted(name);
    }
}
