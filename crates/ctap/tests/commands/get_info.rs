//! authenticatorGetInfo. CTAP 2.3 §6.4.

use aes::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use softhello_ctap::{
    Algorithm, Announced, Extension, Format, Profile, Setting, Status, UserVerification, Version, api,
    cbor::Reader,
    message::{GET_INFO_RESPONSE, Members, PARAMETERS},
};

use crate::bench::{
    Bench, Call, Point, Reply, Request, broken_store, full_key, hello, legacy_key, pin_pad, security_key,
};

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

/// Every member from 0x01 to 0x1F.
#[test]
fn every_member() {
    let profile = Profile {
        certifications: [("FIPS-CMVP-3".to_owned(), 2), ("FIDO".to_owned(), 1), ("CC-EAL".to_owned(), 4)]
            .into(),
        attestation_formats: vec![Format::Packed],
        vendor_prototype_config_commands: vec![7, 1 << 40],
        ..full_key()
    };
    let mut bench = Bench::new(profile).passkey("ada").set(Setting::UvCountSinceLastPinEntry(7));
    let reply = bench.send(&GET_INFO);
    let members = reply.members(&GET_INFO_RESPONSE);
    assert_eq!(texts(&reply, "versions").unwrap(), ["U2F_V2", "FIDO_2_0", "FIDO_2_1", "FIDO_2_3"]);
    assert_eq!(
        texts(&reply, "extensions").unwrap(),
        [
            "credBlob",
            "credProtect",
            "hmac-secret",
            "largeBlobKey",
            "minPinLength",
            "hmac-secret-mc",
            "thirdPartyPayment",
            "pinComplexityPolicy"
        ]
    );
    let uints = |name| -> Vec<u64> {
        members.array(name).unwrap().map(|item| Reader::new(item).uint().unwrap()).collect()
    };
    assert_eq!(uints("pinUvAuthProtocols"), [2, 1]);
    assert_eq!(uints("authenticatorConfigCommands"), [1, 2, 3, 4, 0xff]);
    assert_eq!(uints("vendorPrototypeConfigCommands"), [7, 1 << 40]);
    for (name, want) in [
        ("maxMsgSize", 1200),
        ("maxCredentialCountInList", 3),
        ("maxCredentialIdLength", 1023),
        ("maxSerializedLargeBlobArray", 2048),
        ("minPINLength", 4),
        ("firmwareVersion", 0x0502_0007),
        ("maxCredBlobLength", 32),
        ("maxRPIDsForSetMinPINLength", 2),
        ("preferredPlatformUvAttempts", 3),
        ("uvModality", 2),
        ("remainingDiscoverableCredentials", 4),
        ("uvCountSinceLastPinEntry", 7),
        ("maxPINLength", 63),
    ] {
        assert_eq!(members.uint(name), Some(want), "{name}");
    }
    for name in ["forcePINChange", "longTouchForReset", "pinComplexityPolicy"] {
        assert_eq!(members.bool(name), Some(false), "{name}");
    }
    assert_eq!(members.bytes("pinComplexityPolicyURL"), Some(&b"https://example.org/pins"[..]));
    assert_eq!(texts(&reply, "transportsForReset").unwrap(), ["usb"]);
    let mut certifications = Reader::new(members.raw("certifications").unwrap());
    assert_eq!(certifications.map_len(), Ok(3));
    for (name, level) in [("FIDO", 1), ("CC-EAL", 4), ("FIPS-CMVP-3", 2)] {
        assert_eq!((certifications.text(), certifications.uint()), (Ok(name), Ok(level)));
    }
    for name in ["encIdentifier", "encCredStoreState"] {
        assert_eq!(members.bytes(name).unwrap().len(), 32, "{name}");
    }
}

/// What CTAP 2.1 added is not there without its feature.
#[test]
fn members_of_features_that_are_not_there() {
    let absent = ["forcePINChange", "minPINLength", "maxPINLength", "authenticatorConfigCommands"];
    let built_in_tokens = Profile {
        client_pin: false,
        pin_complexity_policy: None,
        pin_complexity_policy_url: None,
        config_commands: Vec::new(),
        uv_acfg: false,
        enterprise_rp_ids: Vec::new(),
        extensions: vec![Extension::CredProtect, Extension::HmacSecret],
        ..full_key()
    };
    for (name, profile) in
        [("no tokens", legacy_key()), ("no PIN", built_in_tokens), ("nothing", security_key())]
    {
        let reply = Bench::new(profile).send(&GET_INFO);
        let members = reply.members(&GET_INFO_RESPONSE);
        for member in absent {
            assert_eq!(members.raw(member), None, "{name}: {member}");
        }
    }
    let commands = |profile: Profile| -> Vec<u64> {
        let reply = Bench::new(profile).send(&GET_INFO);
        let list = reply.members(&GET_INFO_RESPONSE).array("authenticatorConfigCommands").unwrap();
        list.map(|item| Reader::new(item).uint().unwrap()).collect()
    };
    assert_eq!(commands(full_key()), [1, 2, 3, 4]);
}

