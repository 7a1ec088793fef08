//! The rule "already registered", both ways.

use std::{sync::Barrier, thread};

use softhello_storage::{ChangeSet, Guard, Kind, StoreError};

use crate::bench::*;

fn guard(rp_id: &str, user_id: Option<&str>, user_name: Option<&str>) -> Guard {
    Guard::NoOther {
        rp_id: rp_id.to_owned(),
        user_id: user_id.map(|id| id.as_bytes().to_vec()),
        user_name: user_name.map(str::to_owned),
        kind: Kind::Managed,
        unless_more_than: None,
    }
}

fn guarded(store: &Shared, guard: Guard, user: &str) -> Result<(), StoreError> {
    let changes = vec![put(&passkey("rp", user))];
    wait(store.commit(HOME, ChangeSet { guards: vec![guard], changes }))
}

pub(crate) fn the_same_user_conflicts(bench: &Bench) {
    let store = bench.store();
    let mut whfb = managed("rp", "ada");
    whfb.credential.user.name = Some("Ada.ÄÖÜ@Example.test".to_owned());
    commit(&store, HOME, [put(&whfb)]).unwrap();
    for (name, guard) in [
        ("any user", guard("rp", None, None)),
        ("the same id", guard("rp", Some("ada"), None)),
        ("the same name", guard("rp", None, Some("Ada.ÄÖÜ@Example.test"))),
        ("the same name in another case", guard("rp", None, Some("ada.äöü@EXAMPLE.TEST"))),
        ("both", guard("rp", Some("ada"), Some("ada.äöü@example.test"))),
    ] {
        match guarded(&store, guard, "ada") {
            Err(StoreError::AlreadyRegistered { id: found, user_name }) => {
                assert_eq!(
                    (found, user_name),
                    (id("managed ada"), whfb.credential.user.name.clone()),
                    "{name}"
                );
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(all_ids(&store), [id("managed ada")]);

    // Once it blocks no more, the same succeeds, and both coexist.
    whfb.blocking = false;
    commit(&store, HOME, [put(&whfb)]).unwrap();
    guarded(&store, guard("rp", Some("ada"), None), "ada").unwrap();
    assert_eq!(ids_of_rp(&store, "rp"), [id("ada@rp"), id("managed ada")]);
    assert_sound(&store);
}

pub(crate) fn others_do_not_conflict(bench: &Bench) {
    let store = bench.store();
    commit(&store, HOME, [put(&managed("rp", "ada"))]).unwrap();
    commit(&store, OTHER, [create()]).unwrap();
    guarded(&store, guard("rp", None, Some("bob@example.test")), "bob").unwrap();
    guarded(&store, guard("rp", Some("bob"), Some("ada@example.test")), "eve").unwrap();
    guarded(&store, guard("rp.test", None, None), "fay").unwrap();
    let Guard::NoOther { rp_id, user_id, user_name, unless_more_than, .. } = guard("rp", None, None) else {
        unreachable!("there is one guard")
    };
    let passkeys = Guard::NoOther { rp_id, user_id, user_name, kind: Kind::Passkey, unless_more_than };
    guarded(&store, passkeys, "gil").unwrap();
    // Another container has its own.
    let set = ChangeSet { guards: vec![guard("rp", None, None)], changes: vec![put(&passkey("rp", "ada"))] };
    wait(store.commit(OTHER, set)).unwrap();
    assert_sound(&store);
}

pub(crate) fn the_exemption(bench: &Bench) {
    let store = bench.store();
    commit(&store, HOME, [put(&managed("rp", "ada")), put(&passkey("a", "ada"))]).unwrap();
    let unless = |limit| match guard("rp", None, None) {
        Guard::NoOther { rp_id, user_id, user_name, kind, .. } => {
            Guard::NoOther { rp_id, user_id, user_name, kind, unless_more_than: Some(limit) }
        }
        other => other,
    };
    assert!(matches!(guarded(&store, unless(2), "ada"), Err(StoreError::AlreadyRegistered { .. })));
    guarded(&store, unless(1), "ada").unwrap();
}

pub(crate) fn one_of_eight_threads_wins(bench: &Bench) {
    let store = bench.store();
    for round in 0..5 {
        let (user, start) = (format!("user {round}"), Barrier::new(8));
        let won: Vec<bool> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|number| {
                    let (store, user, start) = (&store, &user, &start);
                    scope.spawn(move || {
                        let mut stored = managed("rp", user);
                        stored.credential.id = id(&format!("{user} {number}"));
                        stored.credential.user.id = format!("{user} {number}").into_bytes();
                        let name = stored.credential.user.name.clone().unwrap();
                        let set = ChangeSet {
                            guards: vec![guard("rp", None, Some(&name))],
                            changes: vec![put(&stored)],
                        };
                        start.wait();
                        match wait(store.commit(HOME, set)) {
                            Ok(()) => true,
                            Err(StoreError::AlreadyRegistered { .. }) => false,
                            Err(error) => panic!("{error}"),
                        }
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(won.iter().filter(|won| **won).count(), 1);
        assert_eq!(wait(store.count(HOME)).unwrap(), round + 1);
    }
    assert_sound(&store);
}
