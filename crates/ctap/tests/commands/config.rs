//! authenticatorConfig. CTAP 2.3 §6.11.

use softhello_ctap::{
    ConfigCommand, Extension, Permissions, PersistentToken, Profile, Setting, Status, UserVerification, api,
    message::GET_INFO_RESPONSE,
};

use crate::{
    bench::{
        Bench, Call, PIN, Platform, Point, Request, array, boolean, broken_store, bytes, full_key, raw_map,
        security_key, text, uint,
    },
    refusals::{assert_refused, assert_refused_by, refusal},
};

const ENTERPRISE: u64 = 1;
const ALWAYS_UV: u64 = 2;
const MIN_PIN_LENGTH: u64 = 3;
const LONG_TOUCH: u64 = 4;

/// Nothing protects it.
fn open() -> Bench {
    Bench::new(full_key()).without_uv()
}

fn protected() -> Bench {
    open().with_pin()
}

fn request(subcommand: u64) -> Request {
    Request::new(api::CONFIG).with(1, uint(subcommand))
}

/// setMinPINLength with these parameters.
fn min_pin_length(params: &[(u64, Vec<u8>)]) -> Request {
    let params: Vec<_> = params.iter().map(|(key, value)| (uint(*key), value.clone())).collect();
    request(MIN_PIN_LENGTH).with(2, raw_map(&params))
}

fn rp_ids(rp_ids: &[&str]) -> Vec<u8> {
    array(&rp_ids.iter().map(|rp_id| text(rp_id)).collect::<Vec<_>>())
}

fn acfg(bench: &mut Bench, request: Request) -> Request {
    bench.token(Permissions::ACFG, None).authorize(request)
}

fn option(bench: &mut Bench, name: &str) -> Option<bool> {
    let reply = bench.send(&[api::GET_INFO]);
    reply.members(&GET_INFO_RESPONSE).table("options").unwrap().bool(name)
}

fn info_bool(bench: &mut Bench, name: &str) -> Option<bool> {
    let reply = bench.send(&[api::GET_INFO]);
    reply.members(&GET_INFO_RESPONSE).bool(name)
}

