//! Whole stores as data.

use softhello_storage::{
    Change, DIRECTORY, Expected, Export, StoreError, copy, export, export_container, import,
    import_credentials,
};

use crate::bench::*;

fn filled(bench: &Bench) -> Shared {
    let store = bench.store();
    commit(
        &store,
        HOME,
        [
            put(&passkey("rp", "bob")),
            put(&managed("rp", "ada")),
            set_pin(Some(pin(3)), Expected::Any),
            Change::PutDocument { name: "n".to_owned(), value: vec![1, 2, 3], expected: Expected::Any },
        ],
    )
    .unwrap();
    for _ in 0..5 {
        wait(store.next_count(HOME, &id("bob@rp"))).unwrap();
        wait(store.next_operation(HOME)).unwrap();
    }
    // A non-discoverable credential is in its id alone.
    for _ in 0..3 {
        wait(store.next_count(HOME, &id("sealed"))).unwrap();
    }
    wait(store.set_uv_retries(HOME, 2)).unwrap();
    commit(&store, OTHER, [create()]).unwrap();
    let name = "accounts".to_owned();
    commit(&store, DIRECTORY, [Change::PutDocument { name, value: vec![4], expected: Expected::Any }])
        .unwrap();
    store
}

pub(crate) fn round_trip(bench: &Bench) {
    let store = filled(bench);
    let exported = wait(export(&*store)).unwrap();
    let json = exported.to_json();
    let read = Export::from_json(json.as_bytes()).unwrap();
    assert_eq!(read, exported);

    let second = Bench::new(bench.kind.name()).open();
    wait(import(&*second, &read)).unwrap();
    assert_eq!(wait(export(&*second)).unwrap(), exported);
    assert_eq!(wait(second.next_count(HOME, &id("bob@rp"))).unwrap(), 6);
    assert_eq!(exported.containers[0].counters, [(id("sealed"), 3)]);
    assert_eq!(wait(second.next_count(HOME, &id("sealed"))).unwrap(), 4);
    assert_eq!(wait(second.counters(HOME)).unwrap(), [(id("bob@rp"), 6), (id("sealed"), 4)]);
    assert_eq!(wait(second.next_operation(HOME)).unwrap(), 6);
    assert_eq!(wait(second.state(HOME)).unwrap().value.uv_retries, 2);
    assert_eq!(ids_of_rp(&second, "rp"), ids_of_rp(&store, "rp"));
    assert_eq!(wait(second.document(DIRECTORY, "accounts")).unwrap().unwrap().value, [4]);
    assert_sound(&second);
    assert!(!format!("{exported:?}").contains("3, 3, 3"), "a PIN hash is printed");
}

pub(crate) fn copies_are_equal(bench: &Bench) {
    let store = filled(bench);
    for engine in ["memory", "sled", "redb"] {
        let other = Bench::new(engine).open();
        wait(copy(&*store, &*other)).unwrap();
        assert_eq!(wait(export(&*other)).unwrap(), wait(export(&*store)).unwrap(), "{engine}");
        assert!(matches!(wait(copy(&*store, &*other)), Err(StoreError::ContainerExists(_))));
        assert_sound(&other);
    }
}

