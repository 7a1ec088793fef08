//! Getting a pinUvAuthToken. Source: CTAP 2.3 §6.5.5.7.

use super::{
    super::{built_in_uv, refuse},
    answer, bytes, check_pin_usable, compare_pin, decapsulate, missing, peer, protocol,
};
use crate::{
    Change, ChangeSet, Channel, Denied, Host, Outcome, Permissions, PersistentToken, Profile, Session,
    Setting, Settings, Step, Steps,
    message::{CLIENT_PIN_RESPONSE, MapBuilder, Members},
    pin_uv_auth::SharedSecret,
    session::Issue,
    step::steps,
};

/// getPinToken (0x05), superseded.
pub(super) async fn get_pin_token(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    from: Channel,
    members: &Members<'_>,
) -> Result<Vec<u8>, Denied> {
    let protocol = protocol(host, &OLD_READ, profile, members)?;
    let peer = peer(host, &OLD_READ, members)?;
    let pin_hash_enc = bytes(host, &OLD_READ, members, "pinHashEnc")?;
    if members.raw("permissions").is_some() || members.raw("rpId").is_some() {
        return Err(refuse(host, &OLD_READ, Denied::PermissionsForbidden));
    }
    host.note(&OLD_READ, Outcome::Passed);
    let state = host.state().await?;
    check_pin_usable(host, &OLD_USABLE, profile, session, &state)?;
    let secret = decapsulate(host, &OLD_AGREE, session, protocol, peer)?;
    compare_pin(host, profile, session, &state, &secret, pin_hash_enc).await?;
    if state.settings.force_pin_change {
        return Err(refuse(host, &OLD_FORCED, Denied::PinChangeForced));
    }
    host.note(&OLD_FORCED, Outcome::Passed);
    let legacy = profile.is_of_ctap_2_0();
    let permissions = if legacy {
        // CTAP 2.0 knows no permissions, and its prototypes of later commands take the same token.
        Permissions::from_bits(u64::MAX)
    } else if profile.no_mc_ga_permissions_with_client_pin {
        Permissions::default()
    } else {
        Permissions::MC.with(Permissions::GA)
    };
    let now = host.now();
    let issue = Issue { protocol, permissions, rp_id: None, user_present: false, from, now, legacy };
    let token = session.issue(issue, &mut |out| host.random(out));
    host.note(&OLD_ISSUE, Outcome::Passed);
    Ok(encrypted(host, &secret, &token))
}

/// What a token is asked for.
struct Wanted<'a> {
    permissions: Permissions,
    rp_id: Option<&'a str>,
}

/// getPinUvAuthTokenUsingPinWithPermissions (0x09).
pub(super) async fn using_pin(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    from: Channel,
    members: &Members<'_>,
) -> Result<Vec<u8>, Denied> {
    let protocol = protocol(host, &PIN_READ, profile, members)?;
    let peer = peer(host, &PIN_READ, members)?;
    let pin_hash_enc = bytes(host, &PIN_READ, members, "pinHashEnc")?;
    let wanted = wanted(host, &PIN_READ, members)?;
    host.note(&PIN_READ, Outcome::Passed);
    if let Some(permission) = unauthorized(profile, wanted.permissions, By::Pin) {
        return Err(refuse(host, &PIN_PERMISSIONS, Denied::UnauthorizedPermission { permission }));
    }
    host.note(&PIN_PERMISSIONS, Outcome::Passed);
    let state = host.state().await?;
    check_pin_usable(host, &PIN_USABLE, profile, session, &state)?;
    let secret = decapsulate(host, &PIN_AGREE, session, protocol, peer)?;
    compare_pin(host, profile, session, &state, &secret, pin_hash_enc).await?;
    if state.settings.force_pin_change {
        return Err(refuse(host, &PIN_FORCED, Denied::PinChangeFirst));
    }
    host.note(&PIN_FORCED, Outcome::Passed);
    let token = issue(host, session, from, &state.settings, &secret, &wanted, false).await?;
    host.note(&PIN_ISSUE, Outcome::Passed);
    Ok(encrypted(host, &secret, &token))
}

