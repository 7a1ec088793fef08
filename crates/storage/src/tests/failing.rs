//! A disk that fails at some moment: nothing acknowledged is lost, and nothing is written any more.

use std::sync::atomic::{AtomicU32, Ordering};

use softhello_ctap::Query;

use super::*;

/// Fails once, and afterwards works again, which the store must not try.
struct Failing {
    disk: Disk,
    left: AtomicU32,
    /// Whether the failing write reaches the disk nevertheless.
    lands: bool,
}

impl Engine for Failing {
    fn get(&self, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<bool, StoreError> {
        self.disk.get(key, read)
    }

    fn scan(&self, from: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        self.disk.scan(from, each)
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        let left = self.left.fetch_sub(1, Ordering::Relaxed);
        if left > 0 {
            return self.disk.apply(batch);
        }
        assert_eq!(left, 0, "the store wrote after a failed write");
        if self.lands {
            self.disk.apply(batch)?;
        }
        Err(StoreError::io("write", std::io::ErrorKind::StorageFull.into()))
    }
}

/// What was acknowledged.
#[derive(Default)]
struct Acknowledged {
    credentials: Vec<CredentialId>,
    count: u32,
    operation: u64,
}

/// Registers and signs in until something fails; what fails is an I/O error first and `ReadOnly` afterwards.
fn use_until_it_fails(store: &dyn Store, name: &str) -> (Acknowledged, Option<StoreError>) {
    let mut done = Acknowledged::default();
    let mut run = || -> Result<(), StoreError> {
        for round in 0..12 {
            let (rp, user) = (format!("rp{round}"), name.to_owned());
            commit(store, HOME, [put(&rp, &user)])?;
            done.credentials.push(id(&format!("{user}@{rp}")));
            for _ in 0..round {
                done.count = wait(store.next_count(HOME, &id(name)))?;
                done.operation = wait(store.next_operation(HOME))?;
            }
            wait(store.set_uv_retries(HOME, 2 - round % 3))?;
        }
        Ok(())
    };
    let error = run().err();
    (done, error)
}

fn expect_all(disk: &Disk, done: &Acknowledged, name: &str) {
    let store = disk.open().unwrap();
    let report = wait(store.check()).unwrap();
    assert!(report.is_sound(), "{report}");
    for id in &done.credentials {
        wait(store.load(HOME, id)).unwrap();
    }
    assert!(wait(store.next_count(HOME, &id(name))).unwrap() > done.count);
    assert!(wait(store.next_operation(HOME)).unwrap() > done.operation);
}

fn opened(disk: &Disk, left: u32, lands: bool, thread: bool) -> Embedded {
    let engine = Box::new(Failing { disk: disk.clone(), left: left.into(), lands });
    let open = if thread { Embedded::with_thread } else { Embedded::inline };
    open(engine, &device_key()).unwrap()
}

fn with_container() -> Disk {
    let disk = Disk::default();
    commit(&disk.open().unwrap(), HOME, [create()]).unwrap();
    disk
}

#[test]
fn one_user_loses_nothing() {
    for left in 0..50 {
        for (lands, thread) in [(false, false), (true, false), (false, true), (true, true)] {
            let disk = with_container();
            let store = opened(&disk, left, lands, thread);
            let (done, error) = use_until_it_fails(&store, "ada");
            let Some(error) = error else {
                assert!(left > 30, "only {left} writes");
                continue;
            };
            assert!(matches!(error, StoreError::Io { .. }), "{error}");
            // Everything that writes is refused with the first reason, whether or not it would reach the disk.
            for refused in [
                commit(&store, HOME, [put("rp", "eve")]),
                wait(store.set_uv_retries(HOME, 3)),
                wait(store.next_count(HOME, &id("ada"))).map(drop),
                wait(store.next_operation(HOME)).map(drop),
            ] {
                match refused {
                    Err(StoreError::ReadOnly { first }) => assert_eq!(first, error.to_string()),
                    other => panic!("{other:?}"),
                }
            }
            for id in &done.credentials {
                wait(store.load(HOME, id)).unwrap();
            }
            assert!(matches!(store.close(), Ok(()) | Err(StoreError::ReadOnly { .. })));
            drop(store);
            expect_all(&disk, &done, "ada");
        }
    }
}

#[test]
fn many_users_lose_nothing() {
    for left in 0..20 {
        let disk = with_container();
        let store = opened(&disk, left, left % 2 == 0, true);
        let names = ["ada", "bob", "eve", "fay"];
        let done: Vec<_> = std::thread::scope(|scope| {
            let threads = names.map(|name| {
                let store = &store;
                scope.spawn(move || use_until_it_fails(store, name))
            });
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        drop(store);
        for ((done, error), name) in done.into_iter().zip(names) {
            let told = matches!(error, None | Some(StoreError::Io { .. } | StoreError::ReadOnly { .. }));
            assert!(told, "{error:?}");
            expect_all(&disk, &done, name);
        }
    }
}

#[test]
fn a_failed_close_says_so_and_skips() {
    let disk = with_container();
    let store = opened(&disk, 2, false, false);
    for want in 1..=2 {
        assert_eq!(wait(store.next_count(HOME, &id("ada"))).unwrap(), want);
    }
    assert!(matches!(store.close(), Err(StoreError::Io { .. })));
    drop(store);
    assert_eq!(wait(disk.open().unwrap().next_count(HOME, &id("ada"))).unwrap(), 4);
}

#[test]
fn a_read_that_fails_leaves_the_store_usable() {
    let disk = with_container();
    let store = disk.open().unwrap();
    let unknown = Query::Rp("nobody");
    assert!(wait(store.find(HOME, unknown)).unwrap().is_empty());
    assert!(matches!(wait(store.load(HOME, &id("x"))), Err(StoreError::NotFound)));
    commit(&store, HOME, [put("rp", "ada")]).unwrap();
}
