//! What can be changed of a stored credential from outside, within the rules or by name against them.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use softhello_ctap::{CounterPolicy, CredentialId, Setting};
use softhello_storage::{Change, ChangeSet, ContainerId, Expected, Store, StoreError, Versioned};

use crate::{DeviceProfile, Entropy};

/// Changes of a stored credential.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialChange {
    /// BE.
    pub backup_eligible: Option<bool>,
    /// BS.
    pub backed_up: Option<bool>,
    /// The last signature count: the next assertion has one more.
    pub sign_count: Option<u32>,
    /// The rules that may be broken.
    pub breaking: Vec<Rule>,
}

/// A rule for credentials that relying parties rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Rule {
    /// BE is fixed when a credential is made (WebAuthn Level 3 §6.1.3).
    BackupEligibilityIsFixed,
    /// BS is 1 only with BE 1 (WebAuthn Level 3 §6.1.3).
    BackedUpNeedsEligibility,
    /// The signature count only goes up (WebAuthn Level 3 §6.1.1).
    CounterIncreases,
}

/// Why a credential was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// It would break a rule that was not named.
    #[error("{}", .0.words())]
    Breaks(Rule),
    /// BE and BS of a credential that is not stored are in its id.
    #[error("this passkey is not stored: its flags are sealed into its id, and cannot be changed")]
    Sealed,
    /// The profile's counters are always 0.
    #[error("credentials of this profile do not count")]
    NoCounter,
    /// No rule of this name.
    #[error("there is no rule `{name}`; there are {}", Rule::ALL.map(Rule::name).join(", "))]
    UnknownRule {
        /// The name.
        name: String,
    },
    /// The store failed, or has no such credential.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 3] =
        [Self::BackupEligibilityIsFixed, Self::BackedUpNeedsEligibility, Self::CounterIncreases];

    /// Its name, to be broken by.
    pub fn name(self) -> &'static str {
        match self {
            Self::BackupEligibilityIsFixed => "backup-eligibility-is-fixed",
            Self::BackedUpNeedsEligibility => "backed-up-needs-eligibility",
            Self::CounterIncreases => "counter-increases",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::BackupEligibilityIsFixed => "BE is fixed when a credential is made",
            Self::BackedUpNeedsEligibility => "BS can be 1 only with BE 1",
            Self::CounterIncreases => "a signature count only goes up",
        }
    }
}

impl FromStr for Rule {
    type Err = ChangeError;

    fn from_str(name: &str) -> Result<Self, ChangeError> {
        let found = Self::ALL.into_iter().find(|rule| rule.name() == name);
        found.ok_or_else(|| ChangeError::UnknownRule { name: name.to_owned() })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Changes a stored credential, all of it or nothing.
///
/// # Errors
///
/// [`ChangeError`]; [`StoreError::NotFound`] in it if there is no such credential.
pub async fn change_credential(
    store: &Arc<dyn Store>,
    container: ContainerId,
    profile: &DeviceProfile,
    id: &CredentialId,
    change: &CredentialChange,
    entropy: &mut Entropy,
) -> Result<(), ChangeError> {
    let count = store.counter(container, id).await?;
    let found = match store.load(container, id).await {
        // What is not stored has a counter all the same, once it was used.
        Err(StoreError::NotFound) if count > 0 => None,
        other => Some(other?),
    };
    let check = |rule: Rule, holds: bool| match holds || change.breaking.contains(&rule) {
        true => Ok(()),
        false => Err(ChangeError::Breaks(rule)),
    };
    let mut changes = Vec::new();
    if change.backup_eligible.is_some() || change.backed_up.is_some() {
        let Versioned { value: mut stored, revision } = found.ok_or(ChangeError::Sealed)?;
        let credential = &mut stored.credential;
        let eligible = change.backup_eligible.unwrap_or(credential.backup_eligible);
        let backed_up = change.backed_up.unwrap_or(credential.backed_up);
        check(Rule::BackupEligibilityIsFixed, eligible == credential.backup_eligible)?;
        check(Rule::BackedUpNeedsEligibility, eligible || !backed_up)?;
        (credential.backup_eligible, credential.backed_up) = (eligible, backed_up);
        changes.push(Change::UpdateCredential {
            credential: Box::new(stored),
            expected: Expected::Revision(revision),
        });
        changes.extend(new_store_state(profile, entropy));
    }
    if let Some(wanted) = change.sign_count {
        if profile.ctap.counter == CounterPolicy::Zero {
            return Err(ChangeError::NoCounter);
        }
        check(Rule::CounterIncreases, wanted >= count)?;
        changes.push(Change::Counter { id: id.clone(), count: wanted });
    }
    Ok(store.commit(container, ChangeSet { guards: Vec::new(), changes }).await?)
}

/// What goes with every change of the discoverable credentials from outside, so that a platform that remembers them looks
/// again (CTAP 2.3 §6.4, `encCredStoreState`).
pub fn new_store_state(profile: &DeviceProfile, entropy: &mut Entropy) -> Option<Change> {
    profile.ctap.per_cred_mgmt_ro.then(|| {
        let mut state = [0; 16];
        entropy.fill(&mut state);
        Change::Set { setting: Setting::CredStoreState(state), expected: Expected::Any }
    })
}