/// getPinUvAuthTokenUsingUvWithPermissions (0x06).
pub(super) async fn using_uv(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    from: Channel,
    members: &Members<'_>,
) -> Result<Vec<u8>, Denied> {
    let protocol = protocol(host, &UV_READ, profile, members)?;
    let peer = peer(host, &UV_READ, members)?;
    let wanted = wanted(host, &UV_READ, members)?;
    host.note(&UV_READ, Outcome::Passed);
    if let Some(permission) = unauthorized(profile, wanted.permissions, By::Uv) {
        return Err(refuse(host, &UV_PERMISSIONS, Denied::UnauthorizedPermission { permission }));
    }
    host.note(&UV_PERMISSIONS, Outcome::Passed);
    let state = host.state().await?;
    if !state.uv_configured(profile) {
        return Err(refuse(host, &UV_CONFIGURED, Denied::UvNotConfiguredForToken));
    }
    host.note(&UV_CONFIGURED, Outcome::Passed);
    if state.uv_retries == 0 {
        return Err(refuse(host, &UV_RETRIES_LEFT, Denied::UvBlockedForToken));
    }
    host.note(&UV_RETRIES_LEFT, Outcome::Passed);
    let secret = decapsulate(host, &UV_AGREE, session, protocol, peer)?;
    let internal_retry = profile.preferred_platform_uv_attempts.is_none_or(|attempts| attempts <= 1);
    if let Err(denied) = built_in_uv::perform(host, profile, &state, wanted.rp_id, internal_retry).await {
        let denied = match denied {
            Denied::UvBlocked => Denied::UvBlockedForToken,
            Denied::UvFailed { retries } => Denied::UvInvalid { retries },
            other => other,
        };
        return Err(refuse(host, &UV_VERIFY, denied));
    }
    host.note(&UV_VERIFY, Outcome::Passed);
    let token = issue(host, session, from, &state.settings, &secret, &wanted, true).await?;
    host.note(&UV_ISSUE, Outcome::Passed);
    Ok(encrypted(host, &secret, &token))
}

/// `permissions`, which may not be empty, and `rpId`, which `mc` and `ga` need.
fn wanted<'a>(
    host: &mut impl Steps,
    step: &'static Step,
    members: &Members<'a>,
) -> Result<Wanted<'a>, Denied> {
    let Some(bits) = members.uint("permissions") else {
        return Err(refuse(host, step, missing("permissions")));
    };
    if bits == 0 {
        return Err(refuse(host, step, Denied::NoPermission));
    }
    let (permissions, rp_id) = (Permissions::from_bits(bits), members.text("rpId"));
    if rp_id.is_none() && permissions.has_any(Permissions::MC.with(Permissions::GA)) {
        return Err(refuse(host, step, missing("rpId")));
    }
    Ok(Wanted { permissions, rp_id })
}

/// How the user is verified for a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Pin,
    Uv,
}

/// The first of these permissions that is not to be had.
fn unauthorized(profile: &Profile, wanted: Permissions, by: By) -> Option<Permissions> {
    let signs = by == By::Uv || !profile.no_mc_ga_permissions_with_client_pin;
    let configures = !profile.config_commands.is_empty();
    let alone = wanted == Permissions::PCMR;
    [
        (Permissions::MC, signs),
        (Permissions::GA, signs),
        (Permissions::CM, profile.cred_mgmt),
        (Permissions::BE, if by == By::Uv { profile.uv_bio_enroll } else { profile.enrolls_fingerprints() }),
        (Permissions::LBW, profile.max_serialized_large_blob_array.is_some()),
        (Permissions::ACFG, if by == By::Uv { profile.uv_acfg } else { configures }),
        (Permissions::PCMR, profile.per_cred_mgmt_ro && alone),
    ]
    .into_iter()
    .find(|(permission, available)| wanted.has(*permission) && !available)
    .map(|(permission, _)| permission)
}

