//! What commands do with `pinUvAuthParam` and `pinUvAuthProtocol`.

use super::refuse;
use crate::{
    Denied, Gesture, Host, Outcome, Permissions, PinUvAuthProtocol, Profile, Session, State, Step, Steps,
    message::Members,
    pin_uv_auth::{Token, TokenId},
};

/// The steps of makeCredential and getAssertion that deal with `pinUvAuthParam` before anything else.
pub(super) struct Citations {
    /// Step 1.
    pub(super) probe: &'static Step,
    /// Step 2.
    pub(super) protocol: &'static Step,
}

/// A `pinUvAuthParam` with the protocol it is of.
#[derive(Clone, Copy)]
pub(super) struct Param<'a> {
    pub(super) protocol: PinUvAuthProtocol,
    pub(super) param: &'a [u8],
}

/// Steps 1 and 2 of makeCredential and getAssertion: the touch probe, and the two members.
pub(super) async fn check<'a>(
    host: &mut impl Host,
    steps: &'static Citations,
    profile: &Profile,
    members: &Members<'a>,
    rp_id: &str,
) -> Result<Option<Param<'a>>, Denied> {
    let Some(param) = members.bytes("pinUvAuthParam") else {
        host.note(steps.probe, Outcome::Skipped("there is no pinUvAuthParam"));
        host.note(steps.protocol, Outcome::Skipped("there is no pinUvAuthParam"));
        return Ok(None);
    };
    let supported = profile.client_pin || profile.pin_uv_auth_token;
    if param.is_empty() && supported {
        // Other sources let it be given before the state is looked at; the answer is the same.
        super::presence::wait(host, profile, steps.probe, Gesture::Presence { rp_id }).await?;
        let pin = host.state().await?.settings.pin;
        let denied = if pin.is_some() { Denied::OnlyATouch } else { Denied::PinNotSet };
        return Err(refuse(host, steps.probe, denied));
    }
    let why = if supported { "it is not empty" } else { "neither clientPin nor pinUvAuthToken is supported" };
    host.note(steps.probe, Outcome::Skipped(why));
    let protocol = protocol(host, steps.protocol, profile, members)?;
    host.note(steps.protocol, Outcome::Passed);
    Ok(Some(Param { protocol, param }))
}

/// The `pinUvAuthProtocol` that has to be beside a `pinUvAuthParam`.
pub(super) fn protocol(
    host: &mut impl Steps,
    step: &'static Step,
    profile: &Profile,
    members: &Members<'_>,
) -> Result<PinUvAuthProtocol, Denied> {
    let denied = match members.uint("pinUvAuthProtocol") {
        None => Denied::ProtocolMissing,
        Some(number) => {
            let known = PinUvAuthProtocol::from_number(number);
            match known.filter(|known| profile.pin_uv_auth_protocols.contains(known)) {
                Some(protocol) => return Ok(protocol),
                None => Denied::ProtocolUnsupported(number),
            }
        }
    };
    Err(refuse(host, step, denied))
}

/// The `pinUvAuthParam` of a command that needs one, else the refusal `absent`.
pub(super) fn required<'a>(
    host: &mut impl Steps,
    step: &'static Step,
    profile: &Profile,
    members: &Members<'a>,
    absent: Denied,
) -> Result<Param<'a>, Denied> {
    let Some(param) = members.bytes("pinUvAuthParam") else {
        return Err(refuse(host, step, absent));
    };
    Ok(Param { protocol: protocol(host, step, profile, members)?, param })
}

/// verify(pinUvAuthToken, message, pinUvAuthParam), and that the token has this permission. Whatever is wrong is
/// PIN_AUTH_INVALID.
pub(super) fn authorize<'a>(
    host: &mut impl Steps,
    step: &'static Step,
    session: &'a mut Session,
    param: Param<'_>,
    message: &[&[u8]],
    permission: Permissions,
) -> Result<&'a mut Token, Denied> {
    let Some(token) = session.token(param.protocol) else {
        return Err(refuse(host, step, Denied::NoToken));
    };
    if !token.verify(param.protocol, message, param.param) {
        return Err(refuse(host, step, Denied::PinUvAuthParamWrong));
    }
    if !token.permissions.has(permission) {
        return Err(refuse(host, step, Denied::PermissionMissing { permission, has: token.permissions }));
    }
    Ok(token)
}

/// The same for a ceremony: the user was verified for it, and the token is bound to this RP ID, from its first use on.
///
/// Source: CTAP 2.3 §6.1.2 step 11 and §6.2.2 step 6.
pub(super) fn authorize_for_rp(
    host: &mut impl Steps,
    step: &'static Step,
    session: &mut Session,
    param: Param<'_>,
    client_data_hash: &[u8; 32],
    permission: Permissions,
    rp_id: &str,
) -> Result<TokenId, Denied> {
    let token = authorize(host, step, session, param, &[client_data_hash], permission)?;
    if !token.user_verified {
        return Err(refuse(host, step, Denied::TokenNotVerified));
    }
    if token.rp_id.as_ref().is_some_and(|bound| bound != rp_id) {
        return Err(refuse(host, step, Denied::TokenOfOtherRp));
    }
    if !token.legacy {
        token.rp_id.get_or_insert_with(|| rp_id.to_owned());
    }
    host.note(step, Outcome::Passed);
    Ok(token.id)
}

/// Whether the persistent token authenticates this message and may read.
pub(super) fn is_persistent(state: &State, param: Param<'_>, message: &[&[u8]]) -> bool {
    state.settings.persistent_token.as_ref().is_some_and(|token| {
        token.read_only_management && param.protocol.verify(&token.value, message, param.param)
    })
}
