//! A store over an engine in this process.

use std::{collections::HashSet, ops::ControlFlow, sync::Arc};

use softhello_ctap::{CredentialId, Handle, Query};

use crate::{
    Change, ChangeSet, ContainerId, ContainerState, DIRECTORY, DeviceKey, Reply, Report, Revision, Store,
    StoreError, StoredCredential, Versioned,
    core::{ContainerKeys, Core, RetriesInFlight},
    decide::Work,
    engine::Engine,
    lease::Retries,
    record::{
        self, CounterBody, CredentialFacts, CredentialSummary, DocumentBody, RpEntry, TextDigest, Totals,
    },
    seal::{Key, KeyKind},
    writer::Writer,
};

/// A store over an engine in this process, which owns its data alone.
pub(crate) struct Embedded {
    core: Arc<Core>,
    writer: Writer,
}

impl Embedded {
    /// For an engine that waits for a disk.
    pub(crate) fn with_thread(engine: Box<dyn Engine>, device_key: &DeviceKey) -> Result<Self, StoreError> {
        let core = Arc::new(Core::open(engine, device_key)?);
        Ok(Self { writer: Writer::thread(&core)?, core })
    }

    /// For an engine that waits for nothing.
    pub(crate) fn inline(engine: Box<dyn Engine>, device_key: &DeviceKey) -> Result<Self, StoreError> {
        Ok(Self { core: Arc::new(Core::open(engine, device_key)?), writer: Writer::inline() })
    }

    #[cfg(test)]
    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    fn keys(&self, container: ContainerId) -> Result<Arc<ContainerKeys>, StoreError> {
        self.core.keys(container)?.ok_or(StoreError::NoContainer(container))
    }

