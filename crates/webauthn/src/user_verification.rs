//! Whether an authenticator is asked to verify its user.

use crate::{UserVerificationRequirement, client_data::Ceremony, info::AuthenticatorInfo};

/// The value of the request's option `uv`; false means that it is left out.
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
pub(crate) fn option(
    requirement: UserVerificationRequirement,
    info: &AuthenticatorInfo,
    ceremony: Ceremony,
    rk: bool,
) -> Result<bool, &'static str> {
    let insists = info.always_uv || ceremony == Ceremony::Create && (rk || !info.make_cred_uv_not_rqd);
    match (requirement, info.uv) {
        (UserVerificationRequirement::Discouraged, Some(true)) => Ok(insists),
        (_, Some(true)) => Ok(true),
        (UserVerificationRequirement::Preferred | UserVerificationRequirement::Discouraged, _) => Ok(false),
        (UserVerificationRequirement::Required, _) if verifies_unasked(info) => Ok(false),
        (UserVerificationRequirement::Required, _) if info.client_pin == Some(true) => {
            Err("the authenticator verifies its user by a PIN alone, and this client cannot ask for one")
        }
        (UserVerificationRequirement::Required, Some(false)) => {
            Err("user verification is required, and none is set up on the authenticator")
        }
        (UserVerificationRequirement::Required, _) => {
            Err("user verification is required, and the authenticator cannot verify")
        }
    }
}

/// Whether a discoverable credential can be made as far as verification is concerned: one that is protected by a PIN
/// alone would need the PIN.
pub(crate) fn permits_rk(info: &AuthenticatorInfo) -> bool {
    info.uv == Some(true) || info.client_pin != Some(true)
}

fn verifies_unasked(info: &AuthenticatorInfo) -> bool {
    info.plat && info.uv.is_none() && info.client_pin.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use UserVerificationRequirement::{Discouraged, Preferred, Required};

    #[test]
    fn the_option_follows_requirement_and_authenticator() {
        let none = AuthenticatorInfo::default();
        let uv = AuthenticatorInfo { uv: Some(true), ..none.clone() };
        let lax = AuthenticatorInfo { make_cred_uv_not_rqd: true, ..uv.clone() };
        let always = AuthenticatorInfo { always_uv: true, ..lax.clone() };
        let not_set_up = AuthenticatorInfo { uv: Some(false), ..none.clone() };
        let pin = AuthenticatorInfo { client_pin: Some(true), ..none.clone() };
        let certified = AuthenticatorInfo { plat: true, ..none.clone() };
        let plat_without = AuthenticatorInfo { plat: true, uv: Some(false), ..none.clone() };
        for (name, requirement, info, ceremony, rk, want) in [
            ("required", Required, &uv, Ceremony::Create, false, Ok(true)),
            ("required", Required, &uv, Ceremony::Get, false, Ok(true)),
            ("preferred", Preferred, &uv, Ceremony::Get, false, Ok(true)),
            ("discouraged, get", Discouraged, &uv, Ceremony::Get, false, Ok(false)),
            ("discouraged, create, insists", Discouraged, &uv, Ceremony::Create, false, Ok(true)),
            ("discouraged, create, lax", Discouraged, &lax, Ceremony::Create, false, Ok(false)),
            ("discouraged, create, lax, rk", Discouraged, &lax, Ceremony::Create, true, Ok(true)),
            ("discouraged, alwaysUv", Discouraged, &always, Ceremony::Get, false, Ok(true)),
            ("preferred, none", Preferred, &none, Ceremony::Create, true, Ok(false)),
            ("preferred, not set up", Preferred, &not_set_up, Ceremony::Create, true, Ok(false)),
            ("required, none", Required, &none, Ceremony::Get, false, Err("cannot verify")),
            ("required, not set up", Required, &not_set_up, Ceremony::Get, false, Err("none is set up")),
            ("required, PIN", Required, &pin, Ceremony::Get, false, Err("PIN alone")),
            ("as certified", Required, &certified, Ceremony::Create, true, Ok(false)),
            ("as certified", Preferred, &certified, Ceremony::Get, false, Ok(false)),
            ("platform without", Required, &plat_without, Ceremony::Get, false, Err("none is set up")),
        ] {
            match (option(requirement, info, ceremony, rk), want) {
                (Ok(got), Ok(want)) => assert_eq!(got, want, "{name} {ceremony:?}"),
                (Err(got), Err(want)) => assert!(got.contains(want), "{name}: {got}"),
                (got, want) => panic!("{name}: {got:?}, not {want:?}"),
            }
        }
    }
}
