//! makeCredential and getAssertion with `pinUvAuthParam`, and what built-in verification becomes beside a PIN.
//! CTAP 2.3 §6.1.2 and §6.2.2.

use softhello_ctap::{
    Answer, Flags, Permissions, PinUvAuthProtocol, Profile, Protection, Setting, Status, UserVerification,
    api,
};

use crate::{
    bench::{
        Bench, Call, PIN, Platform, RP_ID, Request, bytes, full_key, legacy_key, pin_pad, platform::keys,
        text, uint,
    },
    refusals::{Refusal, assert_refused, refusal},
};

/// The steps of one command that these tests name.
struct Command {
    new: fn() -> Request,
    permission: Permissions,
    probe: &'static str,
    protocol: &'static str,
    options: &'static str,
    always_uv: &'static str,
    verify: &'static str,
    presence: &'static str,
}

const MAKE: Command = Command {
    new: Request::make_credential,
    permission: Permissions::MC,
    probe: "6.1.2 1",
    protocol: "6.1.2 2",
    options: "6.1.2 5.3",
    always_uv: "6.1.2 6",
    verify: "6.1.2 11",
    presence: "6.1.2 14",
};

const GET: Command = Command {
    new: Request::get_assertion,
    permission: Permissions::GA,
    probe: "6.2.2 1",
    protocol: "6.2.2 2",
    options: "6.2.2 4",
    always_uv: "6.2.2 5",
    verify: "6.2.2 6",
    presence: "6.2.2 9",
};

/// A PIN and no finger.
fn with_pin() -> Bench {
    Bench::new(full_key()).without_uv().with_pin().passkey("ada")
}

/// A PIN and a finger.
fn with_both() -> Bench {
    Bench::new(full_key()).with_pin().passkey("ada")
}

fn with_finger() -> Bench {
    Bench::new(full_key()).passkey("ada")
}

fn forbidding(bench: Bench) -> Bench {
    let profile = Profile { no_mc_ga_permissions_with_client_pin: true, ..bench.profile.clone() };
    Bench { profile, ..bench }
}

fn row(step: &str, what: &str) -> &'static str {
    Box::leak(format!("{step} {what}").into_boxed_str())
}

