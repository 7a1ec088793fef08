//! Per-account containers: credentials and authenticator state as plain data, encrypted, in memory or on disk.
//!
//! A [`Store`] holds containers, one for each account, and changes only by [`Store::commit`]: all of a [`ChangeSet`]
//! or none, durably. [`Guard`]s and [`Expected`] revisions are decided where the change is applied, so no race slips
//! through. [`open`] gives a store on disk (sled or redb), [`memory`] one that is gone with the process; all behave the
//! same, and one test suite holds them to it.
//!
//! This crate knows CTAP's credentials and nothing of ceremonies, Windows, or accounts. What it writes is described
//! byte by byte in `docs/container-format.md`.
//!
//! ```
//! use softhello_storage::{Change, ChangeSet, ContainerId, Store as _, memory};
//!
//! # pollster::block_on(async {
//! let store = memory();
//! let container = ContainerId::from_uuid(uuid::Uuid::from_u128(7));
//! let create = Change::CreateContainer { uv_retries: 3, sealing_key: Default::default(), settings: Default::default() };
//! store.commit(container, ChangeSet::one(create)).await?;
//! assert_eq!(store.state(container).await?.value.uv_retries, 3);
//! # Ok::<(), softhello_storage::StoreError>(())
//! # }).unwrap();
//! ```
#![forbid(unsafe_code)]

mod check;
mod core;
mod decide;
mod device_key;
mod embedded;
mod engine;
mod error;
mod export;
mod lease;
mod model;
mod recent;
mod record;
mod seal;
mod store;
#[cfg(test)]
mod tests;
mod transaction;
mod writer;

use std::{path::Path, sync::Arc};

pub use check::{Damage, Report};
pub use device_key::DeviceKey;
pub use engine::EngineKind;
pub use error::StoreError;
pub use export::{
    Export, ExportedContainer, ExportedCredential, copy, copy_sound, export, export_container, import,
    import_credentials,
};
pub use model::{
    Change, ChangeSet, ContainerId, ContainerState, DIRECTORY, Expected, Guard, Kind, MAX_DOCUMENT, MAX_NAME,
    Revision, StoredCredential, Versioned,
};
pub use store::{Reply, Store};

use crate::{
    embedded::Embedded,
    engine::{MemoryEngine, RedbEngine, SledEngine},
};

/// Opens the store of this kind in the data directory `dir`, or makes one.
///
/// The caller sees to it that no other process has it open.
///
/// # Errors
///
/// [`StoreError::WrongDeviceKey`], [`StoreError::UnknownVersion`], [`StoreError::Damaged`] as far as the store is seen
/// at once, and [`StoreError::Io`] or [`StoreError::Engine`] if it cannot be opened at all.
pub fn open(kind: EngineKind, dir: &Path, device_key: DeviceKey) -> Result<Arc<dyn Store>, StoreError> {
    let store = match kind {
        EngineKind::Memory => Embedded::inline(Box::new(MemoryEngine::default()), &device_key)?,
        EngineKind::Sled => {
            device_key::create_private_folder(dir)?;
            Embedded::with_thread(Box::new(SledEngine::open(&dir.join("sled"))?), &device_key)?
        }
        EngineKind::Redb => {
            device_key::create_private_folder(dir)?;
            Embedded::with_thread(Box::new(RedbEngine::open(&dir.join("store.redb"))?), &device_key)?
        }
    };
    Ok(Arc::new(store))
}

/// A store in memory, with a device key of its own.
///
/// # Panics
///
/// If the operating system gives no random bytes. [`open`] reports that.
pub fn memory() -> Arc<dyn Store> {
    let store = DeviceKey::random().and_then(|key| open(EngineKind::Memory, Path::new(""), key));
    store.expect("an empty map opens, and the operating system has random bytes")
}
