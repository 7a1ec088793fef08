//! sled 0.34: a log-structured tree in a folder.

use std::{
    fs::File,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use super::{Batch, Each, Engine, sync_folder};
use crate::StoreError;

/// Enough for tens of thousands of records; sled would take 1 GiB.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;

/// A sled database, and what makes its writes durable.
pub(crate) struct SledEngine<D = DbFile> {
    db: ::sled::Db,
    disk: D,
}

/// The two steps between a write to sled and a durable write. Tests watch them and let them fail.
pub(crate) trait Disk: Send + Sync {
    /// sled hands its buffers to the operating system.
    fn flush(&self, db: &::sled::Db) -> ::sled::Result<()> {
        db.flush().map(drop)
    }

    /// The operating system hands the file to the disk.
    fn sync(&self) -> io::Result<()>;
}

/// sled's own file `db`.
pub(crate) struct DbFile(File);

impl Disk for DbFile {
    fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }
}

impl SledEngine {
    /// Opens or makes the database in this folder.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_with(folder, |file| file)
    }
}

impl<D: Disk> SledEngine<D> {
    fn open_with(folder: &Path, disk: impl FnOnce(DbFile) -> D) -> Result<Self, StoreError> {
        let what = || format!("open the sled store in {}", folder.display());
        // No flusher thread: `apply` flushes, and nothing else writes.
        let config = ::sled::Config::new().path(folder).flush_every_ms(None).cache_capacity(CACHE_BYTES);
        let patience = Instant::now() + PATIENCE;
        let db = loop {
            // sled 0.34 panics on some files that were cut off or overwritten.
            let opened = catch_unwind(AssertUnwindSafe(|| config.open())).map_err(|_| {
                StoreError::damaged(format!("the sled store in {}", folder.display()), "sled panicked")
            })?;
            match opened {
                Ok(db) => break db,
                Err(error) if is_locked(&error) && Instant::now() < patience => thread::sleep(MOMENT),
                Err(error) => return Err(failed(&what(), error)),
            }
        };
        let open = || -> io::Result<File> {
            sync_folder(folder)?;
            folder.parent().map_or(Ok(()), sync_folder)?;
            File::options().read(true).write(true).open(folder.join("db"))
        };
        let file = open().map_err(|error| StoreError::io(what(), error))?;
        Ok(Self { db, disk: disk(DbFile(file)) })
    }
}

/// sled's own threads hold the lock of its file for a moment after the last handle was dropped.
const PATIENCE: Duration = Duration::from_secs(1);
const MOMENT: Duration = Duration::from_millis(2);

/// sled has no kind of error for this, only a text.
fn is_locked(error: &::sled::Error) -> bool {
    matches!(error, ::sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}

/// sled prints its I/O errors in the form for programmers.
fn failed(what: &str, error: ::sled::Error) -> StoreError {
    match error {
        ::sled::Error::Io(error) => StoreError::io(what, error),
        other => StoreError::engine(what, other),
    }
}

impl<D: Disk> Engine for SledEngine<D> {
    fn get(&self, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<bool, StoreError> {
        let value = self.db.get(key).map_err(|error| failed("read from the sled store", error))?;
        Ok(value.map(|value| read(&value)).is_some())
    }

    fn scan(&self, from: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        for record in self.db.range(from..) {
            let (key, value) = record.map_err(|error| failed("read from the sled store", error))?;
            if each(&key, &value).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut changes = ::sled::Batch::default();
        for (key, value) in batch {
            match value {
                Some(value) => changes.insert(key.as_ref(), value.as_slice()),
                None => changes.remove(key.as_ref()),
            }
        }
        self.db
            .apply_batch(changes)
            .and_then(|()| self.disk.flush(&self.db))
            .map_err(|error| failed("write to the sled store", error))?;
        // sled's flush ends in sync_file_range on Linux, which "does not flush disk write caches" nor the file's
        // metadata (sync_file_range(2)), so it does not survive a power loss. A sync of the file does.
        self.disk.sync().map_err(|error| StoreError::io("sync the sled store", error))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::seal::{Key, KeyKind};

    struct Recorded {
        inner: DbFile,
        calls: Arc<Mutex<Vec<&'static str>>>,
        full: bool,
    }

    impl Disk for Recorded {
        fn flush(&self, db: &::sled::Db) -> ::sled::Result<()> {
            self.calls.lock().unwrap().push("flush");
            db.flush().map(drop)
        }

        fn sync(&self) -> io::Result<()> {
            self.calls.lock().unwrap().push("sync");
            if self.full { Err(io::ErrorKind::StorageFull.into()) } else { self.inner.sync() }
        }
    }

    fn apply(full: bool) -> (Result<(), StoreError>, Vec<&'static str>) {
        let folder = tempfile::tempdir().unwrap();
        let calls = Arc::default();
        let engine = SledEngine::open_with(&folder.path().join("sled"), |inner| Recorded {
            inner,
            calls: Arc::clone(&calls),
            full,
        })
        .unwrap();
        assert!(calls.lock().unwrap().is_empty());
        let key = Key::of(crate::DIRECTORY, KeyKind::Header);
        let result = engine.apply(&Batch::from([(key, Some(vec![1]))]));
        let calls = calls.lock().unwrap().clone();
        (result, calls)
    }

    #[test]
    fn the_file_is_synced_after_sleds_flush_and_before_apply_returns() {
        let (result, calls) = apply(false);
        result.unwrap();
        assert_eq!(calls, ["flush", "sync"]);
    }

    #[test]
    fn a_failed_sync_is_a_failed_apply() {
        let (result, calls) = apply(true);
        assert!(matches!(result, Err(StoreError::Io { .. })), "{result:?}");
        assert_eq!(calls, ["flush", "sync"]);
    }

    #[test]
    fn what_was_just_closed_opens_again_and_what_is_open_does_not() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..50 {
            SledEngine::open(folder.path()).unwrap();
        }
        let _open = SledEngine::open(folder.path()).unwrap();
        let second = SledEngine::open(folder.path()).err().unwrap().to_string();
        assert!(second.contains("could not acquire lock"), "{second}");
    }
}
