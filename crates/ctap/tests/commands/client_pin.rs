//! authenticatorClientPIN. CTAP 2.3 §6.5.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use softhello_ctap::{
    Answer, Channel, ConfigCommand, Extension, Flags, Permissions, PersistentToken, PinUvAuthProtocol,
    Profile, Setting, Status, Transport, UserVerification, api, cbor,
    message::{CLIENT_PIN_RESPONSE, COSE_KEY, GET_INFO_RESPONSE, Members},
};

use crate::{
    bench::{
        Bench, Call, PIN, Platform, RP_ID, Request, bytes, full_key, int, legacy_key,
        platform::{
            CHANGE_PIN, GET_KEY_AGREEMENT, GET_PIN_RETRIES, GET_PIN_TOKEN, GET_UV_RETRIES, SET_PIN,
            TOKEN_USING_PIN, TOKEN_USING_UV, client_pin, padded,
        },
        raw_map, security_key, text, uint, verifier,
    },
    refusals::{Refusal, assert_refused, assert_refused_by, refusal},
};

const BOTH: [PinUvAuthProtocol; 2] = PinUvAuthProtocol::ALL;
const ONE: PinUvAuthProtocol = PinUvAuthProtocol::One;
const TWO: PinUvAuthProtocol = PinUvAuthProtocol::Two;

fn without_pin() -> Bench {
    Bench::new(full_key())
}

fn with_pin() -> Bench {
    without_pin().with_pin()
}

/// A setting that is none of the profile's defaults.
fn set(setting: Setting) -> Bench {
    with_pin().set(setting)
}

fn platform(bench: &mut Bench) -> Platform {
    Platform::agree(bench, TWO)
}

fn option(bench: &mut Bench, name: &str) -> Option<bool> {
    let reply = bench.send(&[api::GET_INFO]);
    reply.members(&GET_INFO_RESPONSE).table("options").unwrap().bool(name)
}

fn retries(bench: &mut Bench) -> (u64, Option<bool>) {
    let reply = bench.send(&client_pin(GET_PIN_RETRIES).bytes());
    let members = reply.members(&CLIENT_PIN_RESPONSE);
    (members.uint("pinRetries").unwrap(), members.bool("powerCycleState"))
}

/// A COSE_Key with these coordinates.
fn cose_key(kty: i64, crv: i64, x: &[u8], y: &[u8]) -> Vec<u8> {
    raw_map(&[
        (int(1), int(kty)),
        (int(3), int(-25)),
        (int(-1), int(crv)),
        (int(-2), bytes(x)),
        (int(-3), bytes(y)),
    ])
}

/// A valid request of each subcommand that takes parameters, by its number.
fn valid(subcommand: u64, platform: &Platform) -> Request {
    match subcommand {
        SET_PIN => platform.set_pin(PIN),
        CHANGE_PIN => platform.change_pin(PIN, "4321"),
        GET_PIN_TOKEN => platform.pin_token(PIN),
        TOKEN_USING_PIN => platform.token_using_pin(PIN, Permissions::CM, None),
        TOKEN_USING_UV => platform.token_using_uv(Permissions::CM, None),
        _ => client_pin(GET_KEY_AGREEMENT).with(1, uint(platform.protocol.number())),
    }
}

#[test]
fn a_subcommand_that_the_profile_lacks_is_refused() {
    let mut fingerprint_only = Profile {
        client_pin: false,
        config_commands: vec![ConfigCommand::EnableEnterpriseAttestation],
        max_rp_ids_for_set_min_pin_length: 0,
        pin_complexity_policy: None,
        pin_complexity_policy_url: None,
        ..full_key()
    };
    let about_pins = [Extension::MinPinLength, Extension::PinComplexityPolicy];
    fingerprint_only.extensions.retain(|extension| !about_pins.contains(extension));
    let no_tokens = Profile { user_verification: UserVerification::Always, ..legacy_key() };
    for (name, profile, missing) in [
        ("built-in verification without tokens", no_tokens, vec![0, 6, 8, 9, 10]),
        ("everything", full_key(), vec![0, 8, 10, 255]),
        ("no built-in verification", legacy_key(), vec![0, 6, 7, 8, 9, 10]),
        ("no PIN", fingerprint_only, vec![0, 1, 3, 4, 5, 8, 9, 10]),
    ] {
        for subcommand in missing {
            let reply = Bench::new(profile.clone()).send(&client_pin(subcommand).bytes());
            let name = format!("6.5.5 1 {name}, {subcommand}");
            assert_refused_by(&reply, &name, Status::InvalidSubcommand, "UnknownSubcommand");
        }
    }
    let reply = Bench::new(security_key()).send(&client_pin(GET_PIN_RETRIES).bytes());
    assert_refused_by(&reply, "8.1 1 no protocol at all", Status::InvalidCommand, "UnknownCommand");
    let none = Request::new(api::CLIENT_PIN).with(1, uint(2));
    assert_refused([refusal(
        "6.5.5 0 no subCommand",
        with_pin(),
        move |_| none.clone(),
        Status::MissingParameter,
        "Message",
    )]);
}