#[test]
fn refusals() {
    for command in [MAKE, GET] {
        let Command { new, permission, probe, protocol, options, always_uv, verify, presence } = command;
        let (param, number) = keys(new().command());
        let empty = move |request: Request| request.with(param, bytes(&[]));
        let token = move |bench: &mut Bench| bench.token(permission, Some(RP_ID));
        let always = |bench: Bench| bench.set(Setting::AlwaysUv(true));
        let other = if permission == Permissions::MC { Permissions::GA } else { Permissions::MC };
        let mut rows: Vec<Refusal<'static>> = vec![
            refusal(
                row(probe, "a touch, no PIN"),
                with_finger(),
                move |_| empty(new()),
                Status::PinNotSet,
                "PinNotSet",
            ),
            refusal(
                row(probe, "a touch, a PIN"),
                with_pin(),
                move |_| empty(new()),
                Status::PinInvalid,
                "OnlyATouch",
            ),
            refusal(
                row(probe, "a touch, a PIN, an unknown protocol"),
                with_pin(),
                move |_| empty(new()).with(number, uint(9)),
                Status::PinInvalid,
                "OnlyATouch",
            ),
            refusal(
                row(probe, "declined"),
                with_pin().user([Answer::Declined]),
                move |_| empty(new()),
                Status::OperationDenied,
                "UserDeclined",
            ),
            refusal(
                row(probe, "no touch in time"),
                with_pin().user([Answer::TimedOut]),
                move |_| empty(new()),
                Status::OperationDenied,
                "UserTimeout",
            ),
            refusal(
                row(probe, "cancelled"),
                with_pin().user([Answer::Cancelled]),
                move |_| empty(new()),
                Status::KeepaliveCancel,
                "Cancelled",
            ),
            refusal(
                row(protocol, "no pinUvAuthProtocol"),
                with_pin(),
                move |bench| token(bench).authorize(new()).without(number),
                Status::MissingParameter,
                "ProtocolMissing",
            ),
            refusal(
                row(protocol, "an unknown pinUvAuthProtocol"),
                with_pin(),
                move |bench| token(bench).authorize(new()).with(number, uint(3)),
                Status::InvalidParameter,
                "ProtocolUnsupported",
            ),
            refusal(
                row(protocol, "protocol 2^32 + 2"),
                with_pin(),
                move |bench| token(bench).authorize(new()).with(number, uint((1 << 32) + 2)),
                Status::InvalidParameter,
                "ProtocolUnsupported",
            ),
            refusal(
                row(options, "uv, no finger"),
                with_pin(),
                move |_| new().option("uv", true),
                Status::InvalidOption,
                "UvNotConfigured",
            ),
            refusal(
                row(always_uv, "nothing protects, a PIN could"),
                always(Bench::new(full_key()).without_uv().passkey("ada")),
                move |_| new(),
                Status::PuatRequired,
                "PuatRequired",
            ),
            refusal(
                row(always_uv, "nothing protects, no PIN may"),
                forbidding(always(Bench::new(full_key()).without_uv().passkey("ada"))),
                move |_| new(),
                Status::OperationDenied,
                "NotSetUp",
            ),
            refusal(
                row(always_uv, "a PIN and nothing else"),
                always(with_pin()),
                move |_| new(),
                Status::PuatRequired,
                "PuatRequired",
            ),
            refusal(
                row(always_uv, "a PIN that may not, and nothing else"),
                forbidding(always(with_pin())),
                move |_| new(),
                Status::OperationDenied,
                "UvRequired",
            ),
            refusal(
                row(verify, "no token"),
                with_pin(),
                move |_| new().with(param, bytes(&[0; 32])).with(number, uint(2)),
                Status::PinAuthInvalid,
                "NoToken",
            ),
            refusal(
                row(verify, "the token of the other protocol"),
                with_pin(),
                move |bench| token(bench).authorize(new()).with(number, uint(1)),
                Status::PinAuthInvalid,
                "NoToken",
            ),
            refusal(
                row(verify, "another pinUvAuthParam"),
                with_pin(),
                move |bench| token(bench).over(new(), b"another hash"),
                Status::PinAuthInvalid,
                "PinUvAuthParamWrong",
            ),
            refusal(
                row(verify, "half a pinUvAuthParam"),
                with_pin(),
                move |bench| token(bench).authorize(new()).with(param, bytes(&[0; 16])),
                Status::PinAuthInvalid,
                "PinUvAuthParamWrong",
            ),
            refusal(
                row(verify, "a token for something else"),
                with_pin(),
                move |bench| bench.token(other.with(Permissions::CM), Some(RP_ID)).authorize(new()),
                Status::PinAuthInvalid,
                "PermissionMissing",
            ),
            refusal(
                row(verify, "a token of another RP"),
                with_pin(),
                move |bench| bench.token(permission, Some("other.example")).authorize(new()),
                Status::PinAuthInvalid,
                "TokenOfOtherRp",
            ),
            refusal(
                row(presence, "declined"),
                with_pin().user([Answer::Declined]),
                move |bench| token(bench).authorize(new()),
                Status::OperationDenied,
                "UserDeclined",
            ),
            refusal(
                row(presence, "no touch in time"),
                with_pin().user([Answer::TimedOut]),
                move |bench| token(bench).authorize(new()),
                Status::OperationDenied,
                "UserTimeout",
            ),
            refusal(
                row(presence, "cancelled"),
                with_pin().user([Answer::Cancelled]),
                move |bench| token(bench).authorize(new()),
                Status::KeepaliveCancel,
                "Cancelled",
            ),
        ];
        // Built-in verification that fails: what it becomes depends on what else there is.
        let wrong = || [Answer::Wrong; 5];
        let uv = move || new().option("uv", true);
        let blocked = |bench: Bench| bench.uv_retries(0);
        rows.extend([
            refusal(
                row(verify, "another finger, a PIN helps"),
                with_both().user(wrong()),
                move |_| uv(),
                Status::PuatRequired,
                "UvFailedAskForPin",
            ),
            refusal(
                row(verify, "another finger, no PIN"),
                with_finger().user(wrong()),
                move |_| uv(),
                Status::OperationDenied,
                "UvFailed",
            ),
            refusal(
                row(verify, "another finger, a PIN may not"),
                forbidding(with_both()).user(wrong()),
                move |_| uv(),
                Status::OperationDenied,
                "UvFailed",
            ),
            refusal(
                row(verify, "blocked, a PIN helps"),
                blocked(with_both()),
                move |_| uv(),
                Status::PuatRequired,
                "UvFailedAskForPin",
            ),
            refusal(
                row(verify, "blocked, no PIN"),
                blocked(with_finger()),
                move |_| uv(),
                Status::PinBlocked,
                "UvBlocked",
            ),
            refusal(
                row(verify, "blocked, a PIN may not"),
                forbidding(blocked(with_both())),
                move |_| uv(),
                Status::PinBlocked,
                "UvBlocked",
            ),
            refusal(
                row(verify, "the last attempt"),
                with_finger().uv_retries(1).user(wrong()),
                move |_| uv(),
                Status::PinBlocked,
                "UvBlocked",
            ),
            refusal(
                row(verify, "no finger in time"),
                with_both().user([Answer::TimedOut]),
                move |_| uv(),
                Status::UserActionTimeout,
                "UvTimeout",
            ),
            refusal(
                row(verify, "no"),
                with_both().user([Answer::Declined]),
                move |_| uv(),
                Status::OperationDenied,
                "UserDeclined",
            ),
            refusal(
                row(verify, "cancelled"),
                with_both().user([Answer::Cancelled]),
                move |_| uv(),
                Status::KeepaliveCancel,
                "Cancelled",
            ),
            refusal(
                row(verify, "a blocked PIN blocks the finger"),
                forbidding(with_both()).set(Setting::PinRetries(Some(0))),
                move |_| uv(),
                Status::PinBlocked,
                "UvBlocked",
            ),
        ]);
        assert_refused(rows);
    }
}