pub(crate) fn imports_refuse(bench: &Bench) {
    let exported = wait(export(&*filled(&Bench::new("memory")))).unwrap();
    let json = exported.to_json();
    let store = bench.open();
    for (name, from, to, want) in [
        ("version 2", "\"version\": 1", "\"version\": 2", "format version 2"),
        ("another format", "softhello-export", "hello", "format is `hello`"),
        ("an unknown member", "\"operation\": 5", "\"operation\": 5, \"x\": 1", "unknown field `x`"),
        ("padding", "\"hash\": \"", "\"hash\": \"AA==", "base64url"),
        ("a short hash", "\"hash\": \"AwMD", "\"hash\": \"", "has not 16 bytes"),
        ("an unknown algorithm", "\"algorithm\": -7", "\"algorithm\": -8888", "unknown algorithm"),
        ("no credProtect level", "\"protection\": 1", "\"protection\": 4", "credProtect level 4"),
        ("an unknown kind", "\"passkey\"", "\"password\"", "unknown variant"),
        ("not JSON", "{", "(", "no softhello export"),
    ] {
        assert!(json.contains(from), "{name}");
        let error = Export::from_json(json.replacen(from, to, 1).as_bytes()).unwrap_err().to_string();
        assert!(error.contains(want), "{name}: {error}");
    }

    type Edit = fn(&mut Export);
    let edits: [(&str, Edit); 8] = [
        ("a container twice", |export| export.containers.push(export.containers[0].clone())),
        ("a credential twice", |export| {
            let twin = export.containers[0].credentials[0].clone();
            export.containers[0].credentials.push(twin);
        }),
        ("a user twice", |export| {
            let mut twin = export.containers[0].credentials[0].clone();
            twin.stored.credential.id = id("twin");
            export.containers[0].credentials.push(twin);
        }),
        ("a user without id", |export| {
            export.containers[0].credentials[0].stored.credential.user.id.clear();
        }),
        ("a counter twice", |export| export.containers[0].counters.push((id("sealed"), 1))),
        ("a credential's counter twice", |export| export.containers[0].counters.push((id("bob@rp"), 1))),
        ("no state", |export| export.containers[0].state = None),
        ("a document twice", |export| {
            let twin = export.containers[0].documents[0].clone();
            export.containers[0].documents.push(twin);
        }),
    ];
    for (name, edit) in edits {
        let mut bad = exported.clone();
        edit(&mut bad);
        let result = wait(import(&*store, &bad));
        assert!(matches!(result, Err(StoreError::Invalid(_))), "{name}: {result:?}");
    }
    assert_eq!(wait(store.containers()).unwrap(), []);
    // What a relying party would not take is stored all the same, and comes back.
    let mut odd = exported.clone();
    odd.containers[0].credentials[0].stored.credential.rp_id.clear();
    odd.containers[0].credentials[0].stored.credential.backed_up = true;
    wait(import(&*softhello_storage::memory(), &odd)).unwrap();

    let name = "accounts".to_owned();
    commit(&store, DIRECTORY, [Change::PutDocument { name, value: vec![], expected: Expected::Any }])
        .unwrap();
    assert!(matches!(wait(import(&*store, &exported)), Err(StoreError::Conflict)));
    commit(&store, OTHER, [create()]).unwrap();
    assert!(matches!(wait(import(&*store, &exported)), Err(StoreError::ContainerExists(OTHER))));
    assert_eq!(wait(store.containers()).unwrap(), [OTHER]);
}

pub(crate) fn credentials_move(bench: &Bench) {
    let store = filled(bench);
    let exported = wait(export_container(&*store, HOME)).unwrap();
    let import = || wait(import_credentials(&*store, OTHER, &exported.credentials));
    import().unwrap();
    assert_eq!(wait(store.next_count(OTHER, &id("bob@rp"))).unwrap(), 6);
    // Again: the same credentials, and counters that do not go back.
    import().unwrap();
    assert_eq!(wait(store.next_count(OTHER, &id("bob@rp"))).unwrap(), 7);
    let moved = wait(export_container(&*store, OTHER)).unwrap();
    assert_eq!(moved.credentials.len(), 2);
    assert_eq!(moved.credentials[0].stored, exported.credentials[0].stored);
    assert_sound(&store);
}

pub(crate) fn checks_find_nothing(bench: &Bench) {
    let store = filled(bench);
    let report = wait(store.check()).unwrap();
    assert_eq!((report.containers, report.credentials), (2, 2));
    assert_eq!(
        report.to_string(),
        format!("{} records, 2 containers, 2 credentials, 0 damaged", report.records)
    );
    assert_sound(&store);
    assert_sound(&Bench::new(bench.kind.name()).open());
}
