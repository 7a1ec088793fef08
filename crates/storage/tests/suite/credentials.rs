//! Credentials: put, found, loaded, replaced, changed, deleted.

use softhello_ctap::{Algorithm, PrivateKey, Protection, Query, u2f::application};
use softhello_storage::{Change, Expected, Kind, StoreError};

use crate::bench::*;

pub(crate) fn create_find_load_replace(bench: &Bench) {
    let store = bench.store();
    let mut ada = passkey("rp.test", "ada");
    ada.credential.protection = Protection::Required;
    ada.credential.backup_eligible = true;
    ada.credential.backed_up = true;
    ada.credential.user.display_name = Some("Ada".to_owned());
    commit(&store, HOME, [put(&ada)]).unwrap();
    commit(&store, HOME, [put(&passkey("rp.test", "bob")), put(&passkey("other.test", "ada"))]).unwrap();
    assert_eq!(wait(store.load(HOME, &ada.credential.id)).unwrap().value, ada);
    assert_eq!(wait(store.count(HOME)).unwrap(), 3);

    let found = wait(store.find(HOME, Query::Rp("rp.test"))).unwrap();
    assert_eq!(
        found.iter().map(|handle| &handle.id).collect::<Vec<_>>(),
        [&id("bob@rp.test"), &id("ada@rp.test")]
    );
    assert_eq!(found[1].protection, Protection::Required);
    assert_eq!(ids_of_rp(&store, "other.test"), [id("ada@other.test")]);
    assert_eq!(ids_of_rp(&store, "rp.tes"), []);

    let (first, second, foreign) = (id("ada@rp.test"), id("bob@rp.test"), id("ada@other.test"));
    let ids = [foreign.as_bytes(), b"", second.as_bytes(), b"unknown", &[0; 2000], first.as_bytes()];
    let listed =
        wait(store.find(HOME, Query::Ids { rp_id_hash: &application("rp.test"), ids: &ids })).unwrap();
    assert_eq!(listed, [found[0].clone(), found[1].clone()]);

    // The same user again: the old one is gone with its counter, the new one is the newest.
    wait(store.next_count(HOME, &first)).unwrap();
    let mut again = ada.clone();
    again.credential.id = id("again");
    commit(&store, HOME, [put(&again)]).unwrap();
    assert_eq!(ids_of_rp(&store, "rp.test"), [id("again"), id("bob@rp.test")]);
    assert!(matches!(wait(store.load(HOME, &first)), Err(StoreError::NotFound)));
    assert_eq!(wait(store.counter(HOME, &first)).unwrap(), 0);
    assert_eq!(wait(store.count(HOME)).unwrap(), 3);

    // An id belongs to one user.
    let mut thief = passkey("rp.test", "eve");
    thief.credential.id = id("again");
    assert!(matches!(commit(&store, HOME, [put(&thief)]), Err(StoreError::Conflict)));
    assert_eq!(wait(store.load(HOME, &id("again"))).unwrap().value, again);
    // The same credential with the same id keeps its counter.
    assert_eq!(wait(store.next_count(HOME, &id("again"))).unwrap(), 1);
    commit(&store, HOME, [put(&again)]).unwrap();
    assert_eq!(wait(store.next_count(HOME, &id("again"))).unwrap(), 2);
    assert_sound(&store);
}

pub(crate) fn kinds_do_not_replace_each_other(bench: &Bench) {
    let store = bench.store();
    commit(&store, HOME, [put(&managed("rp", "ada"))]).unwrap();
    commit(&store, HOME, [put(&passkey("rp", "ada"))]).unwrap();
    assert_eq!(ids_of_rp(&store, "rp"), [id("ada@rp"), id("managed ada")]);
    let mut newer = managed("rp", "ada");
    newer.credential.id = id("newer");
    commit(&store, HOME, [put(&newer)]).unwrap();
    assert_eq!(ids_of_rp(&store, "rp"), [id("newer"), id("ada@rp")]);
    assert_sound(&store);
}

pub(crate) fn non_discoverable_ones_hide(bench: &Bench) {
    let store = bench.store();
    let mut hidden = passkey("rp", "ada");
    hidden.credential.discoverable = false;
    commit(&store, HOME, [put(&hidden)]).unwrap();
    assert_eq!(ids_of_rp(&store, "rp"), []);
    assert_eq!(all_ids(&store), [id("ada@rp")]);
    let ids = [hidden.credential.id.as_bytes()];
    assert_eq!(
        wait(store.find(HOME, Query::Ids { rp_id_hash: &application("rp"), ids: &ids })).unwrap().len(),
        1
    );
    assert_eq!(wait(store.load(HOME, &hidden.credential.id)).unwrap().value, hidden);
    assert_sound(&store);
}

