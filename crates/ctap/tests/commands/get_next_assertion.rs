//! authenticatorGetNextAssertion. CTAP 2.3 §6.3.

use std::time::Duration;

use softhello_ctap::{Answer, Channel, Flags, Profile, Protection, Status, Transport, api};

use crate::bench::{
    Bench, CLIENT_DATA_HASH, Call, PIN, Point, RP_ID, Request, broken_store, hello, pin_pad, security_key,
    verifier,
};
use crate::signatures::verify;

const NEXT: [u8; 1] = [api::GET_NEXT_ASSERTION];

/// Three passkeys, of which the first (the newest) has answered.
fn begun(profile: Profile) -> Bench {
    let mut bench = Bench::new(profile).passkey("a").passkey("b").passkey("c");
    assert_eq!(bench.assert(&Request::get_assertion()).number_of_credentials, Some(3));
    bench
}

#[test]
fn every_credential_answers_once_newest_first() {
    let mut bench = Bench::new(hello());
    let ids: Vec<_> = ["a", "b", "c"]
        .map(|user| bench.keep(RP_ID, user, Protection::Optional, true))
        .into_iter()
        .rev()
        .collect();
    let first = bench.assert(&Request::get_assertion());
    assert_eq!(first.id, ids[0]);
    for id in &ids[1..] {
        let reply = bench.send(&NEXT);
        let next = reply.asserted();
        assert_eq!(next.id, *id);
        assert_eq!(next.number_of_credentials, None);
        assert_eq!(reply.effects(), [Call::NextCount], "nobody is asked again");
        let key = bench.host.credentials.iter().find(|stored| stored.credential.id.as_bytes() == id).unwrap();
        let message = [&next.auth_data_bytes[..], &CLIENT_DATA_HASH].concat();
        verify(&key.credential.key.public_key(), &message, &next.signature);
    }
    for _ in 0..2 {
        bench.send(&NEXT).assert_refused("exhausted", Status::NotAllowed);
    }
}

#[test]
fn a_credential_that_was_deleted_from_outside_ends_the_sequence() {
    let mut bench = begun(hello());
    bench.host.credentials.clear();
    bench.send(&NEXT).assert_refused("deleted", Status::NotAllowed);
}

#[test]
fn flags_and_names_are_those_of_the_first_answer() {
    let pre_flight = |request: Request| request.option("up", false);
    let verified = |request: Request| request.option("uv", true);
    for (name, profile, request, flags, named) in [
        ("hello", hello(), Request::get_assertion(), Flags::UP | Flags::UV, true),
        ("key", security_key(), Request::get_assertion(), Flags::UP, false),
        ("pad", pin_pad(), Request::get_assertion(), Flags::UP, false),
        ("pad, verified", pin_pad(), verified(Request::get_assertion()), Flags::UP | Flags::UV, true),
        ("pre-flight", hello(), pre_flight(Request::get_assertion()), 0, false),
    ] {
        let mut bench = Bench::new(profile).passkey("a").passkey("b");
        let first = bench.assert(&request);
        // Verification is set up or removed meanwhile: the sequence keeps what it began with.
        let pin = &mut bench.host.state.settings.pin;
        *pin = if pin.is_some() { None } else { Some(verifier(PIN)) };
        let next = bench.send(&NEXT).asserted();
        for (answer, user) in [(first, "b"), (next, "a")] {
            assert_eq!(answer.auth_data.flags, Flags(flags), "{name}, {user}");
            let entity = answer.user.unwrap();
            assert_eq!(entity.id, user.as_bytes(), "{name}, {user}");
            assert_eq!(entity.name.is_some(), named, "{name}, {user}");
            assert_eq!(entity.display_name.is_some(), named, "{name}, {user}");
        }
    }
}

#[test]
fn without_a_sequence() {
    let one = || {
        let mut bench = Bench::new(hello()).passkey("a");
        bench.assert(&Request::get_assertion());
        bench
    };
    let listed = || {
        let mut bench = Bench::new(hello());
        let ids = ["a", "b"].map(|user| bench.keep(RP_ID, user, Protection::Optional, true));
        bench.assert(&Request::get_assertion().list(&[&ids[0], &ids[1]]));
        bench
    };
    let refused = || {
        let mut bench = begun(hello());
        bench.host.default_answer = Answer::Declined;
        bench.send(&Request::get_assertion().bytes()).assert_refused("declined", Status::OperationDenied);
        bench
    };
    let power_cycled = || {
        let mut bench = begun(hello());
        bench.power_cycle();
        bench
    };
    for (name, mut bench) in [
        ("at first", Bench::new(hello()).passkey("a").passkey("b")),
        ("after a single credential", one()),
        ("after an allowList", listed()),
        ("after a refused getAssertion", refused()),
        ("after a power cycle", power_cycled()),
    ] {
        bench.send(&NEXT).assert_refused(name, Status::NotAllowed);
    }
}

