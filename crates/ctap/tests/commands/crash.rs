//! What must hold wherever the power is cut: each await of a command is such a place, before and after a commit.

use softhello_ctap::{Permissions, PersistentToken, PinUvAuthProtocol, Setting, Status, api};

use crate::bench::{
    Bench, PIN, Platform, Point, RP_ID, Request, boolean, broken_store, full_key, raw_map, uint, verifier,
};

const TWO: PinUvAuthProtocol = PinUvAuthProtocol::Two;

fn bench() -> Bench {
    let persistent = PersistentToken { value: [9; 32], read_only_management: true };
    Bench::new(full_key()).with_pin().passkey("ada").set(Setting::PersistentToken(persistent))
}

fn platform(bench: &mut Bench) -> Platform {
    Platform::agree(bench, TWO)
}

/// Cuts the power at every place of a request, each time on a new bench, and looks at what is left.
fn at_every_cut(name: &str, request: impl Fn(&mut Bench) -> Request, check: impl Fn(&mut Bench, &str)) {
    let mut places = 0;
    loop {
        let mut bench = bench();
        let request = request(&mut bench).bytes();
        if !bench.cut_power_at(&request, places) {
            assert!(places > 1, "{name}: there is no place to cut");
            return;
        }
        check(&mut bench, &format!("{name}, cut at {places}"));
        places += 1;
    }
}

fn retries(bench: &Bench) -> u8 {
    bench.settings().pin_retries(&bench.profile)
}

type Guess = fn(&Platform, &str) -> Request;

/// The ways to have a PIN compared.
const GUESSES: [(&str, Guess); 3] = [
    ("changePIN", |platform, pin| platform.change_pin(pin, "5193")),
    ("getPinToken", |platform, pin| platform.pin_token(pin)),
    ("a token", |platform, pin| platform.token_using_pin(pin, Permissions::CM, None)),
];

#[test]
fn a_retry_is_spent_durably_before_the_pin_is_compared() {
    for (name, guess) in GUESSES {
        at_every_cut(
            name,
            |bench| guess(&platform(bench), "9999"),
            |bench, name| {
                if bench.took("6.5.5.6", "6") {
                    assert_eq!(retries(bench), 7, "{name}");
                }
                assert!(retries(bench) >= 7, "{name}");
            },
        );
        // The right PIN may give its retry back, and gives no other.
        at_every_cut(
            name,
            |bench| guess(&platform(bench), PIN),
            |bench, name| assert!([7, 8].contains(&retries(bench)), "{name}"),
        );
    }
}

/// Whoever cuts the power at the best moment, again and again, sees no more comparisons than there are retries.
#[test]
fn cutting_the_power_wins_no_guess() {
    for (name, guess) in GUESSES {
        for place in 0..8 {
            let mut bench = bench();
            let mut compared = 0;
            for _ in 0..40 {
                let request = guess(&platform(&mut bench), "9999").bytes();
                bench.cut_power_at(&request, place);
                bench.power_cycle();
                compared += u32::from(bench.took("6.5.5.6", "6"));
            }
            assert!(compared <= 8, "{name}, cut at {place}: {compared} comparisons");
        }
    }
}

#[test]
fn an_attempt_at_built_in_verification_is_spent_durably_before_the_gesture() {
    for (name, request) in [
        ("a creation", Request::make_credential().option("uv", true)),
        ("an assertion", Request::get_assertion().option("uv", true)),
    ] {
        let asked = bench().cut_power_at_ask(&request.bytes());
        assert!(asked.contains(&crate::bench::Call::UvRetries(4)), "{name}");
        at_every_cut(
            name,
            |_| request.clone(),
            |bench, name| {
                if bench.took("6.5.3.1", "4.1") && !bench.took("6.5.3.1", "4.2") {
                    assert!([4, 5].contains(&bench.host.state.uv_retries), "{name}");
                }
            },
        );
    }
}

