//! How an authenticator verifies its user for a ceremony.

use softhello_ctap::{Authenticator, Permissions, Status, Step};

use crate::{
    DomException, Failure, PinEntry, PinRequest, UserVerificationRequirement,
    client_data::Ceremony,
    client_pin::{PinUvAuthToken, Proof},
    connection::{Connection, Refusal, not_allowed},
    info::AuthenticatorInfo,
};

/// How the user is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// Not at all, or without being asked to.
    Nothing,
    /// By the request's option `uv`.
    Option,
    /// Built in, for a pinUvAuthToken.
    TokenUsingUv,
    /// By a PIN, for a pinUvAuthToken.
    TokenUsingPin,
}

impl Method {
    /// Whether the user is verified if all goes well.
    pub(crate) fn verifies(self, info: &AuthenticatorInfo) -> bool {
        self != Self::Nothing || verifies_unasked(info)
    }
}

/// What a request carries of it.
#[derive(Default)]
pub(crate) struct Verification {
    /// The option `uv`; false means that it is left out.
    pub(crate) uv: bool,
    pub(crate) token: Option<PinUvAuthToken>,
}

/// The way to verify.
///
/// An authenticator with `plat` that lists neither `uv` nor `clientPin` is taken to verify always, without being
/// asked: so is Windows Hello as it is certified. The flag UV of its reply then shows whether it did.
///
/// An authenticator that insists is asked also if the relying party would rather not: with `alwaysUv`, and at creation
/// if the credential is discoverable or `makeCredUvNotRqd` is not true (CTAP 2.3 §6.1.2 steps 6 to 8).
///
/// # Errors
///
/// If verification is required and the authenticator cannot verify: why, for people.
///
/// Source: WebAuthn Level 3 §5.1.3 step 22.4, §5.1.4.2, "effective user verification requirement".
pub(crate) fn method(
    requirement: UserVerificationRequirement,
    info: &AuthenticatorInfo,
    ceremony: Ceremony,
    rk: bool,
    someone_enters_pins: bool,
) -> Result<Method, &'static str> {
    let insists = info.always_uv || ceremony == Ceremony::Create && (rk || !info.make_cred_uv_not_rqd);
    let possible = if info.uv == Some(true) {
        Some(if info.pin_uv_auth_token { Method::TokenUsingUv } else { Method::Option })
    } else if has_usable_pin(info) && someone_enters_pins {
        Some(Method::TokenUsingPin)
    } else {
        None
    };
    match (requirement, possible) {
        (UserVerificationRequirement::Discouraged, Some(method)) if insists => Ok(method),
        (UserVerificationRequirement::Discouraged, _) => Ok(Method::Nothing),
        (_, Some(method)) => Ok(method),
        (UserVerificationRequirement::Preferred, None) => Ok(Method::Nothing),
        (UserVerificationRequirement::Required, None) if verifies_unasked(info) => Ok(Method::Nothing),
        (UserVerificationRequirement::Required, None) => Err(why_not(info)),
    }
}

fn why_not(info: &AuthenticatorInfo) -> &'static str {
    if has_usable_pin(info) {
        "the authenticator verifies its user by a PIN, and nobody here enters one"
    } else if info.uv == Some(false) || info.client_pin == Some(false) {
        "user verification is required, and none is set up on the authenticator"
    } else {
        "user verification is required, and the authenticator cannot verify"
    }
}

/// Whether the authenticator can verify its user at all.
pub(crate) fn is_set_up(info: &AuthenticatorInfo, someone_enters_pins: bool) -> bool {
    info.uv == Some(true) || has_usable_pin(info) && someone_enters_pins
}

/// Whether a discoverable credential can be made as far as verification is concerned: one that is protected by a PIN
/// alone would need the PIN.
pub(crate) fn permits_rk(info: &AuthenticatorInfo, someone_enters_pins: bool) -> bool {
    info.client_pin != Some(true) || is_set_up(info, someone_enters_pins)
}

fn verifies_unasked(info: &AuthenticatorInfo) -> bool {
    info.plat && info.uv.is_none() && info.client_pin.is_none()
}

/// Whether the PIN verifies for creation and assertion.
fn has_usable_pin(info: &AuthenticatorInfo) -> bool {
    info.client_pin == Some(true) && !info.no_mc_ga_permissions_with_client_pin
}

/// What has to be known to verify.
pub(crate) struct Verifier<'a> {
    pub(crate) info: &'a AuthenticatorInfo,
    pub(crate) rp_id: &'a str,
    pub(crate) permissions: Permissions,
    pub(crate) pin_entry: Option<&'a dyn PinEntry>,
    /// Where a failure stands.
    pub(crate) step: &'static Step,
}

