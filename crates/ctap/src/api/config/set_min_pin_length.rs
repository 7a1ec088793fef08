//! setMinPINLength (0x03). Source: CTAP 2.3 §6.11.4.

use super::super::refuse;
use crate::{
    Change, ChangeSet, Denied, Extension, Host, Outcome, PersistentToken, Profile, Session, Setting, State,
    cbor::Reader,
    message::{Members, SET_MIN_PIN_LENGTH},
    step::steps,
};

pub(super) async fn run(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    state: &State,
    params: Option<&[u8]>,
) -> Result<(), Denied> {
    let settings = &state.settings;
    let params = params
        .map(|map| Members::read(&SET_MIN_PIN_LENGTH, map))
        .transpose()
        .map_err(|error| refuse(host, &READ, error.into()))?;
    host.note(&READ, Outcome::Passed);
    let params = params.as_ref();
    let flag = |name| params.and_then(|params| params.bool(name)) == Some(true);

    let current = settings.min_pin_length(profile);
    let wanted = params.and_then(|params| params.uint("newMinPINLength")).unwrap_or(current.into());
    host.note(&DEFAULT, Outcome::Passed);
    let rp_ids = params.and_then(|params| params.array("minPinLengthRPIDs"));
    let tells = profile.has(Extension::MinPinLength) || profile.has(Extension::PinComplexityPolicy);
    if rp_ids.is_some() && !tells {
        return Err(refuse(host, &EXTENSION, Denied::NoMinPinLengthExtension));
    }
    host.note(&EXTENSION, Outcome::Passed);
    let (min, max) = (current, profile.max_pin_length);
    let Some(length) = u8::try_from(wanted).ok().filter(|length| (min..=max).contains(length)) else {
        return Err(refuse(host, &LENGTH, Denied::MinPinLength { wanted, min, max }));
    };
    host.note(&LENGTH, Outcome::Passed);
    let mut force = settings.force_pin_change;
    if flag("forceChangePin") {
        if settings.pin.is_none() {
            return Err(refuse(host, &FORCE, Denied::PinNotSet));
        }
        force = true;
    }
    host.note(&FORCE, Outcome::Passed);
    let mut changes = ChangeSet::one(Change::Set(Setting::MinPinLength(length)));
    let policy = settings.pin_complexity_policy(profile);
    if flag("pinComplexityPolicy") && policy.is_some() {
        // Of a PIN only its hash is kept: nobody can say whether it complies.
        force |= policy == Some(false) && settings.pin.is_some();
        changes.0.push(Change::Set(Setting::PinComplexityPolicy(true)));
    }
    host.note(&COMPLEXITY, Outcome::Passed);
    force |= settings.pin.as_ref().is_some_and(|pin| pin.code_points < length);
    host.note(&TOO_SHORT, Outcome::Chose(if force { "a change is forced" } else { "the PIN may stay" }));
    if force {
        changes.0.push(Change::Set(Setting::ForcePinChange(true)));
        if profile.per_cred_mgmt_ro {
            let token = PersistentToken::new(&mut |out| host.random(out));
            changes.0.push(Change::Set(Setting::PersistentToken(token)));
        }
    }
    let mut texts = Vec::new();
    for item in rp_ids.into_iter().flatten() {
        texts.extend(Reader::new(item).text().ok().map(str::to_owned));
    }
    let most = profile.max_rp_ids_for_set_min_pin_length;
    let too_long = texts.iter().any(|rp_id| rp_id.len() > MAX_RP_ID);
    if texts.len() as u64 > u64::from(most) || too_long {
        return Err(refuse(host, &RP_IDS, Denied::TooManyRpIds { len: texts.len(), max: most }));
    }
    if !texts.is_empty() {
        changes.0.push(Change::Set(Setting::MinPinLengthRpIds(texts)));
    }
    host.note(&RP_IDS, Outcome::Passed);
    host.commit(changes).await?;
    host.note(&STORE, Outcome::Passed);
    if force {
        session.reset_tokens();
        host.note(&TOKENS, Outcome::Passed);
    }
    Ok(())
}

/// An RP ID is a domain name, which has at most 253 characters.
const MAX_RP_ID: usize = 253;

steps! {
    READ = "6.11.4" "0" "every known member has its type";
    DEFAULT = "6.11.4" "1" "newMinPINLength absent is the current one";
    EXTENSION = "6.11.4" "2" "minPinLengthRPIDs where no extension tells them anything is INVALID_PARAMETER";
    LENGTH = "6.11.4" "3" "a length below the current one or above maxPINLength is PIN_POLICY_VIOLATION";
    FORCE = "6.11.4" "4" "forceChangePin where no PIN is set is PIN_NOT_SET, else forcePINChange becomes true";
    COMPLEXITY = "6.11.4" "5" "pinComplexityPolicy switches the policy on, and forces a change of a PIN that may not comply";
    TOO_SHORT = "6.11.4" "6" "a PIN that is shorter than the new minimum has to be changed";
    TOKENS = "6.11.4" "7" "where a change is forced, all tokens, the persistent one too, are reset";
    RP_IDS = "6.11.4" "8" "minPinLengthRPIDs replaces the list; more than maxRPIDsForSetMinPINLength are KEY_STORE_FULL";
    STORE = "6.11.4" "9" "everything is stored";
}
