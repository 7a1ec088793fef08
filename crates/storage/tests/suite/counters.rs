//! Numbers that never repeat, and retries.

use std::{collections::HashSet, thread};

use softhello_storage::{Change, Expected, StoreError};

use crate::bench::*;

pub(crate) fn count_up(bench: &Bench) {
    let store = bench.store();
    assert_eq!(wait(store.counter(HOME, &id("a"))).unwrap(), 0);
    for want in 1..=3000 {
        assert_eq!(wait(store.next_count(HOME, &id("a"))).unwrap(), want);
    }
    assert_eq!(wait(store.counter(HOME, &id("a"))).unwrap(), 3000);
    assert_eq!(wait(store.next_count(HOME, &id("b"))).unwrap(), 1);

    let at_least = |count| commit(&store, HOME, [Change::CounterAtLeast { id: id("a"), count }]).unwrap();
    at_least(10);
    assert_eq!(wait(store.next_count(HOME, &id("a"))).unwrap(), 3001);
    at_least(3010);
    assert_eq!(wait(store.next_count(HOME, &id("a"))).unwrap(), 3011);
    at_least(100_000);
    assert_eq!(wait(store.counter(HOME, &id("a"))).unwrap(), 100_000);
    assert_eq!(wait(store.next_count(HOME, &id("a"))).unwrap(), 100_001);
    at_least(u32::MAX - 1);
    assert_eq!(wait(store.next_count(HOME, &id("a"))).unwrap(), u32::MAX);
    assert!(matches!(wait(store.next_count(HOME, &id("a"))), Err(StoreError::Invalid(_))));
}

pub(crate) fn operations_count_up(bench: &Bench) {
    let store = bench.store();
    for want in 1..=100 {
        assert_eq!(wait(store.next_operation(HOME)).unwrap(), want);
    }
    assert_eq!(wait(store.operation(HOME)).unwrap(), 100);
    commit(&store, HOME, [Change::OperationAtLeast(50)]).unwrap();
    assert_eq!(wait(store.next_operation(HOME)).unwrap(), 101);
    commit(&store, HOME, [Change::OperationAtLeast(500)]).unwrap();
    assert_eq!(wait(store.next_operation(HOME)).unwrap(), 501);
}

pub(crate) fn counters_go_with_their_credentials(bench: &Bench) {
    let store = bench.store();
    let ada = passkey("rp", "ada");
    commit(&store, HOME, [put(&ada)]).unwrap();
    for _ in 0..5 {
        wait(store.next_count(HOME, &ada.credential.id)).unwrap();
    }
    let (id, expected) = (ada.credential.id.clone(), Expected::Any);
    commit(&store, HOME, [Change::DeleteCredential { id, expected }]).unwrap();
    assert_eq!(wait(store.counter(HOME, &ada.credential.id)).unwrap(), 0);
    commit(&store, HOME, [put(&ada)]).unwrap();
    assert_eq!(wait(store.next_count(HOME, &ada.credential.id)).unwrap(), 1);
}

pub(crate) fn threads_get_no_count_twice(bench: &Bench) {
    let store = bench.store();
    let each = 200;
    let counts: Vec<u32> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    (0..each).map(|_| wait(store.next_count(HOME, &id("a"))).unwrap()).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let distinct: HashSet<_> = counts.iter().collect();
    assert_eq!(distinct.len(), counts.len());
    // Nothing is skipped either, however the leases were extended.
    assert_eq!(counts.iter().max(), Some(&(4 * each)));
}

pub(crate) fn retries(bench: &Bench) {
    let store = bench.store();
    let live = || wait(store.state(HOME)).unwrap().value.uv_retries;
    for retries in [2, 3, 2, 3, 2, 1, 0, 3, 8, 0, 255, 1] {
        wait(store.set_uv_retries(HOME, retries)).unwrap();
        assert_eq!(live(), retries);
        commit(&store, HOME, [Change::UvRetries(retries), Change::UvRetries(retries)]).unwrap();
        assert_eq!(live(), retries);
    }
    assert!(matches!(wait(store.set_uv_retries(OTHER, 1)), Err(StoreError::NoContainer(_))));
}

pub(crate) fn first_counts_are_leased(bench: &Bench) {
    let ada = passkey("rp", "ada");
    let id = || ada.credential.id.clone();
    let create = [put(&ada), Change::LeaseFirstCount(id())];
    let next = |store: &Shared| wait(store.next_count(HOME, &id())).unwrap();
    let store = bench.store();
    commit(&store, HOME, create.clone()).unwrap();
    assert_eq!(wait(store.counter(HOME, &id())).unwrap(), 0);
    if bench.is_durable() {
        assert_eq!(next(&bench.crashed().open()), 2, "a crash skips it");
    }
    assert_eq!((next(&store), next(&store)), (1, 2));
    // The same id again goes on.
    commit(&store, HOME, create.clone()).unwrap();
    assert_eq!(next(&store), 3);
    if bench.is_durable() {
        let unused = Bench::new(bench.kind.name());
        commit(&unused.store(), HOME, create).unwrap();
        assert_eq!(next(&unused.open()), 1, "a clean exit gives it back");
    }
}
