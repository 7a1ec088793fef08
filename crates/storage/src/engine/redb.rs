//! redb: one file, copy-on-write B-trees, synced by the engine itself.

use std::path::Path;

use redb::{Database, Durability, ReadableDatabase as _, TableDefinition};

use super::{Batch, Each, Engine, sync_folder};
use crate::StoreError;

const RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("records");

/// Enough for tens of thousands of records; redb would take 1 GiB.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// A redb database with one table.
pub(crate) struct RedbEngine(Database);

impl RedbEngine {
    /// Opens or makes the database in this file.
    pub(crate) fn open(file: &Path) -> Result<Self, StoreError> {
        let what = || format!("open the redb store in {}", file.display());
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .create(file)
            .map_err(|error| StoreError::engine(what(), error))?;
        // Reading a table that was never written is an error in redb.
        let create = || -> Result<(), redb::Error> {
            let transaction = database.begin_write()?;
            transaction.open_table(RECORDS)?;
            Ok(transaction.commit()?)
        };
        create().map_err(|error| StoreError::engine(what(), error))?;
        file.parent().map_or(Ok(()), sync_folder).map_err(|error| StoreError::io(what(), error))?;
        Ok(Self(database))
    }
}

impl Engine for RedbEngine {
    fn get(&self, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<bool, StoreError> {
        let mut get = || -> Result<bool, redb::Error> {
            let table = self.0.begin_read()?.open_table(RECORDS)?;
            Ok(table.get(key)?.map(|value| read(value.value())).is_some())
        };
        get().map_err(|error| StoreError::engine("read from the redb store", error))
    }

    fn scan(&self, from: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        let mut scan = || -> Result<(), redb::Error> {
            let table = self.0.begin_read()?.open_table(RECORDS)?;
            for record in table.range::<&[u8]>(from..)? {
                let (key, value) = record?;
                if each(key.value(), value.value()).is_break() {
                    break;
                }
            }
            Ok(())
        };
        scan().map_err(|error| StoreError::engine("read from the redb store", error))
    }

    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        let apply = || -> Result<(), redb::Error> {
            let mut transaction = self.0.begin_write()?;
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
        apply().map_err(|error| StoreError::engine("write to the redb store", error))
    }
}
