//! Records as they will be when a group of commits is applied.

use std::{
    ops::{Bound, ControlFlow},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use softhello_ctap::CredentialId;

use crate::{
    ContainerId, Expected, Revision, StoreError,
    core::{ContainerKeys, Core},
    engine::{Batch, Each},
    record::{self, CounterBody},
    seal::{self, Key, KeyKind, Sealer},
};

/// One commit in the making: it sees the commits before it in its group, and leaves no trace if it is dropped.
pub(crate) struct Transaction<'a> {
    pub(crate) core: &'a Core,
    pub(crate) container: ContainerId,
    group: &'a Batch,
    pub(crate) changes: Batch,
    keys: Option<Arc<ContainerKeys>>,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(core: &'a Core, container: ContainerId, group: &'a Batch) -> Result<Self, StoreError> {
        let mut transaction = Self { core, container, group, changes: Batch::new(), keys: None };
        let key = Key::of(container, KeyKind::Keys);
        transaction.keys = match group.get(&key) {
            // An earlier commit of this group made or deleted the container.
            Some(None) => None,
            Some(Some(record)) => {
                let (_, secret) = core.device.open(key.as_ref(), record)?;
                let secret = record::decode_secret(key.as_ref(), secret.as_ref())?;
                Some(Arc::new(ContainerKeys::derive(&secret)))
            }
            None => core.keys(container)?,
        };
        Ok(transaction)
    }

    /// The container's keys. [`StoreError::NoContainer`] if it has none.
    pub(crate) fn keys(&self) -> Result<Arc<ContainerKeys>, StoreError> {
        self.keys.clone().ok_or(StoreError::NoContainer(self.container))
    }

    /// The container's keys, which are made if it has none yet.
    pub(crate) fn keys_or_new(&mut self) -> Result<Arc<ContainerKeys>, StoreError> {
        if let Some(keys) = &self.keys {
            return Ok(Arc::clone(keys));
        }
        let mut secret = zeroize::Zeroizing::new([0; 32]);
        seal::random(&mut *secret)?;
        let key = Key::of(self.container, KeyKind::Keys);
        self.put_sealed(&self.core.device, &key, 40, |out| record::encode_secret(&secret, out))?;
        let keys = Arc::new(ContainerKeys::derive(&secret));
        self.keys = Some(Arc::clone(&keys));
        Ok(keys)
    }

    /// Fails unless the container was created.
    pub(crate) fn exists(&self) -> Result<bool, StoreError> {
        self.see(&Key::of(self.container, KeyKind::State), &mut |_| ())
    }

    fn see(&self, key: &Key, read: &mut dyn FnMut(&[u8])) -> Result<bool, StoreError> {
        match self.changes.get(key).or_else(|| self.group.get(key)) {
            Some(value) => Ok(value.as_deref().map(read).is_some()),
            None => self.core.engine.get(key.as_ref(), read),
        }
    }

    /// A record, decrypted and decoded by `decode`.
    pub(crate) fn get_with<T>(
        &self,
        key: &Key,
        decode: impl Fn(&[u8], &[u8]) -> Result<T, StoreError>,
    ) -> Result<Option<(Revision, T)>, StoreError> {
        let keys = self.keys()?;
        let mut found = None;
        self.see(key, &mut |record| {
            let opened = keys.sealer.open(key.as_ref(), record);
            found = Some(
                opened.and_then(|(revision, body)| Ok((revision, decode(key.as_ref(), body.as_ref())?))),
            );
        })?;
        found.transpose()
    }

    /// A record, decrypted and decoded.
    pub(crate) fn get<T: for<'de> Deserialize<'de>>(&self, key: &Key) -> Result<Option<T>, StoreError> {
        Ok(self.get_with(key, record::decode)?.map(|(_, value)| value))
    }

    /// The authenticated revision of a record, if there is one.
    pub(crate) fn revision(&self, key: &Key) -> Result<Option<Revision>, StoreError> {
        Ok(self.get_with(key, |_, _| Ok(()))?.map(|(revision, ())| revision))
    }

    /// Writes a short record.
    pub(crate) fn put(&mut self, key: &Key, body: &impl Serialize) -> Result<(), StoreError> {
        self.put_with(key, 128, |out| record::encode(body, out))
    }

    /// Writes a record of at most `room` bytes that is not there yet, as the caller knows.
    pub(crate) fn put_new(
        &mut self,
        key: &Key,
        room: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), StoreError> {
        let record = self.keys()?.sealer.seal(key, first_revision()?, room, write)?;
        self.changes.insert(*key, Some(record));
        Ok(())
    }

    /// Writes the ceiling of a counter that has none yet. False if it has one, which stays.
    pub(crate) fn put_new_counter(&mut self, id: &CredentialId, ceiling: u64) -> Result<bool, StoreError> {
        let key = self.keys()?.index.counter(self.container, id.as_bytes());
        if self.see(&key, &mut |_| {})? {
            return Ok(false);
        }
        let body = CounterBody::of(id, ceiling);
        self.put_new(&key, CounterBody::room(id), |out| record::encode(&body, out))?;
        Ok(true)
    }

    /// Writes the ceiling of a counter.
    pub(crate) fn put_counter(&mut self, id: &CredentialId, ceiling: u64) -> Result<(), StoreError> {
        let key = self.keys()?.index.counter(self.container, id.as_bytes());
        let body = CounterBody::of(id, ceiling);
        self.put_with(&key, CounterBody::room(id), |out| record::encode(&body, out))
    }

    /// The ceiling of a counter, 0 if it was never written.
    pub(crate) fn counter(&self, id: &CredentialId) -> Result<u64, StoreError> {
        let key = self.keys()?.index.counter(self.container, id.as_bytes());
        Ok(self.get::<CounterBody>(&key)?.map_or(0, |body| body.ceiling()))
    }

    /// Writes a record of at most `room` bytes.
    pub(crate) fn put_with(
        &mut self,
        key: &Key,
        room: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), StoreError> {
        let keys = self.keys()?;
        self.put_sealed(&keys.sealer, key, room, write)
    }

    fn put_sealed(
        &mut self,
        sealer: &Sealer,
        key: &Key,
        room: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), StoreError> {
        let mut before = None;
        self.see(key, &mut |record| before = seal::revision(key.as_ref(), record).ok())?;
        let revision = match before {
            Some(Revision(before)) => Revision(before.wrapping_add(1)),
            None => first_revision()?,
        };
        let record = sealer.seal(key, revision, room, write)?;
        self.changes.insert(*key, Some(record));
        Ok(())
    }

    pub(crate) fn delete(&mut self, key: &Key) {
        self.changes.insert(*key, None);
    }

    /// Shows all records whose key begins with `prefix`, in the order of their keys.
    pub(crate) fn scan(&self, prefix: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        let pending = |key: &[u8]| self.changes.contains_key(key) || self.group.contains_key(key);
        let mut merged = Batch::new();
        for batch in [self.group, &self.changes] {
            let of_prefix = batch
                .range::<[u8], _>((Bound::Included(prefix), Bound::Unbounded))
                .take_while(|(key, _)| key.as_ref().starts_with(prefix));
            merged.extend(of_prefix.map(|(key, value)| (*key, value.clone())));
        }
        let mut merged = merged.into_iter().peekable();
        let mut stopped = ControlFlow::Continue(());
        let mut pending_before = |limit: Option<&[u8]>, each: &mut Each<'_>| {
            while let Some((key, value)) =
                merged.next_if(|(key, _)| limit.is_none_or(|limit| key.as_ref() < limit))
            {
                if let Some(value) = value {
                    each(key.as_ref(), &value)?;
                }
            }
            ControlFlow::Continue(())
        };
        self.core.engine.scan(prefix, &mut |key, value| {
            if !key.starts_with(prefix) {
                return ControlFlow::Break(());
            }
            stopped = pending_before(Some(key), each);
            if stopped.is_continue() && !pending(key) {
                stopped = each(key, value);
            }
            stopped
        })?;
        if stopped.is_continue() {
            let _ = pending_before(None, each);
        }
        Ok(())
    }

    /// Deletes all records whose key begins with `prefix`.
    pub(crate) fn delete_all(&mut self, prefix: &[u8]) -> Result<(), StoreError> {
        let mut found = Vec::new();
        self.scan(prefix, &mut |key, _| {
            found.extend(Key::parse(key));
            ControlFlow::Continue(())
        })?;
        found.iter().for_each(|key| self.delete(key));
        Ok(())
    }

    /// The container was deleted with its keys.
    pub(crate) fn drop_keys(&mut self) {
        self.keys = None;
    }
}

/// At random, so that a record that was deleted and made again is not taken for the old one.
fn first_revision() -> Result<Revision, StoreError> {
    let [a, b, c, d, e, f, g, h, ..] = seal::nonce()?;
    Ok(Revision(u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1))
}

/// Fails with [`StoreError::Conflict`] unless the record is as expected.
pub(crate) fn expect(found: Option<Revision>, expected: Expected) -> Result<(), StoreError> {
    let fits = match expected {
        Expected::Any => true,
        Expected::Absent => found.is_none(),
        Expected::Revision(revision) => found == Some(revision),
    };
    if fits { Ok(()) } else { Err(StoreError::Conflict) }
}