#[test]
fn what_is_mandatory_is_asked_for_before_all_else() {
    for (subcommand, step, mandatory) in [
        (GET_KEY_AGREEMENT, "6.5.5.4 1", &[1][..]),
        (SET_PIN, "6.5.5.5 1", &[1, 3, 4, 5]),
        (CHANGE_PIN, "6.5.5.6 1", &[1, 3, 4, 5, 6]),
        (GET_PIN_TOKEN, "6.5.5.7.1 1", &[1, 3, 6]),
        (TOKEN_USING_PIN, "6.5.5.7.2 1", &[1, 3, 6, 9]),
        (TOKEN_USING_UV, "6.5.5.7.3 1", &[1, 3, 9]),
    ] {
        for member in mandatory {
            let mut bench = with_pin();
            let request = valid(subcommand, &platform(&mut bench)).without(*member);
            let reply = bench.send(&request.bytes());
            let reason = if *member == 1 { "ProtocolMissing" } else { "Message" };
            let name = format!("{step} without {member}");
            assert_refused_by(&reply, &name, Status::MissingParameter, reason);
            assert_eq!(reply.effects(), [], "{name}");
        }
        for number in [0, 3, u64::MAX] {
            let mut bench = with_pin();
            let request = valid(subcommand, &platform(&mut bench)).with(1, uint(number));
            let reply = bench.send(&request.bytes());
            let name = format!("{step} protocol {number}");
            assert_refused_by(&reply, &name, Status::InvalidParameter, "ProtocolUnsupported");
        }
        let mut bench = with_pin();
        let request = valid(subcommand, &platform(&mut bench)).with(1, text("2"));
        assert_refused_by(
            &bench.send(&request.bytes()),
            "6.5.5 0 a type",
            Status::CborUnexpectedType,
            "Message",
        );
    }
    // A protocol of the specification that this profile has not.
    let mut bench = Bench::new(legacy_key());
    let request = client_pin(GET_KEY_AGREEMENT).with(1, uint(2));
    let reply = bench.send(&request.bytes());
    assert_refused_by(&reply, "6.5.5.4 1 protocol two", Status::InvalidParameter, "ProtocolUnsupported");
}

#[test]
fn a_platform_key_has_to_be_a_point_of_the_curve() {
    let (x, y) = (&[0x6b; 32][..], &[0x4f; 32][..]);
    let incomplete = raw_map(&[(int(1), int(2)), (int(3), int(-25)), (int(-1), int(1)), (int(-2), bytes(x))]);
    for (subcommand, step) in [
        (SET_PIN, "6.5.5.5 3"),
        (CHANGE_PIN, "6.5.5.6 3"),
        (GET_PIN_TOKEN, "6.5.5.7.1 3"),
        (TOKEN_USING_PIN, "6.5.5.7.2 4"),
        (TOKEN_USING_UV, "6.5.5.7.3 5"),
    ] {
        for (name, key, reason) in [
            ("not on the curve", cose_key(2, 1, x, y), "KeyAgreement"),
            ("another type", cose_key(1, 1, x, y), "Message"),
            ("another curve", cose_key(2, 2, x, y), "Message"),
            ("short", cose_key(2, 1, &x[1..], y), "Message"),
            ("without y", incomplete.clone(), "Message"),
        ] {
            let mut bench = if subcommand == SET_PIN { without_pin() } else { with_pin() };
            let request = valid(subcommand, &platform(&mut bench)).with(3, key);
            let reply = bench.send(&request.bytes());
            let name = format!("{step} {name}");
            assert_refused_by(&reply, &name, Status::InvalidParameter, reason);
            assert_eq!(reply.effects(), [], "{name}: no attempt is spent");
        }
    }
}

#[test]
fn the_key_agreement_key_has_exactly_five_members() {
    for protocol in BOTH {
        let mut bench = with_pin();
        let reply = bench.send(&client_pin(GET_KEY_AGREEMENT).with(1, uint(protocol.number())).bytes());
        let raw = reply.members(&CLIENT_PIN_RESPONSE).raw("keyAgreement").unwrap().to_vec();
        assert_eq!(cbor::Reader::new(&raw).map_len(), Ok(5));
        let key = Members::read(&COSE_KEY, &raw).unwrap();
        assert_eq!((key.int("kty"), key.int("alg")), (Some(2), Some(-25)));
        // Asked again it is the same; the other protocol has its own, and so has the next power-up.
        let again = bench.send(&client_pin(GET_KEY_AGREEMENT).with(1, uint(protocol.number())).bytes());
        assert_eq!(again.response, reply.response);
        let other = bench.send(&client_pin(GET_KEY_AGREEMENT).with(1, uint(3 - protocol.number())).bytes());
        assert_ne!(other.response, reply.response);
        bench.power_cycle();
        let later = bench.send(&client_pin(GET_KEY_AGREEMENT).with(1, uint(protocol.number())).bytes());
        assert_ne!(later.response, reply.response);
    }
}

#[test]
fn set_pin() {
    for (pin, code_points) in
        [("1234", 4), ("a PIN with blanks", 17), ("pässwörd ✓", 10), (&"9".repeat(63), 63)]
    {
        for protocol in BOTH {
            let mut bench = without_pin();
            assert_eq!(option(&mut bench, "clientPin"), Some(false));
            let platform = Platform::agree(&mut bench, protocol);
            let reply = bench.send(&platform.set_pin(pin).bytes());
            assert_eq!(reply.response, [0], "{pin}");
            let stored = bench.settings().pin.clone().unwrap();
            assert_eq!(stored.hash, Sha256::digest(pin)[..16]);
            assert_eq!(usize::from(stored.code_points), code_points);
            assert_eq!(option(&mut bench, "clientPin"), Some(true));
            let token = platform.token_using_pin(pin, Permissions::CM, None);
            assert_eq!(bench.send(&token.bytes()).status(), Status::Ok, "{pin}");
        }
    }
}

