//! A map in memory.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{PoisonError, RwLock},
};

use super::{Batch, Each, Engine};
use crate::{StoreError, seal::Key};

/// Records in memory, encrypted like those on disk, so that this engine is not more forgiving than the others.
#[derive(Default)]
pub(crate) struct MemoryEngine(RwLock<BTreeMap<Key, Vec<u8>>>);

impl Engine for MemoryEngine {
    fn waits_for_disk(&self) -> bool {
        false
    }

    fn get(&self, key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<bool, StoreError> {
        let records = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Ok(records.get(key).map(|value| read(value)).is_some())
    }

    fn scan(&self, from: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        let records = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in records.range::<[u8], _>((Bound::Included(from), Bound::Unbounded)) {
            if each(key.as_ref(), value).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        let mut records = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in batch {
            match value {
                Some(value) => records.insert(key, value),
                None => records.remove(&key),
            };
        }
        Ok(())
    }
}