pub(crate) fn update_and_compare(bench: &Bench) {
    let store = bench.store();
    let ada = passkey("rp", "ada");
    let update = |stored: &softhello_storage::StoredCredential, expected| {
        commit(&store, HOME, [Change::UpdateCredential { credential: Box::new(stored.clone()), expected }])
    };
    assert!(matches!(update(&ada, Expected::Any), Err(StoreError::NotFound)));
    commit(&store, HOME, [put(&ada), put(&passkey("rp", "bob"))]).unwrap();
    let read = wait(store.load(HOME, &ada.credential.id)).unwrap();
    let mut changed = read.value.clone();
    changed.credential.user.display_name = Some("Ada Lovelace".to_owned());
    changed.credential.protection = Protection::Required;
    changed.blocking = true;
    update(&changed, Expected::Revision(read.revision)).unwrap();
    assert!(matches!(update(&ada, Expected::Revision(read.revision)), Err(StoreError::Conflict)));
    assert!(matches!(update(&ada, Expected::Absent), Err(StoreError::Conflict)));
    assert_eq!(wait(store.load(HOME, &ada.credential.id)).unwrap().value, changed);
    let found = wait(store.find(HOME, Query::Rp("rp"))).unwrap();
    assert_eq!((&found[1].id, found[1].protection), (&ada.credential.id, Protection::Required));

    for other in [passkey("rp", "bob"), passkey("other", "ada"), managed("rp", "ada")] {
        let mut moved = other;
        moved.credential.id = ada.credential.id.clone();
        assert!(matches!(update(&moved, Expected::Any), Err(StoreError::Invalid(_))));
    }
    let delete = |expected| {
        commit(&store, HOME, [Change::DeleteCredential { id: ada.credential.id.clone(), expected }])
    };
    assert!(matches!(delete(Expected::Revision(read.revision)), Err(StoreError::Conflict)));
    delete(Expected::Revision(wait(store.load(HOME, &ada.credential.id)).unwrap().revision)).unwrap();
    assert!(matches!(delete(Expected::Any), Err(StoreError::NotFound)));
    assert_eq!(ids_of_rp(&store, "rp"), [id("bob@rp")]);
    assert_sound(&store);
}

pub(crate) fn non_removable_ones_stay(bench: &Bench) {
    let store = bench.store();
    commit(&store, HOME, [put(&managed("rp", "ada"))]).unwrap();
    let delete = Change::DeleteCredential { id: id("managed ada"), expected: Expected::Any };
    assert!(matches!(commit(&store, HOME, [delete]), Err(StoreError::NotRemovable)));
    assert_eq!(all_ids(&store), [id("managed ada")]);
    commit(&store, HOME, [Change::DeleteContainer]).unwrap();
    assert_eq!(wait(store.containers()).unwrap(), []);
}

pub(crate) fn room(bench: &Bench) {
    let store = bench.store();
    let put = |user: &str| {
        let credential = Box::new(passkey("rp", user));
        commit(&store, HOME, [Change::PutCredential { credential, room: Some(2) }])
    };
    put("ada").unwrap();
    put("bob").unwrap();
    assert!(matches!(put("eve"), Err(StoreError::Full)));
    put("ada").unwrap();
    assert_eq!(ids_of_rp(&store, "rp"), [id("ada@rp"), id("bob@rp")]);
    assert_sound(&store);
}

pub(crate) fn order_of_creation(bench: &Bench) {
    let store = bench.store();
    let users = ["d", "a", "c", "b"];
    for user in users {
        commit(&store, HOME, [put(&passkey(&format!("rp {user}"), user))]).unwrap();
    }
    let want: Vec<_> = users.iter().rev().map(|user| id(&format!("{user}@rp {user}"))).collect();
    assert_eq!(all_ids(&store), want);
}

pub(crate) fn all_algorithms_come_back(bench: &Bench) {
    let store = bench.store();
    for algorithm in Algorithm::ALL {
        let mut stored = passkey("rp", algorithm.name());
        stored.credential.key = match algorithm {
            Algorithm::Rs256 => PrivateKey::generate(algorithm, &mut rand::rng()).unwrap(),
            _ => PrivateKey::from_bytes(algorithm, &[7; 32]).unwrap(),
        };
        commit(&store, HOME, [put(&stored)]).unwrap();
        assert_eq!(wait(store.load(HOME, &stored.credential.id)).unwrap().value, stored, "{algorithm}");
    }
    assert_sound(&store);
}

