//! The device.

use std::{fmt, sync::Arc};

use softhello_ctap::{
    Authenticator, Channel, Credential, Event, Exchange, Extension, Profile, Session, Status,
    apdu::StatusWord, api, dispatch, u2f,
};
use softhello_storage::{ContainerId, Guard, Store};

use crate::{Clock, Control, DeviceProfile, Faults, Seed, User, Visitor, entropy::Entropy, host::DeviceHost};

/// Rules of the platform that the store decides when a passkey is created.
pub trait Policy: Send + Sync {
    /// The guards for this new passkey.
    fn guards(&self, credential: &Credential) -> Vec<Guard>;
}

/// An emulated authenticator. It runs one command at a time.
pub struct Device {
    parts: Parts,
    session: Session,
    seed: Option<Seed>,
    control: Control,
}

/// What one exchange works with.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) container: ContainerId,
    pub(crate) profile: Arc<DeviceProfile>,
    pub(crate) user: User,
    pub(crate) clock: Clock,
    pub(crate) policy: Option<Arc<dyn Policy>>,
    pub(crate) listener: Option<Listener>,
    pub(crate) faults: Faults,
}

/// Hears of every request, step and response of a device.
pub type Listener = Box<dyn FnMut(Event) + Send>;

impl Device {
    /// A device of this profile over a container that exists, with an approving user and the computer's clock.
    pub fn new(store: Arc<dyn Store>, container: ContainerId, profile: Arc<DeviceProfile>) -> Self {
        let clock = Clock::System;
        Self {
            parts: Parts {
                store,
                container,
                profile,
                user: User::default(),
                clock,
                policy: None,
                listener: None,
                faults: Faults::default(),
            },
            session: Session::power_up(clock.now()),
            seed: None,
            control: Control::new(),
        }
    }

    /// Puts this user before the device.
    #[must_use]
    pub fn with_user(mut self, user: User) -> Self {
        self.parts.user = user;
        self
    }

    /// Sets the clock; the device is powered up at its time.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.parts.clock = clock;
        self.power_cycle();
        self
    }

    /// Makes the device repeatable, see [`Seed`].
    #[must_use]
    pub fn with_seed(mut self, seed: Option<Seed>) -> Self {
        self.seed = seed;
        self
    }

    /// Adds rules of the platform.
    #[must_use]
    pub fn with_policy(mut self, policy: Arc<dyn Policy>) -> Self {
        self.parts.policy = Some(policy);
        self
    }

    /// Hears of every request, step and response.
    #[must_use]
    pub fn with_listener(mut self, listener: impl FnMut(Event) + Send + 'static) -> Self {
        self.parts.listener = Some(Box::new(listener));
        self
    }

    /// Replaces the user.
    pub fn set_user(&mut self, user: User) {
        self.parts.user = user;
    }

    /// Does these things wrong from now on.
    pub fn set_faults(&mut self, faults: Faults) {
        self.parts.faults = faults;
    }

    pub(crate) fn set_listener(&mut self, listener: Listener) {
        self.parts.listener = Some(listener);
    }

    /// Forgets all volatile state.
    pub fn power_cycle(&mut self) {
        self.session = Session::power_up(self.parts.clock.now());
    }

    /// What reaches the device while it carries out a command.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Ends every token in use, as a changed PIN does.
    pub fn reset_tokens(&mut self) {
        self.session.reset_tokens();
    }

    pub(crate) fn shared_profile(&self) -> Arc<DeviceProfile> {
        Arc::clone(&self.parts.profile)
    }

    /// Puts a visitor in the place of the device's own user and listener, and these into the visitor; and back again.
    pub(crate) fn swap(&mut self, visitor: &mut Visitor) {
        if let Some(user) = &mut visitor.user {
            std::mem::swap(&mut self.parts.user, user);
        }
        std::mem::swap(&mut self.parts.listener, &mut visitor.listener);
    }

    /// What the device is.
    pub fn profile(&self) -> &DeviceProfile {
        &self.parts.profile
    }

    /// The container it uses.
    pub fn container(&self) -> ContainerId {
        self.parts.container
    }

    fn tell(&mut self, event: impl FnOnce() -> Event) {
        if let Some(listener) = &mut self.parts.listener {
            listener(event());
        }
    }
}

impl Authenticator for Device {
    async fn exchange(&mut self, from: Channel, request: &[u8]) -> Exchange {
        self.tell(|| Event::Request(request.to_vec()));
        self.control.begin();
        let profile = Arc::clone(&self.parts.profile);
        let seed = self.seed.as_ref().filter(|_| draws(&profile.ctap, request));
        let exchange = match Entropy::draw(seed, &self.parts.store, self.parts.container).await {
            Ok(entropy) => {
                let mut host = DeviceHost { parts: &mut self.parts, control: &self.control, entropy };
                dispatch(&mut host, &profile.ctap, &mut self.session, from, request).await
            }
            Err(error) => {
                let denied = softhello_ctap::Denied::from(crate::host::host_error(error));
                Exchange { response: vec![Status::from(&denied).code()], cause: Some(denied) }
            }
        };
        self.tell(|| Event::Response {
            status: Status::from_code(exchange.response.first().copied().unwrap_or(Status::CtapOther.code())),
            bytes: exchange.response.clone(),
        });
        exchange
    }

    async fn message(&mut self, _: Channel, apdu: &[u8]) -> Vec<u8> {
        self.tell(|| Event::Message(apdu.to_vec()));
        self.control.begin();
        let profile = Arc::clone(&self.parts.profile);
        let response = match Entropy::draw(self.seed.as_ref(), &self.parts.store, self.parts.container).await
        {
            Ok(entropy) => {
                let mut host = DeviceHost { parts: &mut self.parts, control: &self.control, entropy };
                u2f::message(&mut host, &profile.ctap, apdu).await
            }
            Err(_) => StatusWord::OTHER.0.to_be_bytes().to_vec(),
        };
        self.tell(|| Event::MessageResponse(response.clone()));
        response
    }
}

/// Whether a command may draw random bytes: with a seed, such a one takes an operation number.
fn draws(profile: &Profile, request: &[u8]) -> bool {
    match request.first() {
        Some(&api::GET_INFO) => profile.per_cred_mgmt_ro,
        Some(&(api::GET_ASSERTION | api::GET_NEXT_ASSERTION)) => profile.has(Extension::HmacSecret),
        Some(&(api::SELECTION | api::LARGE_BLOBS)) | None => false,
        Some(_) => true,
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("profile", &self.parts.profile.ctap.name)
            .field("container", &self.parts.container)
            .field("user", &self.parts.user)
            .finish_non_exhaustive()
    }
}
