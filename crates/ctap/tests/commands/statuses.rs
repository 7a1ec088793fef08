//! What public client suites accept: Annex C of the reference, row by row. Where a row allows several statuses, the one that
//! is answered here is the first.

use std::collections::BTreeMap;

use softhello_ctap::{
    Answer, Extension, Flags, Permissions, PinUvAuthProtocol, Profile, Protection, Setting, Status, api,
    message::{
        BIO_ENROLLMENT_RESPONSE, CLIENT_PIN_RESPONSE, CREDENTIAL_MANAGEMENT_RESPONSE, EXTENSIONS,
        GET_INFO_RESPONSE, LARGE_BLOBS_RESPONSE, Members,
    },
};

use crate::bench::{
    Bench, PIN, Platform, RP_ID, Request, array, blob_key, boolean, bytes, finger, full_key, hello, int, map,
    platform::{GET_PIN_RETRIES, client_pin, padded},
    raw_map, security_key, text, uint,
};

fn open() -> Bench {
    Bench::new(full_key()).without_uv()
}

fn pinned() -> Bench {
    open().with_pin()
}

fn make() -> Request {
    Request::make_credential()
}

fn status(mut bench: Bench, request: &Request) -> Status {
    bench.send(&request.bytes()).status()
}

fn retries(bench: &mut Bench) -> u64 {
    let reply = bench.send(&client_pin(GET_PIN_RETRIES).bytes());
    reply.members(&CLIENT_PIN_RESPONSE).uint("pinRetries").unwrap()
}

fn output<'a>(extensions: &'a Option<Vec<u8>>, name: &str) -> Option<&'a [u8]> {
    Members::read(&EXTENSIONS, extensions.as_deref()?).unwrap().raw(name)
}

#[test]
fn make_credential_members() {
    for member in 1..=4 {
        assert_eq!(status(open(), &make().without(member)), Status::MissingParameter, "without {member}");
    }
    let user = |name: &str, value: Vec<u8>| {
        let mut members =
            BTreeMap::from([("id", bytes(b"ada")), ("name", text("ada")), ("displayName", text("Ada"))]);
        members.insert(Box::leak(name.to_owned().into_boxed_str()), value);
        map(&members.into_iter().collect::<Vec<_>>())
    };
    for (name, request) in [
        ("clientDataHash", make().with(1, text("x"))),
        ("rp", make().with(2, uint(1))),
        ("user", make().with(3, uint(1))),
        ("pubKeyCredParams", make().with(4, uint(1))),
        ("excludeList", make().with(5, uint(1))),
        ("extensions", make().with(6, uint(1))),
        ("options", make().with(7, uint(1))),
        ("rp.id", make().with(2, map(&[("id", uint(1))]))),
        ("user.id", make().with(3, user("id", text("ada")))),
        ("user.name", make().with(3, user("name", uint(1)))),
        ("user.displayName", make().with(3, user("displayName", uint(1)))),
    ] {
        assert_eq!(status(open(), &request), Status::CborUnexpectedType, "{name}");
    }
    assert_eq!(status(open(), &make().with(3, user("icon", uint(1)))), Status::Ok, "a retired icon");
}