pub(crate) fn a_failed_set_leaves_no_trace(bench: &Bench) {
    let store = bench.store();
    commit(&store, HOME, [put(&passkey("rp", "ada"))]).unwrap();
    wait(store.next_count(HOME, &id("ada@rp"))).unwrap();
    let result = commit(
        &store,
        HOME,
        [
            put(&passkey("rp", "bob")),
            Change::DeleteCredential { id: id("ada@rp"), expected: Expected::Any },
            set_pin(Some(pin(1)), Expected::Any),
            Change::UvRetries(0),
            Change::PutDocument { name: "x".to_owned(), value: vec![], expected: Expected::Any },
            Change::DeleteCredential { id: id("nobody"), expected: Expected::Any },
        ],
    );
    assert!(matches!(result, Err(StoreError::NotFound)));
    assert_eq!(all_ids(&store), [id("ada@rp")]);
    let state = wait(store.state(HOME)).unwrap().value;
    assert_eq!((state.settings.pin, state.uv_retries), (None, 3));
    assert_eq!(wait(store.document(HOME, "x")).unwrap(), None);
    assert_eq!(wait(store.next_count(HOME, &id("ada@rp"))).unwrap(), 2);
    assert_sound(&store);
}

pub(crate) fn many_of_different_rps(bench: &Bench) {
    let store = bench.store();
    let stored: Vec<_> = (0..300).map(|number| passkey(&format!("rp{number}.test"), "ada")).collect();
    commit(&store, HOME, stored.iter().map(put)).unwrap();
    assert_eq!(wait(store.count(HOME)).unwrap(), 300);
    for stored in &stored {
        assert_eq!(ids_of_rp(&store, &stored.credential.rp_id), std::slice::from_ref(&stored.credential.id));
    }
    assert_eq!(all_ids(&store).len(), 300);
    let kinds = stored.iter().filter(|stored| stored.kind == Kind::Passkey).count();
    assert_eq!(kinds, 300);
    assert_sound(&store);
}

/// What was read is kept in memory, and every kind of change has to be seen all the same.
pub(crate) fn what_was_read_follows_every_change(bench: &Bench) {
    let store = bench.store();
    let ada = passkey("rp", "ada");
    let seen = || {
        let loaded = wait(store.load(HOME, &ada.credential.id)).ok().map(|found| found.value.credential.user);
        (ids_of_rp(&store, "rp"), loaded.and_then(|user| user.display_name))
    };
    let named = |name: &str| {
        let mut named = ada.clone();
        named.credential.user.display_name = Some(name.to_owned());
        named
    };
    let (home, only) = (HOME, vec![ada.credential.id.clone()]);
    assert_eq!(seen(), (vec![], None));
    commit(&store, home, [put(&named("first"))]).unwrap();
    assert_eq!(seen(), (only.clone(), Some("first".to_owned())));

    let update = |expected| Change::UpdateCredential { credential: Box::new(named("second")), expected };
    let stale = Expected::Revision(wait(store.state(HOME)).unwrap().revision);
    assert!(commit(&store, home, [update(stale)]).is_err());
    assert_eq!(seen(), (only.clone(), Some("first".to_owned())));
    commit(&store, home, [update(Expected::Any)]).unwrap();
    assert_eq!(seen(), (only.clone(), Some("second".to_owned())));
    commit(&store, home, [put(&named("third"))]).unwrap();
    assert_eq!(seen(), (only.clone(), Some("third".to_owned())));

    let delete = Change::DeleteCredential { id: ada.credential.id.clone(), expected: Expected::Any };
    commit(&store, home, [delete]).unwrap();
    assert_eq!(seen(), (vec![], None));
    let reset = Change::Reset { sealing_key: sealing_key(8), uv_retries: 5, settings: Box::default() };
    for gone in [reset, Change::DeleteContainer] {
        commit(&store, home, [put(&named("again"))]).unwrap();
        assert_eq!(seen(), (only.clone(), Some("again".to_owned())));
        commit(&store, home, [gone]).unwrap();
        assert!(wait(store.load(HOME, &ada.credential.id)).is_err());
    }
    commit(&store, home, [create()]).unwrap();
    assert_eq!(seen(), (vec![], None));
}
