//! redb: one file, copy-on-write B-trees, synced by the engine itself.

use std::path::Path;

use redb::{Database, Durability, ReadableDatabase as _, TableDefinition};

use super::{Batch, Each, Engine, guarded, sync_folder};
use crate::StoreError;

const RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("records");

/// Enough for tens of thousands of records; redb would take 1 GiB.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// A redb database with one table. It is there until it is dropped.
pub(crate) struct RedbEngine(Option<Database>);

impl RedbEngine {
    /// Opens or makes the database in this file.
    pub(crate) fn open(file: &Path) -> Result<Self, StoreError> {
        let what = || format!("open the redb store in {}", file.display());
        let open = || -> Result<Database, redb::Error> {
            let database = Database::builder().set_cache_size(CACHE_BYTES).create(file)?;
            // Reading a table that was never written is an error in redb.
            let transaction = database.begin_write()?;
            transaction.open_table(RECORDS)?;
            transaction.commit()?;
            Ok(database)
        };
        let database = guarded("redb", open)?.map_err(|error| StoreError::engine(what(), error))?;
        file.parent().map_or(Ok(()), sync_folder).map_err(|error| StoreError::io(what(), error))?;
        Ok(Self(Some(database)))
    }

    fn database(&self) -> &Database {
        self.0.as_ref().expect("it is taken out only by the drop")
    }
}

impl Drop for RedbEngine {
    fn drop(&mut self) {
        let database = self.0.take();
        // Whatever was acknowledged is durable; what a damaged file makes of the closing can't be told to anyone.
        let _ = guarded("redb", || drop(database));
    }
}

impl Engine for RedbEngine {
    fn get(&self, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<bool, StoreError> {
        let get = || -> Result<bool, redb::Error> {
            let table = self.database().begin_read()?.open_table(RECORDS)?;
            Ok(table.get(key)?.map(|value| read(value.value())).is_some())
        };
        guarded("redb", get)?.map_err(|error| StoreError::engine("read from the redb store", error))
    }

    fn scan(&self, from: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        let scan = || -> Result<(), redb::Error> {
            let table = self.database().begin_read()?.open_table(RECORDS)?;
            for record in table.range::<&[u8]>(from..)? {
                let (key, value) = record?;
                if each(key.value(), value.value()).is_break() {
                    break;
                }
            }
            Ok(())
        };
        guarded("redb", scan)?.map_err(|error| StoreError::engine("read from the redb store", error))
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        let apply = || -> Result<(), redb::Error> {
            let mut transaction = self.database().begin_write()?;
            // The default, and what `Engine::apply` promises.
            transaction.set_durability(Durability::Immediate)?;
            {
                let mut table = transaction.open_table(RECORDS)?;
                for (key, value) in batch {
                    match value {
                        Some(value) => table.insert(key.as_ref(), value.as_slice())?,
                        None => table.remove(key.as_ref())?,
                    };
                }
            }
            Ok(transaction.commit()?)
        };
        guarded("redb", apply)?.map_err(|error| StoreError::engine("write to the redb store", error))
    }
}
