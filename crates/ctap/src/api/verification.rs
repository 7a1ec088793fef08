//! How the user can be verified right now, as the steps of makeCredential and getAssertion ask.

use crate::{Denied, Profile, State};

/// What getInfo's options say of user verification at this moment.
pub(super) struct Verification<'a> {
    profile: &'a Profile,
    state: &'a State,
}

impl<'a> Verification<'a> {
    pub(super) fn new(profile: &'a Profile, state: &'a State) -> Self {
        Self { profile, state }
    }

    /// The option `uv` is true.
    pub(super) fn built_in(&self) -> bool {
        self.state.uv_configured(self.profile)
    }

    /// The option `clientPin` is true.
    pub(super) fn pin_set(&self) -> bool {
        self.profile.client_pin && self.state.settings.pin.is_some()
    }

    /// "Protected by some form of user verification".
    pub(super) fn is_protected(&self) -> bool {
        self.pin_set() || self.built_in()
    }

    /// "alwaysUv is true".
    pub(super) fn always(&self) -> bool {
        self.state.settings.always_uv(self.profile)
    }

    /// The refusal where a PIN that is *supported* would help: PUAT_REQUIRED, else OPERATION_DENIED.
    pub(super) fn required_where_pin_is_supported(&self) -> Denied {
        match () {
            () if self.profile.client_pin && self.pin_may_sign() => Denied::PuatRequired,
            () if self.is_protected() => Denied::UvRequired,
            () => Denied::NotSetUp,
        }
    }

    /// The refusal where a PIN that is *set* would help.
    pub(super) fn required_where_pin_is_set(&self) -> Denied {
        if self.pin_set() && self.pin_may_sign() { Denied::PuatRequired } else { Denied::UvRequired }
    }

    /// What a failed built-in verification becomes: PUAT_REQUIRED where the PIN can be entered instead.
    pub(super) fn after_failure(&self, denied: Denied) -> Denied {
        match denied {
            Denied::UvFailed { .. } | Denied::UvBlocked if self.pin_set() && self.pin_may_sign() => {
                Denied::UvFailedAskForPin
            }
            other => other,
        }
    }

    /// A token got with the PIN may have the permissions mc and ga.
    fn pin_may_sign(&self) -> bool {
        !self.profile.no_mc_ga_permissions_with_client_pin
    }
}
