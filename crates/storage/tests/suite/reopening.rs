//! What another process finds: after a clean exit, after a crash, with another key. Memory has nothing to reopen.

use std::{fs, thread};

use softhello_storage::{Change, DeviceKey, Expected, StoreError, export, open};

use crate::bench::*;

pub(crate) fn all_is_there(bench: &Bench) {
    if !bench.is_durable() {
        return;
    }
    let store = bench.store();
    let before = {
        commit(
            &store,
            HOME,
            [
                put(&passkey("rp", "bob")),
                put(&managed("rp", "ada")),
                set_pin(Some(pin(3)), Expected::Any),
                Change::PutDocument { name: "n".to_owned(), value: vec![1; 60_000], expected: Expected::Any },
            ],
        )
        .unwrap();
        wait(export(&*store)).unwrap()
    };
    let crashed = bench.crashed().open_and(|store| wait(export(&**store)).unwrap());
    assert_eq!(crashed, before);
    drop(store);
    assert_eq!(wait(export(&*bench.open())).unwrap(), before);
}

impl Bench {
    fn open_and<T>(&self, then: impl FnOnce(&Shared) -> T) -> T {
        let store = self.open();
        assert_sound(&store);
        then(&store)
    }
}

pub(crate) fn a_clean_exit_skips_nothing(bench: &Bench) {
    if !bench.is_durable() {
        return;
    }
    drop(bench.store());
    let mut want = 0;
    for round in 0..5 {
        let store = bench.open();
        for _ in 0..(1 << round) {
            want += 1;
            assert_eq!(wait(store.next_count(HOME, &id("a"))).unwrap(), want);
            assert_eq!(wait(store.next_operation(HOME)).unwrap(), u64::from(want));
        }
        // Closed explicitly or only dropped.
        if round % 2 == 0 {
            store.close().unwrap();
        }
    }
}

pub(crate) fn a_crash_repeats_nothing(bench: &Bench) {
    if !bench.is_durable() {
        return;
    }
    let store = bench.store();
    for used in [1, 1, 3, 30, 200] {
        let mut last = (0, 0);
        for _ in 0..used {
            last =
                (wait(store.next_count(HOME, &id("a"))).unwrap(), wait(store.next_operation(HOME)).unwrap());
        }
        bench.crashed().open_and(|store| {
            let next = wait(store.next_count(HOME, &id("a"))).unwrap();
            assert!(next > last.0 && next <= last.0 + 1024, "{next} after {}", last.0);
            assert!(wait(store.next_operation(HOME)).unwrap() > last.1);
        });
    }
    // A process that signs once and is killed wastes nothing: the first range is one number.
    let once = Bench::new(bench.kind.name());
    let store = once.store();
    assert_eq!(wait(store.next_count(HOME, &id("a"))).unwrap(), 1);
    once.crashed().open_and(|store| assert_eq!(wait(store.next_count(HOME, &id("a"))).unwrap(), 2));
}

pub(crate) fn retries_survive(bench: &Bench) {
    if !bench.is_durable() {
        return;
    }
    let store = bench.store();
    let live = |store: &Shared| wait(store.state(HOME)).unwrap().value.uv_retries;
    for retries in [2, 3, 2, 3, 2, 1, 3, 0, 1, 3, 2] {
        wait(store.set_uv_retries(HOME, retries)).unwrap();
        let after_crash = bench.crashed().open_and(live);
        assert!(after_crash <= retries && after_crash + 1 >= retries, "{after_crash} after {retries}");
    }
    for retries in [3, 2, 0, 3] {
        let store = if retries == 3 { Bench::new(bench.kind.name()).store() } else { bench.crashed().open() };
        wait(store.set_uv_retries(HOME, retries)).unwrap();
        assert_eq!(live(&store), retries);
    }
    wait(store.set_uv_retries(HOME, 3)).unwrap();
    drop(store);
    assert_eq!(live(&bench.open()), 3, "a clean exit gives the leased attempt back");
}

pub(crate) fn the_wrong_device_key(bench: &Bench) {
    if !bench.is_durable() {
        return;
    }
    drop(bench.store());
    let other = open(bench.kind, bench.dir.path(), DeviceKey::random().unwrap());
    assert!(matches!(other, Err(StoreError::WrongDeviceKey)), "{:?}", other.err());
    fs::remove_file(bench.dir.path().join(DeviceKey::FILE)).unwrap();
    assert!(matches!(open_in(bench.kind, bench.dir.path()), Err(StoreError::WrongDeviceKey)));
}

pub(crate) fn damaged_stores_say_so(bench: &Bench) {
    if !bench.is_durable() {
        return;
    }
    drop(bench.store());
    // The largest file is the data. Cut off or overwritten, it opens with an error or with what is left, never worse.
    let file = if bench.dir.path().join("sled").exists() { "sled/db" } else { "store.redb" };
    let whole = fs::read(bench.dir.path().join(file)).unwrap();
    for (name, damaged) in [
        ("empty", Vec::new()),
        ("cut off", whole[..whole.len() / 2].to_vec()),
        ("cut off early", whole[..10].to_vec()),
        ("overwritten", vec![0xa5; whole.len()]),
    ] {
        let copy = bench.crashed();
        fs::write(copy.dir.path().join(file), damaged).unwrap();
        match open_in(copy.kind, copy.dir.path()) {
            Ok(store) => drop(wait(store.check()).unwrap()),
            Err(error) => assert!(!error.to_string().is_empty(), "{name}"),
        }
    }
    bench.open_and(|store| assert_eq!(wait(store.containers()).unwrap(), [HOME]));
}

pub(crate) fn commits_group(bench: &Bench) {
    let store = bench.store();
    // Many at once: each is whole, also in a copy of the disk taken meanwhile.
    let crashed = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let store = &store;
                scope.spawn(move || {
                    for round in 0..10 {
                        let user = format!("{number}-{round}");
                        let name = format!("document of {user}");
                        commit(
                            store,
                            HOME,
                            [
                                put(&passkey("rp", &user)),
                                Change::PutDocument { name, value: vec![], expected: Expected::Absent },
                            ],
                        )
                        .unwrap();
                        let twice = Change::PutDocument {
                            name: format!("document of {user}"),
                            value: vec![],
                            expected: Expected::Absent,
                        };
                        let failed = commit(store, HOME, [put(&passkey("never", &user)), twice]);
                        assert!(matches!(failed, Err(StoreError::Conflict)));
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        bench.is_durable().then(|| bench.crashed())
    });
    let check = |store: &Shared| {
        assert_eq!(wait(store.count(HOME)).unwrap(), 80);
        assert_eq!(wait(store.documents(HOME, "")).unwrap().len(), 80);
        assert_eq!(ids_of_rp(store, "never"), []);
        assert_eq!(ids_of_rp(store, "rp").len(), 80);
        assert_sound(store);
    };
    check(&store);
    if let Some(crashed) = crashed {
        crashed.open_and(check);
    }
}