/// §6.1.2 steps 7 and 8: the same split where only some credentials need verification.
#[test]
fn credentials_that_need_verification() {
    let strict = |bench: Bench| {
        let profile = Profile { make_cred_uv_not_rqd: false, ..bench.profile.clone() };
        Bench { profile, ..bench }
    };
    let (new, rk) = (Request::make_credential, || Request::make_credential().option("rk", true));
    assert_refused([
        refusal("6.1.2 7 a PIN helps", with_pin(), move |_| rk(), Status::PuatRequired, "PuatRequired"),
        refusal(
            "6.1.2 7 a PIN may not",
            forbidding(with_pin()),
            move |_| rk(),
            Status::OperationDenied,
            "UvRequired",
        ),
        refusal("6.1.2 7 a finger", with_finger(), move |_| rk(), Status::OperationDenied, "UvRequired"),
        refusal(
            "6.1.2 7 a finger, and a PIN helps",
            with_both(),
            move |_| rk(),
            Status::PuatRequired,
            "PuatRequired",
        ),
        refusal(
            "6.1.2 8 a PIN helps",
            strict(with_pin()),
            move |_| new(),
            Status::PuatRequired,
            "PuatRequired",
        ),
        refusal(
            "6.1.2 8 a PIN may not",
            forbidding(strict(with_pin())),
            move |_| new(),
            Status::OperationDenied,
            "UvRequired",
        ),
        refusal(
            "6.1.2 8 a finger",
            strict(with_finger()),
            move |_| new(),
            Status::OperationDenied,
            "UvRequired",
        ),
    ]);
    for (name, bench, request) in [
        ("no rk", with_pin(), new()),
        ("nothing protects", Bench::new(full_key()).without_uv(), rk()),
        ("nothing protects, strict", strict(Bench::new(full_key()).without_uv()), rk()),
    ] {
        let mut bench = bench;
        let flags = bench.create(&request).auth_data.flags;
        assert_eq!((flags.has(Flags::UP), flags.has(Flags::UV)), (true, false), "{name}");
    }
}

#[test]
fn a_token_verifies_with_both_protocols() {
    for protocol in PinUvAuthProtocol::ALL {
        for (permission, request) in
            [(Permissions::MC, Request::make_credential()), (Permissions::GA, Request::get_assertion())]
        {
            let mut bench = with_pin();
            let platform = Platform::agree(&mut bench, protocol);
            let reply = bench.send(&platform.token_using_pin(PIN, permission, Some(RP_ID)).bytes());
            let token = platform.token(&reply);
            let reply = bench.send(&token.authorize(request.clone()).bytes());
            let flags = match request.command() {
                api::MAKE_CREDENTIAL => reply.created().auth_data.flags,
                _ => reply.asserted().auth_data.flags,
            };
            assert_eq!((flags.has(Flags::UP), flags.has(Flags::UV)), (true, true), "{protocol:?}");
            assert_eq!(reply.calls.iter().filter(|call| matches!(call, Call::Presence(_))).count(), 1);
            // It was good for one.
            let again = bench.send(&token.authorize(request).bytes());
            assert_eq!((again.status(), again.reason()), (Status::PinAuthInvalid, "PermissionMissing"));
        }
    }
}

