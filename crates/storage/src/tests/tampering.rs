//! What is detected of a changed store, and that nothing else is lost.

use softhello_ctap::{PinVerifier, Query, Setting, u2f::application};

use super::*;
use crate::{DIRECTORY, Expected, copy, copy_sound, export_container, seal::KeyKind};

/// Two containers with two credentials each, a counter, an operation number and a document.
fn filled() -> Disk {
    let disk = Disk::default();
    let store = disk.open().unwrap();
    for container in [HOME, OTHER] {
        commit(
            &store,
            container,
            [
                create(),
                put("rp", "ada"),
                put("other", "bob"),
                Change::Set {
                    setting: Setting::Pin(Some(PinVerifier { hash: [6; 16], code_points: 6 })),
                    expected: Expected::Any,
                },
                Change::PutDocument { name: "n".to_owned(), value: vec![1], expected: Expected::Any },
            ],
        )
        .unwrap();
        wait(store.next_count(container, &id("ada@rp"))).unwrap();
        wait(store.next_operation(container)).unwrap();
    }
    let name = "accounts".to_owned();
    commit(&store, DIRECTORY, [Change::PutDocument { name, value: vec![2], expected: Expected::Any }])
        .unwrap();
    drop(store);
    disk
}

/// Every read, as text; damage is an error and never another value.
fn reads(store: &dyn Store, container: ContainerId) -> Vec<Result<String, StoreError>> {
    fn text<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Result<String, StoreError> {
        result.map(|value| format!("{value:?}"))
    }
    let ids: [&[u8]; 1] = [b"ada@rp"];
    vec![
        text(wait(store.state(container))),
        text(wait(store.load(container, &id("ada@rp")))),
        text(wait(store.load(container, &id("bob@other")))),
        text(wait(store.find(container, Query::Rp("rp")))),
        text(wait(store.find(container, Query::Rp("other")))),
        text(wait(store.find(container, Query::Ids { rp_id_hash: &application("rp"), ids: &ids }))),
        text(wait(store.find(container, Query::All))),
        text(wait(store.count(container))),
        text(wait(store.counter(container, &id("ada@rp")))),
        text(wait(store.operation(container))),
        text(wait(store.document(container, "n"))),
        text(wait(store.documents(container, ""))),
    ]
}

/// Opens the store with `changed` in the place of one record, and expects that this record alone is reported.
fn expect_damage(disk: &Disk, key: &Key, changed: &[u8], what: &str) {
    let other = if Key::container(key.as_ref()) == Some(HOME) { OTHER } else { HOME };
    let container = if other == HOME { OTHER } else { HOME };
    let (sound, sound_other) = {
        let store = disk.open().unwrap();
        (reads(&store, container), reads(&store, other))
    };
    let mut records = disk.records();
    let place = records.iter_mut().find(|(found, _)| found == key).unwrap();
    place.1 = changed.to_vec();
    let store = match Disk::of(records).open() {
        Ok(store) => store,
        Err(error) => {
            assert_eq!(Key::kind(key.as_ref()), Some(KeyKind::Header), "{what}: {error}");
            let said = matches!(error, StoreError::Damaged { .. } | StoreError::UnknownVersion { .. });
            assert!(said, "{what}: {error}");
            return;
        }
    };
    let report = wait(store.check()).unwrap();
    let named = report.damaged.iter().any(|damage| damage.record == Key::describe(key.as_ref()));
    assert!(named, "{what} of {key:?}: {report}");
    for (got, want) in reads(&store, container).into_iter().zip(sound) {
        match got {
            Ok(got) => assert_eq!(got, want.unwrap(), "{what} of {key:?}"),
            Err(StoreError::Damaged { .. } | StoreError::UnknownVersion { .. }) => {}
            Err(other) => panic!("{what} of {key:?}: {other}"),
        }
    }
    let same =
        reads(&store, other).into_iter().zip(sound_other).all(|(got, want)| got.unwrap() == want.unwrap());
    assert!(same, "{what} of {key:?} reached another container");
}

#[test]
fn every_flipped_bit_is_detected() {
    let disk = filled();
    for (key, value) in disk.records() {
        for place in 0..value.len() {
            let mut changed = value.clone();
            changed[place] ^= 1 << (place % 8);
            expect_damage(&disk, &key, &changed, &format!("bit flip at {place}"));
        }
    }
}

#[test]
fn every_truncation_and_extension_is_detected() {
    let disk = filled();
    for (key, value) in disk.records() {
        for len in (0..value.len()).step_by(3) {
            expect_damage(&disk, &key, &value[..len], &format!("truncation to {len}"));
        }
        expect_damage(&disk, &key, &[&value[..], &[0]].concat(), "one more byte");
    }
}

#[test]
fn records_in_the_place_of_others_are_detected() {
    let disk = filled();
    let records = disk.records();
    for (key, value) in &records {
        for (other, other_value) in &records {
            if key != other {
                expect_damage(&disk, key, other_value, &format!("{other:?} in the place"));
            }
        }
        assert!(!value.is_empty());
    }
}

#[test]
fn unknown_versions_are_named() {
    let disk = filled();
    let mut records = disk.records();
    for (key, value) in &mut records {
        if Key::kind(key.as_ref()) != Some(KeyKind::Header) {
            value[0] = 2;
        }
    }
    let store = Disk::of(records.clone()).open().unwrap();
    assert!(matches!(wait(store.state(HOME)), Err(StoreError::UnknownVersion { found: 2, known: 1, .. })));
    for (key, value) in &mut records {
        if Key::kind(key.as_ref()) == Some(KeyKind::Header) {
            value[9] = 2;
        }
    }
    let refused = Disk::of(records).open();
    assert!(matches!(refused, Err(StoreError::UnknownVersion { found: 2, known: 1, .. })));
}

