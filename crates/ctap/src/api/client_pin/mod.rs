//! authenticatorClientPIN (0x06). Source: CTAP 2.3 §6.5.

mod new_pin;
pub(crate) mod token;

use subtle::ConstantTimeEq as _;

pub use new_pin::check as check_new_pin;

use super::{answer, ok, refuse};
use crate::{
    Change, ChangeSet, Channel, Denied, Host, Outcome, PersistentToken, PinUvAuthProtocol, Profile, Session,
    Setting, State, Step, Steps,
    message::{CLIENT_PIN, CLIENT_PIN_RESPONSE, MapBuilder, Members, MessageError},
    pin_uv_auth::{KeyAgreementKey, SharedSecret},
    step::steps,
};

const GET_PIN_RETRIES: u64 = 0x01;
const GET_KEY_AGREEMENT: u64 = 0x02;
const SET_PIN: u64 = 0x03;
const CHANGE_PIN: u64 = 0x04;
const GET_PIN_TOKEN: u64 = 0x05;
const GET_TOKEN_USING_UV: u64 = 0x06;
const GET_UV_RETRIES: u64 = 0x07;
const GET_TOKEN_USING_PIN: u64 = 0x09;

pub(super) async fn run(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    from: Channel,
    parameters: &[u8],
) -> Result<Vec<u8>, Denied> {
    let members =
        Members::read(&CLIENT_PIN, parameters).map_err(|error| refuse(host, &READ, error.into()))?;
    let subcommand = members.uint("subCommand").unwrap_or_default();
    let has_uv = profile.has_built_in_uv();
    let is_there = match subcommand {
        GET_KEY_AGREEMENT => true,
        GET_PIN_RETRIES | SET_PIN | CHANGE_PIN | GET_PIN_TOKEN => profile.client_pin,
        GET_TOKEN_USING_PIN => profile.client_pin && profile.pin_uv_auth_token,
        GET_TOKEN_USING_UV => has_uv && profile.pin_uv_auth_token,
        GET_UV_RETRIES => has_uv,
        _ => false,
    };
    if !is_there {
        return Err(refuse(host, &SUBCOMMAND, Denied::UnknownSubcommand(subcommand)));
    }
    host.note(&SUBCOMMAND, Outcome::Passed);
    match subcommand {
        GET_PIN_RETRIES => get_pin_retries(host, profile, session).await,
        GET_KEY_AGREEMENT => get_key_agreement(host, profile, session, &members),
        SET_PIN => set_pin(host, profile, session, &members).await,
        CHANGE_PIN => change_pin(host, profile, session, &members).await,
        GET_PIN_TOKEN => token::get_pin_token(host, profile, session, from, &members).await,
        GET_TOKEN_USING_UV => token::using_uv(host, profile, session, from, &members).await,
        GET_UV_RETRIES => get_uv_retries(host).await,
        _ => token::using_pin(host, profile, session, from, &members).await,
    }
}

async fn get_pin_retries(
    host: &mut impl Host,
    profile: &Profile,
    session: &Session,
) -> Result<Vec<u8>, Denied> {
    let retries = host.state().await?.settings.pin_retries(profile);
    host.note(&PIN_RETRIES, Outcome::Passed);
    let mut map = MapBuilder::new(&CLIENT_PIN_RESPONSE);
    map.member("pinRetries").uint(retries.into());
    if session.pin_mismatches >= MAX_MISMATCHES {
        map.member("powerCycleState").bool(true);
    }
    Ok(answer(map))
}

async fn get_uv_retries(host: &mut impl Host) -> Result<Vec<u8>, Denied> {
    let retries = host.state().await?.uv_retries;
    host.note(&UV_RETRIES, Outcome::Passed);
    let mut map = MapBuilder::new(&CLIENT_PIN_RESPONSE);
    map.member("uvRetries").uint(retries.into());
    Ok(answer(map))
}

fn get_key_agreement(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    members: &Members<'_>,
) -> Result<Vec<u8>, Denied> {
    let protocol = protocol(host, &KEY_AGREEMENT, profile, members)?;
    let key = session.key_agreement(protocol, &mut |out| host.random(out)).public_key();
    host.note(&KEY_AGREEMENT, Outcome::Passed);
    let mut map = MapBuilder::new(&CLIENT_PIN_RESPONSE);
    key.write(map.member("keyAgreement"));
    Ok(answer(map))
}