#[test]
fn new_pins_that_break_a_rule() {
    let strict = || without_pin().set(Setting::PinComplexityPolicy(true));
    let long = |len: usize| vec![b'9'; len];
    let short_max = || Bench::new(Profile { max_pin_length: 8, ..full_key() });
    for (name, bench, padded, status, reason) in [
        ("three characters", without_pin(), padded(b"123"), Status::PinPolicyViolation, "PinLength"),
        ("no character", without_pin(), padded(b""), Status::PinPolicyViolation, "PinLength"),
        (
            "three characters, four bytes",
            without_pin(),
            padded("ä12".as_bytes()),
            Status::PinPolicyViolation,
            "PinLength",
        ),
        ("64 bytes", without_pin(), long(64), Status::PinPolicyViolation, "PinTooLong"),
        (
            "padded to 80",
            without_pin(),
            [long(70), vec![0; 10]].concat(),
            Status::PinPolicyViolation,
            "PinTooLong",
        ),
        (
            "padded to 48",
            without_pin(),
            [long(8), vec![0; 40]].concat(),
            Status::InvalidParameter,
            "PaddedPinLength",
        ),
        ("padded to nothing", without_pin(), vec![], Status::InvalidParameter, "PaddedPinLength"),
        ("not UTF-8", without_pin(), padded(&[0xff; 8]), Status::PinPolicyViolation, "PinNotUtf8"),
        ("nine of eight", short_max(), padded(b"123456789"), Status::PinPolicyViolation, "PinLength"),
        ("one character", strict(), padded(b"7777777"), Status::PinPolicyViolation, "PinTooSimple"),
        ("a run", strict(), padded(b"4567"), Status::PinPolicyViolation, "PinTooSimple"),
        (
            "too short by now",
            without_pin().set(Setting::MinPinLength(6)),
            padded(b"12345"),
            Status::PinPolicyViolation,
            "PinLength",
        ),
    ] {
        for protocol in BOTH {
            let mut setting = clone(&bench);
            let request = Platform::agree(&mut setting, protocol).set_padded(&padded);
            assert_refused_by(&setting.send(&request.bytes()), &format!("6.5.5.5 5 {name}"), status, reason);
            assert_eq!(setting.settings().pin, None, "{name}");

            let mut changing = clone(&bench).with_pin();
            let request = Platform::agree(&mut changing, protocol).change_padded(PIN, &padded);
            assert_refused_by(&changing.send(&request.bytes()), &format!("6.5.5.6 8 {name}"), status, reason);
            assert_eq!(changing.settings().pin, Some(verifier(PIN)), "{name}");
            assert_eq!(retries(&mut changing), (8, None), "{name}: the old PIN was right");
        }
    }
    // What just keeps the rules.
    for (name, mut bench, pin) in [
        ("four", without_pin(), "5193"),
        ("eight of eight", short_max(), "12345678"),
        ("nearly a run", strict(), "4568"),
        ("six by now", without_pin().set(Setting::MinPinLength(6)), "519321"),
    ] {
        let request = platform(&mut bench).set_pin(pin);
        assert_eq!(bench.send(&request.bytes()).status(), Status::Ok, "{name}");
    }
}

/// A bench of the same profile and settings.
fn clone(bench: &Bench) -> Bench {
    let mut other = Bench::new(bench.profile.clone());
    other.host.state = bench.host.state.clone();
    other
}

#[test]
fn a_ciphertext_that_is_not_whole_blocks() {
    for (protocol, new_pin_enc) in [(ONE, vec![1; 63]), (TWO, vec![1; 15]), (TWO, vec![1; 81])] {
        let param = |platform: &Platform, rest: &[u8]| platform.authenticate(&[&new_pin_enc, rest]);
        let mut bench = without_pin();
        let platform = Platform::agree(&mut bench, protocol);
        let request =
            platform.set_pin(PIN).with(4, bytes(&param(&platform, &[]))).with(5, bytes(&new_pin_enc));
        let reply = bench.send(&request.bytes());
        assert_refused_by(&reply, "6.5.5.5 5 newPinEnc", Status::PinAuthInvalid, "NewPin");

        let mut bench = with_pin();
        let platform = Platform::agree(&mut bench, protocol);
        let valid = platform.change_pin(PIN, "4321");
        let pin_hash_enc = cbor::Reader::new(valid.member(6).unwrap()).bytes().unwrap().to_vec();
        let request = valid.with(4, bytes(&param(&platform, &pin_hash_enc))).with(5, bytes(&new_pin_enc));
        let reply = bench.send(&request.bytes());
        assert_refused_by(&reply, "6.5.5.6 8 newPinEnc", Status::PinAuthInvalid, "NewPin");
    }
    // A hash that cannot be decrypted, or has another length, is a wrong PIN.
    for (protocol, pin_hash_enc) in
        [(ONE, vec![1; 15]), (ONE, vec![1; 32]), (TWO, vec![1; 16]), (TWO, vec![])]
    {
        let mut bench = with_pin();
        let request = Platform::agree(&mut bench, protocol).pin_token(PIN).with(6, bytes(&pin_hash_enc));
        let reply = bench.send(&request.bytes());
        assert_refused_by(&reply, "6.5.5.6 6 pinHashEnc", Status::PinInvalid, "PinWrong");
        assert_eq!(retries(&mut bench), (7, None));
    }
}