    fn number(&self, container: ContainerId, work: Work) -> Reply<'_, u64> {
        self.writer.submit(&self.core, container, work, None)
    }

    fn changes(
        &self,
        container: ContainerId,
        changes: ChangeSet,
        retries: Option<RetriesInFlight>,
    ) -> Reply<'_, ()> {
        without_number(self.writer.submit(&self.core, container, Work::Changes(changes), retries))
    }

    fn read_containers(&self) -> Result<Vec<ContainerId>, StoreError> {
        let mut found = Vec::new();
        let mut from = [0; 16];
        loop {
            let mut next = None;
            self.core.engine.scan(&from, &mut |key, _| {
                next = Key::container(key);
                ControlFlow::Break(())
            })?;
            let Some(container) = next else { return Ok(found) };
            let state = Key::of(container, KeyKind::State);
            if self.core.engine.get(state.as_ref(), &mut |_| ())? {
                found.push(container);
            }
            // The first key behind all records of this container.
            match container.as_uuid().as_u128().checked_add(1) {
                Some(next) => from = next.to_be_bytes(),
                None => return Ok(found),
            }
        }
    }

    fn read_document(
        &self,
        container: ContainerId,
        name: &str,
    ) -> Result<Option<Versioned<Vec<u8>>>, StoreError> {
        let keys = match self.keys(container) {
            Err(StoreError::NoContainer(DIRECTORY)) => return Ok(None),
            keys => keys?,
        };
        let key = keys.index.document(container, name);
        let Some((revision, body)) = self.core.read(&keys.sealer, &key)? else { return Ok(None) };
        let body: DocumentBody<'static> = record::decode(key.as_ref(), body.as_ref())?;
        Ok(Some(Versioned { value: body.value.into_vec(), revision }))
    }

    fn read_documents(&self, container: ContainerId, prefix: &str) -> Result<Documents, StoreError> {
        let keys = match self.keys(container) {
            Err(StoreError::NoContainer(DIRECTORY)) => return Ok(Vec::new()),
            keys => keys?,
        };
        let mut found = Vec::new();
        let all = Key::of(container, KeyKind::Document);
        self.scan(&keys, all.as_ref(), |key, revision, body| {
            let body: DocumentBody<'static> = record::decode(key, body)?;
            if body.name.starts_with(prefix) {
                let value = Versioned { value: body.value.into_vec(), revision };
                found.push((body.name.into_owned(), value));
            }
            Ok(())
        })?;
        found.sort_by(|(name, _), (other, _)| name.cmp(other));
        Ok(found)
    }

    fn read_handles(&self, container: ContainerId, query: Query<'_>) -> Result<Vec<Handle>, StoreError> {
        let keys = self.keys(container)?;
        let mut found = Vec::new();
        match query {
            Query::Rp(rp_id) => {
                let of_rp = keys.index.rp(container, rp_id);
                let read = || self.read_discoverable(&keys, &of_rp);
                return self.core.recent.handles.get_or_read(&of_rp, read, |found| found.len() <= FEW);
            }
            Query::Ids { rp_id_hash, ids } => {
                let rp_id = TextDigest::from_hash(*rp_id_hash);
                // What is too long or empty is no id, and so an unknown one.
                for id in ids.iter().filter_map(|id| CredentialId::try_from(*id).ok()) {
                    let key = keys.index.credential(container, id.as_bytes());
                    if let Some((_, body)) = self.core.read(&keys.sealer, &key)? {
                        found.extend(CredentialSummary::read(key.as_ref(), body.as_ref(), id, &rp_id)?);
                    }
                }
            }
            Query::Discoverable => {
                found = self.read_discoverable(&keys, &Key::of(container, KeyKind::ByRp))?;
                found.sort_by_key(|handle| std::cmp::Reverse(handle.sequence));
            }
            Query::All => {
                let mut damaged = None;
                let all = Key::of(container, KeyKind::ByRp);
                self.scan_damaged(&keys, all.as_ref(), |key, opened| {
                    match opened.and_then(|body| record::decode::<RpEntry>(key, body)?.into_handle(key)) {
                        Ok(handle) => found.push(handle),
                        Err(error) => damaged = Some(error),
                    }
                })?;
                if damaged.is_some() {
                    self.add_unlisted(container, &keys, &mut found)?;
                }
                found.sort_by_key(|handle| std::cmp::Reverse(handle.sequence));
            }
        }
        Ok(found)
    }

    /// The discoverable credentials whose entries in the index begin with `prefix`, in the order of their keys.
    fn read_discoverable(&self, keys: &ContainerKeys, prefix: &Key) -> Result<Vec<Handle>, StoreError> {
        let mut found = Vec::new();
        self.scan(keys, prefix.as_ref(), |key, _, body| {
            let entry: RpEntry = record::decode(key, body)?;
            if entry.is_discoverable() {
                found.push(entry.into_handle(key)?);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Adds the credentials that are not found yet, as their entries in the index are damaged. One that is damaged
    /// itself too cannot be found.
    fn add_unlisted(
        &self,
        container: ContainerId,
        keys: &ContainerKeys,
        found: &mut Vec<Handle>,
    ) -> Result<(), StoreError> {
        let listed: HashSet<CredentialId> = found.iter().map(|handle| handle.id.clone()).collect();
        let all = Key::of(container, KeyKind::Credential);
        self.scan_damaged(keys, all.as_ref(), |key, opened| {
            let facts = opened.and_then(|body| CredentialFacts::read(key, body));
            if let Ok(facts) = facts
                && !listed.contains(facts.id())
                && let Ok(handle) = facts.into_handle(key)
            {
                found.push(handle);
            }
        })
    }

    /// Shows the decrypted records whose key begins with `prefix`, also what cannot be decrypted.
    fn scan_damaged(
        &self,
        keys: &ContainerKeys,
        prefix: &[u8],
        mut each: impl FnMut(&[u8], Result<&[u8], StoreError>),
    ) -> Result<(), StoreError> {
        self.core.engine.scan(prefix, &mut |key, record| {
            if !key.starts_with(prefix) {
                return ControlFlow::Break(());
            }
            match keys.sealer.open(key, record) {
                Ok((_, body)) => each(key, Ok(body.as_ref())),
                Err(error) => each(key, Err(error)),
            }
            ControlFlow::Continue(())
        })
    }

    /// Shows the decrypted records whose key begins with `prefix` until `each` fails.
    fn scan(
        &self,
        keys: &ContainerKeys,
        prefix: &[u8],
        mut each: impl FnMut(&[u8], Revision, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut result = Ok(());
        self.core.engine.scan(prefix, &mut |key, record| {
            if !key.starts_with(prefix) {
                return ControlFlow::Break(());
            }
            result =
                keys.sealer.open(key, record).and_then(|(revision, body)| each(key, revision, body.as_ref()));
            if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        result
    }

    fn read_credential(
        &self,
        container: ContainerId,
        id: &CredentialId,
    ) -> Result<Versioned<StoredCredential>, StoreError> {
        let keys = self.keys(container)?;
        let key = keys.index.credential(container, id.as_bytes());
        let read = || {
            let (revision, body) = self.core.read(&keys.sealer, &key)?.ok_or(StoreError::NotFound)?;
            let (value, _) = record::decode_credential(key.as_ref(), body.as_ref())?;
            Ok(Versioned { value, revision })
        };
        self.core
            .recent
            .credentials
            .get_or_read(&key, read, |found| record::credential_room(&found.value) <= SHORT)
    }

    fn read_count(&self, container: ContainerId) -> Result<u32, StoreError> {
        let keys = self.keys(container)?;
        let key = Key::of(container, KeyKind::Totals);
        let Some((_, body)) = self.core.read(&keys.sealer, &key)? else { return Ok(0) };
        Ok(record::decode::<Totals>(key.as_ref(), body.as_ref())?.credentials)
    }

    fn read_counter(&self, container: ContainerId, id: &CredentialId) -> Result<u32, StoreError> {
        let last = self.core.with_live(container, |live| match live.counters.get(id) {
            Some(lease) => Ok(lease.last),
            None => self.core.counter_ceiling(container, id, &live.keys),
        })?;
        Ok(to_count(last.ok_or(StoreError::NoContainer(container))?))
    }

    fn read_counters(&self, container: ContainerId) -> Result<Vec<(CredentialId, u32)>, StoreError> {
        let keys = self.keys(container)?;
        let mut found = Vec::new();
        self.scan(&keys, Key::of(container, KeyKind::Counter).as_ref(), |key, _, body| {
            let body: CounterBody = record::decode(key, body)?;
            let ceiling = body.ceiling();
            found.push((body.into_id(), ceiling));
            Ok(())
        })?;
        // A lease knows better than the disk.
        self.core.if_live(container, |live| {
            for (id, count) in &mut found {
                if let Some(lease) = live.counters.get(id) {
                    *count = lease.last;
                }
            }
        });
        found.sort();
        Ok(found.into_iter().map(|(id, count)| (id, to_count(count))).collect())
    }

    fn read_operation(&self, container: ContainerId) -> Result<u64, StoreError> {
        let last = self.core.with_live(container, |live| match &live.operation {
            Some(lease) => Ok(lease.last),
            None => self.core.number_at(&Key::of(container, KeyKind::Operation), &live.keys),
        })?;
        last.ok_or(StoreError::NoContainer(container))
    }

    /// Changes the retries if that needs no write. Otherwise the work that will has to hold what this returns.
    fn retries_in_memory(
        &self,
        container: ContainerId,
        value: u8,
    ) -> Result<Option<RetriesInFlight>, StoreError> {
        let done = self.core.with_live(container, |live| {
            self.core.writable()?;
            let in_flight = live.retries_in_flight.any();
            let retries = self.core.retries(container, live)?;
            if in_flight || Retries::to_write(retries.durable, value).is_some() {
                return Ok(Some(live.retries_in_flight.clone()));
            }
            retries.live = value;
            Ok(None)
        })?;
        done.ok_or(StoreError::NoContainer(container))
    }
}

impl Store for Embedded {
    fn containers(&self) -> Reply<'_, Vec<ContainerId>> {
        Reply::ready(self.read_containers())
    }

    fn state(&self, container: ContainerId) -> Reply<'_, Versioned<ContainerState>> {
        Reply::ready(self.core.state(container))
    }

    fn document(&self, container: ContainerId, name: &str) -> Reply<'_, Option<Versioned<Vec<u8>>>> {
        Reply::ready(self.read_document(container, name))
    }

    fn documents(
        &self,
        container: ContainerId,
        prefix: &str,
    ) -> Reply<'_, Vec<(String, Versioned<Vec<u8>>)>> {
        Reply::ready(self.read_documents(container, prefix))
    }

    fn find(&self, container: ContainerId, query: Query<'_>) -> Reply<'_, Vec<Handle>> {
        Reply::ready(self.read_handles(container, query))
    }

    fn load(&self, container: ContainerId, id: &CredentialId) -> Reply<'_, Versioned<StoredCredential>> {
        Reply::ready(self.read_credential(container, id))
    }

    fn count(&self, container: ContainerId) -> Reply<'_, u32> {
        Reply::ready(self.read_count(container))
    }

    fn counter(&self, container: ContainerId, id: &CredentialId) -> Reply<'_, u32> {
        Reply::ready(self.read_counter(container, id))
    }

    fn counters(&self, container: ContainerId) -> Reply<'_, Vec<(CredentialId, u32)>> {
        Reply::ready(self.read_counters(container))
    }

    fn next_count(&self, container: ContainerId, id: &CredentialId) -> Reply<'_, u32> {
        let leased = self.core.with_live(container, |live| {
            self.core.writable()?;
            Ok(live.counters.get_mut(id).and_then(|lease| lease.take()))
        });
        match leased {
            Ok(Some(Some(count))) => Reply::ready(Ok(to_count(count))),
            Ok(Some(None)) => match self.number(container, Work::Count(id.clone())) {
                Reply::Ready(result) => Reply::Ready(result.map(|result| result.map(to_count))),
                Reply::Later(answer) => Reply::Later(Box::pin(async { answer.await.map(to_count) })),
            },
            Ok(None) => Reply::ready(Err(StoreError::NoContainer(container))),
            Err(error) => Reply::ready(Err(error)),
        }
    }

    fn operation(&self, container: ContainerId) -> Reply<'_, u64> {
        Reply::ready(self.read_operation(container))
    }

    fn next_operation(&self, container: ContainerId) -> Reply<'_, u64> {
        let leased = self.core.with_live(container, |live| {
            self.core.writable()?;
            Ok(live.operation.as_mut().and_then(|lease| lease.take()))
        });
        match leased {
            Ok(Some(Some(number))) => Reply::ready(Ok(number)),
            Ok(Some(None)) => self.number(container, Work::Operation),
            Ok(None) => Reply::ready(Err(StoreError::NoContainer(container))),
            Err(error) => Reply::ready(Err(error)),
        }
    }

    fn commit(&self, container: ContainerId, changes: ChangeSet) -> Reply<'_, ()> {
        if changes.guards.is_empty()
            && let [Change::UvRetries(retries)] = changes.changes[..]
        {
            return self.set_uv_retries(container, retries);
        }
        let sets_retries = |change: &Change| {
            matches!(change, Change::UvRetries(_) | Change::Reset { .. } | Change::CreateContainer { .. })
        };
        let mut retries = None;
        if changes.changes.iter().any(sets_retries) {
            // What is wrong with the container is found again where the work is done.
            let in_flight = self.core.with_live(container, |live| Ok(live.retries_in_flight.clone()));
            retries = in_flight.ok().flatten();
        }
        self.changes(container, changes, retries)
    }

    fn set_uv_retries(&self, container: ContainerId, retries: u8) -> Reply<'_, ()> {
        match self.retries_in_memory(container, retries) {
            Ok(None) => Reply::ready(Ok(())),
            Ok(in_flight) => self.changes(container, ChangeSet::one(Change::UvRetries(retries)), in_flight),
            Err(error) => Reply::ready(Err(error)),
        }
    }

    fn check(&self) -> Reply<'_, Report> {
        Reply::ready(Ok(crate::check::check(&self.core)))
    }

    fn close(&self) -> Result<(), StoreError> {
        self.writer.close(&self.core)
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        // Whoever wants to know closes first. Nothing acknowledged is lost: numbers are skipped.
        let _ = self.close();
    }
}

/// How many passkeys an RP may have for them to be kept in memory.
const FEW: usize = 16;

/// The longest credential that is kept in memory, in bytes: most have an eighth of that.
const SHORT: usize = 4096;

type Documents = Vec<(String, Versioned<Vec<u8>>)>;

fn without_number(reply: Reply<'_, u64>) -> Reply<'_, ()> {
    match reply {
        Reply::Ready(result) => Reply::Ready(result.map(|result| result.map(drop))),
        Reply::Later(answer) => Reply::Later(Box::pin(async { answer.await.map(drop) })),
    }
}

/// Ceilings of counters are never above this when they are made; damage would not authenticate.
fn to_count(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