async fn set_pin(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    members: &Members<'_>,
) -> Result<Vec<u8>, Denied> {
    let protocol = protocol(host, &SET_READ, profile, members)?;
    let peer = peer(host, &SET_READ, members)?;
    let param = bytes(host, &SET_READ, members, "pinUvAuthParam")?;
    let new_pin_enc = bytes(host, &SET_READ, members, "newPinEnc")?;
    host.note(&SET_READ, Outcome::Passed);
    let state = host.state().await?;
    if state.settings.pin.is_some() {
        return Err(refuse(host, &SET_ONCE, Denied::PinAlreadySet));
    }
    host.note(&SET_ONCE, Outcome::Passed);
    let secret = decapsulate(host, &SET_AGREE, session, protocol, peer)?;
    verify(host, &SET_VERIFY, &secret, &[new_pin_enc], param)?;
    let pin = match new_pin::read(profile, &state.settings, &secret, new_pin_enc) {
        Ok(pin) => pin,
        Err(denied) => return Err(refuse(host, &SET_POLICY, denied)),
    };
    host.note(&SET_POLICY, Outcome::Passed);
    host.commit(ChangeSet::one(Change::Set(Setting::Pin(Some(pin))))).await?;
    host.note(&SET_STORE, Outcome::Passed);
    Ok(ok(1).into_bytes())
}

async fn change_pin(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    members: &Members<'_>,
) -> Result<Vec<u8>, Denied> {
    let protocol = protocol(host, &CHANGE_READ, profile, members)?;
    let peer = peer(host, &CHANGE_READ, members)?;
    let param = bytes(host, &CHANGE_READ, members, "pinUvAuthParam")?;
    let new_pin_enc = bytes(host, &CHANGE_READ, members, "newPinEnc")?;
    let pin_hash_enc = bytes(host, &CHANGE_READ, members, "pinHashEnc")?;
    host.note(&CHANGE_READ, Outcome::Passed);
    let state = host.state().await?;
    check_pin_usable(host, &CHANGE_USABLE, profile, session, &state)?;
    let secret = decapsulate(host, &CHANGE_AGREE, session, protocol, peer)?;
    verify(host, &CHANGE_VERIFY, &secret, &[new_pin_enc, pin_hash_enc], param)?;
    compare_pin(host, profile, session, &state, &secret, pin_hash_enc).await?;
    let pin = match new_pin::read(profile, &state.settings, &secret, new_pin_enc) {
        Ok(pin) => pin,
        Err(denied) => return Err(refuse(host, &CHANGE_POLICY, denied)),
    };
    let unchanged = state.settings.pin.as_ref().is_some_and(|old| old.hash == pin.hash);
    if state.settings.force_pin_change && unchanged {
        return Err(refuse(host, &CHANGE_FORCED, Denied::PinUnchanged));
    }
    host.note(&CHANGE_POLICY, Outcome::Passed);
    host.note(&CHANGE_FORCED, Outcome::Passed);
    let mut changes = ChangeSet::one(Change::Set(Setting::Pin(Some(pin))));
    if profile.per_cred_mgmt_ro {
        let token = PersistentToken::new(&mut |out| host.random(out));
        changes.0.push(Change::Set(Setting::PersistentToken(token)));
    }
    host.commit(changes).await?;
    session.reset_tokens();
    host.note(&CHANGE_STORE, Outcome::Passed);
    Ok(ok(1).into_bytes())
}

/// After so many consecutive mismatches the PIN can be tried again only after a power cycle.
const MAX_MISMATCHES: u8 = 3;

/// A PIN is set and may be tried: PIN_NOT_SET, PIN_BLOCKED, PIN_AUTH_BLOCKED.
fn check_pin_usable(
    host: &mut impl Steps,
    step: &'static Step,
    profile: &Profile,
    session: &Session,
    state: &State,
) -> Result<(), Denied> {
    let denied = match () {
        () if state.settings.pin.is_none() => Denied::PinNotSet,
        () if state.settings.pin_retries(profile) == 0 => Denied::PinBlocked,
        () if session.pin_mismatches >= MAX_MISMATCHES => Denied::PinAuthBlocked,
        () => {
            host.note(step, Outcome::Passed);
            return Ok(());
        }
    };
    Err(refuse(host, step, denied))
}

/// Decrements pinRetries, durably, and only then compares; a match restores both kinds of retries.
async fn compare_pin(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    state: &State,
    secret: &SharedSecret,
    pin_hash_enc: &[u8],
) -> Result<(), Denied> {
    let retries = state.settings.pin_retries(profile).saturating_sub(1);
    host.commit(ChangeSet::one(Change::Set(Setting::PinRetries(Some(retries))))).await?;
    host.note(&DECREMENT, Outcome::Passed);
    let typed = secret.decrypt(pin_hash_enc).ok();
    let matches = match (&typed, &state.settings.pin) {
        (Some(typed), Some(pin)) => bool::from(typed.ct_eq(&pin.hash)),
        _ => false,
    };
    if !matches {
        session.regenerate(secret.protocol());
        session.pin_mismatches += 1;
        let denied = match retries {
            0 => Denied::PinBlocked,
            _ if session.pin_mismatches >= MAX_MISMATCHES => Denied::PinAuthBlocked,
            retries => Denied::PinWrong { retries },
        };
        return Err(refuse(host, &COMPARE, denied));
    }
    host.note(&COMPARE, Outcome::Passed);
    session.pin_mismatches = 0;
    let mut changes = ChangeSet::one(Change::Set(Setting::PinRetries(None)));
    if profile.has_built_in_uv() {
        changes.0.push(Change::UvRetries(profile.max_uv_retries));
    }
    if profile.counts_uv {
        changes.0.push(Change::Set(Setting::UvCountSinceLastPinEntry(0)));
    }
    host.commit(changes).await?;
    host.note(&RESTORE, Outcome::Passed);
    Ok(())
}