#[test]
fn refusals() {
    let no_pin_extensions = || {
        let mut profile = full_key();
        profile.extensions.retain(|extension| {
            ![Extension::MinPinLength, Extension::PinComplexityPolicy].contains(extension)
        });
        Bench { profile, ..protected() }
    };
    let pad = || {
        let profile = Profile {
            user_verification: UserVerification::Always,
            client_pin: false,
            uv_bio_enroll: false,
            ..full_key()
        };
        Bench { profile, ..open() }
    };
    let long = || "x".repeat(254);
    let mut rows = vec![
        refusal(
            "6.11 1 no subCommand",
            open(),
            |_| Request::new(api::CONFIG),
            Status::MissingParameter,
            "Message",
        ),
        refusal(
            "6.11 1 subCommand as text",
            open(),
            |_| request(1).with(1, text("1")),
            Status::CborUnexpectedType,
            "Message",
        ),
        refusal(
            "6.11 2 subcommand 0",
            open(),
            |_| request(0),
            Status::InvalidSubcommand,
            "UnknownSubcommand",
        ),
        refusal(
            "6.11 2 subcommand 5",
            protected(),
            |_| request(5),
            Status::InvalidSubcommand,
            "UnknownSubcommand",
        ),
        refusal(
            "6.11 2 the vendor's prototype",
            protected(),
            |_| request(0xff),
            Status::InvalidSubcommand,
            "UnknownSubcommand",
        ),
        refusal(
            "6.11 4 no pinUvAuthParam where no PIN could give one",
            pad(),
            |_| request(ENTERPRISE),
            Status::OperationDenied,
            "UvRequired",
        ),
        refusal(
            "6.11.4 0 a length as text",
            protected(),
            |bench| acfg(bench, min_pin_length(&[(1, text("8"))])),
            Status::CborUnexpectedType,
            "Message",
        ),
        refusal(
            "6.11.4 2 RP IDs that no extension tells",
            no_pin_extensions(),
            |bench| acfg(bench, min_pin_length(&[(2, rp_ids(&["a.example"]))])),
            Status::InvalidParameter,
            "NoMinPinLengthExtension",
        ),
        refusal(
            "6.11.4 3 below the present one",
            protected().set(Setting::MinPinLength(6)),
            |bench| acfg(bench, min_pin_length(&[(1, uint(5))])),
            Status::PinPolicyViolation,
            "MinPinLength",
        ),
        refusal(
            "6.11.4 3 above the longest PIN",
            protected(),
            |bench| acfg(bench, min_pin_length(&[(1, uint(64))])),
            Status::PinPolicyViolation,
            "MinPinLength",
        ),
        refusal(
            "6.11.4 3 ever so long",
            protected(),
            |bench| acfg(bench, min_pin_length(&[(1, uint(u64::MAX))])),
            Status::PinPolicyViolation,
            "MinPinLength",
        ),
        refusal(
            "6.11.4 4 a forced change of no PIN",
            open(),
            |_| min_pin_length(&[(3, boolean(true))]),
            Status::PinNotSet,
            "PinNotSet",
        ),
        refusal(
            "6.11.4 8 too many RP IDs",
            protected(),
            |bench| acfg(bench, min_pin_length(&[(2, rp_ids(&["a", "b", "c"]))])),
            Status::KeyStoreFull,
            "TooManyRpIds",
        ),
        refusal(
            "6.11.4 8 an RP ID that is none",
            protected(),
            move |bench| acfg(bench, min_pin_length(&[(2, rp_ids(&[&long()]))])),
            Status::KeyStoreFull,
            "TooManyRpIds",
        ),
    ];
    let names = |what: String| -> &'static str { Box::leak(what.into_boxed_str()) };
    for subcommand in [ENTERPRISE, ALWAYS_UV, MIN_PIN_LENGTH, LONG_TOUCH] {
        let row = |what: &str| names(format!("6.11 4 {what}, subcommand {subcommand}"));
        rows.push(refusal(
            row("no pinUvAuthParam"),
            protected(),
            move |_| request(subcommand),
            Status::PuatRequired,
            "PuatRequired",
        ));
        rows.push(refusal(
            row("no pinUvAuthParam, a finger"),
            Bench::new(full_key()),
            move |_| request(subcommand),
            Status::PuatRequired,
            "PuatRequired",
        ));
        rows.push(refusal(
            row("no pinUvAuthProtocol"),
            protected(),
            move |bench| acfg(bench, request(subcommand)).without(3),
            Status::MissingParameter,
            "ProtocolMissing",
        ));
        rows.push(refusal(
            row("an unknown pinUvAuthProtocol"),
            protected(),
            move |bench| acfg(bench, request(subcommand)).with(3, uint(3)),
            Status::InvalidParameter,
            "ProtocolUnsupported",
        ));
        rows.push(refusal(
            row("another pinUvAuthParam"),
            protected(),
            move |bench| acfg(bench, request(subcommand)).with(4, bytes(&[0; 32])),
            Status::PinAuthInvalid,
            "PinUvAuthParamWrong",
        ));
        rows.push(refusal(
            row("the pinUvAuthParam of another subcommand"),
            protected(),
            move |bench| {
                let other = if subcommand == ENTERPRISE { ALWAYS_UV } else { ENTERPRISE };
                acfg(bench, request(other)).with(1, uint(subcommand))
            },
            Status::PinAuthInvalid,
            "PinUvAuthParamWrong",
        ));
        rows.push(refusal(
            row("a token for something else"),
            protected(),
            move |bench| {
                bench.token(Permissions::CM.with(Permissions::LBW), None).authorize(request(subcommand))
            },
            Status::PinAuthInvalid,
            "PermissionMissing",
        ));
        if subcommand != ALWAYS_UV {
            rows.push(refusal(
                row("no pinUvAuthParam, alwaysUv"),
                open().set(Setting::AlwaysUv(true)),
                move |_| request(subcommand),
                Status::PuatRequired,
                "PuatRequired",
            ));
        }
    }
    assert_refused(rows);
    let reply = Bench::new(security_key()).send(&request(ALWAYS_UV).bytes());
    assert_refused_by(&reply, "8.1 1 nothing to configure", Status::InvalidCommand, "UnknownCommand");
}

/// As many RP IDs as fit, where either extension tells them.
#[test]
fn rp_ids_for_either_extension() {
    for extension in [Extension::MinPinLength, Extension::PinComplexityPolicy] {
        let mut profile = full_key();
        let other = [Extension::MinPinLength, Extension::PinComplexityPolicy];
        profile.extensions.retain(|known| *known == extension || !other.contains(known));
        let mut bench = Bench { profile, ..protected() };
        let request = acfg(&mut bench, min_pin_length(&[(2, rp_ids(&["one.example", "two.example"]))]));
        assert_eq!(bench.send(&request.bytes()).status(), Status::Ok, "{extension:?}");
        assert_eq!(bench.settings().min_pin_length_rp_ids, ["one.example", "two.example"]);
        let longest = acfg(&mut bench, min_pin_length(&[(2, rp_ids(&[&"x".repeat(253)]))]));
        assert_eq!(bench.send(&longest.bytes()).status(), Status::Ok);
    }
}