/// Tokens are volatile, so that a cut ends them; and a failure after presence has used the token up.
#[test]
fn a_token_is_never_valid_after_it_was_used_up() {
    for (permission, request) in [
        (Permissions::MC, Request::make_credential().option("rk", true)),
        (Permissions::GA, Request::get_assertion()),
    ] {
        let used = std::cell::OnceCell::new();
        at_every_cut(
            "a ceremony",
            |bench| {
                // Benches are all alike: so is the token of each.
                let token = bench.token(permission, Some(RP_ID)).authorize(request.clone());
                used.get_or_init(|| token.bytes());
                token
            },
            |bench, name| {
                let again = bench.send(used.get().expect("a request was made"));
                assert_eq!(again.reason(), "NoToken", "{name}");
            },
        );
        for point in [Point::Generate, Point::Commit, Point::Load, Point::NextCount] {
            let mut bench = bench();
            let token = bench.token(permission, Some(RP_ID));
            let mut bench = bench.fail(point, broken_store());
            let reply = bench.send(&token.authorize(request.clone()).bytes());
            let again = bench.send(&token.authorize(request.clone()).bytes());
            assert_eq!(again.reason(), "PermissionMissing", "{point:?} after {:?}", reply.status());
        }
    }
    // The same token value is never issued again after a power cycle.
    let mut bench = bench();
    let first = bench.token(Permissions::MC, Some(RP_ID));
    bench.power_cycle();
    assert_ne!(bench.token(Permissions::MC, Some(RP_ID)).value, first.value);
}

#[test]
fn a_new_pin_and_the_end_of_the_persistent_token_come_together() {
    at_every_cut(
        "changePIN",
        |bench| platform(bench).change_pin(PIN, "5193"),
        |bench, name| {
            let token = bench.settings().persistent_token.clone().unwrap();
            let changed = bench.settings().pin == Some(verifier("5193"));
            assert_eq!(token.value != [9; 32], changed, "{name}");
            assert_eq!(token.read_only_management, !changed, "{name}");
        },
    );
    let force = || Request::new(api::CONFIG).with(1, uint(3)).with(2, raw_map(&[(uint(3), boolean(true))]));
    at_every_cut(
        "setMinPINLength",
        |bench| bench.token(Permissions::ACFG, None).authorize(force()),
        |bench, name| {
            let token = bench.settings().persistent_token.clone().unwrap();
            assert_eq!(token.read_only_management, !bench.settings().force_pin_change, "{name}");
        },
    );
}

#[test]
fn a_credential_and_the_store_state_change_together() {
    let request = |bench: &mut Bench| {
        let rk = Request::make_credential().user("bob").option("rk", true);
        bench.token(Permissions::MC, Some(RP_ID)).authorize(rk)
    };
    let before = bench().settings().cred_store_state;
    at_every_cut("a creation", request, |bench, name| {
        let made = bench.host.credentials.len() == 2;
        assert_eq!(bench.settings().cred_store_state != before, made, "{name}");
    });
}

#[test]
fn a_reset_leaves_everything_or_nothing_behind() {
    let filled = || {
        let mut bench = bench().set(Setting::MinPinLength(8)).set(Setting::AlwaysUv(true)).uv_retries(2);
        bench.host.large_blob_array = Some(vec![1; 30]);
        bench
    };
    let (before, mut places) = (filled().host.state, 0);
    loop {
        let mut bench = filled();
        if !bench.cut_power_at(&[api::RESET], places) {
            break;
        }
        let everything = bench.host.state == before
            && bench.host.credentials.len() == 1
            && bench.host.large_blob_array.is_some();
        let state = &bench.host.state;
        let nothing = state.settings.pin.is_none()
            && state.settings.templates.is_empty()
            && state.settings.min_pin_length.is_none()
            && state.settings.always_uv.is_none()
            && state.settings.persistent_token != before.settings.persistent_token
            && state.sealing_key != before.sealing_key
            && state.uv_retries == 5
            && bench.host.credentials.is_empty()
            && bench.host.large_blob_array.is_none();
        assert!(everything != nothing, "cut at {places}: a reset is whole");
        places += 1;
    }
    assert!(places >= 4, "the state, the user, before and after the commit");
    // Answered, it is done.
    let mut bench = filled();
    assert_eq!(bench.send(&[api::RESET]).status(), Status::Ok);
    assert!(bench.host.credentials.is_empty());
}
