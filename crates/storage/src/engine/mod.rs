//! What is asked of a database: sorted keys, values up to [`MAX_RECORD`](crate::seal::MAX_RECORD), and batches that are durable when they return.

mod memory;
mod redb;
mod sled;

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    str::FromStr,
};

pub(crate) use self::{memory::MemoryEngine, redb::RedbEngine, sled::SledEngine};
use crate::{StoreError, seal::Key};

/// A database. Encryption, index, guards, compare-and-set and leases are written once over this.
pub(crate) trait Engine: Send + Sync {
    /// Shows the value of `key` to `read`; `false` if there is none.
    fn get(&self, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<bool, StoreError>;

    /// Shows every record from the key `from` on, in the order of their keys, until `each` breaks.
    fn scan(&self, from: &[u8], each: &mut Each<'_>) -> Result<(), StoreError>;

    /// Applies all of `batch` or none. It is durable when this returns.
    fn apply(&self, batch: Batch) -> Result<(), StoreError>;

    /// Whether [`apply`](Self::apply) waits for a disk, so that a write that can be saved is worth a little more in another.
    fn waits_for_disk(&self) -> bool {
        true
    }
}

/// What [`Engine::scan`] shows a key and its value.
pub(crate) type Each<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// New values, and `None` for what is to be deleted.
pub(crate) type Batch = BTreeMap<Key, Option<Vec<u8>>>;

/// Runs what an engine does with its files: sled 0.34 and redb 4 panic on some that were cut off or changed.
fn guarded<T>(engine: &str, with: impl FnOnce() -> T) -> Result<T, StoreError> {
    // The engine's own state may be broken afterwards, which leads to more errors and not to other values: every record
    // authenticates itself.
    catch_unwind(AssertUnwindSafe(with)).map_err(|_| {
        StoreError::damaged(format_args!("the {engine} store"), format_args!("{engine} panicked"))
    })
}

/// Makes the names in a folder durable. Only Unix needs and has this.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// The databases there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum EngineKind {
    /// sled 0.34, in the folder `sled` of the data directory.
    #[default]
    Sled,
    /// redb, in the file `store.redb` of the data directory.
    Redb,
    /// Nothing on disk: it is gone with the process.
    Memory,
}

impl EngineKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sled, Self::Redb, Self::Memory];

    /// Its name, as [`EngineKind::from_str`] reads it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sled => "sled",
            Self::Redb => "redb",
            Self::Memory => "memory",
        }
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for EngineKind {
    type Err = StoreError;

    fn from_str(name: &str) -> Result<Self, StoreError> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            StoreError::Invalid(format!("`{name}` is none of the stores sled, redb and memory"))
        })
    }
}
