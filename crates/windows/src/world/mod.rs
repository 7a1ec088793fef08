//! A computer with Windows Hello and a tenant, and what people do with them.
//!
//! [`World`] has the facts ([`Pc`]), the store with its containers, the logs and the tenant. Each thing that somebody does
//! is a method that gives an [`Outcome`]: what a person sees, what every layer says, and the cause if it went wrong.
//! Nothing is decided by a scenario: Windows Hello, the container, the client and the relying party's library are the
//! real ones.
//!
//! Texts that a person sees are Microsoft's where they are known, and ours where they are not ([`screens`]).

mod administration;
mod hello;
mod outcome;
mod passkeys;
mod provisioning;
pub mod screens;
mod security_info;
mod sign_in;
mod webauthn;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

pub use administration::MethodKind;
pub use outcome::{Actor, Message, Outcome};
pub use passkeys::Which;
use schemars::JsonSchema;
pub use security_info::{AddPasskey, RegisterElsewhere};
use serde::{Deserialize, Serialize};
pub use sign_in::SignIn;
use softhello_ctap::{PinVerifier, Timestamp};
use softhello_device::{Clock, Seed};
use softhello_storage::{Store, memory};
pub use webauthn::{Behaviour, CredentialDetails, ListError, Refused, WebAuthn};

use crate::{
    AccountKind, Computer, Settings, WindowsError,
    conflict::ENTRA_RP_ID,
    hello::{Gestures, Lockout},
    logs::{Entry, Logs},
    pc::{Pc, SessionKind},
    rp::{RelyingParty, RpError},
    tenant::{Exemption, Tenant, TenantError},
};

/// A computer and a tenant.
pub struct World {
    /// The time.
    pub now: Timestamp,
    /// The computer's facts.
    pub pc: Pc,
    /// The tenant, if there is one.
    pub tenant: Option<Tenant>,
    /// WHfB keys sign in at sites without an allow list, see [`Settings::whfb_keys_sign_in`].
    pub whfb_keys_sign_in: bool,
    /// The browser is in private mode.
    pub private_mode: bool,
    store: Arc<dyn Store>,
    seed: Option<Seed>,
    people: BTreeMap<String, Person>,
    rps: BTreeMap<String, RelyingParty>,
    logs: Logs,
    /// How many ceremonies Windows was asked for.
    transactions: u64,
    /// How many relying parties were made up.
    made_up: u32,
}

/// A Windows account and who uses it.
#[derive(Clone, Debug)]
struct Person {
    kind: AccountKind,
    /// Who it is in the tenant.
    upn: Option<String>,
    lockout: Lockout,
    gestures: Gestures,
    /// The PINs, the newest last, and since when.
    pins: Vec<(PinVerifier, Timestamp)>,
}