#[test]
fn lists() {
    let parameters = |entry: Vec<u8>| make().with(4, array(&[entry]));
    let excluded = |entry: Vec<u8>| make().descriptors(&[entry]);
    let allowed = |entry: Vec<u8>| Request::get_assertion().descriptors(&[entry]);
    for (name, request) in [
        ("pubKeyCredParams: no map", parameters(uint(1))),
        ("pubKeyCredParams: no type", parameters(map(&[("alg", int(-7))]))),
        ("pubKeyCredParams: no alg", parameters(map(&[("type", text("public-key"))]))),
        (
            "pubKeyCredParams: alg as text",
            parameters(map(&[("alg", text("-7")), ("type", text("public-key"))])),
        ),
        (
            "pubKeyCredParams: type as bytes",
            parameters(map(&[("alg", int(-7)), ("type", bytes(b"public-key"))])),
        ),
        ("excludeList: no map", excluded(uint(1))),
        ("excludeList: no type", excluded(map(&[("id", bytes(&[1]))]))),
        ("excludeList: no id", excluded(map(&[("type", text("public-key"))]))),
        ("excludeList: id as text", excluded(map(&[("id", text("x")), ("type", text("public-key"))]))),
        ("excludeList: type as number", excluded(map(&[("id", bytes(&[1])), ("type", uint(1))]))),
        ("allowList: no map", allowed(uint(1))),
        ("allowList: no type", allowed(map(&[("id", bytes(&[1]))]))),
        ("allowList: no id", allowed(map(&[("type", text("public-key"))]))),
        ("allowList: id as text", allowed(map(&[("id", text("x")), ("type", text("public-key"))]))),
    ] {
        assert_eq!(status(open(), &request), Status::CborUnexpectedType, "{name}");
    }
    let entry = |alg, kind| map(&[("alg", int(alg)), ("type", text(kind))]);
    for (name, list) in [
        ("unknown algorithms", vec![entry(-65_535, "public-key"), entry(0, "public-key")]),
        ("another type", vec![entry(-7, "something")]),
    ] {
        assert_eq!(status(open(), &make().with(4, array(&list))), Status::UnsupportedAlgorithm, "{name}");
    }
    let mut bench = open();
    let list = [entry(-65_535, "public-key"), entry(-8, "public-key"), entry(-7, "public-key")];
    let created = bench.create(&make().with(4, array(&list)));
    assert_eq!(
        created.attested().public_key.algorithm().cose_id(),
        -8,
        "the first supported one of the RP's order"
    );
    for (name, request) in [
        ("descriptor", excluded(map(&[("id", bytes(&[1])), ("type", text("something"))]))),
        ("option", make().option("whatever", true)),
        ("extension", make().extensions(&[("whatever", boolean(true))])),
    ] {
        assert_eq!(status(open(), &request), Status::Ok, "an unknown {name} is ignored");
    }
}

#[test]
fn options() {
    assert_eq!(status(open(), &make().option("up", false)), Status::InvalidOption);
    assert_eq!(status(open(), &make().option("uv", true)), Status::InvalidOption, "not configured");
    assert_eq!(
        status(Bench::new(security_key()), &make().option("uv", true)),
        Status::InvalidOption,
        "not there"
    );
    let created = open().create(&make());
    assert!(!created.auth_data.flags.has(Flags::ED));
    assert_eq!(created.unsigned, None);
}

#[test]
fn pins() {
    let mut bench = pinned();
    assert_eq!(retries(&mut open()), 8, "fresh");
    for left in [7, 6] {
        bench.guess(1);
        assert_eq!(retries(&mut bench), left);
    }
    assert_eq!(bench.guess(1), [Status::PinAuthBlocked]);
    let platform = Platform::agree(&mut bench, PinUvAuthProtocol::Two);
    for request in [
        platform.pin_token(PIN),
        platform.token_using_pin(PIN, Permissions::CM, None),
        platform.change_pin(PIN, "5193"),
    ] {
        assert_eq!(bench.send(&request.bytes()).status(), Status::PinAuthBlocked);
    }
    bench.power_cycle();
    let platform = Platform::agree(&mut bench, PinUvAuthProtocol::Two);
    assert_eq!(bench.send(&platform.pin_token(PIN).bytes()).status(), Status::Ok);
    assert_eq!(retries(&mut bench), 8);

    let short = || Bench::new(Profile { max_pin_length: 12, ..full_key() });
    for (name, bench, pin) in [
        ("3 characters", open(), padded(b"123")),
        ("no zero byte in 64", open(), vec![b'9'; 64]),
        ("maxPINLength + 1", short(), padded(b"1234567890123")),
        ("padded beyond 64", open(), [vec![b'9'; 65], vec![0; 15]].concat()),
    ] {
        for protocol in PinUvAuthProtocol::ALL {
            let mut other = Bench::new(bench.profile.clone());
            let request = Platform::agree(&mut other, protocol).set_padded(&pin);
            assert_eq!(other.send(&request.bytes()).status(), Status::PinPolicyViolation, "{name}");
        }
    }
}