#[test]
fn refusals() {
    let forced = || set(Setting::ForcePinChange(true));
    let wrong_param = |request: Request| request.with(4, bytes(&[0; 32]));
    let blocked = || set(Setting::PinRetries(Some(0)));
    let latched = || {
        let mut bench = with_pin();
        bench.guess(3);
        bench
    };
    let rows: Vec<Refusal<'static>> = vec![
        refusal(
            "6.5.5.5 2 a PIN is set",
            with_pin(),
            |bench| platform(bench).set_pin("5193"),
            Status::PinAuthInvalid,
            "PinAlreadySet",
        ),
        refusal(
            "6.5.5.5 4 another pinUvAuthParam",
            without_pin(),
            move |bench| wrong_param(platform(bench).set_pin(PIN)),
            Status::PinAuthInvalid,
            "PinUvAuthParamWrong",
        ),
        refusal(
            "6.5.5.6 2 no PIN is set",
            without_pin(),
            |bench| platform(bench).change_pin(PIN, "5193"),
            Status::PinNotSet,
            "PinNotSet",
        ),
        refusal(
            "6.5.5.6 2 no retries are left",
            blocked(),
            |bench| platform(bench).change_pin(PIN, "5193"),
            Status::PinBlocked,
            "PinBlocked",
        ),
        refusal(
            "6.5.5.6 2 a power cycle is needed",
            latched(),
            |bench| platform(bench).change_pin(PIN, "5193"),
            Status::PinAuthBlocked,
            "PinAuthBlocked",
        ),
        refusal(
            "6.5.5.6 4 another pinUvAuthParam",
            with_pin(),
            move |bench| wrong_param(platform(bench).change_pin("9999", "5193")),
            Status::PinAuthInvalid,
            "PinUvAuthParamWrong",
        ),
        refusal(
            "6.5.5.6 6 another PIN",
            with_pin(),
            |bench| platform(bench).change_pin("9999", "5193"),
            Status::PinInvalid,
            "PinWrong",
        ),
        refusal(
            "6.5.5.6 9 the same PIN where a change is forced",
            forced(),
            |bench| platform(bench).change_pin(PIN, PIN),
            Status::PinPolicyViolation,
            "PinUnchanged",
        ),
        refusal(
            "6.5.5.7.1 1 permissions",
            with_pin(),
            |bench| platform(bench).pin_token(PIN).with(9, uint(1)),
            Status::InvalidParameter,
            "PermissionsForbidden",
        ),
        refusal(
            "6.5.5.7.1 1 rpId",
            with_pin(),
            |bench| platform(bench).pin_token(PIN).with(10, text(RP_ID)),
            Status::InvalidParameter,
            "PermissionsForbidden",
        ),
        refusal(
            "6.5.5.7.1 2 no PIN is set",
            without_pin(),
            |bench| platform(bench).pin_token(PIN),
            Status::PinNotSet,
            "PinNotSet",
        ),
        refusal(
            "6.5.5.7.1 2 no retries are left",
            blocked(),
            |bench| platform(bench).pin_token(PIN),
            Status::PinBlocked,
            "PinBlocked",
        ),
        refusal(
            "6.5.5.7.1 2 a power cycle is needed",
            latched(),
            |bench| platform(bench).pin_token(PIN),
            Status::PinAuthBlocked,
            "PinAuthBlocked",
        ),
        refusal(
            "6.5.5.6 6 another PIN for getPinToken",
            with_pin(),
            |bench| platform(bench).pin_token("9999"),
            Status::PinInvalid,
            "PinWrong",
        ),
        refusal(
            "6.5.5.7.1 4 a change is forced",
            forced(),
            |bench| platform(bench).pin_token(PIN),
            Status::PinInvalid,
            "PinChangeForced",
        ),
        refusal(
            "6.5.5.7.2 1 no permission",
            with_pin(),
            |bench| platform(bench).token_using_pin(PIN, Permissions::default(), None),
            Status::InvalidParameter,
            "NoPermission",
        ),
        refusal(
            "6.5.5.7.2 1 mc without rpId",
            with_pin(),
            |bench| platform(bench).token_using_pin(PIN, Permissions::MC, None),
            Status::MissingParameter,
            "Message",
        ),
        refusal(
            "6.5.5.7.2 1 ga without rpId",
            with_pin(),
            |bench| platform(bench).token_using_pin(PIN, Permissions::GA, None),
            Status::MissingParameter,
            "Message",
        ),
        refusal(
            "6.5.5.7.2 3 no PIN is set",
            without_pin(),
            |bench| platform(bench).token_using_pin(PIN, Permissions::CM, None),
            Status::PinNotSet,
            "PinNotSet",
        ),
        refusal(
            "6.5.5.7.2 3 no retries are left",
            blocked(),
            |bench| platform(bench).token_using_pin(PIN, Permissions::CM, None),
            Status::PinBlocked,
            "PinBlocked",
        ),
        refusal(
            "6.5.5.7.2 3 a power cycle is needed",
            latched(),
            |bench| platform(bench).token_using_pin(PIN, Permissions::CM, None),
            Status::PinAuthBlocked,
            "PinAuthBlocked",
        ),
        refusal(
            "6.5.5.6 6 another PIN for a token",
            with_pin(),
            |bench| platform(bench).token_using_pin("9999", Permissions::CM, None),
            Status::PinInvalid,
            "PinWrong",
        ),
        refusal(
            "6.5.5.7.2 5 a change is forced",
            forced(),
            |bench| platform(bench).token_using_pin(PIN, Permissions::CM, None),
            Status::PinPolicyViolation,
            "PinChangeFirst",
        ),
        refusal(
            "6.5.5.7.3 1 no permission",
            with_pin(),
            |bench| platform(bench).token_using_uv(Permissions::default(), None),
            Status::InvalidParameter,
            "NoPermission",
        ),
        refusal(
            "6.5.5.7.3 1 mc without rpId",
            with_pin(),
            |bench| platform(bench).token_using_uv(Permissions::MC, None),
            Status::MissingParameter,
            "Message",
        ),
        refusal(
            "6.5.5.7.3 3 no finger is enrolled",
            with_pin().without_uv(),
            |bench| platform(bench).token_using_uv(Permissions::CM, None),
            Status::NotAllowed,
            "UvNotConfiguredForToken",
        ),
        refusal(
            "6.5.5.7.3 4 no attempts are left",
            with_pin().uv_retries(0),
            |bench| platform(bench).token_using_uv(Permissions::CM, None),
            Status::UvBlocked,
            "UvBlockedForToken",
        ),
        refusal(
            "6.5.5.7.3 6 another finger",
            with_pin().user([Answer::Wrong]),
            |bench| platform(bench).token_using_uv(Permissions::CM, None),
            Status::UvInvalid,
            "UvInvalid",
        ),
        refusal(
            "6.5.5.7.3 6 another finger, the last attempt",
            with_pin().uv_retries(1).user([Answer::Wrong]),
            |bench| platform(bench).token_using_uv(Permissions::CM, None),
            Status::UvBlocked,
            "UvBlockedForToken",
        ),
        refusal(
            "6.5.5.7.3 6 no finger in time",
            with_pin().user([Answer::TimedOut]),
            |bench| platform(bench).token_using_uv(Permissions::CM, None),
            Status::UserActionTimeout,
            "UvTimeout",
        ),
        refusal(
            "6.5.5.7.3 6 declined",
            with_pin().user([Answer::Declined]),
            |bench| platform(bench).token_using_uv(Permissions::CM, None),
            Status::OperationDenied,
            "UserDeclined",
        ),
        refusal(
            "6.5.5.7.3 6 cancelled",
            with_pin().user([Answer::Cancelled]),
            |bench| platform(bench).token_using_uv(Permissions::CM, None),
            Status::KeepaliveCancel,
            "Cancelled",
        ),
        refusal(
            "6.5.5.7.3 6 the PIN is blocked",
            blocked(),
            |bench| platform(bench).token_using_uv(Permissions::CM, None),
            Status::UvBlocked,
            "UvBlockedForToken",
        ),
    ];
    assert_refused(rows);
}