/// Why a world cannot do something: not an outcome, but a mistake of whoever describes it, or a failure of ours.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// Windows refuses.
    #[error(transparent)]
    Windows(#[from] WindowsError),
    /// The relying party's library cannot begin, or refuses what Windows Hello made.
    #[error("the relying party refuses: {0}")]
    Rp(#[from] RpError),
    /// There is no such account, tenant, user, credential.
    #[error("there is no {0}")]
    Missing(String),
    /// Not a PIN that an authenticator can keep.
    #[error("a PIN has 4 to 63 bytes")]
    Pin,
    /// The tenant cannot be so.
    #[error(transparent)]
    Tenant(#[from] TenantError),
    /// Options that a browser does not take.
    #[error("the relying party's options are none: {0}")]
    Options(#[from] softhello_webauthn::OptionsError),
    /// A relying party without an origin.
    #[error(transparent)]
    Origin(#[from] softhello_webauthn::InvalidOrigin),
}

/// A gesture of Windows Hello besides the PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Biometric {
    /// A face.
    Face,
    /// A finger.
    Fingerprint,
}

impl Biometric {
    fn name(self) -> &'static str {
        match self {
            Self::Face => "Face",
            Self::Fingerprint => "Fingerprint",
        }
    }
}

impl World {
    /// A world that begins now.
    pub fn new(now: Timestamp, pc: Pc, seed: Option<Seed>) -> Self {
        Self {
            now,
            pc,
            tenant: None,
            whfb_keys_sign_in: true,
            private_mode: false,
            store: memory(),
            seed,
            people: BTreeMap::new(),
            rps: BTreeMap::new(),
            logs: Logs::default(),
            transactions: 0,
            made_up: 0,
        }
    }

    /// The logs of the computer.
    pub fn logs(&self) -> &Logs {
        &self.logs
    }

    /// Time passes.
    pub fn wait(&mut self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.now.0 = self.now.0.saturating_add(millis);
    }

    /// The RP ID of a relying party that is not there yet.
    pub(crate) fn make_up_rp_id(&mut self) -> String {
        self.made_up += 1;
        format!("rp{}.example", self.made_up)
    }

    /// Adds a Windows account without a PIN. `upn` is who uses it in the tenant.
    ///
    /// # Errors
    ///
    /// [`WorldError::Windows`].
    pub async fn add_account(
        &mut self,
        name: &str,
        kind: AccountKind,
        upn: Option<&str>,
    ) -> Result<(), WorldError> {
        self.computer().add_account(name, kind, None).await?;
        let person = Person {
            kind,
            upn: upn.map(str::to_owned),
            lockout: Lockout::default(),
            gestures: Gestures::default(),
            pins: Vec::new(),
        };
        self.people.insert(name.to_owned(), person);
        Ok(())
    }

    /// Who uses an account in the tenant.
    ///
    /// # Errors
    ///
    /// [`WorldError::Missing`] if nobody of it does.
    pub fn upn(&self, account: &str) -> Result<String, WorldError> {
        let upn = self.person(account)?.upn.clone();
        upn.ok_or_else(|| WorldError::Missing(format!("user of the tenant for the account `{account}`")))
    }

    /// What is in an account's container, newest first: `passkey` or `managed`, and the RP ID.
    ///
    /// # Errors
    ///
    /// [`WorldError::Windows`].
    pub async fn container(&self, account: &str) -> Result<Vec<String>, WorldError> {
        let passkeys = self.computer().passkeys(account).await?;
        let name = |passkey: &crate::Passkey| {
            let kind = match passkey.stored.kind {
                softhello_storage::Kind::Managed => "managed",
                softhello_storage::Kind::Passkey => "passkey",
            };
            format!("{kind} {}", passkey.stored.credential.rp_id)
        };
        Ok(passkeys.iter().map(name).collect())
    }

    /// The computer now.
    fn computer(&self) -> Computer {
        Computer::new(Arc::clone(&self.store))
            .with_profile(self.pc.hello())
            .with_clock(Clock::Fixed(self.now))
            .with_seed(self.seed.clone())
            .with_settings(Settings {
                conflict_exempt_above_50: self
                    .tenant
                    .as_ref()
                    .is_some_and(|tenant| tenant.exemption == Exemption::Container),
                whfb_keys_sign_in: self.whfb_keys_sign_in,
            })
            .with_entra_rp_id(self.entra_rp_id())
    }

    /// The RP ID of the tenant.
    pub fn entra_rp_id(&self) -> &'static str {
        self.tenant.as_ref().map_or(ENTRA_RP_ID, |tenant| tenant.creation_options.rp_id())
    }

    fn person(&self, account: &str) -> Result<&Person, WorldError> {
        self.people.get(account).ok_or_else(|| WorldError::Missing(format!("account `{account}`")))
    }

    fn person_mut(&mut self, account: &str) -> Result<&mut Person, WorldError> {
        self.people.get_mut(account).ok_or_else(|| WorldError::Missing(format!("account `{account}`")))
    }

    fn tenant(&self) -> Result<&Tenant, WorldError> {
        self.tenant.as_ref().ok_or_else(|| WorldError::Missing("tenant".to_owned()))
    }

    fn tenant_mut(&mut self) -> Result<&mut Tenant, WorldError> {
        self.tenant.as_mut().ok_or_else(|| WorldError::Missing("tenant".to_owned()))
    }

    /// The relying party of this RP ID, which is there from now on.
    fn rp(&mut self, rp_id: &str) -> Result<&mut RelyingParty, WorldError> {
        if !self.rps.contains_key(rp_id) {
            self.rps.insert(rp_id.to_owned(), RelyingParty::new(rp_id)?);
        }
        self.rps.get_mut(rp_id).ok_or_else(|| WorldError::Missing(format!("relying party {rp_id}")))
    }

    fn log(&mut self, entry: &'static Entry, values: &[&str]) {
        self.logs.write(self.now, entry, values);
    }

    /// Whether Windows Hello is reached from where the user sits: in a Remote Desktop session only by redirection.
    fn reaches_hello(&self) -> bool {
        self.pc.session != SessionKind::Remote
    }

    /// How far the logs are before something happens.
    pub(crate) fn mark(&self) -> (usize, usize, usize) {
        let (audit, sign_ins) =
            self.tenant.as_ref().map_or((0, 0), |tenant| (tenant.audit().len(), tenant.sign_ins().len()));
        (self.logs.events().len(), audit, sign_ins)
    }

    /// The outcome, with what the logs got since the mark.
    pub(crate) fn since(
        &self,
        (events, audit, sign_ins): (usize, usize, usize),
        mut outcome: Outcome,
    ) -> Outcome {
        outcome.log = self.logs.events().get(events..).unwrap_or_default().to_vec();
        if let Some(tenant) = &self.tenant {
            outcome.audit = tenant.audit().get(audit..).unwrap_or_default().to_vec();
            outcome.sign_ins = tenant.sign_ins().get(sign_ins..).unwrap_or_default().to_vec();
        }
        outcome
    }
}
