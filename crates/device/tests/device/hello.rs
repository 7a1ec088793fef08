//! Windows Hello's software authenticator, as recorded from real ones.

use softhello_ctap::{
    Algorithm, Status,
    message::{ATTESTATION_STATEMENT, Members},
};
use softhello_device::Script;
use softhello_storage::{DeviceKey, EngineKind};

use crate::bench::{Bench, Create};

#[test]
fn flags_counts_and_ids_are_hellos() {
    let mut bench = Bench::hello();
    let created = bench.create(&Create::default()).unwrap();
    assert_eq!((created.flags, created.sign_count), (0x45, 0));
    assert_eq!(created.id.len(), 32);
    for count in 1..=3 {
        let asserted = bench.get(&[]).unwrap();
        assert_eq!((asserted.flags, asserted.sign_count), (0x05, count));
        assert_eq!(asserted.id, created.id);
    }
    // Each credential counts for itself.
    let other = bench.create(&Create { user_id: b"grace", ..Create::default() }).unwrap();
    assert_eq!(bench.get(&[&other.id]).unwrap().sign_count, 1);
    assert_eq!(bench.get(&[&created.id]).unwrap().sign_count, 4);
}

#[test]
fn every_credential_is_discoverable() {
    for options in [&[][..], &[("rk", false)], &[("rk", true)], &[("rk", false), ("uv", true)]] {
        let mut bench = Bench::hello();
        let created = bench.create(&Create { options, ..Create::default() }).unwrap();
        let asserted = bench.get(&[]).unwrap();
        assert_eq!(
            (asserted.id, asserted.user_id.as_deref()),
            (created.id, Some(&b"ada"[..])),
            "{options:?}"
        );
    }
}

#[test]
fn the_aaguid_stays_whatever_the_attestation() {
    for (algorithm, formats, fmt) in [
        (Algorithm::Es256, &[][..], "none"),
        (Algorithm::Es256, &["none"], "none"),
        (Algorithm::Es256, &["tpm"], "none"),
        (Algorithm::Es256, &["packed"], "packed"),
        (Algorithm::Es256, &["tpm", "packed"], "packed"),
        (Algorithm::Rs256, &["packed"], "packed"),
    ] {
        let created = Bench::hello().create(&Create { algorithm, formats, ..Create::default() }).unwrap();
        assert_eq!(created.fmt, fmt, "{formats:?}");
        assert_eq!(created.aaguid, "6028b017-b1d4-4c02-b4b3-afcdafc96bb2", "{formats:?}");
        if fmt == "packed" {
            let statement = Members::read(&ATTESTATION_STATEMENT, &created.att_stmt).unwrap();
            assert_eq!(statement.int("alg"), Some(algorithm.cose_id()));
            assert!(statement.raw("x5c").is_none(), "self attestation has no certificates");
        } else {
            assert_eq!(created.att_stmt, [0xa0]);
        }
    }
}

#[test]
fn without_a_pin_nothing_can_be_done() {
    let mut bench = Bench::hello();
    bench.create(&Create::default()).unwrap();
    assert_eq!(bench.option("uv"), Some(true));

    bench.set_pin(None);
    assert_eq!(bench.option("uv"), Some(false));
    let refused = bench.create(&Create::default()).err().unwrap();
    assert_eq!((refused.status, refused.name()), (Status::OperationDenied, "NotSetUp"));
    assert_eq!(bench.get(&[]).unwrap_err().name(), "NotSetUp");
    let asked = Create { options: &[("uv", true)], ..Create::default() };
    let refused = bench.create(&asked).err().unwrap();
    assert_eq!((refused.status, refused.name()), (Status::InvalidOption, "UvNotConfigured"));

    bench.set_pin(Some("8437"));
    assert_eq!(bench.get(&[]).unwrap().sign_count, 1, "the passkeys were kept");
}

#[test]
fn a_lockout_outlasts_the_process_and_a_new_pin_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let key = DeviceKey::random().unwrap();
    let open = || softhello_storage::open(EngineKind::Sled, folder.path(), key.clone()).unwrap();
    let profile = "windows-hello-software";
    {
        let mut bench = Bench::set_up(&open(), profile, Some("123456"), None);
        bench.create(&Create::default()).unwrap();
        // Three attempts at a time, five in all.
        let first = bench.user(Script::WrongPin).get(&[]).unwrap_err();
        assert_eq!((first.status, first.name()), (Status::OperationDenied, "UvFailed"));
        assert_eq!(first.cause.to_string(), "user verification failed, 2 attempts left");
    }
    {
        let mut bench = Bench::over(&open(), profile, None);
        let second = bench.user(Script::WrongPin).get(&[]).unwrap_err();
        assert_eq!((second.status, second.name()), (Status::PinBlocked, "UvBlocked"));
    }
    let mut bench = Bench::over(&open(), profile, None);
    assert_eq!(bench.get(&[]).unwrap_err().name(), "UvBlocked", "the right PIN comes too late");
    assert_eq!(bench.create(&Create::default()).err().unwrap().name(), "UvBlocked");
    bench.set_pin(Some("8437"));
    assert_eq!(bench.get(&[]).unwrap().sign_count, 1);
}

#[test]
fn a_success_makes_good_for_earlier_failures() {
    let mut bench = Bench::hello();
    bench.create(&Create::default()).unwrap();
    for _ in 0..3 {
        let refused = bench.user(Script::WrongPin).get(&[]).unwrap_err();
        assert_eq!(refused.name(), "UvFailed");
        bench.user(Script::Approve).get(&[]).unwrap();
    }
}