/// A token of getPinToken is bound to the RP ID of its first use, which may be a pre-flight.
#[test]
fn an_unbound_token_is_bound_by_its_first_use() {
    let mut bench = with_pin();
    bench.keep("other.example", "bob", Protection::Optional, true);
    let token = bench.legacy_token();
    let pre_flight = |rp_id| Request::get_assertion().rp(rp_id).option("up", false);
    for _ in 0..2 {
        assert_eq!(
            bench.send(&token.authorize(pre_flight(RP_ID)).bytes()).status(),
            Status::Ok,
            "nothing is cleared"
        );
    }
    for request in [pre_flight("other.example"), Request::make_credential().rp("other.example")] {
        let reply = bench.send(&token.authorize(request).bytes());
        assert_eq!((reply.status(), reply.reason()), (Status::PinAuthInvalid, "TokenOfOtherRp"));
    }
    assert_eq!(bench.send(&token.authorize(Request::get_assertion()).bytes()).status(), Status::Ok);

    let mut bench = with_pin();
    let token = bench.legacy_token();
    let refused = token.authorize(Request::make_credential().rp("one.example"));
    let mut bench = bench.user([Answer::Declined]);
    assert_eq!(bench.send(&refused.bytes()).status(), Status::OperationDenied);
    let other = bench.send(&token.authorize(Request::make_credential().rp("two.example")).bytes());
    assert_eq!(other.reason(), "TokenOfOtherRp", "a declined ceremony has bound it");
    assert_eq!(bench.send(&refused.bytes()).status(), Status::Ok, "and has not used it up");
}

/// What a ceremony without the token does to it: the user was not verified for the token's holder any more.
#[test]
fn presence_uses_up_the_token_in_use_whoever_asks() {
    for (name, request) in
        [("a creation", Request::make_credential()), ("an assertion", Request::get_assertion())]
    {
        let mut bench = with_pin();
        let permissions = Permissions::MC.with(Permissions::GA).with(Permissions::CM).with(Permissions::LBW);
        let token = bench.token(permissions, Some(RP_ID));
        assert_eq!(bench.send(&request.bytes()).status(), Status::Ok, "{name}, without pinUvAuthParam");
        for (what, request) in [
            ("creation", Request::make_credential()),
            ("assertion", Request::get_assertion()),
            ("management", Request::new(api::CREDENTIAL_MANAGEMENT).with(1, uint(1))),
        ] {
            let reply = bench.send(&token.authorize(request).bytes());
            assert_eq!(reply.reason(), "PermissionMissing", "{what} after {name}");
        }
        // Built-in verification shows presence without using a token up.
        let mut bench = with_both();
        let token = bench.token(permissions, Some(RP_ID));
        assert_eq!(bench.send(&request.clone().option("uv", true).bytes()).status(), Status::Ok);
        assert_eq!(bench.send(&token.authorize(request).bytes()).status(), Status::Ok, "{name}");
    }
}

#[test]
fn without_protection_pin_uv_auth_param_is_ignored() {
    for request in [Request::make_credential(), Request::get_assertion()] {
        let (param, number) = keys(request.command());
        let mut bench = Bench::new(full_key()).without_uv().passkey("ada");
        let request = request.with(param, bytes(&[0; 32])).with(number, uint(2)).option("uv", true);
        let reply = bench.send(&request.bytes());
        assert_eq!(reply.status(), Status::Ok, "{:?}", reply.cause);
        let flags = match request.command() {
            api::MAKE_CREDENTIAL => reply.created().auth_data.flags,
            _ => reply.asserted().auth_data.flags,
        };
        assert!(!flags.has(Flags::UV));
    }
}

#[test]
fn pin_uv_auth_param_outranks_the_option_uv() {
    for (permission, request) in
        [(Permissions::MC, Request::make_credential()), (Permissions::GA, Request::get_assertion())]
    {
        for bench in [with_pin(), with_both()] {
            let mut bench = bench;
            let token = bench.token(permission, Some(RP_ID));
            let reply = bench.send(&token.authorize(request.clone().option("uv", true)).bytes());
            assert_eq!(reply.status(), Status::Ok, "{:?}", reply.cause);
            assert!(!reply.calls.iter().any(|call| matches!(call, Call::Verify(_))));
        }
    }
}

