//! authenticatorReset. CTAP 2.3 §6.6.

use std::time::Duration;

use softhello_ctap::{
    Answer, Channel, Permissions, PinUvAuthProtocol, Profile, Protection, Setting, Settings, Status,
    Transport, api,
};

use crate::{
    bench::{
        Bench, Call, PIN, Platform, Point, RP_ID, Request, broken_store, full_key, hello, security_key,
        verifier,
    },
    refusals::assert_refused_by,
};

const RESET: [u8; 1] = [api::RESET];

#[test]
fn ten_seconds_pass_and_not_more() {
    let display = Profile { reset_at_any_time: true, ..security_key() };
    for (name, profile, wait, want) in [
        ("at once", security_key(), 0, Status::Ok),
        ("after 10 s", security_key(), 10_000, Status::Ok),
        ("after 10.001 s", security_key(), 10_001, Status::NotAllowed),
        ("after a day", hello(), 86_400_000, Status::NotAllowed),
        ("after a day, with a display", display, 86_400_000, Status::Ok),
    ] {
        let mut bench = Bench::new(profile);
        bench.advance(Duration::from_millis(wait));
        let reply = bench.send(&RESET);
        assert_eq!(reply.response, [want.code()], "{name}");
        reply.assert_noted(name);
        let asked = reply.calls.contains(&Call::ConfirmReset(false));
        assert_eq!(asked, want == Status::Ok, "{name}: the window is checked before the touch");
    }
}

#[test]
fn the_window_opens_at_power_up() {
    let mut bench = Bench::new(security_key());
    bench.advance(Duration::from_secs(60));
    // A first command does not open it.
    bench.send(&[api::GET_INFO]);
    bench.send(&RESET).assert_refused("too late", Status::NotAllowed);
    bench.power_cycle();
    bench.advance(Duration::from_secs(10));
    assert_eq!(bench.send(&RESET).status(), Status::Ok);
}

/// The request has to come within 10 seconds; the user may take longer.
#[test]
fn the_users_time_does_not_count() {
    let mut bench = Bench::new(security_key());
    bench.advance(Duration::from_secs(9));
    bench.host.gesture_takes = Duration::from_secs(20);
    assert_eq!(bench.send(&RESET).status(), Status::Ok);
}

#[test]
fn answers_of_the_user() {
    for (answer, want) in [
        (Answer::Given, Status::Ok),
        (Answer::Wrong, Status::OperationDenied),
        (Answer::Declined, Status::OperationDenied),
        (Answer::TimedOut, Status::UserActionTimeout),
        (Answer::Cancelled, Status::KeepaliveCancel),
    ] {
        let mut bench = Bench::new(security_key()).passkey("ada").user([answer]);
        let before = bench.host.state.clone();
        let reply = bench.send(&RESET);
        assert_eq!(reply.response, [want.code()], "{answer:?}");
        reply.assert_noted(&format!("{answer:?}"));
        let erased = want == Status::Ok;
        assert_eq!(bench.host.credentials.is_empty(), erased, "{answer:?}");
        assert_eq!(bench.host.state != before, erased, "{answer:?}");
        let effects = if erased {
            vec![Call::ConfirmReset(false), Call::Reset]
        } else {
            vec![Call::ConfirmReset(false)]
        };
        assert_eq!(reply.effects(), effects, "{answer:?}");
    }
}

#[test]
fn everything_is_erased() {
    let mut bench = Bench::new(hello()).passkey("ada").passkey("bob").uv_retries(1);
    let listed = bench.keep("example.com", "eve", Protection::Required, false);
    bench.assert(&Request::get_assertion());
    let sealing_key = bench.host.state.sealing_key.clone();
    bench.host.state.uv_retries = 1;
    assert_eq!(bench.send(&RESET).status(), Status::Ok);
    assert_ne!(bench.host.state.sealing_key, sealing_key);
    assert_eq!(bench.host.state.uv_retries, bench.profile.max_uv_retries);
    assert_eq!(bench.settings().pin, None);
    let mut bench = bench.set(Setting::Pin(Some(verifier(PIN))));
    bench.send(&[api::GET_NEXT_ASSERTION]).assert_refused("the sequence", Status::NotAllowed);
    let discovery = Request::get_assertion();
    let by_id = Request::get_assertion().rp("example.com").list(&[&listed]);
    for (name, request) in [(RP_ID, discovery), ("example.com", by_id)] {
        bench.send(&request.bytes()).assert_refused(name, Status::NoCredentials);
    }
}

#[test]
fn two_resets_draw_two_sealing_keys() {
    let mut bench = Bench::new(security_key());
    let mut keys = vec![bench.host.state.sealing_key.clone()];
    for _ in 0..3 {
        assert_eq!(bench.send(&RESET).status(), Status::Ok);
        assert!(!keys.contains(&bench.host.state.sealing_key));
        keys.push(bench.host.state.sealing_key.clone());
    }
}

