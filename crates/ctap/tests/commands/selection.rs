//! authenticatorSelection. CTAP 2.3 §6.9.

use softhello_ctap::{Answer, Profile, Status, Version, api};

use crate::bench::{Bench, Call, full_key, hello, security_key};

#[test]
fn answers_of_the_user() {
    for versions in [[Version::Fido21Pre], [Version::Fido21], [Version::Fido23]] {
        let profile = Profile { versions: versions.to_vec(), ..full_key() };
        for (answer, want) in [
            (Answer::Given, Status::Ok),
            (Answer::Wrong, Status::OperationDenied),
            (Answer::Declined, Status::OperationDenied),
            (Answer::TimedOut, Status::UserActionTimeout),
            (Answer::Cancelled, Status::KeepaliveCancel),
        ] {
            let mut bench = Bench::new(profile.clone()).user([answer]);
            let reply = bench.send(&[api::SELECTION]);
            assert_eq!(reply.response, [want.code()], "{answer:?}");
            assert_eq!(reply.effects(), [Call::Select], "{answer:?}");
            reply.assert_noted(&format!("{answer:?}"));
        }
    }
}

/// A touch is enough, also where verification is missing or blocked.
#[test]
fn it_needs_no_verification() {
    for bench in [Bench::new(full_key()).without_uv(), Bench::new(full_key()).uv_retries(0)] {
        let mut bench = bench;
        assert_eq!(bench.send(&[api::SELECTION]).status(), Status::Ok);
    }
}

#[test]
fn ctap_2_0_has_none() {
    for profile in [hello(), security_key()] {
        Bench::new(profile).send(&[api::SELECTION]).assert_refused("2.0", Status::InvalidCommand);
    }
}
