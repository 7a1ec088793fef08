//! Commits that wait together are written together, and each is still decided by itself.

use std::{
    pin::pin,
    sync::{
        Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    task::{Context, Waker},
};

use super::*;
use crate::Guard;

/// A disk whose every write waits for a word.
struct Gated {
    disk: Disk,
    arrived: Sender<usize>,
    go: Mutex<Receiver<()>>,
}

impl Engine for Gated {
    fn get(&self, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<bool, StoreError> {
        self.disk.get(key, read)
    }

    fn scan(&self, from: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        self.disk.scan(from, each)
    }

    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        let _ = self.arrived.send(batch.len());
        let _ = self.go.lock().unwrap().recv();
        self.disk.apply(batch)
    }
}

#[test]
fn those_that_wait_go_together_and_see_each_other() {
    let disk = Disk::default();
    commit(&disk.open().unwrap(), HOME, [create()]).unwrap();
    let (arrived, arrivals) = channel();
    let (go, gate) = channel();
    let engine = Gated { disk: disk.clone(), arrived, go: Mutex::new(gate) };
    let store = Embedded::with_thread(Box::new(engine), &device_key()).unwrap();

    let first = store.commit(HOME, ChangeSet::one(put("first", "ada")));
    arrivals.recv().unwrap();
    // The writer is busy with the first. All of these are handed over meanwhile, none of them was polled.
    let guard = |rp_id: &str| Guard::NoOther {
        rp_id: rp_id.to_owned(),
        user_id: None,
        user_name: None,
        kind: Kind::Passkey,
        unless_more_than: None,
    };
    let blocking = |user: &str| {
        let credential = Box::new(StoredCredential { blocking: true, ..passkey("rp", user) });
        let changes = vec![Change::PutCredential { credential, room: None }];
        store.commit(HOME, ChangeSet { guards: vec![guard("rp")], changes })
    };
    let (won, lost) = (blocking("bob"), blocking("eve"));
    let counts = [(); 3].map(|()| store.next_count(HOME, &id("counter")));
    let created = store.commit(OTHER, ChangeSet::one(create()));
    let in_created = store.commit(OTHER, ChangeSet::one(put("rp", "fay")));
    let deleted = store.commit(OTHER, ChangeSet::one(Change::DeleteContainer));
    let in_deleted = store.commit(OTHER, ChangeSet::one(put("rp", "gil")));
    let mut first = pin!(first);
    assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(), "not durable yet");

    go.send(()).unwrap();
    wait(first).unwrap();
    arrivals.recv().unwrap();
    go.send(()).unwrap();
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

/// A disk that panics at its second write, as sled may.
struct Panicking(Disk, Mutex<bool>);

impl Engine for Panicking {
    fn get(&self, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<bool, StoreError> {
        self.0.get(key, read)
    }

    fn scan(&self, from: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        self.0.scan(from, each)
    }

    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
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