#[test]
fn a_power_cut_before_the_answer_erases_nothing() {
    let mut bench = Bench::new(security_key()).passkey("ada");
    bench.cut_power_at_ask(&RESET);
    assert_eq!(bench.host.credentials.len(), 1);
}

#[test]
fn a_failing_store_erases_nothing() {
    let mut bench = Bench::new(security_key()).passkey("ada").fail(Point::Commit, broken_store());
    let reply = bench.send(&RESET);
    assert_eq!(reply.response, [0x7f]);
    assert_eq!(reply.reason(), "Host");
    assert_eq!(bench.host.credentials.len(), 1);
}

#[test]
fn a_failing_store_is_noted() {
    Bench::new(security_key()).fail(Point::Commit, broken_store()).send(&RESET).assert_noted("the reset");
}

/// §6.6: over a transport where it is disabled; and this process itself, which is none.
#[test]
fn transports_for_reset() {
    let key = |transports| Profile { transports_for_reset: transports, ..full_key() };
    let (usb, nfc) = (Transport::Usb, Transport::Nfc);
    for (name, profile, from, want) in [
        ("listed", key(Some(vec![usb])), usb, Status::Ok),
        ("not listed", key(Some(vec![usb])), nfc, Status::OperationDenied),
        ("the other way", key(Some(vec![nfc])), usb, Status::OperationDenied),
        ("no list", key(None), nfc, Status::Ok),
        ("in this process", key(Some(vec![nfc])), Transport::Internal, Status::Ok),
    ] {
        let mut bench = Bench::new(profile);
        bench.channel = Channel { transport: from, id: 1 };
        let reply = bench.send(&RESET);
        assert_eq!(reply.status(), want, "{name}");
        if want != Status::Ok {
            assert_refused_by(&reply, &format!("6.6 1 {name}"), want, "ResetTransport");
            assert_eq!(reply.effects(), [], "{name}");
        }
    }
}

/// The rest of what a key with everything has.
#[test]
fn everything_else_is_erased_as_well() {
    let mut bench = Bench::new(full_key()).with_pin();
    let fresh = bench.settings().clone();
    for setting in [
        Setting::PinRetries(Some(3)),
        Setting::ForcePinChange(true),
        Setting::MinPinLength(8),
        Setting::MinPinLengthRpIds(vec!["a.example".to_owned()]),
        Setting::PinComplexityPolicy(true),
        Setting::AlwaysUv(true),
        Setting::EnterpriseAttestation(true),
        Setting::LongTouchForReset(true),
        Setting::UvCountSinceLastPinEntry(9),
    ] {
        bench = bench.set(setting);
    }
    let platform = Platform::agree(&mut bench, PinUvAuthProtocol::Two);
    let reply = bench.send(&RESET);
    assert_eq!(reply.effects(), [Call::ConfirmReset(true), Call::Reset]);
    let after = bench.settings();
    assert_ne!(after.persistent_token, fresh.persistent_token);
    assert_ne!(after.device_identifier, fresh.device_identifier);
    assert_ne!(after.cred_store_state, fresh.cred_store_state);
    let drawn = |settings: &Settings| Settings {
        persistent_token: None,
        device_identifier: None,
        cred_store_state: None,
        ..settings.clone()
    };
    assert_eq!(drawn(after), Settings::default());
    // The key agreement was forgotten: what was agreed before no longer fits.
    let stale = bench.send(&platform.set_pin(PIN).bytes());
    assert_eq!(stale.status(), Status::PinAuthInvalid);
}

/// The window is power-up's, and a reset opens no new one.
#[test]
fn a_reset_does_not_open_the_window_again() {
    let mut bench = Bench::new(full_key());
    bench.advance(Duration::from_secs(6));
    assert_eq!(bench.send(&RESET).status(), Status::Ok);
    bench.advance(Duration::from_secs(6));
    assert_eq!(bench.send(&RESET).status(), Status::NotAllowed);
}

/// Tokens and the count of wrong PINs are volatile, and a reset forgets them as a power cycle does.
#[test]
fn tokens_and_the_latch_are_forgotten() {
    let mut bench = Bench::new(full_key()).with_pin();
    let token = bench.token(Permissions::CM, None);
    bench.guess(3);
    assert_eq!(bench.send(&RESET).status(), Status::Ok);
    let metadata = token.authorize(Request::new(api::CREDENTIAL_MANAGEMENT).with(1, crate::bench::uint(1)));
    assert_eq!(bench.send(&metadata.bytes()).reason(), "NoToken");
    let set = Platform::agree(&mut bench, PinUvAuthProtocol::Two).set_pin(PIN);
    assert_eq!(bench.send(&set.bytes()).status(), Status::Ok);
    bench.token(Permissions::CM, None);
}
