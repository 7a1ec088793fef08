//! performBuiltInUv, through both commands that verify. CTAP 2.3 §6.5.3.1.

use softhello_ctap::{
    Answer::{Cancelled, Declined, Given, TimedOut, Wrong},
    Profile, Status,
};

use crate::bench::{Bench, Call, Request, hello, pin_pad};

/// What became of both commands, and the gestures and retries until then.
fn both(bench: impl Fn() -> Bench) -> [(&'static str, Bench, Vec<u8>); 2] {
    [
        ("makeCredential", bench(), Request::make_credential().bytes()),
        ("getAssertion", bench().passkey("ada"), Request::get_assertion().bytes()),
    ]
}

fn verification(calls: &[Call]) -> Vec<Call> {
    calls.iter().filter(|call| matches!(call, Call::Verify(_) | Call::UvRetries(_))).cloned().collect()
}

/// The retries are lowered durably before each gesture, and put back after a success.
#[test]
fn retries_and_gestures_stand_in_order() {
    use Call::{UvRetries, Verify};
    for (name, retries, answers, want, calls) in [
        ("right at once", 5, &[Given][..], Status::Ok, &[UvRetries(4), Verify(4), UvRetries(5)][..]),
        ("right, few left", 1, &[Given], Status::Ok, &[UvRetries(0), Verify(0), UvRetries(5)]),
        (
            "right at last",
            5,
            &[Wrong, Wrong, Given],
            Status::Ok,
            &[UvRetries(4), Verify(4), UvRetries(3), Verify(3), UvRetries(2), Verify(2), UvRetries(5)],
        ),
        (
            "wrong",
            5,
            &[Wrong, Wrong, Wrong, Given],
            Status::OperationDenied,
            &[UvRetries(4), Verify(4), UvRetries(3), Verify(3), UvRetries(2), Verify(2)],
        ),
        (
            "wrong until blocked",
            2,
            &[Wrong, Wrong, Given],
            Status::PinBlocked,
            &[UvRetries(1), Verify(1), UvRetries(0), Verify(0)],
        ),
        ("blocked", 0, &[Given], Status::PinBlocked, &[]),
        // Nothing was compared, and nothing is counted.
        ("declined", 5, &[Declined], Status::OperationDenied, &[UvRetries(4), Verify(4), UvRetries(5)]),
        ("timed out", 5, &[TimedOut], Status::UserActionTimeout, &[UvRetries(4), Verify(4), UvRetries(5)]),
        ("cancelled", 5, &[Cancelled], Status::KeepaliveCancel, &[UvRetries(4), Verify(4), UvRetries(5)]),
        (
            "the last, declined",
            1,
            &[Declined],
            Status::OperationDenied,
            &[UvRetries(0), Verify(0), UvRetries(1)],
        ),
        // A wrong one before it stays counted.
        (
            "wrong, then cancelled",
            5,
            &[Wrong, Cancelled],
            Status::KeepaliveCancel,
            &[UvRetries(4), Verify(4), UvRetries(3), Verify(3), UvRetries(4)],
        ),
        (
            "wrong, then timed out",
            4,
            &[Wrong, TimedOut],
            Status::UserActionTimeout,
            &[UvRetries(3), Verify(3), UvRetries(2), Verify(2), UvRetries(3)],
        ),
    ] {
        let bench = || Bench::new(hello()).uv_retries(retries).user(answers.iter().copied());
        for (command, mut bench, request) in both(bench) {
            let name = format!("{command}: {name}");
            let reply = bench.send(&request);
            assert_eq!(reply.status(), want, "{name}");
            assert_eq!(verification(&reply.calls), calls, "{name}");
            if want == Status::Ok {
                assert_eq!(bench.host.state.uv_retries, 5, "{name}");
            } else {
                reply.assert_refused(&name, want);
                assert!(!reply.calls.contains(&Call::Create), "{name}");
                assert!(!reply.calls.contains(&Call::NextCount), "{name}");
            }
        }
    }
}

#[test]
fn as_many_attempts_as_the_profile_says() {
    for attempts in 1..=5 {
        let profile = Profile { max_uv_attempts: attempts, max_uv_retries: 8, ..hello() };
        let bench = || {
            let mut bench = Bench::new(profile.clone());
            bench.host.default_answer = Wrong;
            bench
        };
        for (command, mut bench, request) in both(bench) {
            let reply = bench.send(&request);
            reply.assert_refused(&format!("{command}, {attempts} attempts"), Status::OperationDenied);
            let asked = reply.calls.iter().filter(|call| matches!(call, Call::Verify(_))).count();
            assert_eq!(asked, usize::from(attempts), "{command}");
            assert_eq!(bench.host.state.uv_retries, 8 - attempts, "{command}");
        }
    }
}

/// Blocked is blocked, across commands and power cycles, until something else restores the retries.
#[test]
fn the_lock_lasts() {
    let mut bench = Bench::new(hello()).passkey("ada");
    bench.host.default_answer = Wrong;
    let request = Request::get_assertion().bytes();
    bench.send(&request).assert_refused("three of five", Status::OperationDenied);
    bench.send(&request).assert_refused("five of five", Status::PinBlocked);
    bench.host.default_answer = Given;
    for _ in 0..2 {
        let reply = bench.send(&request);
        reply.assert_refused("blocked", Status::PinBlocked);
        assert_eq!(reply.effects(), [], "nobody is asked any more");
        bench.power_cycle();
    }
    let reply = bench.send(&Request::make_credential().bytes());
    reply.assert_refused("blocked for a registration as well", Status::PinBlocked);
    bench.host.state.uv_retries = 5;
    bench.assert(&Request::get_assertion());
}

#[test]
fn a_power_cut_at_the_gesture_costs_an_attempt() {
    let mut bench = Bench::new(hello()).passkey("ada");
    for left in [4, 3, 2, 1, 0] {
        let calls = bench.cut_power_at_ask(&Request::get_assertion().bytes());
        assert_eq!(verification(&calls), [Call::UvRetries(left), Call::Verify(left)]);
        assert_eq!(bench.host.state.uv_retries, left);
    }
    bench.send(&Request::get_assertion().bytes()).assert_refused("no attempt is left", Status::PinBlocked);
}

/// Where verification is only an option, a blocked one leaves the rest of the authenticator usable.
#[test]
fn without_verification_nothing_is_counted() {
    let mut bench = Bench::new(pin_pad()).passkey("ada").uv_retries(0);
    let reply = bench.send(&Request::get_assertion().bytes());
    reply.asserted();
    assert_eq!(verification(&reply.calls), []);
    let reply = bench.send(&Request::get_assertion().option("uv", true).bytes());
    reply.assert_refused("uv", Status::PinBlocked);
}