#[test]
fn always_uv_verifies_by_what_there_is() {
    let always = |bench: Bench| bench.set(Setting::AlwaysUv(true));
    for (permission, request) in
        [(Permissions::MC, Request::make_credential()), (Permissions::GA, Request::get_assertion())]
    {
        let flags = |reply: &crate::bench::Reply| match request.command() {
            api::MAKE_CREDENTIAL => reply.created().auth_data.flags,
            _ => reply.asserted().auth_data.flags,
        };
        let mut finger = always(with_finger());
        assert!(flags(&finger.send(&request.bytes())).has(Flags::UV), "the finger, unasked");
        let mut pin = always(with_pin());
        let token = pin.token(permission, Some(RP_ID));
        assert!(flags(&pin.send(&token.authorize(request.clone()).bytes())).has(Flags::UV));
        let mut both = always(with_both());
        let token = both.token(permission, Some(RP_ID));
        let reply = both.send(&token.authorize(request.clone()).bytes());
        assert!(flags(&reply).has(Flags::UV));
        assert!(!reply.calls.iter().any(|call| matches!(call, Call::Verify(_))), "the token is enough");
    }
    // A pre-flight is let through.
    let mut bench = always(with_pin());
    let asserted = bench.assert(&Request::get_assertion().option("up", false));
    assert_eq!(asserted.auth_data.flags, Flags(0));
    // With it on, every credential needs verification.
    let profile = Profile { always_uv: Some(true), ..full_key() };
    let mut bench = Bench::new(profile).without_uv();
    let reply = bench.send(&Request::make_credential().bytes());
    assert_eq!((reply.status(), reply.reason()), (Status::PuatRequired, "PuatRequired"));
}

#[test]
fn an_exclude_list_with_a_token() {
    let ask = |call: &&Call| matches!(call, Call::Presence(_));
    for (name, by_uv, asked) in [("presence is remembered", true, 0), ("presence is asked for", false, 1)] {
        for answer in [Answer::Given, Answer::TimedOut] {
            let mut bench = with_both();
            let id = bench.keep(RP_ID, "bob", Protection::Required, true);
            let platform = Platform::agree(&mut bench, PinUvAuthProtocol::Two);
            let request = match by_uv {
                true => platform.token_using_uv(Permissions::MC, Some(RP_ID)),
                false => platform.token_using_pin(PIN, Permissions::MC, Some(RP_ID)),
            };
            let token = platform.token(&bench.send(&request.bytes()));
            let mut bench = bench.user([answer]);
            let reply = bench.send(&token.authorize(Request::make_credential().list(&[&id])).bytes());
            assert_eq!(reply.status(), Status::CredentialExcluded, "{name}");
            assert_eq!(reply.calls.iter().filter(ask).count(), asked, "{name}");
            // Nothing was used up.
            let reply = bench.send(&token.authorize(Request::make_credential()).bytes());
            assert_eq!(reply.status(), Status::Ok, "{name}");
        }
    }
    // Without verification it is as if the entry were not there.
    let mut bench = with_both();
    let id = bench.keep(RP_ID, "bob", Protection::Required, true);
    assert_eq!(bench.send(&Request::make_credential().list(&[&id]).bytes()).status(), Status::Ok);
}

#[test]
fn a_sequence_ends_with_the_token_that_began_it() {
    let mut bench = with_pin().passkey("bob");
    let token = bench.token(Permissions::GA, Some(RP_ID));
    let first = bench.assert(&token.authorize(Request::get_assertion()));
    assert_eq!(first.number_of_credentials, Some(2));
    assert_eq!(first.user.unwrap().name.as_deref(), Some("bob@example.org"));
    let second = bench.send(&[api::GET_NEXT_ASSERTION]).asserted();
    assert!(second.auth_data.flags.has(Flags::UV));
    // The same with a token that has expired meanwhile: used in time, and then at its end.
    let mut bench = with_pin().passkey("bob");
    let token = bench.token(Permissions::GA, Some(RP_ID));
    let pre_flight = token.authorize(Request::get_assertion().option("up", false));
    for _ in 0..21 {
        bench.advance(std::time::Duration::from_secs(28));
        assert_eq!(bench.send(&pre_flight.bytes()).status(), Status::Ok);
    }
    bench.advance(std::time::Duration::from_secs(13));
    let reply = bench.send(&[api::GET_NEXT_ASSERTION]);
    crate::refusals::assert_refused_by(
        &reply,
        "6 3 the token is at its end",
        Status::NotAllowed,
        "NoSequence",
    );
}

