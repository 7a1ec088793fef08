//! Containers, their state, and documents.

use softhello_ctap::u2f::application;
use softhello_storage::{Change, DIRECTORY, Expected, MAX_DOCUMENT, MAX_NAME, StoreError};

use crate::bench::*;

pub(crate) fn create_and_delete(bench: &Bench) {
    let store = bench.open();
    assert_eq!(wait(store.containers()).unwrap(), []);
    assert!(matches!(wait(store.state(HOME)), Err(StoreError::NoContainer(HOME))));
    assert!(matches!(commit(&store, HOME, [Change::UvRetries(1)]), Err(StoreError::NoContainer(HOME))));
    commit(&store, OTHER, [create()]).unwrap();
    commit(&store, HOME, [create()]).unwrap();
    assert_eq!(wait(store.containers()).unwrap(), [HOME, OTHER]);
    assert!(matches!(commit(&store, HOME, [create()]), Err(StoreError::ContainerExists(HOME))));

    commit(&store, HOME, [put(&managed("rp", "ada")), put(&passkey("rp", "bob"))]).unwrap();
    wait(store.next_count(HOME, &id("bob@rp"))).unwrap();
    wait(store.next_operation(HOME)).unwrap();
    commit(&store, HOME, [Change::DeleteContainer]).unwrap();
    assert_eq!(wait(store.containers()).unwrap(), [OTHER]);
    assert!(matches!(wait(store.state(HOME)), Err(StoreError::NoContainer(_))));
    assert!(matches!(wait(store.find(HOME, softhello_ctap::Query::All)), Err(StoreError::NoContainer(_))));
    assert!(matches!(wait(store.next_count(HOME, &id("x"))), Err(StoreError::NoContainer(_))));
    assert!(matches!(wait(store.next_operation(HOME)), Err(StoreError::NoContainer(_))));

    // Made again, it is empty, also when both happen at once.
    commit(&store, HOME, [create(), put(&passkey("rp", "bob"))]).unwrap();
    assert_eq!(wait(store.next_count(HOME, &id("bob@rp"))).unwrap(), 1);
    commit(&store, HOME, [Change::DeleteContainer, create()]).unwrap();
    assert_eq!(wait(store.count(HOME)).unwrap(), 0);
    assert_eq!(wait(store.counter(HOME, &id("bob@rp"))).unwrap(), 0);
    assert_sound(&store);
}

pub(crate) fn states_and_pins(bench: &Bench) {
    let store = bench.store();
    let before = wait(store.state(HOME)).unwrap();
    assert_eq!((&before.value.settings.pin, before.value.uv_retries), (&None, 3));
    assert_eq!(before.value.sealing_key, sealing_key(7));

    let expected = Expected::Revision(before.revision);
    commit(&store, HOME, [set_pin(Some(pin(1)), expected)]).unwrap();
    let after = wait(store.state(HOME)).unwrap();
    assert_eq!(after.value.settings.pin, Some(pin(1)));
    assert_eq!(after.value.sealing_key, sealing_key(7));
    assert_ne!(after.revision, before.revision);
    let late = commit(&store, HOME, [set_pin(None, expected)]);
    assert!(matches!(late, Err(StoreError::Conflict)));

    commit(&store, HOME, [Change::UvRetries(1)]).unwrap();
    let retried = wait(store.state(HOME)).unwrap();
    assert_eq!((retried.value.uv_retries, retried.revision), (1, after.revision));
    commit(&store, HOME, [set_pin(None, Expected::Any)]).unwrap();
    assert_eq!(wait(store.state(HOME)).unwrap().value.settings.pin, None);
    let printed = format!("{:?}", retried.value);
    assert!(!printed.contains("7, 7") && !printed.contains("1, 1"), "a secret is printed: {printed}");
}