/// vendorPrototype is there where the profile lists a vendor's commands, which do nothing.
#[test]
fn a_vendors_commands() {
    let profile = Profile { vendor_prototype_config_commands: vec![7], ..full_key() };
    let vendors = || Bench { profile: profile.clone(), ..protected() };
    fn with(params: &[(u64, Vec<u8>)]) -> Request {
        let params: Vec<_> = params.iter().map(|(key, item)| (uint(*key), item.clone())).collect();
        request(0xff).with(2, raw_map(&params))
    }
    let known = || with(&[(1, uint(7)), (2, text("as the vendor likes it"))]);
    let mut bench = vendors();
    let taken = acfg(&mut bench, known());
    assert_eq!(bench.send(&taken.bytes()).status(), Status::Ok);
    assert_eq!(bench.send(&taken.bytes()).effects(), [], "nothing happens");
    assert_refused(vec![
        refusal(
            "6.11 2 no vendor's commands",
            protected(),
            move |bench| acfg(bench, known()),
            Status::InvalidSubcommand,
            "UnknownSubcommand",
        ),
        refusal("6.11 4 no token", vendors(), move |_| known(), Status::PuatRequired, "PuatRequired"),
        refusal(
            "6.11.3 1 another command",
            vendors(),
            move |bench| acfg(bench, with(&[(1, uint(8))])),
            Status::InvalidSubcommand,
            "UnknownSubcommand",
        ),
        refusal(
            "6.11.3 1 no vendorCommandId",
            vendors(),
            move |bench| acfg(bench, with(&[])),
            Status::MissingParameter,
            "Message",
        ),
        refusal(
            "6.11.3 1 vendorCommandId as text",
            vendors(),
            move |bench| acfg(bench, with(&[(1, text("7"))])),
            Status::CborUnexpectedType,
            "Message",
        ),
    ]);
}

#[test]
fn a_profile_has_the_subcommands_that_it_lists() {
    let all = ConfigCommand::ALL;
    for missing in all {
        let mut profile = full_key();
        profile.config_commands.retain(|command| *command != missing);
        profile.enterprise_rp_ids = Vec::new();
        if missing == ConfigCommand::SetMinPinLength {
            profile.extensions.retain(|extension| {
                ![Extension::MinPinLength, Extension::PinComplexityPolicy].contains(extension)
            });
        }
        for command in all {
            let reply = Bench::new(profile.clone()).without_uv().send(&request(command as u64).bytes());
            let want = if command == missing { Status::InvalidSubcommand } else { Status::Ok };
            assert_eq!(reply.status(), want, "{command:?} without {missing:?}");
        }
    }
}

#[test]
fn without_protection_nothing_is_authenticated() {
    for subcommand in [ENTERPRISE, ALWAYS_UV, MIN_PIN_LENGTH, LONG_TOUCH] {
        // Whatever is sent along.
        let request = request(subcommand).with(3, uint(2)).with(4, bytes(&[1; 3]));
        assert_eq!(open().send(&request.bytes()).response, [0], "{subcommand}");
    }
}

#[test]
fn enable_enterprise_attestation() {
    let mut bench = protected();
    assert_eq!(option(&mut bench, "ep"), Some(false));
    for _ in 0..2 {
        let request = acfg(&mut bench, request(ENTERPRISE));
        let reply = bench.send(&request.bytes());
        assert_eq!(reply.response, [0]);
        assert_eq!(reply.effects(), [Call::Set(Setting::EnterpriseAttestation(true))]);
        assert_eq!(option(&mut bench, "ep"), Some(true));
    }
}

