//! Containers: their names, their creation and their PIN.

use std::sync::Arc;

use softhello_ctap::{PersistentToken, SealingKey, Setting, Settings};
use softhello_storage::{Change, ChangeSet, ContainerId, Expected, Store, StoreError};
use uuid::Uuid;

use crate::{DeviceProfile, Pin, Seed, entropy::Entropy};

/// Namespace of container names (a random UUID, made once).
const NAMESPACE: Uuid = Uuid::from_u128(0x3d2a_0f4e_5f0b_4a57_9c86_7b1e_6a4d_92c1);

/// The container of an account for profiles of one kind ([`DeviceProfile::container`]).
///
/// The id is a version 5 UUID of the names, so that a seeded device has the same one on every machine.
/// `incarnation` tells a container from an earlier one of the same names that was deleted.
pub fn container_id(account: &str, kind: &str, incarnation: u32) -> ContainerId {
    ContainerId::from_uuid(Uuid::new_v5(&NAMESPACE, format!("{kind}\0{account}\0{incarnation}").as_bytes()))
}

/// Makes a container for a device of this profile, as it leaves the factory or is set up with a PIN.
///
/// # Errors
///
/// [`StoreError::ContainerExists`] if there is one, or another [`StoreError`] if it cannot be made durable.
pub async fn create_container(
    store: &Arc<dyn Store>,
    container: ContainerId,
    profile: &DeviceProfile,
    pin: Option<&Pin>,
    seed: Option<&Seed>,
) -> Result<(), StoreError> {
    // Operation numbers begin at 1, so that 0 is the creation's own.
    let mut entropy =
        seed.map_or(Entropy::System, |seed| Entropy::Seeded(Box::new(seed.operation(container, 0))));
    let mut sealing_key = [0; 32];
    entropy.fill(&mut sealing_key);
    let mut settings = Settings::new(&profile.ctap, &mut |out| entropy.fill(out));
    settings.pin = pin.map(Pin::verifier);
    let create = Change::CreateContainer {
        uv_retries: profile.ctap.max_uv_retries,
        sealing_key: SealingKey::from_bytes(sealing_key),
        settings: Box::new(settings),
    };
    store.commit(container, ChangeSet::one(create)).await
}

/// Sets or clears a container's PIN. A new PIN also ends a lockout, as "I forgot my PIN" does, and resets the persistent
/// token, as every change of a PIN does.
///
/// # Errors
///
/// [`StoreError::NoContainer`] if there is none, or another [`StoreError`] if it cannot be made durable.
pub async fn set_pin(
    store: &Arc<dyn Store>,
    container: ContainerId,
    profile: &DeviceProfile,
    pin: Option<&Pin>,
) -> Result<(), StoreError> {
    let set = |setting| Change::Set { setting, expected: Expected::Any };
    let mut changes =
        vec![set(Setting::Pin(pin.map(Pin::verifier))), Change::UvRetries(profile.ctap.max_uv_retries)];
    if profile.ctap.per_cred_mgmt_ro {
        let token = PersistentToken::new(&mut |out| Entropy::System.fill(out));
        changes.push(set(Setting::PersistentToken(token)));
    }
    store.commit(container, ChangeSet { guards: Vec::new(), changes }).await
}