/// CTAP 2.0 keys take a probe with any protocol, and their tokens are not used up.
#[test]
fn a_legacy_key() {
    let legacy = || Bench::new(legacy_key()).with_pin().passkey("ada");
    let mut bench = legacy();
    let reply = bench.send(&Request::make_credential().with(8, bytes(&[])).bytes());
    assert_eq!(reply.status(), Status::PinInvalid);
    let reply = bench.send(&Request::make_credential().bytes());
    assert_eq!((reply.status(), reply.reason()), (Status::PuatRequired, "PuatRequired"));
    let reply = bench.send(&Request::get_assertion().bytes());
    assert_eq!(reply.status(), Status::Ok);
    let token = bench.legacy_token();
    for rp_id in [RP_ID, "other.example"] {
        let request = token.authorize(Request::make_credential().rp(rp_id));
        assert!(bench.create(&request).auth_data.flags.has(Flags::UV));
    }
    // Its tokens know no permissions.
    let managing = Profile { cred_mgmt: true, prototype_commands: true, ..legacy_key() };
    let mut bench = Bench::new(managing).with_pin();
    let token = bench.legacy_token();
    let metadata = Request::new(api::CREDENTIAL_MANAGEMENT_PREVIEW).with(1, uint(1));
    assert_eq!(bench.send(&token.authorize(metadata).bytes()).status(), Status::Ok);
    // `up` is no option of authenticatorMakeCredential.
    let mut bench = legacy();
    let token = bench.legacy_token();
    for up in [true, false] {
        let reply = bench.send(&token.authorize(Request::make_credential().option("up", up)).bytes());
        assert_eq!(reply.status(), Status::InvalidOption, "up {up}");
    }
    // Names tell several accounts apart.
    for (accounts, names) in [(1, false), (2, true)] {
        let mut bench = Bench::new(legacy_key()).with_pin();
        for number in 0..accounts {
            bench.keep(RP_ID, &format!("user {number}"), Protection::Optional, true);
        }
        let token = bench.legacy_token();
        let first = bench.assert(&token.authorize(Request::get_assertion()));
        let others = (1..accounts).map(|_| bench.send(&[api::GET_NEXT_ASSERTION]).asserted());
        for user in others.collect::<Vec<_>>().into_iter().chain([first]).map(|asserted| asserted.user) {
            assert_eq!(user.and_then(|user| user.name).is_some(), names, "{accounts} accounts");
        }
    }
    // Every listed credential answers, newest first, those that are sealed into their ids as well.
    let mut bench = legacy();
    let token = bench.legacy_token();
    let sealed = bench.create(&token.authorize(Request::make_credential())).id();
    let stored = bench.host.credentials[0].credential.id.as_bytes().to_vec();
    let listed = Request::get_assertion().list(&[&sealed, &stored, &sealed]);
    let first = bench.assert(&listed);
    assert_eq!(first.number_of_credentials, Some(2));
    let second = bench.send(&[api::GET_NEXT_ASSERTION]).asserted();
    let mut ids = [first.id, second.id];
    ids.sort();
    let mut want = [sealed, stored];
    want.sort();
    assert_eq!(ids, want);
    assert_eq!(bench.send(&[api::GET_NEXT_ASSERTION]).status(), Status::NotAllowed);
}

/// A device that has neither: an empty `pinUvAuthParam` is one like any other.
#[test]
fn without_a_pin_there_is_no_probe() {
    let mut bench = Bench::new(pin_pad());
    let reply = bench.send(&Request::make_credential().with(8, bytes(&[])).with(9, uint(1)).bytes());
    crate::refusals::assert_refused_by(
        &reply,
        "6.1.2 2 no protocol here",
        Status::InvalidParameter,
        "ProtocolUnsupported",
    );
    assert_eq!(bench.profile.user_verification, UserVerification::Pin);
    let reply = bench.send(&Request::get_assertion().with(6, bytes(&[])).with(7, text("x")).bytes());
    assert_eq!(reply.status(), Status::CborUnexpectedType);
}