impl Bench {
    /// So many wrong PINs.
    pub(crate) fn guess(&mut self, times: u8) -> Vec<Status> {
        (0..times)
            .map(|_| {
                let request = Platform::agree(self, self.profile.pin_uv_auth_protocols[0]).pin_token("9999");
                self.send(&request.bytes()).status()
            })
            .collect()
    }
}

#[test]
fn permissions_that_are_not_to_be_had() {
    const ALL: [Permissions; 7] = [
        Permissions::MC,
        Permissions::GA,
        Permissions::CM,
        Permissions::BE,
        Permissions::LBW,
        Permissions::ACFG,
        Permissions::PCMR,
    ];
    let without = |change: fn(&mut Profile)| {
        let mut profile = full_key();
        change(&mut profile);
        profile
    };
    let nothing = [];
    for (name, profile, by_pin, by_uv) in [
        ("everything", full_key(), &nothing[..], &nothing[..]),
        (
            "no credMgmt",
            without(|p| (p.cred_mgmt, p.per_cred_mgmt_ro, p.discoverable) = (false, false, false)),
            &[Permissions::CM, Permissions::PCMR],
            &[Permissions::CM, Permissions::PCMR],
        ),
        (
            "no perCredMgmtRO",
            without(|p| p.per_cred_mgmt_ro = false),
            &[Permissions::PCMR],
            &[Permissions::PCMR],
        ),
        ("no uvBioEnroll", without(|p| p.uv_bio_enroll = false), &[], &[Permissions::BE]),
        ("no uvAcfg", without(|p| p.uv_acfg = false), &[], &[Permissions::ACFG]),
        (
            "no mc and ga with a PIN",
            without(|p| p.no_mc_ga_permissions_with_client_pin = true),
            &[Permissions::MC, Permissions::GA],
            &[],
        ),
        (
            "no large blobs",
            without(|p| {
                p.max_serialized_large_blob_array = None;
                p.extensions.retain(|e| *e != Extension::LargeBlobKey);
            }),
            &[Permissions::LBW],
            &[Permissions::LBW],
        ),
        (
            "a face",
            without(|p| (p.user_verification, p.uv_bio_enroll) = (UserVerification::Always, false)),
            &[Permissions::BE],
            &[Permissions::BE],
        ),
    ] {
        for permission in ALL {
            for (by, refused) in [("PIN", by_pin), ("UV", by_uv)] {
                let mut bench = Bench::new(profile.clone()).with_pin();
                let platform = platform(&mut bench);
                let request = match by {
                    "PIN" => platform.token_using_pin(PIN, permission, Some(RP_ID)),
                    _ => platform.token_using_uv(permission, Some(RP_ID)),
                };
                let reply = bench.send(&request.bytes());
                let row = format!("{name}: {permission} by {by}");
                if refused.contains(&permission) {
                    let step = if by == "PIN" { "6.5.5.7.2 2" } else { "6.5.5.7.3 2" };
                    let row = format!("{step} {row}");
                    assert_refused_by(&reply, &row, Status::UnauthorizedPermission, "UnauthorizedPermission");
                    assert_eq!(reply.effects(), [], "{row}: no attempt is spent");
                } else {
                    assert_eq!(reply.status(), Status::Ok, "{row}: {:?}", reply.cause);
                }
            }
        }
    }
    // pcmr goes alone; bits without a meaning are passed over.
    for (permissions, want) in
        [(0x44, Status::UnauthorizedPermission), (0x40, Status::Ok), (0x84, Status::Ok)]
    {
        let mut bench = with_pin();
        let request =
            platform(&mut bench).token_using_pin(PIN, Permissions::CM, None).with(9, uint(permissions));
        assert_eq!(bench.send(&request.bytes()).status(), want, "{permissions:#x}");
    }
    // A number that is no byte is not cut to one.
    let mut bench = with_pin();
    let request = platform(&mut bench).token_using_pin(PIN, Permissions::CM, None).with(9, uint(0x104));
    let token = {
        let platform = Platform::agree(&mut bench, TWO);
        platform.token(&bench.send(&request.bytes()))
    };
    assert_eq!(token.value.len(), 32);
}

