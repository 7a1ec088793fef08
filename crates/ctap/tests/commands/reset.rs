//! authenticatorReset. CTAP 2.3 §6.6.

use std::time::Duration;

use softhello_ctap::{Answer, Profile, Protection, Status, api};

use crate::bench::{Bench, Call, Point, RP_ID, Request, broken_store, hello, security_key};

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
        let asked = reply.calls.contains(&Call::ConfirmReset);
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
        let effects = if erased { vec![Call::ConfirmReset, Call::Reset] } else { vec![Call::ConfirmReset] };
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