#[test]
fn toggle_always_uv() {
    let mut bench = protected();
    assert_eq!(option(&mut bench, "alwaysUv"), Some(false));
    assert_eq!(option(&mut bench, "makeCredUvNotRqd"), Some(true));
    for on in [true, false, true] {
        let request = acfg(&mut bench, request(ALWAYS_UV));
        assert_eq!(bench.send(&request.bytes()).response, [0]);
        assert_eq!(option(&mut bench, "alwaysUv"), Some(on));
        assert_ne!(option(&mut bench, "makeCredUvNotRqd").unwrap_or_default(), on);
    }
    let reply = bench.send(&[api::GET_INFO]);
    let versions = reply.members(&GET_INFO_RESPONSE).array("versions").unwrap();
    let versions: Vec<_> = versions.map(|item| item[1..].to_vec()).collect();
    assert!(!versions.contains(&b"U2F_V2".to_vec()), "U2F is off");

    // Before anything protects it, it can be switched off and on.
    let mut shipped = Bench::new(Profile { always_uv: Some(true), ..full_key() }).without_uv();
    assert_eq!(option(&mut shipped, "alwaysUv"), Some(true));
    assert_eq!(shipped.send(&request(ALWAYS_UV).bytes()).response, [0]);
    assert_eq!(option(&mut shipped, "alwaysUv"), Some(false));
    assert_eq!(shipped.send(&request(ALWAYS_UV).bytes()).response, [0]);
    assert_eq!(option(&mut shipped, "alwaysUv"), Some(true));
    // A reset brings the factory's back.
    assert_eq!(shipped.send(&request(ALWAYS_UV).bytes()).response, [0]);
    assert_eq!(shipped.send(&[api::RESET]).response, [0]);
    assert_eq!(option(&mut shipped, "alwaysUv"), Some(true));
}

#[test]
fn enable_long_touch_for_reset() {
    let mut bench = protected();
    assert_eq!(info_bool(&mut bench, "longTouchForReset"), Some(false));
    for _ in 0..2 {
        let request = acfg(&mut bench, request(LONG_TOUCH));
        assert_eq!(bench.send(&request.bytes()).response, [0]);
        assert_eq!(info_bool(&mut bench, "longTouchForReset"), Some(true));
    }
    assert_eq!(bench.send(&[api::RESET]).effects(), [Call::ConfirmReset(true), Call::Reset]);
    assert_eq!(info_bool(&mut bench, "longTouchForReset"), Some(false));
    bench.power_cycle();
    assert_eq!(bench.send(&[api::RESET]).effects(), [Call::ConfirmReset(false), Call::Reset]);
}

#[test]
fn set_min_pin_length() {
    let one = || vec![Setting::MinPinLengthRpIds(vec!["a.example".to_owned()])];
    let policy = || Setting::PinComplexityPolicy(true);
    for (name, pin, before, params, length, force, also) in [
        ("nothing at all", true, vec![], None, 4, false, vec![]),
        ("no member", true, vec![], Some(vec![]), 4, false, vec![]),
        ("the present one", true, vec![], Some(vec![(1, uint(4))]), 4, false, vec![]),
        (
            "no longer than the PIN",
            true,
            vec![Setting::MinPinLength(4)],
            Some(vec![(1, uint(4))]),
            4,
            false,
            vec![],
        ),
        ("longer than the PIN", true, vec![], Some(vec![(1, uint(5))]), 5, true, vec![]),
        ("the longest", true, vec![], Some(vec![(1, uint(63))]), 63, true, vec![]),
        ("longer, without a PIN", false, vec![], Some(vec![(1, uint(8))]), 8, false, vec![]),
        ("a forced change", true, vec![], Some(vec![(3, boolean(true))]), 4, true, vec![]),
        ("no forced change", true, vec![], Some(vec![(3, boolean(false))]), 4, false, vec![]),
        ("RP IDs", true, vec![], Some(vec![(2, rp_ids(&["a.example"]))]), 4, false, one()),
        (
            "as many as fit",
            true,
            one(),
            Some(vec![(2, rp_ids(&["b.example", "c.example"]))]),
            4,
            false,
            vec![Setting::MinPinLengthRpIds(vec!["b.example".to_owned(), "c.example".to_owned()])],
        ),
        ("no RP ID leaves them", true, one(), Some(vec![(2, rp_ids(&[]))]), 4, false, one()),
        ("the policy", true, vec![], Some(vec![(4, boolean(true))]), 4, true, vec![policy()]),
        ("the policy again", true, vec![policy()], Some(vec![(4, boolean(true))]), 4, false, vec![policy()]),
        (
            "the policy, without a PIN",
            false,
            vec![],
            Some(vec![(4, boolean(true))]),
            4,
            false,
            vec![policy()],
        ),
        (
            "the policy is not switched off",
            true,
            vec![policy()],
            Some(vec![(4, boolean(false))]),
            4,
            false,
            vec![policy()],
        ),
        (
            "a change that is forced already",
            true,
            vec![Setting::ForcePinChange(true)],
            Some(vec![]),
            4,
            true,
            vec![],
        ),
    ] {
        // A finger, so that a token can be had also where a change of the PIN is forced.
        let mut bench = Bench::new(full_key());
        if pin {
            bench = bench.with_pin();
        }
        let mut bench = before.into_iter().fold(bench, Bench::set);
        let mut want = bench.settings().clone();
        let platform = Platform::agree(&mut bench, softhello_ctap::PinUvAuthProtocol::Two);
        let reply = bench.send(&platform.token_using_uv(Permissions::ACFG, None).bytes());
        let token = platform.token(&reply);
        want.uv_count_since_last_pin_entry = 1;
        want.apply(Setting::MinPinLength(length));
        want.apply(Setting::ForcePinChange(force));
        also.into_iter().for_each(|setting| want.apply(setting));
        let request = match params {
            Some(params) => min_pin_length(&params),
            None => self::request(MIN_PIN_LENGTH),
        };
        let reply = bench.send(&token.authorize(request).bytes());
        assert_eq!(reply.response, [0], "{name}: {:?}", reply.cause);
        let got = bench.settings().clone();
        if force {
            assert_ne!(got.persistent_token, want.persistent_token, "{name}: a new one");
            want.persistent_token.clone_from(&got.persistent_token);
        }
        assert_eq!(got, want, "{name}");
        assert_eq!(info_bool(&mut bench, "forcePINChange"), Some(force), "{name}");
        let again = bench.send(&token.authorize(self::request(ENTERPRISE)).bytes());
        let reason = if force { "NoToken" } else { "" };
        assert_eq!(again.reason(), reason, "{name}: a forced change ends all tokens");
    }
}