impl Verifier<'_> {
    /// Verifies, or leaves it to the request that follows.
    pub(crate) async fn verify<A: Authenticator>(
        &self,
        method: Method,
        connection: &mut Connection<'_, A>,
    ) -> Result<Verification, Failure> {
        let token = match method {
            Method::Nothing => return Ok(Verification::default()),
            Method::Option => return Ok(Verification { uv: true, token: None }),
            Method::TokenUsingUv => self.token_using_uv(connection).await?,
            Method::TokenUsingPin => self.token_using_pin(connection).await?,
        };
        Ok(Verification { uv: false, token: Some(token) })
    }

    /// After built-in verification failed inside a request: the PIN instead, where there is one.
    ///
    /// Source: CTAP 2.3 §6.1.2 step 11 and §6.2.2 step 6, PUAT_REQUIRED.
    pub(crate) async fn fall_back<A: Authenticator>(
        &self,
        refusal: &Refusal,
        tried: &Verification,
        connection: &mut Connection<'_, A>,
    ) -> Result<Option<Verification>, Failure> {
        let wants_token = matches!(refusal, Refusal::Status(Status::PuatRequired, _));
        if !wants_token || tried.token.is_some() || !self.can_use_pin() {
            return Ok(None);
        }
        let token = self.token_using_pin(connection).await?;
        Ok(Some(Verification { uv: false, token: Some(token) }))
    }

    fn can_use_pin(&self) -> bool {
        has_usable_pin(self.info) && self.pin_entry.is_some()
    }

    /// Source: CTAP 2.3 §6.5.5.7.3; §6.4, preferredPlatformUvAttempts.
    async fn token_using_uv<A: Authenticator>(
        &self,
        connection: &mut Connection<'_, A>,
    ) -> Result<PinUvAuthToken, Failure> {
        let protocol = self.protocol()?;
        let mut attempts = self.info.preferred_platform_uv_attempts.clamp(1, MOST_UV_ATTEMPTS);
        loop {
            attempts -= 1;
            let refusal = match connection.token(protocol, Proof::Uv, self.permissions, self.rp_id).await {
                Ok(token) => return Ok(token),
                Err(refusal) => refusal,
            };
            match refusal {
                Refusal::Status(Status::UvInvalid, _) if attempts > 0 => {}
                Refusal::Status(Status::UvInvalid | Status::UvBlocked, _) if self.can_use_pin() => {
                    return self.token_using_pin(connection).await;
                }
                refusal => return Err(refusal.at(self.step, not_allowed)),
            }
        }
    }

    /// Source: CTAP 2.3 §6.5.5.7.1 and §6.5.5.7.2.
    async fn token_using_pin<A: Authenticator>(
        &self,
        connection: &mut Connection<'_, A>,
    ) -> Result<PinUvAuthToken, Failure> {
        let refuse = |reason| Err(Failure::new(DomException::NotAllowedError, self.step, reason));
        let Some(pin_entry) = self.pin_entry else { return refuse("nobody here enters a PIN") };
        if self.info.force_pin_change {
            return refuse("the authenticator's PIN has to be changed before it can be used");
        }
        let protocol = self.protocol()?;
        let mut wrong: Option<Refusal> = None;
        loop {
            let attempts_left =
                connection.pin_retries().await.map_err(|refusal| refusal.at(self.step, not_allowed))?;
            let request = PinRequest { rp_id: self.rp_id, attempts_left, again: wrong.is_some() };
            let Some(pin) = pin_entry.enter(request).await else {
                return match wrong {
                    Some(refusal) => Err(refusal.at(self.step, not_allowed)),
                    None => refuse("no PIN was entered"),
                };
            };
            let proof = if self.info.pin_uv_auth_token { Proof::Pin(&pin) } else { Proof::PinOnly(&pin) };
            match connection.token(protocol, proof, self.permissions, self.rp_id).await {
                Ok(token) => return Ok(token),
                Err(refusal @ Refusal::Status(Status::PinInvalid, _)) => wrong = Some(refusal),
                Err(refusal) => return Err(refusal.at(self.step, not_allowed)),
            }
        }
    }

    /// The authenticator's favourite protocol.
    fn protocol(&self) -> Result<softhello_ctap::PinUvAuthProtocol, Failure> {
        const REASON: &str = "the authenticator has no PIN/UV auth protocol that is known here";
        let known = self.info.pin_uv_auth_protocols.first().copied();
        known.ok_or_else(|| Failure::new(DomException::NotAllowedError, self.step, REASON))
    }
}

