//! What every part of a store shares: the engine, the unwrapped keys, and the live values that lag behind on disk.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, atomic::AtomicBool, atomic::Ordering},
};

use softhello_ctap::{CredentialId, Handle};

use crate::{
    ContainerId, ContainerState, DeviceKey, Revision, StoreError, StoredCredential, Versioned,
    device_key::derive,
    engine::{Batch, Engine},
    lease::{Lease, Retries},
    recent::Recent,
    record::{self, CounterBody, StateBody},
    seal::{Index, Key, KeyKind, Plain, Sealer},
};

/// A store without the thread that writes.
pub(crate) struct Core {
    pub(crate) engine: Box<dyn Engine>,
    /// Seals the keys of containers.
    pub(crate) device: Sealer,
    live: Mutex<HashMap<ContainerId, Live>>,
    pub(crate) recent: RecentlyRead,
    /// The first write that failed.
    failed: OnceLock<String>,
    closed: AtomicBool,
}

/// What sign-ins read again and again.
#[derive(Default)]
pub(crate) struct RecentlyRead {
    /// The passkeys of an RP in a container.
    pub(crate) handles: Recent<Vec<Handle>>,
    pub(crate) credentials: Recent<Versioned<StoredCredential>>,
}

impl RecentlyRead {
    /// The credentials of this container changed, or may have.
    pub(crate) fn forget(&self, container: ContainerId) {
        self.handles.forget(container);
        self.credentials.forget(container);
    }

    pub(crate) fn forget_all(&self) {
        self.handles.forget_all();
        self.credentials.forget_all();
    }
}

/// The unwrapped keys of a container.
pub(crate) struct ContainerKeys {
    pub(crate) sealer: Sealer,
    pub(crate) index: Index,
}

impl ContainerKeys {
    pub(crate) fn derive(secret: &[u8; 32]) -> Self {
        Self {
            sealer: Sealer::new(&derive(secret, "softhello container encryption v1")),
            index: Index::new(&derive(secret, "softhello container index v1")),
        }
    }
}

/// What is known of a container without asking the engine. It is made when first needed and can be forgotten between
/// any two writes, except for the leases.
pub(crate) struct Live {
    pub(crate) keys: Arc<ContainerKeys>,
    /// The state as it is on disk; the true retries are in `retries`.
    pub(crate) state: Option<Versioned<ContainerState>>,
    pub(crate) retries: Option<Retries>,
    pub(crate) retries_in_flight: RetriesInFlight,
    pub(crate) counters: HashMap<CredentialId, Lease>,
    pub(crate) operation: Option<Lease>,
}

/// Held by the container and by each piece of work that will set its retries. While there is such work, retries do not
/// change in memory alone: what the work makes true afterwards would undo that.
#[derive(Clone, Default)]
pub(crate) struct RetriesInFlight(Arc<()>);