#[test]
fn options_of_a_key_with_everything() {
    let all = |bench: &mut Bench| {
        let reply = bench.send(&GET_INFO);
        let mut options = Reader::new(reply.members(&GET_INFO_RESPONSE).raw("options").unwrap());
        (0..options.map_len().unwrap())
            .map(|_| (options.text().unwrap().to_owned(), options.bool().unwrap()))
            .map(|(name, on)| format!("{}{name}", if on { "" } else { "!" }))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(
        all(&mut Bench::new(full_key()).without_uv()),
        "!ep rk up !uv !plat uvAcfg !alwaysUv credMgmt authnrCfg !bioEnroll !clientPin largeBlobs uvBioEnroll \
         perCredMgmtRO pinUvAuthToken setMinPINLength makeCredUvNotRqd"
    );
    let preview = Profile { no_mc_ga_permissions_with_client_pin: true, ..full_key() };
    let versions = [preview.versions.clone(), vec![Version::Fido21Pre]].concat();
    let mut bench = Bench::new(Profile { versions, ..preview })
        .with_pin()
        .set(Setting::EnterpriseAttestation(true))
        .set(Setting::AlwaysUv(true));
    assert_eq!(
        all(&mut bench),
        "ep rk up uv !plat uvAcfg alwaysUv credMgmt authnrCfg bioEnroll clientPin largeBlobs uvBioEnroll \
         perCredMgmtRO pinUvAuthToken setMinPINLength !makeCredUvNotRqd credentialMgmtPreview \
         userVerificationMgmtPreview noMcGaPermissionsWithClientPin"
    );
    assert_eq!(all(&mut Bench::new(legacy_key())), "rk up !plat !clientPin");
}

/// What only a holder of the persistent token can tell apart: a new IV each time, the same number inside.
#[test]
fn encrypted_members() {
    let mut bench = Bench::new(full_key());
    let decrypted = |bench: &mut Bench, name: &str| {
        let value = bench.send(&GET_INFO).members(&GET_INFO_RESPONSE).bytes(name).unwrap().to_vec();
        let token = bench.settings().persistent_token.as_ref().unwrap().value;
        let mut key = [0; 16];
        hkdf::Hkdf::<sha2::Sha256>::new(Some(&[0; 32]), &token).expand(name.as_bytes(), &mut key).unwrap();
        let (iv, block) = value.split_at(16);
        let mut block: [u8; 16] = block.try_into().unwrap();
        let iv: [u8; 16] = iv.try_into().unwrap();
        cbc::Decryptor::<aes::Aes128>::new(&key.into(), &iv.into()).decrypt_block((&mut block).into());
        (value, block)
    };
    let (first, identifier) = decrypted(&mut bench, "encIdentifier");
    let (second, again) = decrypted(&mut bench, "encIdentifier");
    assert_ne!(first, second);
    assert_eq!((Some(identifier), identifier), (bench.settings().device_identifier, again));
    let (_, state) = decrypted(&mut bench, "encCredStoreState");
    assert_eq!(Some(state), bench.settings().cred_store_state);
    // A discoverable credential draws a new state, another one does not, and reading does not.
    bench.create(&Request::make_credential());
    assert_eq!(decrypted(&mut bench, "encCredStoreState").1, state);
    bench.create(&Request::make_credential().option("rk", true).option("uv", true));
    let (_, after) = decrypted(&mut bench, "encCredStoreState");
    assert_ne!(after, state);
    assert_eq!(decrypted(&mut bench, "encIdentifier").1, identifier);
    bench.assert(&Request::get_assertion());
    assert_eq!(decrypted(&mut bench, "encCredStoreState").1, after);
    assert_eq!(bench.send(&[api::RESET]).status(), Status::Ok);
    assert_ne!(decrypted(&mut bench, "encIdentifier").1, identifier);
    assert_ne!(decrypted(&mut bench, "encCredStoreState").1, after);
}

#[test]
fn with_always_uv_there_is_no_u2f() {
    for (always, want) in [
        (true, vec!["FIDO_2_0", "FIDO_2_1", "FIDO_2_3"]),
        (false, vec!["U2F_V2", "FIDO_2_0", "FIDO_2_1", "FIDO_2_3"]),
    ] {
        let reply = Bench::new(full_key()).set(Setting::AlwaysUv(always)).send(&GET_INFO);
        assert_eq!(texts(&reply, "versions").unwrap(), want);
    }
}

/// An absent member means `["packed"]`, and `none` is never listed.
#[test]
fn attestation_formats() {
    for formats in [vec![], vec![Format::Packed]] {
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
