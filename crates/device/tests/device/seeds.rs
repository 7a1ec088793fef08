//! Repeatable devices.

use softhello_device::Seed;
use softhello_storage::{DeviceKey, EngineKind, memory};

use crate::bench::{Bench, Create, get_assertion, make_credential};

/// What a device answers to the same requests: two registrations, of which the second renews the first, a credential
/// that a security key seals into its id, and two sign-ins.
fn answers(bench: &mut Bench, profile: &str) -> Vec<Vec<u8>> {
    let kept = Create::kept(profile);
    [make_credential(&kept), make_credential(&kept), get_assertion(&[]), make_credential(&Create::default())]
        .iter()
        .map(|request| bench.send(request).response)
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_in_a_fresh_store() {
    for profile in ["windows-hello-software", "security-key"] {
        let run = |seed: Option<&Seed>| answers(&mut Bench::in_store(&memory(), profile, seed), profile);
        let (seven, eight) = (Seed::new(b"seven"), Seed::new(b"eight"));
        let first = run(Some(&seven));
        assert!(first.iter().all(|response| response[0] == 0), "{profile}");
        assert_eq!(first, run(Some(&seven)), "{profile}");
        assert_ne!(first[0], first[1], "{profile}: no two registrations are alike");
        for other in [run(Some(&eight)), run(None)] {
            assert!(first.iter().zip(&other).all(|(a, b)| a != b), "{profile}");
        }
    }
}

#[test]
fn a_second_run_on_the_same_store_repeats_nothing() {
    let seed = Seed::new(b"seven");
    let key = DeviceKey::random().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let profile = "windows-hello-software";
    let mut ids = Vec::new();
    for run in 0..3 {
        let store = softhello_storage::open(EngineKind::Sled, folder.path(), key.clone()).unwrap();
        let mut bench = match run {
            0 => Bench::set_up(&store, profile, Some("123456"), Some(&seed)),
            _ => Bench::over(&store, profile, Some(&seed)),
        };
        ids.extend((0..2).map(|_| bench.create(&Create::default()).unwrap().id));
    }
    let drawn = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), drawn);
}

#[test]
fn a_seed_is_not_printed() {
    assert_eq!(format!("{:?}", Seed::new(b"seven")), "Seed(..)");
}