#[test]
fn wrong_pins_lock_out_step_by_step() {
    let mut bench = with_pin();
    assert_eq!(retries(&mut bench), (8, None));
    assert_eq!(bench.guess(2), [Status::PinInvalid; 2]);
    assert_eq!(retries(&mut bench), (6, None));
    assert_eq!(bench.guess(1), [Status::PinAuthBlocked]);
    assert_eq!(retries(&mut bench), (5, Some(true)));
    // Latched: nothing is compared and nothing is spent, whatever the PIN.
    assert_eq!(bench.guess(4), [Status::PinAuthBlocked; 4]);
    let right = platform(&mut bench).pin_token(PIN);
    assert_eq!(bench.send(&right.bytes()).status(), Status::PinAuthBlocked);
    assert_eq!(retries(&mut bench), (5, Some(true)));
    bench.power_cycle();
    assert_eq!(retries(&mut bench), (5, None));
    let right = platform(&mut bench).pin_token(PIN);
    assert_eq!(bench.send(&right.bytes()).status(), Status::Ok);
    assert_eq!(retries(&mut bench), (8, None));

    for power_up in 0..3 {
        let want = [[Status::PinInvalid, Status::PinInvalid, Status::PinAuthBlocked]; 2];
        let last = [Status::PinInvalid, Status::PinBlocked];
        let want: &[Status] = if power_up < 2 { &want[power_up] } else { &last };
        assert_eq!(bench.guess(want.len().try_into().unwrap()), want);
        bench.power_cycle();
    }
    // Blocked: only a reset helps.
    assert_eq!(retries(&mut bench), (0, None));
    assert_eq!(bench.guess(1), [Status::PinBlocked]);
    let right = platform(&mut bench).change_pin(PIN, "5193");
    assert_eq!(bench.send(&right.bytes()).status(), Status::PinBlocked);
    assert_eq!(bench.send(&[api::RESET]).status(), Status::Ok);
    assert_eq!(retries(&mut bench), (8, None));
    assert_eq!(bench.settings().pin, None);
}

#[test]
fn a_right_pin_ends_the_count_of_wrong_ones_and_restores_everything() {
    let mut bench = with_pin().uv_retries(2).set(Setting::UvCountSinceLastPinEntry(7));
    assert_eq!(bench.guess(2), [Status::PinInvalid; 2]);
    bench.token(Permissions::CM, None);
    assert_eq!(bench.host.state.uv_retries, 5);
    assert_eq!(bench.settings().uv_count_since_last_pin_entry, 0);
    assert_eq!(bench.guess(2), [Status::PinInvalid; 2], "three in a row are three in a row");
    let change = platform(&mut bench).change_pin(PIN, "5193");
    assert_eq!(bench.send(&change.bytes()).status(), Status::Ok);
    assert_eq!(bench.guess(2), [Status::PinInvalid; 2]);
}

#[test]
fn the_retry_is_spent_before_the_pin_is_compared() {
    for (name, request) in [
        ("changePIN", (|platform| platform.change_pin(PIN, "5193")) as fn(&Platform) -> Request),
        ("getPinToken", |platform| platform.pin_token(PIN)),
        ("a token", |platform| platform.token_using_pin(PIN, Permissions::CM, None)),
    ] {
        let mut bench = with_pin();
        let request = request(&platform(&mut bench));
        let reply = bench.send(&request.bytes());
        let spent = Call::Set(Setting::PinRetries(Some(7)));
        let restored = Call::Set(Setting::PinRetries(None));
        assert_eq!(reply.effects()[..2], [spent, restored], "{name}");
        let step = |number| reply.steps.iter().position(|noted| noted.step.number == number).unwrap();
        assert!(step("5") < step("6") && step("6") < step("7"), "{name}");
    }
}

#[test]
fn a_wrong_pin_makes_a_new_key_pair_of_its_protocol_alone() {
    let mut bench = with_pin();
    let key = |bench: &mut Bench, protocol: PinUvAuthProtocol| {
        bench.send(&client_pin(GET_KEY_AGREEMENT).with(1, uint(protocol.number())).bytes()).response
    };
    let before = BOTH.map(|protocol| key(&mut bench, protocol));
    bench.guess(1);
    let after = BOTH.map(|protocol| key(&mut bench, protocol));
    assert_eq!(before[0], after[0]);
    assert_ne!(before[1], after[1]);
    bench.token(Permissions::CM, None);
    assert_eq!(BOTH.map(|protocol| key(&mut bench, protocol)), after, "a right one makes none");
}

#[test]
fn change_pin() {
    for protocol in BOTH {
        let mut bench = set(Setting::ForcePinChange(true));
        bench.host.state.settings.persistent_token =
            Some(PersistentToken { value: [9; 32], read_only_management: true });
        let platform = Platform::agree(&mut bench, protocol);
        let reply = bench.send(&platform.change_pin(PIN, "5193").bytes());
        assert_eq!(reply.response, [0]);
        assert_eq!(bench.settings().pin, Some(verifier("5193")));
        assert!(!bench.settings().force_pin_change);
        let token = bench.settings().persistent_token.clone().unwrap();
        assert_ne!(token.value, [9; 32]);
        assert!(!token.read_only_management);
        assert_eq!(bench.send(&platform.pin_token("5193").bytes()).status(), Status::Ok);
        assert_eq!(bench.send(&platform.pin_token(PIN).bytes()).status(), Status::PinInvalid);
    }
    // Without a forced change the PIN may be changed to itself.
    let mut bench = with_pin();
    let request = platform(&mut bench).change_pin(PIN, PIN);
    assert_eq!(bench.send(&request.bytes()).status(), Status::Ok);
    // A profile without the persistent token has none afterwards.
    let mut bench = Bench::new(legacy_key()).with_pin();
    let request = Platform::agree(&mut bench, ONE).change_pin(PIN, "5193");
    assert_eq!(bench.send(&request.bytes()).status(), Status::Ok);
    assert_eq!(bench.settings().persistent_token, None);
}