#[test]
fn extensions() {
    let rk = |extensions: &[(&str, Vec<u8>)]| make().option("rk", true).extensions(extensions);
    let get = |extensions: &[(&str, Vec<u8>)]| Request::get_assertion().extensions(extensions);
    for (name, input, want) in [
        ("false", boolean(false), Status::InvalidOption),
        ("another type", text("x"), Status::CborUnexpectedType),
    ] {
        let extensions = [("largeBlobKey", input)];
        assert_eq!(status(open(), &rk(&extensions)), want, "largeBlobKey {name}");
        assert_eq!(status(open().passkey("ada"), &get(&extensions)), want, "largeBlobKey {name}");
    }
    let blob = || Bench::new(blob_key()).without_uv();
    assert_eq!(status(blob(), &rk(&[("largeBlob", boolean(true))])), Status::InvalidCbor);
    assert_eq!(status(blob().passkey("ada"), &get(&[("largeBlob", map(&[]))])), Status::InvalidCbor);
    assert_eq!(status(open(), &rk(&[("hmac-secret-mc", map(&[]))])), Status::MissingParameter);

    let asserted = open().passkey("ada").assert(&get(&[("credBlob", boolean(true))]));
    assert_eq!(output(&asserted.auth_data.extensions, "credBlob"), Some(&bytes(&[])[..]));
    let created = open().create(&rk(&[("credBlob", bytes(&[1; 33]))]));
    assert_eq!(output(&created.auth_data.extensions, "credBlob"), Some(&boolean(false)[..]));

    let authorized = open().set(Setting::MinPinLengthRpIds(vec![RP_ID.to_owned()]));
    let mut authorized = authorized.set(Setting::PinComplexityPolicy(true));
    let created = authorized.create(&rk(&[("pinComplexityPolicy", boolean(true))]));
    assert_eq!(output(&created.auth_data.extensions, "pinComplexityPolicy"), Some(&boolean(true)[..]));

    for profile in [full_key(), blob_key()] {
        let mut profile = profile;
        let both = [Extension::LargeBlob, Extension::LargeBlobKey];
        profile.extensions.retain(|extension| !both.contains(extension));
        profile.extensions.extend(both);
        assert!(profile.check().is_err(), "largeBlob and largeBlobKey are exclusive");
    }
}

#[test]
fn enterprise_attestation() {
    assert_eq!(status(Bench::new(hello()), &make().with(10, uint(1))), Status::InvalidParameter, "no ep");
    let enabled = || open().set(Setting::EnterpriseAttestation(true));
    assert_eq!(status(enabled(), &make().with(10, uint(3))), Status::InvalidOption);
}

#[test]
fn tokens_without_the_permission() {
    let fragment = Request::new(api::LARGE_BLOBS).with(2, bytes(&[0; 17])).with(3, uint(0)).with(4, uint(17));
    for (name, request) in [
        ("credential management", Request::new(api::CREDENTIAL_MANAGEMENT).with(1, uint(1))),
        ("bio enrolment", Request::new(api::BIO_ENROLLMENT).with(1, uint(1)).with(2, uint(4))),
        ("large blobs", fragment),
        ("config", Request::new(api::CONFIG).with(1, uint(4))),
    ] {
        let mut bench = pinned();
        let token = bench.token(Permissions::MC, Some(RP_ID));
        assert_eq!(bench.send(&token.authorize(request).bytes()).status(), Status::PinAuthInvalid, "{name}");
    }
}

#[test]
fn credential_management() {
    let mut bench = pinned();
    let rk =
        make().option("rk", true).extensions(&[("largeBlobKey", boolean(true)), ("credProtect", uint(2))]);
    let request = bench.token(Permissions::MC, Some(RP_ID)).authorize(rk);
    bench.create(&request);
    let hash = softhello_ctap::u2f::application(RP_ID);
    let begin = Request::new(api::CREDENTIAL_MANAGEMENT)
        .with(1, uint(4))
        .with(2, raw_map(&[(uint(1), bytes(&hash))]));
    let begin = bench.token(Permissions::CM, None).authorize(begin);
    let reply = bench.send(&begin.bytes());
    let members = reply.members(&CREDENTIAL_MANAGEMENT_RESPONSE);
    assert_eq!(members.bool("thirdPartyPayment"), Some(false));
    assert_eq!(members.uint("credProtect"), Some(2));
    assert_eq!(members.bytes("largeBlobKey").map(<[u8]>::len), Some(32));
}

