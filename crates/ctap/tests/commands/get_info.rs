//! authenticatorGetInfo. CTAP 2.3 §6.4.

use softhello_ctap::{
    Algorithm, Announced, BackupPolicy, Format, Profile, Status, UserVerification, Version, api,
    cbor::Reader,
    message::{GET_INFO_RESPONSE, Members, PARAMETERS},
};

use crate::bench::{Bench, Call, Point, Reply, broken_store, hello, pin_pad, security_key};

const GET_INFO: [u8; 1] = [api::GET_INFO];

fn texts(reply: &Reply, name: &str) -> Option<Vec<String>> {
    let members = reply.members(&GET_INFO_RESPONSE);
    members.array(name).map(|items| items.map(|item| Reader::new(item).text().unwrap().to_owned()).collect())
}

fn algorithms(reply: &Reply) -> Vec<i64> {
    let members = reply.members(&GET_INFO_RESPONSE);
    let entry = |item| {
        let entry = Members::read(&PARAMETERS, item).unwrap();
        assert_eq!(entry.text("type"), Some("public-key"));
        assert_eq!(Reader::new(item).map_len(), Ok(2), "exactly alg and type");
        entry.int("alg").unwrap()
    };
    members.array("algorithms").unwrap().map(entry).collect()
}

#[test]
fn options() {
    let uv = |profile| Bench::new(profile);
    let lenient = || Profile { make_cred_uv_not_rqd: true, ..pin_pad() };
    let phone = || Profile { user_verification: UserVerification::Always, ..hello() };
    let certified =
        || Profile { announced: Announced { without_uv: true, ..Announced::default() }, ..hello() };
    let no_rk = || Profile { discoverable: false, ..security_key() };
    for (name, bench, want) in [
        ("hello", uv(hello()), "plat rk up uv"),
        ("hello without PIN", uv(hello()).without_uv(), "plat rk up !uv"),
        ("hello as certified", uv(certified()), "plat rk up"),
        ("phone", uv(phone()), "plat rk up uv"),
        ("key", uv(security_key()), "!plat rk up makeCredUvNotRqd"),
        ("key without rk", uv(no_rk()), "!plat !rk up makeCredUvNotRqd"),
        ("pad", uv(pin_pad()), "!plat rk up uv"),
        ("pad without PIN", uv(pin_pad()).without_uv(), "!plat rk up !uv"),
        ("lenient pad", uv(lenient()), "!plat rk up uv makeCredUvNotRqd"),
    ] {
        let mut bench = bench;
        let reply = bench.send(&GET_INFO);
        let options = reply.members(&GET_INFO_RESPONSE).table("options").unwrap();
        let said: Vec<_> =
            ["plat", "rk", "up", "uv", "makeCredUvNotRqd", "alwaysUv", "clientPin", "credMgmt", "ep"]
                .into_iter()
                .filter_map(|option| {
                    options.bool(option).map(|on| format!("{}{option}", if on { "" } else { "!" }))
                })
                .collect();
        assert_eq!(said.join(" "), want, "{name}");
    }
}

#[test]
fn optional_members_are_there_only_if_the_profile_has_them() {
    let uints = [
        "maxMsgSize",
        "maxCredentialCountInList",
        "maxCredentialIdLength",
        "minPINLength",
        "firmwareVersion",
    ];
    let announcing = Profile {
        announced: Announced { min_pin_length: Some(6), ..Announced::default() },
        firmware_version: Some(3),
        ..hello()
    };
    for (name, profile, want) in [
        ("hello", hello(), [None, None, None, None, None]),
        ("key", security_key(), [Some(1200), Some(3), Some(1023), None, Some(0x0502_0007)]),
        ("announcing", announcing, [None, None, None, Some(6), Some(3)]),
    ] {
        let reply = Bench::new(profile).send(&GET_INFO);
        let members = reply.members(&GET_INFO_RESPONSE);
        assert_eq!(uints.map(|member| members.uint(member)), want, "{name}");
        for absent in ["extensions", "pinUvAuthProtocols", "forcePINChange", "certifications", "uvModality"] {
            assert_eq!(members.raw(absent), None, "{name}: {absent}");
        }
    }
}

#[test]
fn what_it_is() {
    for profile in [hello(), security_key(), pin_pad()] {
        let aaguid = profile.aaguid;
        let transports: Vec<_> = profile.transports.iter().map(|transport| transport.identifier()).collect();
        let reply = Bench::new(profile.clone()).send(&GET_INFO);
        assert_eq!(reply.members(&GET_INFO_RESPONSE).bytes("aaguid"), Some(&aaguid.as_bytes()[..]));
        assert_eq!(texts(&reply, "versions").unwrap(), ["FIDO_2_0"]);
        assert_eq!(texts(&reply, "transports").unwrap(), transports);
        let ids: Vec<_> = profile.algorithms.iter().map(|algorithm| algorithm.cose_id()).collect();
        assert_eq!(algorithms(&reply), ids, "most preferred first");
    }
}

