//! Devices of any profile on stores of their own.

use std::sync::Arc;

use softhello_ctap::{Authenticator, Channel, Exchange, Setting, Template};
use softhello_device::{Device, DeviceProfile, Pin, Script, User, container_id, create_container, set_pin};
use softhello_storage::{Change, ChangeSet, ContainerId, Expected, Store, memory};

/// A device, and everything that it is made of.
pub struct Emulated {
    /// The store that only this device has.
    pub store: Arc<dyn Store>,
    /// The device's container.
    pub container: ContainerId,
    /// Its profile.
    pub profile: Arc<DeviceProfile>,
    /// The device.
    pub device: Device,
    /// Every request and U2F message that it was sent.
    pub requests: Vec<Vec<u8>>,
}

impl Emulated {
    /// A device of this profile, as it leaves the factory.
    ///
    /// # Panics
    ///
    /// If there is no such profile.
    pub fn new(profile: &str) -> Self {
        let profile = Arc::new(DeviceProfile::built_in(profile).expect("a built-in profile"));
        let store = memory();
        let container = container_id("ada", &profile.container, 0);
        pollster::block_on(create_container(&store, container, &profile, None, None))
            .expect("made in memory");
        let device = Device::new(Arc::clone(&store), container, Arc::clone(&profile));
        Self { store, container, profile, device, requests: Vec::new() }
    }

    /// With this PIN.
    ///
    /// # Panics
    ///
    /// If it is none.
    #[must_use]
    pub fn with_pin(self, pin: &str) -> Self {
        let pin = Pin::try_from(pin).expect("a PIN");
        pollster::block_on(set_pin(&self.store, self.container, &self.profile, Some(&pin)))
            .expect("set in memory");
        self
    }

    /// With a fingerprint.
    #[must_use]
    pub fn with_fingerprint(self) -> Self {
        self.set(Setting::Template(Template { id: vec![1], friendly_name: None }));
        self
    }

    /// Changes a setting behind the device's back.
    ///
    /// # Panics
    ///
    /// If the store fails.
    pub fn set(&self, setting: Setting) {
        let change = ChangeSet::one(Change::Set { setting, expected: Expected::Any });
        pollster::block_on(self.store.commit(self.container, change)).expect("set in memory");
    }

    /// Puts this user before it.
    pub fn user(&mut self, script: Script) {
        self.device.set_user(User::Script(script));
    }

    /// How often this command was sent, 0x00 for U2F.
    pub fn count(&self, command: u8) -> usize {
        self.requests.iter().filter(|request| request.first() == Some(&command)).count()
    }
}

impl Authenticator for Emulated {
    fn exchange(&mut self, from: Channel, request: &[u8]) -> impl Future<Output = Exchange> + Send {
        self.requests.push(request.to_vec());
        self.device.exchange(from, request)
    }

    fn message(&mut self, from: Channel, apdu: &[u8]) -> impl Future<Output = Vec<u8>> + Send {
        self.requests.push(apdu.to_vec());
        self.device.message(from, apdu)
    }
}
