//! softhello, from request bytes to response bytes.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use pollster::block_on;
use softhello_ctap::{
    Algorithm, Authenticator as _, Channel, Credential, CredentialId, ExtensionData, PrivateKey, Protection,
    Query, Timestamp, User,
};
use softhello_device::{Device, DeviceProfile, Pin, container_id, create_container};
use softhello_storage::{
    Change, ChangeSet, ContainerId, DeviceKey, EngineKind, Kind, Store, StoredCredential, memory, open,
};
use softhello_tests::{get_assertion, make_credential};

/// A store with one container, and the devices over it.
pub(crate) struct Ours {
    store: Arc<dyn Store>,
    container: ContainerId,
    profile: Arc<DeviceProfile>,
}

/// The RP of every request.
pub(crate) const RP_ID: &str = "login.example.org";

impl Ours {
    /// A new container of the default profile.
    fn new(store: Arc<dyn Store>, account: &str) -> Self {
        let profile = Arc::new(DeviceProfile::windows_hello_software());
        let container = container_id(account, &profile.container, 0);
        let pin = Pin::try_from("123456").expect("a PIN");
        block_on(create_container(&store, container, &profile, Some(&pin), None)).expect("a container");
        Self { store, container, profile }
    }

    pub(crate) fn in_memory() -> Self {
        Self::new(memory(), "default")
    }

    pub(crate) fn in_sled(folder: &Path) -> Self {
        let device_key = DeviceKey::load_or_create(folder).expect("a device key");
        Self::new(open(EngineKind::Sled, folder, device_key).expect("a store"), "default")
    }

    /// A container of its own in the same store.
    pub(crate) fn account(&self, number: u32) -> Self {
        Self::new(Arc::clone(&self.store), &format!("account {number}"))
    }

    pub(crate) fn device(&self) -> Device {
        Device::new(Arc::clone(&self.store), self.container, Arc::clone(&self.profile))
    }

    /// Registers one credential and gives the request that signs in with it.
    ///
    /// With an allowList the credential is found by its id, without by its RP.
    pub(crate) fn signing_in(&self, listed: bool) -> (Device, Vec<u8>) {
        let mut device = self.device();
        exchange(&mut device, &make_credential(RP_ID, b"ada", "ada@example.org"));
        let found = block_on(self.store.find(self.container, Query::Rp(RP_ID))).expect("a list");
        let [handle] = found.as_slice() else { panic!("one credential, not {}", found.len()) };
        (device, get_assertion(RP_ID, listed.then(|| handle.id.as_bytes())))
    }

    /// Puts so many credentials of as many RPs into the container.
    pub(crate) fn fill(&self, count: u32) {
        for first in (0..count).step_by(500) {
            let changes = (first..count.min(first + 500)).map(filler).collect();
            block_on(self.store.commit(self.container, ChangeSet { guards: Vec::new(), changes }))
                .expect("room");
        }
        assert_eq!(block_on(self.store.count(self.container)).expect("a count"), count);
    }
}

fn filler(number: u32) -> Change {
    let mut scalar = [1; 32];
    scalar[..4].copy_from_slice(&number.to_be_bytes());
    let credential = Credential {
        id: CredentialId::try_from([&[0xfe; 28][..], &number.to_be_bytes()].concat()).expect("32 bytes"),
        rp_id: format!("rp{number}.example"),
        user: User { id: b"ada".to_vec(), name: Some("ada@example.org".to_owned()), display_name: None },
        key: PrivateKey::from_bytes(Algorithm::Es256, &scalar).expect("a scalar below the order"),
        discoverable: true,
        protection: Protection::Optional,
        backup_eligible: false,
        backed_up: false,
        created: Timestamp(1_700_000_000_000),
        extensions: ExtensionData::default(),
    };
    let stored = StoredCredential { credential, kind: Kind::Passkey, removable: true, blocking: false };
    Change::PutCredential { credential: Box::new(stored), room: None }
}

/// So many registrations, each of another user. No two calls make the same.
pub(crate) fn registrations(count: u32) -> Vec<Vec<u8>> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let request = |_| {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        make_credential(RP_ID, &number.to_be_bytes(), &format!("user{number}@example.org"))
    };
    (0..count).map(request).collect()
}

/// Request bytes to response bytes.
pub(crate) fn exchange(device: &mut Device, request: &[u8]) -> Vec<u8> {
    let exchange = block_on(device.exchange(Channel::default(), request));
    assert_eq!(exchange.response.first(), Some(&0), "refused: {:?}", exchange.cause);
    exchange.response
}
