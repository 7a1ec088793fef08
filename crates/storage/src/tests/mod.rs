//! Tests that need to see records, or an engine that fails.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod decoding;
mod failing;
mod grouping;
mod tampering;

use std::{future::Future, ops::ControlFlow, sync::Arc};

use softhello_ctap::{
    Algorithm, Credential, CredentialId, ExtensionData, PrivateKey, Protection, SealingKey, Timestamp, User,
};

use crate::{
    Change, ChangeSet, ContainerId, DeviceKey, Kind, Store, StoreError, StoredCredential,
    embedded::Embedded,
    engine::{Batch, Each, Engine, MemoryEngine},
    seal::Key,
};

const HOME: ContainerId = ContainerId::from_uuid(uuid::Uuid::from_u128(1));
const OTHER: ContainerId = ContainerId::from_uuid(uuid::Uuid::from_u128(2));

/// A disk that outlives its stores.
#[derive(Clone, Default)]
struct Disk(Arc<MemoryEngine>);

impl Engine for Disk {
    fn get(&self, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<bool, StoreError> {
        self.0.get(key, read)
    }

    fn scan(&self, from: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        self.0.scan(from, each)
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        self.0.apply(batch)
    }
}

impl Disk {
    fn records(&self) -> Vec<(Key, Vec<u8>)> {
        let mut records = Vec::new();
        self.scan(&[], &mut |key, value| {
            records.push((Key::parse(key).unwrap(), value.to_vec()));
            ControlFlow::Continue(())
        })
        .unwrap();
        records
    }

    fn of(records: impl IntoIterator<Item = (Key, Vec<u8>)>) -> Self {
        let disk = Self::default();
        disk.apply(records.into_iter().map(|(key, value)| (key, Some(value))).collect()).unwrap();
        disk
    }

    fn open(&self) -> Result<Embedded, StoreError> {
        Embedded::inline(Box::new(self.clone()), &device_key())
    }
}

fn device_key() -> DeviceKey {
    DeviceKey::from_bytes([5; 32])
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}

fn commit<const N: usize>(
    store: &dyn Store,
    container: ContainerId,
    changes: [Change; N],
) -> Result<(), StoreError> {
    wait(store.commit(container, ChangeSet { guards: Vec::new(), changes: changes.into() }))
}

fn create() -> Change {
    Change::CreateContainer {
        uv_retries: 3,
        sealing_key: SealingKey::from_bytes([7; 32]),
        settings: Box::default(),
    }
}

fn id(name: &str) -> CredentialId {
    CredentialId::try_from(name.as_bytes()).unwrap()
}

fn passkey(rp_id: &str, user: &str) -> StoredCredential {
    let credential = Credential {
        id: id(&format!("{user}@{rp_id}")),
        rp_id: rp_id.to_owned(),
        user: User { id: user.into(), name: Some(user.to_owned()), display_name: None },
        key: PrivateKey::from_bytes(Algorithm::Es256, &[1; 32]).unwrap(),
        discoverable: true,
        protection: Protection::Optional,
        backup_eligible: false,
        backed_up: false,
        created: Timestamp(1),
        extensions: ExtensionData::default(),
    };
    StoredCredential { credential, kind: Kind::Passkey, removable: true, blocking: false }
}

fn put(rp_id: &str, user: &str) -> Change {
    Change::PutCredential { credential: Box::new(passkey(rp_id, user)), room: None }
}
