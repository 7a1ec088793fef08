//! sled 0.34: a log-structured tree in a folder.

use std::{
    collections::HashSet,
    ffi::OsString,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::{Batch, Each, Engine, guarded, sync_folder};
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

/// sled's own files: `db`, and those in `blobs`.
pub(crate) struct DbFile {
    db: File,
    blobs: PathBuf,
    /// The blobs that are durable. None is written a second time.
    synced: Mutex<HashSet<OsString>>,
}

impl Disk for DbFile {
    /// sled keeps what is longer than a quarter of its segments (128 KiB) in a file of its own, which it never syncs: a
    /// few long documents are enough. They come first, as `db` points to them.
    fn sync(&self) -> io::Result<()> {
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        let mut there = HashSet::new();
        let mut new = false;
        let blobs = match fs::read_dir(&self.blobs) {
            // Somebody removed it. sled writes none there then, or has failed to.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            blobs => Some(blobs?),
        };
        for blob in blobs.into_iter().flatten() {
            let name = blob?.file_name();
            if !synced.contains(&name) {
                match File::options().read(true).write(true).open(self.blobs.join(&name)) {
                    Ok(file) => file.sync_all()?,
                    // sled has replaced it meanwhile.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                }
                new = true;
            }
            there.insert(name);
        }
        if new {
            sync_folder(&self.blobs)?;
        }
        *synced = there;
        self.db.sync_all()
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
            match guarded("sled", || config.open())? {
                Ok(db) => break db,
                Err(error) if is_locked(&error) && Instant::now() < patience => thread::sleep(MOMENT),
                Err(error) => return Err(failed(&what(), error)),
            }
        };
        let open = || -> io::Result<DbFile> {
            sync_folder(folder)?;
            folder.parent().map_or(Ok(()), sync_folder)?;
            let db = File::options().read(true).write(true).open(folder.join("db"))?;
            Ok(DbFile { db, blobs: folder.join("blobs"), synced: Mutex::default() })
        };
        let file = open().map_err(|error| StoreError::io(what(), error))?;
        Ok(Self { db, disk: disk(file) })
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
        let value = guarded("sled", || self.db.get(key))?
            .map_err(|error| failed("read from the sled store", error))?;
        Ok(value.map(|value| read(&value)).is_some())
    }

    fn scan(&self, from: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        let mut records = guarded("sled", || self.db.range(from..))?;
        while let Some(record) = guarded("sled", || records.next())? {
            let (key, value) = record.map_err(|error| failed("read from the sled store", error))?;
            if each(&key, &value).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        let mut changes = ::sled::Batch::default();
        for (key, value) in batch {
            match value {
                Some(value) => changes.insert(key.as_ref(), value.as_slice()),
                None => changes.remove(key.as_ref()),
            }
        }
        guarded("sled", || self.db.apply_batch(changes).and_then(|()| self.disk.flush(&self.db)))?
            .map_err(|error| failed("write to the sled store", error))?;
        // sled's flush ends in sync_file_range on Linux, which "does not flush disk write caches" nor the file's
        // metadata (sync_file_range(2)), so it does not survive a power loss. A sync of the files does.
        self.disk.sync().map_err(|error| StoreError::io("sync the sled store", error))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
mod tests {
    use std::{ops::ControlFlow, sync::Arc};

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
        let result = engine.apply(Batch::from([(key, Some(vec![1]))]));
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
    fn long_values_are_synced_in_their_own_files() {
        let folder = tempfile::tempdir().unwrap();
        let engine = SledEngine::open(folder.path()).unwrap();
        let key = |number: u8| Key::parse(&[number; 17]).unwrap();
        for number in 0..40 {
            engine.apply(Batch::from([(key(number), Some(vec![number; 60 * 1024]))])).unwrap();
        }
        let there: HashSet<OsString> = fs::read_dir(folder.path().join("blobs"))
            .unwrap()
            .map(|blob| blob.unwrap().file_name())
            .collect();
        assert!(!there.is_empty(), "sled keeps them elsewhere now");
        assert_eq!(*engine.disk.synced.lock().unwrap(), there);
        drop(engine);
        let engine = SledEngine::open(folder.path()).unwrap();
        for number in 0..40 {
            let whole = |value: &[u8]| assert_eq!(value, [number; 60 * 1024]);
            assert!(engine.get(key(number).as_ref(), &mut |value| whole(value)).unwrap());
        }
    }

    #[test]
    fn a_changed_byte_is_an_error_or_an_older_state_and_never_a_panic() {
        let whole = tempfile::tempdir().unwrap();
        let engine = SledEngine::open(whole.path()).unwrap();
        let key = |number: u16| Key::parse(&number.to_be_bytes()).unwrap();
        for number in 0..200 {
            engine.apply(Batch::from([(key(number), Some(vec![7; 300]))])).unwrap();
        }
        drop(engine);
        let db = fs::read(whole.path().join("db")).unwrap();
        let used = db.iter().rposition(|byte| *byte != 0).unwrap();
        for round in 0..48 {
            // Spread evenly, with a different bit each.
            let place = used * round / 48;
            let folder = tempfile::tempdir().unwrap();
            fs::copy(whole.path().join("conf"), folder.path().join("conf")).unwrap();
            fs::create_dir(folder.path().join("blobs")).unwrap();
            let mut changed = db.clone();
            changed[place] ^= 1 << (round % 8);
            fs::write(folder.path().join("db"), changed).unwrap();
            let Ok(engine) = SledEngine::open(folder.path()) else { continue };
            let _ = engine.scan(&[], &mut |_, _| ControlFlow::Continue(()));
            for number in 0..200 {
                let _ = engine.get(key(number).as_ref(), &mut |_| ());
            }
        }
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