pub(crate) fn documents(bench: &Bench) {
    let store = bench.store();
    let put = |name: &str, value: &[u8], expected| {
        commit(&store, HOME, [Change::PutDocument { name: name.to_owned(), value: value.to_vec(), expected }])
    };
    let get = |name: &str| wait(store.document(HOME, name)).unwrap();
    assert_eq!(get("a/1"), None);
    put("a/1", b"one", Expected::Absent).unwrap();
    put("a/2", b"", Expected::Any).unwrap();
    put("b", &[9; MAX_DOCUMENT], Expected::Any).unwrap();
    assert!(matches!(put("a/1", b"x", Expected::Absent), Err(StoreError::Conflict)));
    let first = get("a/1").unwrap();
    assert_eq!(first.value, b"one");
    put("a/1", b"two", Expected::Revision(first.revision)).unwrap();
    assert!(matches!(put("a/1", b"x", Expected::Revision(first.revision)), Err(StoreError::Conflict)));
    assert_eq!(get("a/1").unwrap().value, b"two");
    assert_eq!(get("b").unwrap().value.len(), MAX_DOCUMENT);
    let names = |prefix: &str| {
        wait(store.documents(HOME, prefix)).unwrap().into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!(names("a/"), ["a/1", "a/2"]);
    assert_eq!(names(""), ["a/1", "a/2", "b"]);
    assert_eq!(names("c"), [""; 0]);

    let delete =
        |expected| commit(&store, HOME, [Change::DeleteDocument { name: "a/1".to_owned(), expected }]);
    let second = get("a/1").unwrap().revision;
    assert!(matches!(delete(Expected::Revision(first.revision)), Err(StoreError::Conflict)));
    delete(Expected::Revision(second)).unwrap();
    delete(Expected::Any).unwrap();
    assert!(matches!(delete(Expected::Revision(second)), Err(StoreError::Conflict)));
    // What was deleted and made again is not what was read before.
    put("a/1", b"one", Expected::Absent).unwrap();
    assert!(matches!(delete(Expected::Revision(first.revision)), Err(StoreError::Conflict)));
    assert_sound(&store);
}

pub(crate) fn the_directory(bench: &Bench) {
    let store = bench.open();
    let name = "account/ada".to_owned();
    assert_eq!(wait(store.document(DIRECTORY, &name)).unwrap(), None);
    assert_eq!(wait(store.documents(DIRECTORY, "")).unwrap(), []);
    commit(&store, DIRECTORY, [Change::DeleteDocument { name: name.clone(), expected: Expected::Any }])
        .unwrap();
    let value = b"{}".to_vec();
    commit(
        &store,
        DIRECTORY,
        [Change::PutDocument { name: name.clone(), value, expected: Expected::Absent }],
    )
    .unwrap();
    assert_eq!(wait(store.document(DIRECTORY, &name)).unwrap().unwrap().value, b"{}");
    assert_eq!(wait(store.containers()).unwrap(), []);
    assert!(matches!(wait(store.state(DIRECTORY)), Err(StoreError::NoContainer(_))));
    assert!(matches!(commit(&store, DIRECTORY, [create()]), Err(StoreError::Invalid(_))));
    assert!(matches!(commit(&store, DIRECTORY, [Change::DeleteContainer]), Err(StoreError::NoContainer(_))));
    assert!(matches!(
        commit(&store, DIRECTORY, [put(&passkey("rp", "ada"))]),
        Err(StoreError::NoContainer(_))
    ));
    assert_sound(&store);
}

pub(crate) fn reset_keeps_documents(bench: &Bench) {
    let store = bench.store();
    let name = "note".to_owned();
    commit(
        &store,
        HOME,
        [
            put(&managed("rp", "ada")),
            put(&passkey("rp", "bob")),
            Change::PutDocument { name, value: vec![1], expected: Expected::Any },
            set_pin(Some(pin(1)), Expected::Any),
            Change::UvRetries(0),
        ],
    )
    .unwrap();
    let last = wait(store.next_count(HOME, &id("bob@rp"))).unwrap();
    let operation = wait(store.next_operation(HOME)).unwrap();
    let sequence = wait(store.find(HOME, softhello_ctap::Query::All)).unwrap()[0].sequence;
    commit(
        &store,
        HOME,
        [Change::Reset { sealing_key: sealing_key(8), uv_retries: 5, settings: Box::default() }],
    )
    .unwrap();
    let state = wait(store.state(HOME)).unwrap().value;
    assert_eq!((state.settings.pin, state.uv_retries, state.sealing_key), (None, 5, sealing_key(8)));
    assert_eq!((wait(store.count(HOME)).unwrap(), all_ids(&store)), (0, vec![]));
    assert_eq!((last, wait(store.counter(HOME, &id("bob@rp"))).unwrap()), (1, 0));
    assert_eq!(wait(store.document(HOME, "note")).unwrap().unwrap().value, [1]);
    assert!(wait(store.next_operation(HOME)).unwrap() > operation);
    commit(&store, HOME, [put(&passkey("rp", "bob"))]).unwrap();
    assert!(wait(store.find(HOME, softhello_ctap::Query::All)).unwrap()[0].sequence > sequence);
    assert_sound(&store);
}

pub(crate) fn limits(bench: &Bench) {
    let store = bench.store();
    let document = |name: usize, value: usize| {
        let (name, value) = ("n".repeat(name), vec![0; value]);
        commit(&store, HOME, [Change::PutDocument { name, value, expected: Expected::Any }])
    };
    document(MAX_NAME, MAX_DOCUMENT).unwrap();
    assert!(matches!(document(MAX_NAME + 1, 0), Err(StoreError::TooLarge { .. })));
    assert!(matches!(document(1, MAX_DOCUMENT + 1), Err(StoreError::TooLarge { .. })));

    for (rp, user, name, fits) in [
        (MAX_NAME, 64, 4000, true),
        (MAX_NAME + 1, 1, 1, false),
        (1, MAX_NAME + 1, 1, false),
        (1, 1, 70_000, false),
    ] {
        let mut stored = passkey(&"r".repeat(rp), "ada");
        stored.credential.id = id("long");
        stored.credential.user.id = vec![1; user];
        stored.credential.user.name = Some("n".repeat(name));
        let result = commit(&store, HOME, [put(&stored)]);
        if fits {
            result.unwrap();
            assert_eq!(wait(store.load(HOME, &id("long"))).unwrap().value, stored);
            assert_eq!(ids_of_rp(&store, &stored.credential.rp_id).len(), 1);
            let ids = [stored.credential.id.as_bytes()];
            let query =
                softhello_ctap::Query::Ids { rp_id_hash: &application(&stored.credential.rp_id), ids: &ids };
            assert_eq!(wait(store.find(HOME, query)).unwrap().len(), 1);
            let delete = Change::DeleteCredential { id: id("long"), expected: Expected::Any };
            commit(&store, HOME, [delete]).unwrap();
        } else {
            assert!(matches!(result, Err(StoreError::TooLarge { .. })), "{rp} {user} {name}: {result:?}");
        }
    }
    assert_sound(&store);
}

pub(crate) fn closed_stores_refuse(bench: &Bench) {
    let store = bench.store();
    store.close().unwrap();
    store.close().unwrap();
    assert!(matches!(commit(&store, HOME, [Change::DeleteContainer]), Err(StoreError::Closed)));
    assert!(matches!(commit(&store, HOME, [Change::UvRetries(3)]), Err(StoreError::Closed)));
    assert!(matches!(wait(store.next_count(HOME, &id("x"))), Err(StoreError::Closed)));
    assert!(matches!(wait(store.next_operation(HOME)), Err(StoreError::Closed)));
    assert_eq!(wait(store.state(HOME)).unwrap().value.uv_retries, 3);
}