#[test]
fn a_changed_pin_ends_every_token() {
    for protocol in BOTH {
        let mut bench = with_pin().passkey("ada");
        let platform = Platform::agree(&mut bench, protocol);
        let token =
            platform.token(&bench.send(&platform.token_using_pin(PIN, Permissions::CM, None).bytes()));
        let metadata = token.authorize(Request::new(api::CREDENTIAL_MANAGEMENT).with(1, uint(1)));
        assert_eq!(bench.send(&metadata.bytes()).status(), Status::Ok);
        let other = Platform::agree(&mut bench, ONE).change_pin(PIN, "5193");
        assert_eq!(bench.send(&other.bytes()).status(), Status::Ok);
        assert_eq!(bench.send(&metadata.bytes()).reason(), "NoToken");
    }
}

/// §6.5.5.7: resetPinUvAuthToken() for all protocols before a token is issued.
#[test]
fn there_is_one_token_at_a_time() {
    let mut bench = with_pin().passkey("ada");
    let metadata = |bench: &mut Bench, protocol| {
        let platform = Platform::agree(bench, protocol);
        let token =
            platform.token(&bench.send(&platform.token_using_pin(PIN, Permissions::CM, None).bytes()));
        token.authorize(Request::new(api::CREDENTIAL_MANAGEMENT).with(1, uint(1)))
    };
    let one = metadata(&mut bench, ONE);
    assert_eq!(bench.send(&one.bytes()).status(), Status::Ok);
    let two = metadata(&mut bench, TWO);
    assert_eq!(bench.send(&one.bytes()).reason(), "NoToken");
    assert_eq!(bench.send(&two.bytes()).status(), Status::Ok);
    let again = metadata(&mut bench, TWO);
    assert_eq!(bench.send(&two.bytes()).reason(), "PinUvAuthParamWrong");
    assert_eq!(bench.send(&again.bytes()).status(), Status::Ok);
    bench.power_cycle();
    assert_eq!(bench.send(&again.bytes()).reason(), "NoToken");
}

#[test]
fn tokens_expire() {
    let metadata = || Request::new(api::CREDENTIAL_MANAGEMENT).with(1, uint(1));
    for (transport, limit) in
        [(Transport::Usb, 30_000), (Transport::Internal, 30_000), (Transport::Nfc, 19_800)]
    {
        for (name, waits, want) in [
            ("just in time", vec![limit], Status::Ok),
            ("not used in time", vec![limit + 1], Status::PinAuthInvalid),
            ("used, long after", vec![limit, 600_000 - limit], Status::Ok),
            ("used, too long after", vec![limit, 600_001 - limit], Status::PinAuthInvalid),
        ] {
            let mut bench = with_pin().passkey("ada");
            bench.channel = Channel { transport, id: 1 };
            let request = bench.token(Permissions::CM, None).authorize(metadata());
            let mut status = Status::Ok;
            for wait in waits {
                bench.advance(Duration::from_millis(wait));
                status = bench.send(&request.bytes()).status();
            }
            assert_eq!(status, want, "{transport:?}, {name}");
        }
    }
    // A use that does not fit is none.
    let mut bench = with_pin();
    let token = bench.token(Permissions::CM, None);
    bench.advance(Duration::from_secs(29));
    let wrong = token.over(metadata(), b"something else");
    assert_eq!(bench.send(&wrong.bytes()).status(), Status::PinAuthInvalid);
    bench.advance(Duration::from_secs(2));
    assert_eq!(bench.send(&token.authorize(metadata()).bytes()).reason(), "NoToken");
}

#[test]
fn a_legacy_token_is_good_until_the_power_is_cut() {
    let mut bench = Bench::new(legacy_key()).with_pin().passkey("ada");
    let token = bench.legacy_token();
    bench.advance(Duration::from_secs(86_400));
    for rp in ["one.example", "two.example"] {
        let request = token.authorize(Request::make_credential().rp(rp).option("rk", true));
        assert!(bench.create(&request).auth_data.flags.has(Flags::UV));
    }
    assert!(bench.assert(&token.authorize(Request::get_assertion())).auth_data.flags.has(Flags::UV));
    let again = bench.legacy_token();
    assert_eq!(again.value, token.value, "asked for again, it is the same");
    bench.power_cycle();
    let reply = bench.send(&token.authorize(Request::get_assertion()).bytes());
    assert_refused_by(&reply, "6.2.2 6 after a power cycle", Status::PinAuthInvalid, "NoToken");
    let token = bench.legacy_token();
    let change = Platform::agree(&mut bench, ONE).change_pin(PIN, "5193");
    assert_eq!(bench.send(&change.bytes()).status(), Status::Ok);
    assert_eq!(bench.send(&token.authorize(Request::get_assertion()).bytes()).reason(), "NoToken");
}

#[test]
fn get_pin_token_may_make_and_use_credentials() {
    for (name, forbids, status) in [("may", false, Status::Ok), ("may not", true, Status::PinAuthInvalid)] {
        let profile = Profile { no_mc_ga_permissions_with_client_pin: forbids, ..full_key() };
        for request in [Request::make_credential(), Request::get_assertion()] {
            let mut bench = Bench::new(profile.clone()).with_pin().passkey("ada");
            let token = bench.legacy_token();
            let reply = bench.send(&token.authorize(request).bytes());
            assert_eq!(reply.status(), status, "{name}");
            assert_eq!(reply.reason(), if forbids { "PermissionMissing" } else { "" });
        }
        let mut bench = Bench::new(profile).with_pin();
        let token = bench.legacy_token();
        let metadata = token.authorize(Request::new(api::CREDENTIAL_MANAGEMENT).with(1, uint(1)));
        assert_eq!(bench.send(&metadata.bytes()).reason(), "PermissionMissing");
    }
}

