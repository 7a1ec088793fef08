//! What was read lately, so that a sign-in need not decrypt and decode it again.
//!
//! Private keys are among it, as the keys of the containers that seal them are in memory, until the store is closed.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{ContainerId, StoreError, seal::Key};

/// Values of records that were read since their container was last changed. They can be forgotten at any time.
pub(crate) struct Recent<T>(Mutex<Kept<T>>);

struct Kept<T> {
    values: BTreeMap<Key, T>,
    /// How often something changed.
    changes: u64,
}

/// How many values are kept: those of a good number of devices that sign in again and again.
const MOST: usize = 256;

impl<T: Clone> Recent<T> {
    /// The value of `key`, which `read` reads if it is not known; `keep` says whether it is short enough to be kept.
    pub(crate) fn get_or_read(
        &self,
        key: &Key,
        read: impl FnOnce() -> Result<T, StoreError>,
        keep: impl FnOnce(&T) -> bool,
    ) -> Result<T, StoreError> {
        let kept = self.lock();
        if let Some(value) = kept.values.get(key) {
            return Ok(value.clone());
        }
        let before = kept.changes;
        drop(kept);
        let value = read()?;
        if keep(&value) {
            let mut kept = self.lock();
            // What changed meanwhile may have been read before.
            if kept.changes == before {
                if kept.values.len() >= MOST {
                    kept.values.clear();
                }
                kept.values.insert(*key, value.clone());
            }
        }
        Ok(value)
    }

    /// The records of this container changed, or may have.
    pub(crate) fn forget(&self, container: ContainerId) {
        let mut kept = self.lock();
        kept.changes += 1;
        kept.values.retain(|key, _| Key::container(key.as_ref()) != Some(container));
    }

    pub(crate) fn forget_all(&self) {
        let mut kept = self.lock();
        kept.changes += 1;
        kept.values.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Kept<T>> {
        // An entry is there or not, whatever panicked elsewhere.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Mutex::new(Kept { values: BTreeMap::new(), changes: 0 }))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::seal::KeyKind;

    fn container(number: u128) -> ContainerId {
        ContainerId::from_uuid(Uuid::from_u128(number))
    }

    fn key(number: u128) -> Key {
        Key::of(container(number), KeyKind::State)
    }

    #[test]
    fn a_value_is_read_once_until_its_container_changes() {
        let recent = Recent::default();
        let read = |number, value| recent.get_or_read(&key(number), || Ok(value), |_| true).ok();
        assert_eq!(read(1, 10), Some(10));
        assert_eq!(read(1, 11), Some(10));
        assert_eq!(read(2, 20), Some(20));
        recent.forget(container(1));
        assert_eq!(read(1, 12), Some(12));
        assert_eq!(read(2, 21), Some(20));
    }

    #[test]
    fn what_changes_while_it_is_read_is_not_kept() {
        let recent = Recent::default();
        let old = recent.get_or_read(
            &key(1),
            || {
                recent.forget(container(1));
                Ok("old")
            },
            |_| true,
        );
        assert_eq!(old.ok(), Some("old"));
        assert_eq!(recent.get_or_read(&key(1), || Ok("new"), |_| true).ok(), Some("new"));
    }

    #[test]
    fn failures_and_long_values_are_not_kept() {
        let recent = Recent::default();
        let failed = recent.get_or_read(&key(1), || Err(StoreError::NotFound), |_: &i32| true);
        assert!(failed.is_err());
        assert_eq!(recent.get_or_read(&key(1), || Ok(1), |_| false).ok(), Some(1));
        assert_eq!(recent.get_or_read(&key(1), || Ok(2), |_| true).ok(), Some(2));
    }

    #[test]
    fn few_are_kept() {
        let recent = Recent::default();
        for number in 0..10 * MOST {
            let read = recent.get_or_read(&key(number as u128), || Ok(number), |_| true);
            assert_eq!(read.ok(), Some(number));
            assert!(recent.lock().values.len() <= MOST);
        }
    }
}