impl RetriesInFlight {
    /// Whether there is such work. Ask with the live values locked.
    pub(crate) fn any(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

impl Core {
    /// Opens a store over this engine, or makes one if the engine is empty.
    pub(crate) fn open(engine: Box<dyn Engine>, device_key: &DeviceKey) -> Result<Self, StoreError> {
        check_header(&*engine, device_key)?;
        Ok(Self {
            engine,
            device: Sealer::new(&device_key.derive("softhello device wrap v1")),
            live: Mutex::default(),
            recent: RecentlyRead::default(),
            failed: OnceLock::new(),
            closed: AtomicBool::new(false),
        })
    }

    /// Fails if nothing can be written any more.
    pub(crate) fn writable(&self) -> Result<(), StoreError> {
        if let Some(first) = self.failed.get() {
            return Err(StoreError::ReadOnly { first: first.clone() });
        }
        if self.closed.load(Ordering::Acquire) { Err(StoreError::Closed) } else { Ok(()) }
    }

    /// Applies a batch, and forgets what was read of the credentials in it. After a failure the engine's state is unknown, so nothing is written until it is reopened.
    pub(crate) fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        let of_credentials =
            |key: &&Key| matches!(Key::kind(key.as_ref()), Some(KeyKind::Credential | KeyKind::ByRp));
        let changed = batch.keys().filter(of_credentials).filter_map(|key| Key::container(key.as_ref()));
        let changed: HashSet<ContainerId> = changed.collect();
        let applied = self.engine.apply(batch);
        changed.into_iter().for_each(|container| self.recent.forget(container));
        applied.inspect_err(|error| self.fail(&error.to_string()))
    }

    /// Nothing is written from now on.
    pub(crate) fn fail(&self, first: &str) {
        // Only the first failure says what happened; later ones follow from it.
        let _ = self.failed.set(first.to_owned());
    }

    /// The value of a record, decrypted.
    pub(crate) fn read(&self, sealer: &Sealer, key: &Key) -> Result<Option<(Revision, Plain)>, StoreError> {
        let mut opened = None;
        self.engine.get(key.as_ref(), &mut |record| opened = Some(sealer.open(key.as_ref(), record)))?;
        opened.transpose()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ContainerId, Live>> {
        // Each entry is changed by single assignments, so a panic elsewhere leaves nothing half done.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `with` on the live values of a container; `None` if the container has no key and so no records.
    ///
    /// Loading happens under the lock. Otherwise a slow reader could put back what a writer has just replaced.
    pub(crate) fn with_live<T>(
        &self,
        container: ContainerId,
        with: impl FnOnce(&mut Live) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut live = self.lock();
        if let Some(live) = live.get_mut(&container) {
            return with(live).map(Some);
        }
        let key = Key::of(container, KeyKind::Keys);
        let Some((_, secret)) = self.read(&self.device, &key)? else { return Ok(None) };
        let secret = record::decode_secret(key.as_ref(), secret.as_ref())?;
        let new = Live {
            keys: Arc::new(ContainerKeys::derive(&secret)),
            state: None,
            retries: None,
            retries_in_flight: RetriesInFlight::default(),
            counters: HashMap::new(),
            operation: None,
        };
        with(live.entry(container).or_insert(new)).map(Some)
    }

    /// Runs `with` on the live values of a container if anything is known of it.
    pub(crate) fn if_live(&self, container: ContainerId, with: impl FnOnce(&mut Live)) {
        if let Some(live) = self.lock().get_mut(&container) {
            with(live);
        }
    }

    pub(crate) fn forget(&self, container: ContainerId) {
        self.lock().remove(&container);
    }

    /// The keys of a container, if it has any.
    pub(crate) fn keys(&self, container: ContainerId) -> Result<Option<Arc<ContainerKeys>>, StoreError> {
        self.with_live(container, |live| Ok(Arc::clone(&live.keys)))
    }

    /// The state with the true retries.
    pub(crate) fn state(&self, container: ContainerId) -> Result<Versioned<ContainerState>, StoreError> {
        let state = self.with_live(container, |live| {
            let state = match &live.state {
                Some(state) => state,
                None => {
                    let key = Key::of(container, KeyKind::State);
                    let Some((revision, body)) = self.read(&live.keys.sealer, &key)? else { return Ok(None) };
                    let body: StateBody = record::decode(key.as_ref(), body.as_ref())?;
                    live.state.insert(Versioned { value: body.into_state(key.as_ref(), 0)?, revision })
                }
            };
            let mut state = state.clone();
            state.value.uv_retries = self.retries(container, live)?.live;
            Ok(Some(state))
        })?;
        state.flatten().ok_or(StoreError::NoContainer(container))
    }

    /// The attempts left of a container that exists.
    pub(crate) fn retries<'a>(
        &self,
        container: ContainerId,
        live: &'a mut Live,
    ) -> Result<&'a mut Retries, StoreError> {
        match &mut live.retries {
            Some(retries) => Ok(retries),
            none => {
                let durable = self.number(container, KeyKind::UvRetries, &live.keys)?;
                let durable = u8::try_from(durable).map_err(|_| {
                    let key = Key::of(container, KeyKind::UvRetries);
                    StoreError::damaged(Key::describe(key.as_ref()), "more than 255 retries")
                })?;
                Ok(none.insert(Retries { durable, live: durable }))
            }
        }
    }

    fn number(&self, container: ContainerId, kind: KeyKind, keys: &ContainerKeys) -> Result<u64, StoreError> {
        self.number_at(&Key::of(container, kind), keys)
    }

    /// A number on disk, 0 if it was never written.
    pub(crate) fn number_at(&self, key: &Key, keys: &ContainerKeys) -> Result<u64, StoreError> {
        match self.read(&keys.sealer, key)? {
            Some((_, body)) => record::decode(key.as_ref(), body.as_ref()),
            None => Ok(0),
        }
    }

    /// The ceiling of a counter on disk, 0 if it was never written.
    pub(crate) fn counter_ceiling(
        &self,
        container: ContainerId,
        id: &CredentialId,
        keys: &ContainerKeys,
    ) -> Result<u64, StoreError> {
        let key = keys.index.counter(container, id.as_bytes());
        match self.read(&keys.sealer, &key)? {
            Some((_, body)) => Ok(record::decode::<CounterBody>(key.as_ref(), body.as_ref())?.ceiling()),
            None => Ok(0),
        }
    }

    /// Tells everyone that nothing can be written any more, and returns what has to be written back.
    ///
    /// Nothing is leased afterwards.
    pub(crate) fn close(&self) -> Option<Vec<(ContainerId, Live)>> {
        self.recent.forget_all();
        let mut live = self.lock();
        (!self.closed.swap(true, Ordering::AcqRel)).then(|| live.drain().collect())
    }
}

/// The header is plain, so that a wrong key and an unknown version can be told from damage:
/// magic(9) ‖ version(1) ‖ device key id(16) ‖ checksum(8).
fn check_header(engine: &dyn Engine, device_key: &DeviceKey) -> Result<(), StoreError> {
    const MAGIC: &[u8] = b"softhello";
    const VERSION: u8 = 1;
    let checksum = |bytes: &[u8]| <sha2::Sha256 as sha2::Digest>::digest(bytes);
    let damaged = |reason: &str| StoreError::damaged("the store's header", reason);

    let key = Key::of(crate::DIRECTORY, KeyKind::Header);
    let mut want = [MAGIC, &[VERSION], &*device_key.derive::<16>("softhello device id v1")].concat();
    want.extend(checksum(&want).iter().take(8));

    let mut found = Vec::new();
    if engine.get(key.as_ref(), &mut |value| found.extend_from_slice(value))? {
        let rest = found.strip_prefix(MAGIC).ok_or_else(|| damaged("it does not begin like one"))?;
        match rest.first() {
            Some(&VERSION) => {}
            Some(&found) => {
                return Err(StoreError::UnknownVersion {
                    what: "the store",
                    found: found.into(),
                    known: VERSION.into(),
                });
            }
            None => return Err(damaged("it is cut off")),
        }
        if found.len() != want.len() {
            return Err(damaged("it has the wrong length"));
        }
        let (body, sum) = found.split_at(found.len() - 8);
        if !checksum(body).starts_with(sum) {
            return Err(damaged("its checksum is wrong"));
        }
        return if found == want { Ok(()) } else { Err(StoreError::WrongDeviceKey) };
    }
    let mut empty = true;
    engine.scan(&[], &mut |_, _| {
        empty = false;
        std::ops::ControlFlow::Break(())
    })?;
    if !empty {
        return Err(damaged("it is missing although there are records"));
    }
    engine.apply(Batch::from([(key, Some(want))]))
}