#[test]
fn another_command_ends_the_sequence() {
    for (name, request, want) in [
        ("getInfo", vec![api::GET_INFO], Status::Ok),
        ("an unknown command", vec![0x40], Status::InvalidCommand),
        ("makeCredential", Request::make_credential().bytes(), Status::Ok),
        ("getAssertion elsewhere", Request::get_assertion().rp("a.example").bytes(), Status::NoCredentials),
        ("getAssertion that is no CBOR", vec![api::GET_ASSERTION, 0xff], Status::InvalidCbor),
        ("a request too large", vec![api::GET_ASSERTION; 1025], Status::RequestTooLarge),
    ] {
        let mut bench = begun(hello());
        assert_eq!(bench.send(&request).status(), want, "{name}");
        bench.send(&NEXT).assert_refused(name, Status::NotAllowed);
    }
}

#[test]
fn only_the_channel_that_began_goes_on() {
    let here = Channel { transport: Transport::Usb, id: 7 };
    for other in [
        Channel { transport: Transport::Usb, id: 8 },
        Channel { transport: Transport::Nfc, id: 7 },
        Channel::default(),
    ] {
        let mut bench = Bench::new(hello()).passkey("a").passkey("b").passkey("c");
        bench.channel = here;
        bench.assert(&Request::get_assertion());
        bench.channel = other;
        bench.send(&NEXT).assert_refused(&format!("{other:?}"), Status::NotAllowed);
        bench.channel = here;
        assert_eq!(bench.send(&NEXT).asserted().user.unwrap().id, b"b", "the stranger changed nothing");
        bench.channel = other;
        bench.send(&[api::GET_INFO]);
        bench.channel = here;
        bench.send(&NEXT).assert_refused("after a command of the stranger", Status::NotAllowed);
    }
}

#[test]
fn thirty_seconds_pass_and_not_more() {
    for (waits, want) in [
        (&[30_000][..], Status::Ok),
        (&[30_001], Status::NotAllowed),
        (&[u64::MAX / 2], Status::NotAllowed),
        // Each answer starts the clock anew.
        (&[30_000, 30_000], Status::Ok),
        (&[30_000, 30_001], Status::NotAllowed),
        (&[1, 30_001], Status::NotAllowed),
    ] {
        let mut bench = begun(hello());
        let last = waits.iter().map(|wait| {
            bench.advance(Duration::from_millis(*wait));
            bench.send(&NEXT).status()
        });
        assert_eq!(last.last(), Some(want), "{waits:?} ms");
    }
    let mut bench = begun(hello());
    bench.advance(Duration::from_millis(30_001));
    bench.send(&NEXT).assert_refused("too late", Status::NotAllowed);
    bench.host.clock.0 -= 30_001;
    bench.send(&NEXT).assert_refused("too late is for ever", Status::NotAllowed);
}

/// The 30 seconds begin with the answer, not with the request that waited for its user.
#[test]
fn the_users_time_does_not_count() {
    let mut bench = Bench::new(hello()).passkey("a").passkey("b");
    bench.host.gesture_takes = Duration::from_secs(25);
    bench.assert(&Request::get_assertion());
    bench.advance(Duration::from_secs(30));
    bench.send(&NEXT).asserted();
}

#[test]
fn a_clock_that_goes_back_does_no_harm() {
    let mut bench = begun(hello());
    bench.host.clock.0 -= 60_000;
    bench.send(&NEXT).asserted();
}

#[test]
fn a_new_assertion_begins_a_new_sequence() {
    let mut bench = begun(hello());
    bench.send(&NEXT).asserted();
    bench.assert(&Request::get_assertion());
    for user in ["b", "a"] {
        assert_eq!(bench.send(&NEXT).asserted().user.unwrap().id, user.as_bytes());
    }
    bench.send(&NEXT).assert_refused("exhausted", Status::NotAllowed);
}

#[test]
fn counts_belong_to_each_credential() {
    let mut bench = begun(hello());
    for _ in 0..2 {
        assert_eq!(bench.send(&NEXT).asserted().auth_data.sign_count, 1);
    }
    bench.assert(&Request::get_assertion());
    assert_eq!(bench.send(&NEXT).asserted().auth_data.sign_count, 2);
}

#[test]
fn a_failing_host_ends_the_sequence() {
    for point in [Point::Load, Point::NextCount] {
        let mut bench = begun(hello()).fail(point, broken_store());
        let reply = bench.send(&NEXT);
        assert_eq!(reply.response, [0x7f], "{point:?}");
        assert_eq!(reply.reason(), "Host", "{point:?}");
        bench.send(&NEXT).assert_refused("afterwards", Status::NotAllowed);
    }
}

#[test]
fn a_failing_host_is_noted() {
    for point in [Point::Load, Point::NextCount] {
        begun(hello()).fail(point, broken_store()).send(&NEXT).assert_noted(&format!("{point:?}"));
    }
}