#[test]
fn announced_algorithms_take_the_place_of_the_real_ones() {
    let announced = Announced { algorithms: Some(vec![Algorithm::EdDsa]), ..Announced::default() };
    let mut bench = Bench::new(Profile { announced, ..hello() });
    assert_eq!(algorithms(&bench.send(&GET_INFO)), [-8]);
    let created = bench.create(&crate::bench::Request::make_credential());
    assert_eq!(
        created.attested().public_key.algorithm(),
        Algorithm::Es256,
        "what it can do is another matter"
    );
}

/// An absent member means `["packed"]`, and `none` is never listed.
#[test]
fn attestation_formats() {
    for formats in [vec![], vec![Format::PackedSelf]] {
        let profile =
            Profile { attestation_formats: formats, default_format: Format::None, ..security_key() };
        assert_eq!(texts(&Bench::new(profile).send(&GET_INFO), "attestationFormats"), None);
    }
}

#[test]
fn it_answers_at_any_time_without_its_user() {
    for bench in [Bench::new(hello()), Bench::new(hello()).without_uv(), Bench::new(hello()).uv_retries(0)] {
        let mut bench = bench;
        let reply = bench.send(&GET_INFO);
        assert_eq!(reply.status(), Status::Ok);
        assert_eq!(reply.effects(), []);
        let again = bench.send(&GET_INFO);
        assert_eq!(reply.response, again.response);
    }
}

#[test]
fn a_failing_store_ends_it() {
    let reply = Bench::new(hello()).fail(Point::State, broken_store()).send(&GET_INFO);
    assert_eq!(reply.response, [0x7f]);
    assert_eq!(reply.reason(), "Host");
    assert_eq!(reply.calls.len(), 2, "{:?}", [Call::State]);
}

#[test]
fn a_failing_store_is_noted() {
    Bench::new(hello()).fail(Point::State, broken_store()).send(&GET_INFO).assert_noted("the state");
}

#[test]
fn profiles_that_are_not_possible() {
    for (name, profile, want) in [
        ("no versions", Profile { versions: vec![], ..hello() }, "versions"),
        ("no algorithms", Profile { algorithms: vec![], ..hello() }, "algorithms"),
        ("an algorithm twice", Profile { algorithms: vec![Algorithm::Es256; 2], ..hello() }, "algorithms"),
        ("no transports", Profile { transports: vec![], ..hello() }, "transports"),
        ("none is listed", Profile { attestation_formats: vec![Format::None], ..hello() }, "none"),
        (
            "a default that is not there",
            Profile { attestation_formats: vec![], default_format: Format::PackedSelf, ..hello() },
            "default-format",
        ),
        ("no retries", Profile { max_uv_retries: 0, ..hello() }, "max-uv-retries"),
        ("too many retries", Profile { max_uv_retries: 26, ..hello() }, "max-uv-retries"),
        ("no attempts", Profile { max_uv_attempts: 0, ..hello() }, "max-uv-attempts"),
        ("too many attempts", Profile { max_uv_attempts: 6, ..hello() }, "max-uv-attempts"),
        ("ids too short", Profile { credential_id_length: 15, ..hello() }, "credential-id-length"),
        ("ids too long", Profile { credential_id_length: 1024, ..hello() }, "credential-id-length"),
        ("messages too short", Profile { max_msg_size: Some(1023), ..hello() }, "max-msg-size"),
        ("lists of nothing", Profile { max_credential_count_in_list: Some(0), ..hello() }, "count-in-list"),
        (
            "ids longer than announced",
            Profile { max_credential_id_length: Some(31), ..hello() },
            "max-credential-id-length",
        ),
        (
            "backed up, not eligible",
            Profile { backup: BackupPolicy { eligible: false, backed_up: true }, ..hello() },
            "backup-eligible",
        ),
        ("always discoverable, never", Profile { discoverable: false, ..hello() }, "discoverable"),
        (
            "always verifies, never can",
            Profile { user_verification: UserVerification::None, ..hello() },
            "always-verifies",
        ),
        ("2.1", Profile { versions: vec![Version::Fido20, Version::Fido21], ..hello() }, "FIDO_2_1"),
        ("2.3", Profile { versions: vec![Version::Fido23], ..hello() }, "FIDO_2_3"),
    ] {
        let error = profile.check().expect_err(name).to_string();
        assert!(error.contains(want), "{name}: {error}");
    }
    for profile in [hello(), security_key(), pin_pad()] {
        assert_eq!(profile.check(), Ok(()), "{}", profile.name);
    }
}