/// More attempts than the specification lets an authenticator have are not made.
const MOST_UV_ATTEMPTS: u64 = 25;

#[cfg(test)]
mod tests {
    use super::*;
    use Method::{Nothing, Option as UvOption, TokenUsingPin, TokenUsingUv};
    use UserVerificationRequirement::{Discouraged, Preferred, Required};

    #[test]
    fn the_method_follows_requirement_and_authenticator() {
        let none = AuthenticatorInfo::default();
        let uv = AuthenticatorInfo { uv: Some(true), ..none.clone() };
        let lax = AuthenticatorInfo { make_cred_uv_not_rqd: true, ..uv.clone() };
        let always = AuthenticatorInfo { always_uv: true, ..lax.clone() };
        let not_set_up = AuthenticatorInfo { uv: Some(false), ..none.clone() };
        let no_pin = AuthenticatorInfo { client_pin: Some(false), ..none.clone() };
        let pin = AuthenticatorInfo { client_pin: Some(true), ..none.clone() };
        let lax_pin = AuthenticatorInfo { make_cred_uv_not_rqd: true, ..pin.clone() };
        let no_mc_ga = AuthenticatorInfo { no_mc_ga_permissions_with_client_pin: true, ..pin.clone() };
        let finger = AuthenticatorInfo { pin_uv_auth_token: true, uv: Some(true), ..lax_pin.clone() };
        let certified = AuthenticatorInfo { plat: true, ..none.clone() };
        let plat_without = AuthenticatorInfo { plat: true, uv: Some(false), ..none.clone() };
        let (create, get) = (Ceremony::Create, Ceremony::Get);
        for (name, requirement, info, ceremony, rk, someone, want) in [
            ("required", Required, &uv, create, false, true, Ok(UvOption)),
            ("required", Required, &uv, get, false, false, Ok(UvOption)),
            ("preferred", Preferred, &uv, get, false, true, Ok(UvOption)),
            ("discouraged", Discouraged, &uv, get, false, true, Ok(Nothing)),
            ("discouraged, insists", Discouraged, &uv, create, false, true, Ok(UvOption)),
            ("discouraged, lax", Discouraged, &lax, create, false, true, Ok(Nothing)),
            ("discouraged, lax, rk", Discouraged, &lax, create, true, true, Ok(UvOption)),
            ("discouraged, alwaysUv", Discouraged, &always, get, false, true, Ok(UvOption)),
            ("preferred, none", Preferred, &none, create, true, true, Ok(Nothing)),
            ("preferred, not set up", Preferred, &not_set_up, create, true, true, Ok(Nothing)),
            ("required, none", Required, &none, get, false, true, Err("cannot verify")),
            ("required, not set up", Required, &not_set_up, get, false, true, Err("none is set up")),
            ("required, no PIN", Required, &no_pin, get, false, true, Err("none is set up")),
            ("required, nobody", Required, &pin, get, false, false, Err("nobody here enters one")),
            ("preferred, nobody", Preferred, &pin, get, false, false, Ok(Nothing)),
            ("required, PIN", Required, &pin, get, false, true, Ok(TokenUsingPin)),
            ("preferred, PIN", Preferred, &pin, get, false, true, Ok(TokenUsingPin)),
            ("discouraged, PIN", Discouraged, &pin, get, false, true, Ok(Nothing)),
            ("discouraged, PIN, insists", Discouraged, &pin, create, false, true, Ok(TokenUsingPin)),
            ("discouraged, PIN, lax", Discouraged, &lax_pin, create, false, true, Ok(Nothing)),
            ("discouraged, PIN, rk", Discouraged, &lax_pin, create, true, true, Ok(TokenUsingPin)),
            ("a PIN for other things", Required, &no_mc_ga, get, false, true, Err("cannot verify")),
            ("finger before PIN", Required, &finger, get, false, true, Ok(TokenUsingUv)),
            ("as certified", Required, &certified, create, true, true, Ok(Nothing)),
            ("as certified", Preferred, &certified, get, false, true, Ok(Nothing)),
            ("platform without", Required, &plat_without, get, false, true, Err("none is set up")),
        ] {
            match (method(requirement, info, ceremony, rk, someone), want) {
                (Ok(got), Ok(want)) => assert_eq!(got, want, "{name} {ceremony:?}"),
                (Err(got), Err(want)) => assert!(got.contains(want), "{name}: {got}"),
                (got, want) => panic!("{name}: {got:?}, not {want:?}"),
            }
        }
    }
}
