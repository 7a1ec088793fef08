//! Profiles beside Windows Hello's, and how they keep apart.

use softhello_ctap::Status;
use softhello_device::{DeviceProfile, Script};
use softhello_storage::memory;

use crate::bench::{Bench, Create};

#[test]
fn profiles_never_see_each_others_passkeys() {
    let store = memory();
    let names = DeviceProfile::BUILT_IN.into_iter().filter(|name| *name != "u2f-key");
    let mut devices: Vec<_> = names.map(|name| (name, Bench::in_store(&store, name, None))).collect();
    let ids: Vec<_> =
        devices.iter_mut().map(|(name, device)| device.create(&Create::kept(name)).unwrap().id).collect();
    for (at, (_, device)) in devices.iter_mut().enumerate() {
        assert_eq!(device.get(&[]).unwrap().id, ids[at]);
        for (of, id) in ids.iter().enumerate() {
            let seen = device.get(&[id]).map(|asserted| asserted.id);
            match seen {
                Ok(seen) => assert_eq!((of, &seen), (at, id)),
                Err(refused) => {
                    assert_ne!(of, at);
                    assert_eq!(refused.status, Status::NoCredentials);
                }
            }
        }
    }
}

#[test]
fn a_quirk_leaves_the_container_as_it_is() {
    let store = memory();
    let id = Bench::set_up(&store, "windows-hello-software", Some("123456"), None).create(&Create::default());
    let mut certified = Bench::over(&store, "windows-hello-software+as-certified", None);
    assert_eq!(certified.get(&[]).unwrap().id, id.unwrap().id);
}

#[test]
fn a_security_key_keeps_only_what_it_is_asked_to_keep() {
    let mut bench = Bench::of("security-key");
    let sealed = bench.create(&Create::default()).unwrap();
    assert_eq!((sealed.fmt.as_str(), sealed.flags, sealed.sign_count), ("packed", 0x41, 0));
    assert!(sealed.id.len() > 32, "the key is inside the id, which has {} bytes", sealed.id.len());
    assert_eq!(bench.get(&[]).unwrap_err().status, Status::NoCredentials);
    for count in 1..=2 {
        let asserted = bench.get(&[&sealed.id]).unwrap();
        assert_eq!((asserted.flags, asserted.sign_count), (0x01, count));
        assert_eq!(asserted.user_id, None, "it was never stored");
    }

    let kept = bench.create(&Create::kept("security-key")).unwrap();
    assert_eq!((kept.flags, kept.id.len()), (0x41, 32));
    let found = bench.get(&[]).unwrap();
    assert_eq!((found.id, found.user_id.as_deref()), (kept.id, Some(&b"ada"[..])));
    bench.set_pin(Some("123456"));
    let unverified = bench.create(&Create::kept("security-key")).err().unwrap();
    assert_eq!((unverified.status, unverified.name()), (Status::PuatRequired, "PuatRequired"));
}

#[test]
fn the_ids_of_one_security_key_mean_nothing_to_another() {
    let id = Bench::of("security-key").create(&Create::default()).unwrap().id;
    assert_eq!(Bench::of("security-key").get(&[&id]).unwrap_err().status, Status::NoCredentials);
}

#[test]
fn a_synced_passkey_is_backed_up_and_does_not_count() {
    let mut bench = Bench::of("synced-passkey");
    let created = bench.create(&Create { options: &[("uv", true)], ..Create::default() }).unwrap();
    assert_eq!((created.fmt.as_str(), created.flags, created.sign_count), ("none", 0x5d, 0));
    assert_eq!(created.id.len(), 20);
    for _ in 0..2 {
        let asserted = bench.get(&[]).unwrap();
        assert_eq!((asserted.flags, asserted.sign_count), (0x19, 0));
    }
    // It was not asked to verify, and so a wrong gesture is only a touch.
    assert_eq!(bench.user(Script::WrongPin).get(&[]).unwrap().flags, 0x19);
}