#[test]
fn built_in_verification_for_a_token() {
    let token = |bench: &mut Bench, permissions| {
        let platform = platform(bench);
        bench.send(&platform.token_using_uv(permissions, Some(RP_ID)).bytes())
    };
    // The platform retries: one attempt each.
    let mut bench = without_pin().user([Answer::Wrong, Answer::Given]);
    let reply = token(&mut bench, Permissions::MC);
    assert_eq!(reply.status(), Status::UvInvalid);
    assert_eq!(bench.host.state.uv_retries, 4);
    let reply = token(&mut bench, Permissions::MC);
    assert_eq!(reply.status(), Status::Ok);
    assert_eq!(bench.host.state.uv_retries, 5);
    assert_eq!(bench.settings().uv_count_since_last_pin_entry, 2, "failed ones are counted too");
    // The authenticator retries.
    for preferred in [None, Some(1)] {
        let profile = Profile { preferred_platform_uv_attempts: preferred, ..full_key() };
        let mut bench = Bench::new(profile).user([Answer::Wrong, Answer::Given]);
        let reply = token(&mut bench, Permissions::MC);
        assert_eq!(reply.status(), Status::Ok, "{preferred:?}");
        let asked = reply.calls.iter().filter(|call| matches!(call, Call::Verify(_))).count();
        assert_eq!(asked, 2);
    }
    let reply = bench.send(&client_pin(GET_UV_RETRIES).bytes());
    assert_eq!(reply.members(&CLIENT_PIN_RESPONSE).uint("uvRetries"), Some(5));
}

#[test]
fn presence_is_remembered_with_built_in_verification_only() {
    for (by_uv, asked) in [(true, 0), (false, 1)] {
        let mut bench = with_pin();
        let platform = platform(&mut bench);
        let request = match by_uv {
            true => platform.token_using_uv(Permissions::MC, Some(RP_ID)),
            false => platform.token_using_pin(PIN, Permissions::MC, Some(RP_ID)),
        };
        let token = platform.token(&bench.send(&request.bytes()));
        let reply = bench.send(&token.authorize(Request::make_credential()).bytes());
        let touches = reply.calls.iter().filter(|call| matches!(call, Call::Presence(_))).count();
        assert_eq!((reply.status(), touches), (Status::Ok, asked));
    }
    // For as long as an unused token is good; used in time it lives on without it.
    let mut bench = with_pin();
    let platform = platform(&mut bench);
    let permissions = Permissions::MC.with(Permissions::CM);
    let request = platform.token_using_uv(permissions, Some(RP_ID));
    let token = platform.token(&bench.send(&request.bytes()));
    bench.advance(Duration::from_secs(30));
    // Bound to an RP ID it may not see all: but it was verified, and so used.
    let metadata = token.authorize(Request::new(api::CREDENTIAL_MANAGEMENT).with(1, uint(1)));
    assert_eq!(bench.send(&metadata.bytes()).reason(), "TokenOfOtherRp");
    bench.advance(Duration::from_millis(1));
    let reply = bench.send(&token.authorize(Request::make_credential()).bytes());
    assert!(reply.calls.contains(&Call::Presence(RP_ID.to_owned())));
    assert_eq!(reply.status(), Status::Ok);
}

#[test]
fn the_persistent_token() {
    let mut bench = with_pin();
    let drawn = bench.settings().persistent_token.clone().unwrap();
    assert!(!drawn.read_only_management);
    let mut values = Vec::new();
    for protocol in BOTH {
        let platform = Platform::agree(&mut bench, protocol);
        for request in [
            platform.token_using_pin(PIN, Permissions::PCMR, None),
            platform.token_using_uv(Permissions::PCMR, None),
        ] {
            let reply = bench.send(&request.bytes());
            values.push(platform.token(&reply).value);
        }
    }
    assert!(values.iter().all(|value| *value == drawn.value), "one for all");
    assert!(bench.settings().persistent_token.as_ref().unwrap().read_only_management);
    // It leaves the tokens in use alone.
    let token = bench.token(Permissions::CM, None);
    let platform = platform(&mut bench);
    let again = platform.token_using_pin(PIN, Permissions::PCMR, None);
    let reply = bench.send(&again.bytes());
    assert!(!reply.calls.iter().any(|call| matches!(call, Call::Set(Setting::PersistentToken(_)))));
    let metadata = token.authorize(Request::new(api::CREDENTIAL_MANAGEMENT).with(1, uint(1)));
    assert_eq!(bench.send(&metadata.bytes()).status(), Status::Ok);
    // One that was never drawn is drawn when it is asked for.
    let mut bench = with_pin();
    bench.host.state.settings.persistent_token = None;
    let request = Platform::agree(&mut bench, TWO).token_using_pin(PIN, Permissions::PCMR, None);
    assert_eq!(bench.send(&request.bytes()).status(), Status::Ok);
    assert!(bench.settings().persistent_token.as_ref().unwrap().read_only_management);
}

#[test]
fn tokens_are_sent_under_a_new_iv_each_time() {
    let mut bench = with_pin();
    let platform = platform(&mut bench);
    let sealed = |bench: &mut Bench| {
        let reply = bench.send(&platform.token_using_pin(PIN, Permissions::PCMR, None).bytes());
        reply.members(&CLIENT_PIN_RESPONSE).bytes("pinUvAuthToken").unwrap().to_vec()
    };
    let (first, second) = (sealed(&mut bench), sealed(&mut bench));
    assert_eq!((first.len(), second.len()), (48, 48));
    assert_ne!(first, second);
}

#[test]
fn retries_are_read_without_any_condition() {
    let mut fresh = without_pin();
    assert_eq!(retries(&mut fresh), (8, None));
    let mut bench = Bench::new(Profile { max_pin_retries: 3, ..full_key() });
    assert_eq!(retries(&mut bench), (3, None));
    let mut bench = without_pin().without_uv().uv_retries(2);
    let reply = bench.send(&client_pin(GET_UV_RETRIES).bytes());
    assert_eq!(reply.members(&CLIENT_PIN_RESPONSE).uint("uvRetries"), Some(2));
    assert_eq!(reply.members(&CLIENT_PIN_RESPONSE).raw("pinRetries"), None);
}