/// `pinUvAuthProtocol`, which has to be there and supported.
fn protocol(
    host: &mut impl Steps,
    step: &'static Step,
    profile: &Profile,
    members: &Members<'_>,
) -> Result<PinUvAuthProtocol, Denied> {
    super::pin_uv_auth::protocol(host, step, profile, members)
}

/// `keyAgreement`, which has to be there; its coordinates are looked at by [`decapsulate`].
fn peer<'a>(host: &mut impl Steps, step: &'static Step, members: &Members<'a>) -> Result<&'a [u8], Denied> {
    members.raw("keyAgreement").ok_or_else(|| refuse(host, step, missing("keyAgreement")))
}

fn bytes<'a>(
    host: &mut impl Steps,
    step: &'static Step,
    members: &Members<'a>,
    name: &str,
) -> Result<&'a [u8], Denied> {
    members.bytes(name).ok_or_else(|| refuse(host, step, missing(name)))
}

fn missing(member: &str) -> Denied {
    MessageError::Missing { member: member.to_owned() }.into()
}

/// The secret shared with the platform.
fn decapsulate(
    host: &mut impl Host,
    step: &'static Step,
    session: &mut Session,
    protocol: PinUvAuthProtocol,
    peer: &[u8],
) -> Result<SharedSecret, Denied> {
    let own = session.key_agreement(protocol, &mut |out| host.random(out));
    let secret = KeyAgreementKey::read(peer)
        .map_err(Denied::from)
        .and_then(|peer| own.shared_secret(protocol, &peer).map_err(Denied::KeyAgreement));
    match secret {
        Ok(secret) => {
            host.note(step, Outcome::Passed);
            Ok(secret)
        }
        Err(denied) => Err(refuse(host, step, denied)),
    }
}

fn verify(
    host: &mut impl Steps,
    step: &'static Step,
    secret: &SharedSecret,
    message: &[&[u8]],
    param: &[u8],
) -> Result<(), Denied> {
    if !secret.verify(message, param) {
        return Err(refuse(host, step, Denied::PinUvAuthParamWrong));
    }
    host.note(step, Outcome::Passed);
    Ok(())
}

steps! {
    READ = "6.5.5" "0" "subCommand is there and every known member has its type";
    SUBCOMMAND = "6.5.5" "1" "a subcommand that this authenticator does not have is INVALID_SUBCOMMAND";
    PIN_RETRIES = "6.5.5.2" "1" "pinRetries, and whether a power cycle is needed before the next attempt";
    UV_RETRIES = "6.5.5.3" "1" "uvRetries";
    KEY_AGREEMENT = "6.5.5.4" "1" "the public key of the protocol's key pair";
    SET_READ = "6.5.5.5" "1" "the mandatory parameters are there and the protocol is supported";
    SET_ONCE = "6.5.5.5" "2" "where a PIN is set already it is PIN_AUTH_INVALID";
    SET_AGREE = "6.5.5.5" "3" "a platform key that is not on the curve is INVALID_PARAMETER";
    SET_VERIFY = "6.5.5.5" "4" "pinUvAuthParam authenticates newPinEnc, else PIN_AUTH_INVALID";
    SET_POLICY = "6.5.5.5" "5" "the new PIN decrypts to 64 bytes and keeps the rules for PINs";
    SET_STORE = "6.5.5.5" "6" "its length and the first half of its hash are stored, with all pinRetries";
    CHANGE_READ = "6.5.5.6" "1" "the mandatory parameters are there and the protocol is supported";
    CHANGE_USABLE = "6.5.5.6" "2" "a PIN is set, pinRetries is not 0 and no power cycle is needed";
    CHANGE_AGREE = "6.5.5.6" "3" "a platform key that is not on the curve is INVALID_PARAMETER";
    CHANGE_VERIFY = "6.5.5.6" "4" "pinUvAuthParam authenticates newPinEnc ‖ pinHashEnc, else PIN_AUTH_INVALID without an attempt";
    DECREMENT = "6.5.5.6" "5" "pinRetries goes down, durably, before anything is compared";
    COMPARE = "6.5.5.6" "6" "the PIN's hash is compared; a mismatch makes a new key pair, and the third in a row blocks until a power cycle";
    RESTORE = "6.5.5.6" "7" "a correct PIN restores pinRetries and uvRetries";
    CHANGE_POLICY = "6.5.5.6" "8" "the new PIN decrypts to 64 bytes and keeps the rules for PINs";
    CHANGE_FORCED = "6.5.5.6" "9" "where a change is forced, the new PIN is another one";
    CHANGE_STORE = "6.5.5.6" "10" "the new PIN is stored; all tokens, the persistent one too, are reset";
}
