//! Commits that wait together are written together, and each is still decided by itself.

use std::{
    pin::pin,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    task::{Context, Waker},
    time::Duration,
};

use super::*;
use crate::Guard;

/// A disk whose every write waits for a word, and is made if there is nobody to say it any more.
struct Gated {
    disk: Disk,
    arrived: Sender<usize>,
    /// Whether to write it.
    go: Mutex<Receiver<bool>>,
}

impl Engine for Gated {
    fn get(&self, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<bool, StoreError> {
        self.disk.get(key, read)
    }

    fn scan(&self, from: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        self.disk.scan(from, each)
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        let _ = self.arrived.send(batch.len());
        if self.go.lock().unwrap().recv() == Ok(false) {
            return Err(StoreError::io("write", std::io::ErrorKind::StorageFull.into()));
        }
        self.disk.apply(batch)
    }
}

/// A store with the container [`HOME`], what arrives at its disk, and the word for each.
fn gated() -> (Disk, Embedded, Receiver<usize>, Sender<bool>) {
    let disk = Disk::default();
    commit(&disk.open().unwrap(), HOME, [create()]).unwrap();
    let (arrived, arrivals) = channel();
    let (go, gate) = channel();
    let engine = Gated { disk: disk.clone(), arrived, go: Mutex::new(gate) };
    let store = Embedded::with_thread(Box::new(engine), &device_key()).unwrap();
    (disk, store, arrivals, go)
}

fn guard(rp_id: &str) -> Guard {
    Guard::NoOther {
        rp_id: rp_id.to_owned(),
        user_id: None,
        user_name: None,
        kind: Kind::Passkey,
        unless_more_than: None,
    }
}

/// Registers a blocking credential unless there is one already.
fn blocking<'a>(store: &'a Embedded, user: &str) -> crate::Reply<'a, ()> {
    let credential = Box::new(StoredCredential { blocking: true, ..passkey("rp", user) });
    let changes = vec![Change::PutCredential { credential, room: None }];
    store.commit(HOME, ChangeSet { guards: vec![guard("rp")], changes })
}

#[test]
fn those_that_wait_go_together_and_see_each_other() {
    let (_, store, arrivals, go) = gated();
    let first = store.commit(HOME, ChangeSet::one(put("first", "ada")));
    arrivals.recv().unwrap();
    // The writer is busy with the first. All of these are handed over meanwhile, none of them was polled.
    let (won, lost) = (blocking(&store, "bob"), blocking(&store, "eve"));
    let counts = [(); 3].map(|()| store.next_count(HOME, &id("counter")));
    let created = store.commit(OTHER, ChangeSet::one(create()));
    let in_created = store.commit(OTHER, ChangeSet::one(put("rp", "fay")));
    let deleted = store.commit(OTHER, ChangeSet::one(Change::DeleteContainer));
    let in_deleted = store.commit(OTHER, ChangeSet::one(put("rp", "gil")));
    let mut first = pin!(first);
    assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(), "not durable yet");

    go.send(true).unwrap();
    wait(first).unwrap();
    arrivals.recv().unwrap();
    go.send(true).unwrap();
    wait(won).unwrap();
    assert!(matches!(wait(lost), Err(StoreError::AlreadyRegistered { .. })));
    assert_eq!(counts.map(|count| wait(count).unwrap()), [1, 2, 3]);
    wait(created).unwrap();
    wait(in_created).unwrap();
    wait(deleted).unwrap();
    assert!(matches!(wait(in_deleted), Err(StoreError::NoContainer(OTHER))));
    assert!(arrivals.try_recv().is_err(), "more than two writes");
    drop(go);
    assert_eq!(wait(store.count(HOME)).unwrap(), 2);
    assert!(wait(store.check()).unwrap().is_sound());
    assert!(store.core().writable().is_ok());
}

#[test]
fn a_refusal_that_rests_on_a_failed_commit_fails_too() {
    let (disk, store, arrivals, go) = gated();
    let first = store.commit(HOME, ChangeSet::one(put("first", "ada")));
    arrivals.recv().unwrap();
    let (won, lost) = (blocking(&store, "bob"), blocking(&store, "eve"));
    go.send(true).unwrap();
    wait(first).unwrap();
    go.send(false).unwrap();
    assert!(matches!(wait(won), Err(StoreError::Io { .. })));
    let lost = wait(lost);
    assert!(matches!(lost, Err(StoreError::Io { .. })), "{lost:?}");
    drop(store);
    assert_eq!(wait(disk.open().unwrap().count(HOME)).unwrap(), 1);
}

#[test]
fn whoever_closes_second_waits_for_the_first() {
    let (disk, store, arrivals, go) = gated();
    for want in 1..=2 {
        go.send(true).unwrap();
        assert_eq!(wait(store.next_count(HOME, &id("ada"))).unwrap(), want);
        arrivals.recv().unwrap();
    }
    let second_returned = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| store.close());
        arrivals.recv().unwrap();
        let second = scope.spawn(|| {
            store.close().unwrap();
            second_returned.store(true, Ordering::SeqCst);
        });
        std::thread::sleep(Duration::from_millis(50));
        assert!(!second_returned.load(Ordering::SeqCst));
        go.send(true).unwrap();
        first.join().unwrap().unwrap();
        second.join().unwrap();
    });
    assert!(matches!(wait(store.next_count(HOME, &id("ada"))), Err(StoreError::Closed)));
    assert_eq!(wait(disk.open().unwrap().next_count(HOME, &id("ada"))).unwrap(), 3);
}

#[test]
fn a_write_of_retries_does_not_undo_what_comes_after_it() {
    let (disk, store, arrivals, go) = gated();
    for (retries, writes) in [(1, true), (2, false)] {
        if writes {
            go.send(true).unwrap();
        }
        wait(store.set_uv_retries(HOME, retries)).unwrap();
    }
    arrivals.recv().unwrap();
    // Disk 1, true 2. Somebody succeeds, which has to be written; meanwhile somebody else fails.
    let success = store.set_uv_retries(HOME, 3);
    arrivals.recv().unwrap();
    let failure = store.set_uv_retries(HOME, 1);
    go.send(true).unwrap();
    go.send(true).unwrap();
    wait(success).unwrap();
    wait(failure).unwrap();
    assert_eq!(wait(store.state(HOME)).unwrap().value.uv_retries, 1);
    drop(store);
    assert_eq!(wait(disk.open().unwrap().state(HOME)).unwrap().value.uv_retries, 1);
}

/// A disk that panics at its second write, as sled may.
struct Panicking(Disk, Mutex<bool>);

impl Engine for Panicking {
    fn get(&self, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<bool, StoreError> {
        self.0.get(key, read)
    }

    fn scan(&self, from: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        self.0.scan(from, each)
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        assert!(!std::mem::replace(&mut *self.1.lock().unwrap(), true), "the disk panics");
        self.0.apply(batch)
    }
}

#[test]
fn an_engine_that_panics_answers_those_who_wait() {
    let disk = Disk::default();
    commit(&disk.open().unwrap(), HOME, [create()]).unwrap();
    let store = Embedded::with_thread(Box::new(Panicking(disk, Mutex::new(false))), &device_key()).unwrap();
    commit(&store, HOME, [put("rp", "ada")]).unwrap();
    for refused in [
        commit(&store, HOME, [put("rp", "bob")]),
        commit(&store, HOME, [put("rp", "eve")]),
        wait(store.set_uv_retries(HOME, 3)),
    ] {
        assert!(matches!(refused, Err(StoreError::ReadOnly { .. })), "{refused:?}");
    }
    assert_eq!(wait(store.count(HOME)).unwrap(), 1);
}