#[test]
fn a_profile_without_a_policy_ignores_that_it_is_switched_on() {
    let mut profile = Profile { pin_complexity_policy: None, pin_complexity_policy_url: None, ..full_key() };
    profile.extensions.retain(|extension| *extension != Extension::PinComplexityPolicy);
    let mut bench = Bench::new(profile).without_uv().with_pin();
    let request = acfg(&mut bench, min_pin_length(&[(4, boolean(true))]));
    assert_eq!(bench.send(&request.bytes()).response, [0]);
    assert_eq!(bench.settings().pin_complexity_policy, None);
    assert!(!bench.settings().force_pin_change);
    assert_eq!(info_bool(&mut bench, "pinComplexityPolicy"), None);
}

#[test]
fn a_forced_change_is_over_when_the_pin_was_changed() {
    let mut bench = protected();
    bench.host.state.settings.persistent_token =
        Some(PersistentToken { value: [3; 32], read_only_management: true });
    let request = acfg(&mut bench, min_pin_length(&[(1, uint(6))]));
    assert_eq!(bench.send(&request.bytes()).response, [0]);
    assert_eq!(info_bool(&mut bench, "forcePINChange"), Some(true));
    assert!(!bench.settings().persistent_token.as_ref().unwrap().read_only_management);
    let platform = Platform::agree(&mut bench, softhello_ctap::PinUvAuthProtocol::Two);
    assert_eq!(bench.send(&platform.pin_token(PIN).bytes()).status(), Status::PinInvalid);
    assert_eq!(bench.send(&platform.change_pin(PIN, "519373").bytes()).response, [0]);
    assert_eq!(info_bool(&mut bench, "forcePINChange"), Some(false));
    assert_eq!(bench.send(&platform.pin_token("519373").bytes()).status(), Status::Ok);
}

#[test]
fn a_failing_store_configures_nothing() {
    for subcommand in [ENTERPRISE, ALWAYS_UV, MIN_PIN_LENGTH, LONG_TOUCH] {
        let mut bench = open().fail(Point::Commit, broken_store());
        let before = bench.settings().clone();
        let reply = bench.send(&request(subcommand).bytes());
        assert_eq!((reply.status(), reply.reason()), (Status::CtapOther, "Host"), "{subcommand}");
        assert_eq!(*bench.settings(), before);
        reply.assert_noted("the setting");
    }
}

/// No RP ID is looked at, and nothing is used up.
#[test]
fn a_token_is_not_used_up_by_configuring() {
    let mut bench = protected();
    let token = bench.token(Permissions::ACFG, Some("a.example"));
    for _ in 0..3 {
        assert_eq!(bench.send(&token.authorize(request(LONG_TOUCH)).bytes()).response, [0]);
    }
}
