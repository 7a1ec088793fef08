//! Stores and credentials to test with.

use std::{fs, future::Future, path::Path, sync::Arc};

use softhello_ctap::{
    Algorithm, Credential, CredentialId, ExtensionData, PinVerifier, PrivateKey, Protection, Query,
    SealingKey, Setting, Timestamp, User,
};
use softhello_storage::{
    Change, ChangeSet, ContainerId, DeviceKey, EngineKind, Expected, Kind, Store, StoreError,
    StoredCredential, open,
};
use tempfile::TempDir;

pub(crate) type Shared = Arc<dyn Store>;

/// A data directory of one engine.
pub(crate) struct Bench {
    pub(crate) kind: EngineKind,
    pub(crate) dir: TempDir,
}

impl Bench {
    pub(crate) fn new(engine: &str) -> Self {
        Self { kind: engine.parse().unwrap(), dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn open(&self) -> Shared {
        open_in(self.kind, self.dir.path()).unwrap()
    }

    /// A store with the container [`HOME`].
    pub(crate) fn store(&self) -> Shared {
        let store = self.open();
        commit(&store, HOME, [create()]).unwrap();
        store
    }

    /// Whether the data outlive the store. Memory has nothing to reopen.
    pub(crate) fn is_durable(&self) -> bool {
        self.kind != EngineKind::Memory
    }

    /// What a process finds that starts after this one was killed: a copy of the directory as it is now.
    pub(crate) fn crashed(&self) -> Self {
        let crashed = Self { kind: self.kind, dir: tempfile::tempdir().unwrap() };
        copy_folder(self.dir.path(), crashed.dir.path());
        crashed
    }
}

pub(crate) fn open_in(kind: EngineKind, dir: &Path) -> Result<Shared, StoreError> {
    open(kind, dir, DeviceKey::load_or_create(dir)?)
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&to).unwrap();
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

pub(crate) const HOME: ContainerId = ContainerId::from_uuid(uuid::Uuid::from_u128(0x1234));
pub(crate) const OTHER: ContainerId = ContainerId::from_uuid(uuid::Uuid::from_u128(0x1235));

pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}

pub(crate) fn commit(
    store: &Shared,
    container: ContainerId,
    changes: impl IntoIterator<Item = Change>,
) -> Result<(), StoreError> {
    wait(store.commit(container, ChangeSet { guards: Vec::new(), changes: changes.into_iter().collect() }))
}

pub(crate) fn create() -> Change {
    Change::CreateContainer { uv_retries: 3, sealing_key: sealing_key(7), settings: Box::default() }
}

pub(crate) fn sealing_key(byte: u8) -> SealingKey {
    SealingKey::from_bytes([byte; 32])
}

pub(crate) fn set_pin(pin: Option<PinVerifier>, expected: Expected) -> Change {
    Change::Set { setting: Setting::Pin(pin), expected }
}

pub(crate) fn pin(byte: u8) -> PinVerifier {
    PinVerifier { hash: [byte; 16], code_points: 6 }
}

pub(crate) fn id(name: &str) -> CredentialId {
    CredentialId::try_from(format!("id of {name:-<26.1000}").as_bytes()).unwrap()
}

/// A passkey whose id, user id and key come from the user's name.
pub(crate) fn passkey(rp_id: &str, user: &str) -> StoredCredential {
    let mut scalar = [1; 32];
    scalar.iter_mut().zip(user.bytes().chain(rp_id.bytes())).for_each(|(place, byte)| *place = byte);
    let credential = Credential {
        id: id(&format!("{user}@{rp_id}")),
        rp_id: rp_id.to_owned(),
        user: User {
            id: user.as_bytes().to_vec(),
            name: Some(format!("{user}@example.test")),
            display_name: None,
        },
        key: PrivateKey::from_bytes(Algorithm::Es256, &scalar).unwrap(),
        discoverable: true,
        protection: Protection::Optional,
        backup_eligible: false,
        backed_up: false,
        created: Timestamp(1_750_000_000_000),
        extensions: ExtensionData::default(),
    };
    StoredCredential { credential, kind: Kind::Passkey, removable: true, blocking: false }
}

/// A key as WHfB provisioning puts it.
pub(crate) fn managed(rp_id: &str, user: &str) -> StoredCredential {
    let mut stored = passkey(rp_id, user);
    stored.credential.id = id(&format!("managed {user}"));
    StoredCredential { kind: Kind::Managed, removable: false, blocking: true, ..stored }
}

pub(crate) fn put(stored: &StoredCredential) -> Change {
    Change::PutCredential { credential: Box::new(stored.clone()), room: None }
}

pub(crate) fn ids_of_rp(store: &Shared, rp_id: &str) -> Vec<CredentialId> {
    wait(store.find(HOME, Query::Rp(rp_id))).unwrap().into_iter().map(|handle| handle.id).collect()
}

pub(crate) fn all_ids(store: &Shared) -> Vec<CredentialId> {
    wait(store.find(HOME, Query::All)).unwrap().into_iter().map(|handle| handle.id).collect()
}

/// Fails with what the check has found.
pub(crate) fn assert_sound(store: &Shared) {
    let report = wait(store.check()).unwrap();
    assert!(report.is_sound(), "{report}");
}