/// A new token of these permissions, or the persistent one for `pcmr`.
async fn issue(
    host: &mut impl Host,
    session: &mut Session,
    from: Channel,
    settings: &Settings,
    secret: &SharedSecret,
    wanted: &Wanted<'_>,
    user_present: bool,
) -> Result<[u8; 32], Denied> {
    if wanted.permissions == Permissions::PCMR {
        let known = settings.persistent_token.clone();
        let mut token = known.unwrap_or_else(|| PersistentToken::new(&mut |out| host.random(out)));
        if !token.read_only_management {
            token.read_only_management = true;
            host.commit(ChangeSet::one(Change::Set(Setting::PersistentToken(token.clone())))).await?;
        }
        return Ok(token.value);
    }
    let issue = Issue {
        protocol: secret.protocol(),
        permissions: wanted.permissions,
        rp_id: wanted.rp_id.map(str::to_owned),
        user_present,
        from,
        now: host.now(),
        legacy: false,
    };
    Ok(session.issue(issue, &mut |out| host.random(out)))
}

/// The response with the token.
fn encrypted(host: &mut impl Host, secret: &SharedSecret, token: &[u8; 32]) -> Vec<u8> {
    let sealed = secret.encrypt(token, &mut |out| host.random(out));
    let mut map = MapBuilder::new(&CLIENT_PIN_RESPONSE);
    map.member("pinUvAuthToken").bytes(&sealed);
    answer(map)
}

steps! {
    OLD_READ = "6.5.5.7.1" "1" "the mandatory parameters are there, permissions and rpId are not, and the protocol is supported";
    OLD_USABLE = "6.5.5.7.1" "2" "a PIN is set, pinRetries is not 0 and no power cycle is needed";
    OLD_AGREE = "6.5.5.7.1" "3" "a platform key that is not on the curve is INVALID_PARAMETER";
    OLD_FORCED = "6.5.5.7.1" "4" "where a PIN change is forced it is PIN_INVALID";
    OLD_ISSUE = "6.5.5.7.1" "5" "a new token that may mc and ga, bound to the RP ID of its first use";
    PIN_READ = "6.5.5.7.2" "1" "the mandatory parameters are there, some permission is wanted, and the protocol is supported";
    PIN_PERMISSIONS = "6.5.5.7.2" "2" "a permission that is not to be had is UNAUTHORIZED_PERMISSION";
    PIN_USABLE = "6.5.5.7.2" "3" "a PIN is set, pinRetries is not 0 and no power cycle is needed";
    PIN_AGREE = "6.5.5.7.2" "4" "a platform key that is not on the curve is INVALID_PARAMETER";
    PIN_FORCED = "6.5.5.7.2" "5" "where a PIN change is forced it is PIN_POLICY_VIOLATION";
    PIN_ISSUE = "6.5.5.7.2" "6" "a new token of these permissions for this RP ID, or the persistent one for pcmr";
    UV_READ = "6.5.5.7.3" "1" "the mandatory parameters are there, some permission is wanted, and the protocol is supported";
    UV_PERMISSIONS = "6.5.5.7.3" "2" "a permission that is not to be had is UNAUTHORIZED_PERMISSION";
    UV_CONFIGURED = "6.5.5.7.3" "3" "where built-in verification is not configured it is NOT_ALLOWED";
    UV_RETRIES_LEFT = "6.5.5.7.3" "4" "with no uvRetries left it is UV_BLOCKED";
    UV_AGREE = "6.5.5.7.3" "5" "a platform key that is not on the curve is INVALID_PARAMETER";
    UV_VERIFY = "6.5.5.7.3" "6" "the user is verified, with one attempt if the platform retries; else UV_INVALID or UV_BLOCKED";
    UV_ISSUE = "6.5.5.7.3" "7" "a new token of these permissions for this RP ID, with presence, or the persistent one for pcmr";
}