#[test]
fn missing_records_are_reported_as_far_as_they_can_be() {
    let disk = filled();
    for (key, _) in disk.records() {
        let rest = disk.records().into_iter().filter(|(other, _)| *other != key);
        let kind = Key::kind(key.as_ref()).unwrap();
        let opened = Disk::of(rest).open();
        if kind == KeyKind::Header {
            assert!(matches!(opened, Err(StoreError::Damaged { .. })));
            continue;
        }
        let report = wait(opened.unwrap().check()).unwrap();
        // Nothing else mentions these. `docs/container-format.md` says so.
        let silent = [KeyKind::Counter, KeyKind::Operation, KeyKind::Document].contains(&kind);
        assert_eq!(report.is_sound(), silent, "{key:?}: {report}");
    }
}

#[test]
fn a_check_lists_all_and_not_only_the_first() {
    let disk = filled();
    let mut records = disk.records();
    let mut broken = Vec::new();
    for (key, value) in &mut records {
        if [KeyKind::Credential, KeyKind::Document].contains(&Key::kind(key.as_ref()).unwrap()) {
            *value.last_mut().unwrap() ^= 1;
            broken.push(Key::describe(key.as_ref()));
        }
    }
    let report = wait(Disk::of(records).open().unwrap().check()).unwrap();
    assert_eq!(broken.len(), 7);
    assert!(
        broken.iter().all(|record| report.damaged.iter().any(|damage| damage.record == *record)),
        "{report}"
    );
}

#[test]
fn what_is_damaged_is_named_by_an_export_and_the_rest_is_in_it() {
    let disk = filled();
    let whole = wait(export_container(&disk.open().unwrap(), HOME)).unwrap();
    assert_eq!((whole.credentials.len(), whole.damaged.len()), (2, 0));
    let of_home = |kind| {
        let of_kind = move |key: &Key| {
            Key::container(key.as_ref()) == Some(HOME) && Key::kind(key.as_ref()) == Some(kind)
        };
        disk.records().into_iter().map(|(key, _)| key).find(of_kind).unwrap()
    };
    let damaged_export = |broken: &[Key]| {
        let mut records = disk.records();
        for (key, value) in &mut records {
            if broken.contains(key) {
                *value.last_mut().unwrap() ^= 1;
            }
        }
        wait(export_container(&Disk::of(records).open().unwrap(), HOME)).unwrap()
    };
    let (by_id, by_rp, counter) =
        (of_home(KeyKind::Credential), of_home(KeyKind::ByRp), of_home(KeyKind::Counter));

    let mut records = disk.records();
    let place = records.iter_mut().find(|(key, _)| *key == by_id).unwrap();
    *place.1.last_mut().unwrap() ^= 1;
    let (from, to) = (Disk::of(records), Disk::default());
    let (from, to) = (from.open().unwrap(), to.open().unwrap());
    assert!(matches!(wait(copy(&from, &to)), Err(StoreError::Damaged { .. })));
    assert_eq!(wait(to.containers()).unwrap(), []);
    assert_eq!(wait(copy_sound(&from, &to)).unwrap().len(), 1);
    assert_eq!(wait(to.count(HOME)).unwrap() + wait(to.count(OTHER)).unwrap(), 3);

    let export = damaged_export(&[by_id]);
    assert_eq!((export.credentials.len(), export.damaged.len()), (1, 1), "{:?}", export.damaged);
    assert!(export.damaged[0].contains(&Key::describe(by_id.as_ref())));
    // An index entry alone costs nothing.
    let export = damaged_export(&[by_rp]);
    assert_eq!((export.credentials, export.damaged.len()), (whole.credentials.clone(), 0));
    let export = damaged_export(&[counter]);
    assert_eq!(export.credentials.len(), 2);
    assert!(
        export.damaged.contains(
            &StoreError::damaged(
                Key::describe(counter.as_ref()),
                "it does not authenticate (changed, moved or cut off)"
            )
            .to_string()
        )
    );
    // All entries and one credential: it is counted, and nothing more is known of it.
    let entries = disk.records().into_iter().map(|(key, _)| key);
    let mut broken: Vec<_> = entries.filter(|key| Key::kind(key.as_ref()) == Some(KeyKind::ByRp)).collect();
    broken.push(by_id);
    let export = damaged_export(&broken);
    assert_eq!(export.credentials.len(), 1);
    assert_eq!(export.damaged, [format!("1 credentials of container {HOME} can no longer be found")]);
}

#[test]
fn foreign_keys_are_reported() {
    let disk = filled();
    for strange in [&b"x"[..], &[0; 16], &[0xff; 17], &[1; 40]] {
        disk.apply(Batch::from([(Key::parse(strange).unwrap(), Some(vec![1]))])).unwrap();
    }
    assert_eq!(wait(disk.open().unwrap().check()).unwrap().damaged.len(), 4 + 2 * 3);
}

#[test]
fn neither_names_nor_secrets_are_visible() {
    let disk = filled();
    let seen: Vec<u8> =
        disk.records().iter().flat_map(|(key, value)| [key.as_ref(), value].concat()).collect();
    for (name, secret) in [
        ("user", &b"ada"[..]),
        ("RP and user", b"ada@rp"),
        ("document", b"accounts"),
        ("private key", &[1; 8]),
        ("sealing key", &[7; 8]),
        ("PIN", &[6; 8]),
    ] {
        assert!(!seen.windows(secret.len()).any(|window| window == secret), "{name}");
    }
}