#[test]
fn users_of_several_matches() {
    for (uv, want) in [(false, [None, None]), (true, [Some("bob@example.org"), Some("The great bob")])] {
        let mut bench = Bench::new(full_key()).passkey("ada").passkey("bob");
        let first = bench.assert(&Request::get_assertion().option("uv", uv));
        assert_eq!(first.number_of_credentials, Some(2));
        let user = first.user.unwrap();
        assert_eq!(user.id, b"bob");
        assert_eq!([user.name.as_deref(), user.display_name.as_deref()], want, "uv {uv}");
    }
}

#[test]
fn bio_enrolment() {
    let mut bench = pinned().set(Setting::Template(finger()));
    let be = |bench: &mut Bench, request: Request| bench.token(Permissions::BE, None).authorize(request);
    let of_sub = |sub| Request::new(api::BIO_ENROLLMENT).with(1, uint(1)).with(2, uint(sub));
    let request = be(&mut bench, of_sub(4));
    let reply = bench.send(&request.bytes());
    assert_eq!(reply.members(&BIO_ENROLLMENT_RESPONSE).array("templateInfos").unwrap().count(), 1);
    let request = be(&mut bench, of_sub(6).with(3, raw_map(&[(uint(1), bytes(&finger().id))])));
    assert_eq!(bench.send(&request.bytes()).status(), Status::Ok);
    let request = be(&mut bench, of_sub(4));
    assert_eq!(bench.send(&request.bytes()).status(), Status::InvalidOption, "after the last removal");
}

#[test]
fn large_blobs() {
    let get = |count| Request::new(api::LARGE_BLOBS).with(1, uint(count)).with(3, uint(0));
    for (count, want) in [(0, 0), (1000, 17)] {
        let reply = open().send(&get(count).bytes());
        assert_eq!(reply.members(&LARGE_BLOBS_RESPONSE).bytes("config").unwrap().len(), want);
    }
}

#[test]
fn config() {
    let info = |bench: &mut Bench| {
        let reply = bench.send(&[api::GET_INFO]);
        let members = reply.members(&GET_INFO_RESPONSE);
        let always = members.table("options").unwrap().bool("alwaysUv");
        (always, members.bool("forcePINChange"))
    };
    let sub = |sub| Request::new(api::CONFIG).with(1, uint(sub));
    let min = |params: &[(u64, Vec<u8>)]| {
        let params: Vec<_> = params.iter().map(|(key, value)| (uint(*key), value.clone())).collect();
        sub(3).with(2, raw_map(&params))
    };
    let acfg = |bench: &mut Bench, request: Request| {
        let request = bench.token(Permissions::ACFG, None).authorize(request);
        bench.send(&request.bytes()).status()
    };
    let mut bench = pinned();
    assert_eq!(acfg(&mut bench, sub(2)), Status::Ok);
    assert_eq!(info(&mut bench).0, Some(true), "toggleAlwaysUv flips the option");
    assert_eq!(acfg(&mut pinned(), sub(4)), Status::Ok, "enableLongTouchForReset");
    assert_eq!(acfg(&mut pinned(), min(&[(4, boolean(true))])), Status::Ok, "pinComplexityPolicy");
    let mut bench = pinned();
    assert_eq!(acfg(&mut bench, min(&[(1, uint(8))])), Status::Ok);
    assert_eq!(info(&mut bench).1, Some(true), "above the current PIN's length");
    assert_eq!(
        acfg(&mut pinned().set(Setting::MinPinLength(6)), min(&[(1, uint(5))])),
        Status::PinPolicyViolation
    );
    let rp_ids = array(&[text("a.example"), text("b.example")]);
    assert_eq!(acfg(&mut pinned(), min(&[(2, rp_ids)])), Status::Ok, "exactly maxRPIDsForSetMinPINLength");
}

/// The rows that are not about one command: a prompt that runs out, and an excluded credential.
#[test]
fn users() {
    let bench = || open().user([Answer::TimedOut]);
    assert_eq!(status(bench(), &make()), Status::OperationDenied);
    let mut bench = bench();
    let id = bench.keep(RP_ID, "ada", Protection::Optional, true);
    assert_eq!(status(bench, &make().list(&[&id])), Status::CredentialExcluded);
}
