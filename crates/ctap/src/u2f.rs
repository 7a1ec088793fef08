//! CTAP1/U2F: registration and authentication in raw messages.
//!
//! A key handle is the id of a non-discoverable credential, the application parameter the hash of an RP ID: each side
//! uses what the other made.
//!
//! Source: U2F Raw Message Formats 1.2; CTAP 2.3 §7.2.4 and §10.

use sha2::{Digest as _, Sha256};

use crate::{
    Algorithm, Answer, CounterPolicy, Credential, Flags, Gesture, Host, Outcome, Profile, Protection, Query,
    State, Step, Version,
    apdu::{Apdu, StatusWord},
    cose::PublicKey,
    sealed,
    settings::drawn,
    step::steps,
};

const REGISTER: u8 = 0x01;
const AUTHENTICATE: u8 = 0x02;
const VERSION: u8 = 0x03;

/// The control byte of authentication.
const CHECK_ONLY: u8 = 0x07;
const ENFORCE_USER_PRESENCE: u8 = 0x03;
const DONT_ENFORCE_USER_PRESENCE: u8 = 0x08;

/// Answers one raw message, a command APDU: data and a status word.
///
/// A test of user presence does not wait: the platform asks again and again while it is answered `6985`.
pub async fn message(host: &mut impl Host, profile: &Profile, message: &[u8]) -> Vec<u8> {
    match answer(host, profile, message).await {
        Ok(data) => StatusWord::OK.after(data),
        Err(word) => StatusWord::after(word, Vec::new()),
    }
}

async fn answer(host: &mut impl Host, profile: &Profile, message: &[u8]) -> Result<Vec<u8>, StatusWord> {
    if !profile.has_version(Version::U2fV2) {
        return Err(StatusWord::UNKNOWN_INSTRUCTION);
    }
    let apdu = Apdu::parse(message)?;
    if apdu.cla != 0 {
        return Err(StatusWord::UNKNOWN_CLASS);
    }
    if ![REGISTER, AUTHENTICATE, VERSION].contains(&apdu.ins) {
        return Err(StatusWord::UNKNOWN_INSTRUCTION);
    }
    let state = host.state().await.map_err(|_| StatusWord::OTHER)?;
    if state.settings.always_uv(profile) {
        host.note(&ENABLED, Outcome::Chose("off: alwaysUv is on and nothing here verifies for U2F"));
        return Err(StatusWord::COMMAND_NOT_ALLOWED);
    }
    host.note(&ENABLED, Outcome::Passed);
    match apdu.ins {
        REGISTER => register(host, profile, &state, &apdu).await,
        AUTHENTICATE => authenticate(host, profile, &state, &apdu).await,
        _ if !apdu.data.is_empty() => Err(StatusWord::WRONG_LENGTH),
        _ => {
            host.note(&TELL_VERSION, Outcome::Passed);
            Ok(Version::U2fV2.identifier().into())
        }
    }
}

async fn register(
    host: &mut impl Host,
    profile: &Profile,
    state: &State,
    apdu: &Apdu<'_>,
) -> Result<Vec<u8>, StatusWord> {
    let (challenge, application) = challenge_and_application(apdu.data)?;
    if apdu.data.len() != 64 {
        return Err(StatusWord::WRONG_LENGTH);
    }
    test_user_presence(host, &REGISTER_PRESENCE).await?;
    let attestation = profile.attestation.as_deref().ok_or(StatusWord::OTHER)?;
    let key = host.generate(Algorithm::Es256).await.map_err(|_| StatusWord::OTHER)?;
    let backup = Flags(0).with(Flags::BE, profile.backup.eligible).with(Flags::BS, profile.backup.backed_up);
    let content = sealed::Content {
        key: &key,
        protection: Protection::Optional,
        backup,
        third_party_payment: false,
        created: host.now(),
    };
    let nonce = drawn(&mut |out| host.random(out));
    let id = sealed::seal(&state.sealing_key, nonce, application, &content).ok_or(StatusWord::OTHER)?;
    let handle = id.as_bytes();
    let handle_len = u8::try_from(handle.len()).map_err(|_| StatusWord::OTHER)?;
    let PublicKey::Es256 { x, y } = key.public_key() else { return Err(StatusWord::OTHER) };
    let public_key = [&[0x04][..], &x, &y].concat();
    let signature = attestation
        .key
        .sign(&[&[0x00], application, challenge, handle, &public_key])
        .map_err(|_| StatusWord::OTHER)?;
    let certificate = attestation.x5c.first().ok_or(StatusWord::OTHER)?;
    host.note(&REGISTERED, Outcome::Passed);
    Ok([&[0x05][..], &public_key, &[handle_len], handle, certificate, &signature].concat())
}

async fn authenticate(
    host: &mut impl Host,
    profile: &Profile,
    state: &State,
    apdu: &Apdu<'_>,
) -> Result<Vec<u8>, StatusWord> {
    let (challenge, application) = challenge_and_application(apdu.data)?;
    let handle = match apdu.data.get(64..) {
        Some([len, handle @ ..]) if handle.len() == usize::from(*len) => handle,
        _ => return Err(StatusWord::WRONG_LENGTH),
    };
    if ![CHECK_ONLY, ENFORCE_USER_PRESENCE, DONT_ENFORCE_USER_PRESENCE].contains(&apdu.p1) {
        return Err(StatusWord::WRONG_PARAMETERS);
    }
    let Some(credential) = find(host, state, application, handle).await? else {
        host.note(&KEY_HANDLE, Outcome::Chose("unknown"));
        return Err(StatusWord::WRONG_DATA);
    };
    host.note(&KEY_HANDLE, Outcome::Passed);
    let present = match apdu.p1 {
        CHECK_ONLY => {
            host.note(&CONTROL, Outcome::Chose("check only: the key handle is known"));
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        DONT_ENFORCE_USER_PRESENCE => {
            host.note(&CONTROL, Outcome::Chose("user presence is not enforced"));
            host.ask(Gesture::Touch).await == Answer::Given
        }
        _ => {
            test_user_presence(host, &CONTROL).await?;
            true
        }
    };
    let count = match profile.counter {
        CounterPolicy::Zero => 0,
        CounterPolicy::PerCredential => {
            host.next_count(&credential.id).await.map_err(|_| StatusWord::OTHER)?
        }
    };
    let presence = [u8::from(present)];
    let counter = count.to_be_bytes();
    let signature =
        credential.key.sign(&[application, &presence, &counter, challenge]).map_err(|_| StatusWord::OTHER)?;
    host.note(&SIGNED, Outcome::Passed);
    Ok([&presence[..], &counter, &signature].concat())
}

/// challenge(32) ‖ application(32) at the beginning of a message's data.
fn challenge_and_application(data: &[u8]) -> Result<(&[u8; 32], &[u8; 32]), StatusWord> {
    let (challenge, rest) = data.split_first_chunk().ok_or(StatusWord::WRONG_LENGTH)?;
    Ok((challenge, rest.first_chunk().ok_or(StatusWord::WRONG_LENGTH)?))
}

/// `6985` until the user has touched.
async fn test_user_presence(host: &mut impl Host, step: &'static Step) -> Result<(), StatusWord> {
    if host.ask(Gesture::Touch).await == Answer::Given {
        host.note(step, Outcome::Passed);
        return Ok(());
    }
    host.note(step, Outcome::Chose("the user has not touched yet"));
    Err(StatusWord::CONDITIONS_NOT_SATISFIED)
}

/// The credential of a key handle, one of CTAP2 as well. One that needs verification is as unknown: there is none here.
async fn find(
    host: &mut impl Host,
    state: &State,
    application: &[u8; 32],
    handle: &[u8],
) -> Result<Option<Credential>, StatusWord> {
    let query = Query::Ids { rp_id_hash: application, ids: &[handle] };
    let stored = host.find(query).await.map_err(|_| StatusWord::OTHER)?;
    let credential = match stored.first() {
        Some(handle) => Some(host.load(&handle.id).await.map_err(|_| StatusWord::OTHER)?),
        None => sealed::open(&state.sealing_key, application, handle),
    };
    Ok(credential.filter(|credential| {
        credential.key.algorithm() == Algorithm::Es256 && credential.protection != Protection::Required
    }))
}

/// A registration, taken apart: what a platform makes an attestation of `fmt: fido-u2f` of.
///
/// Source: CTAP 2.3 §10.1.4; WebAuthn Level 3 §8.6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The public key, 0x04 ‖ x ‖ y.
    pub public_key: [u8; 65],
    /// The key handle.
    pub key_handle: Vec<u8>,
    /// The attestation certificate in X.509 DER.
    pub certificate: Vec<u8>,
    /// The attestation's signature.
    pub signature: Vec<u8>,
}

impl Registration {
    /// Reads the data of a registration response, without its status word.
    pub fn parse(data: &[u8]) -> Option<Self> {
        let (&[reserved], rest) = data.split_first_chunk::<1>()?;
        let (public_key, rest) = rest.split_first_chunk::<65>()?;
        let (&[len], rest) = rest.split_first_chunk::<1>()?;
        let (key_handle, rest) = rest.split_at_checked(len.into())?;
        let (certificate, signature) = rest.split_at_checked(der_length(rest)?)?;
        (reserved == 0x05).then(|| Self {
            public_key: *public_key,
            key_handle: key_handle.to_vec(),
            certificate: certificate.to_vec(),
            signature: signature.to_vec(),
        })
    }
}

/// The length of the DER SEQUENCE at the start of `bytes`, its head included.
fn der_length(bytes: &[u8]) -> Option<usize> {
    match *bytes {
        [0x30, len @ 0..=0x7f, ..] => Some(2 + usize::from(len)),
        [0x30, 0x81, len, ..] => Some(3 + usize::from(len)),
        [0x30, 0x82, high, low, ..] => Some(4 + usize::from(u16::from_be_bytes([high, low]))),
        _ => None,
    }
}

/// SHA-256 of an RP ID or AppID: the application parameter.
pub fn application(id: &str) -> [u8; 32] {
    Sha256::digest(id).into()
}

/// A message for a platform to send that asks for the version: the answer is `U2F_V2`.
pub fn version_message() -> Vec<u8> {
    vec![0x00, VERSION, 0x00, 0x00, 0x00, 0x00, 0x00]
}

/// A registration message for a platform to send: extended length, as over CTAPHID.
pub fn register_message(challenge: &[u8; 32], application: &[u8; 32]) -> Vec<u8> {
    [&[0x00, REGISTER, 0x00, 0x00, 0x00, 0x00, 64][..], challenge, application, &[0, 0]].concat()
}

/// An authentication message for a platform to send. `check_only` signs nothing: `6985` says that the key handle is
/// known.
pub fn authenticate_message(
    challenge: &[u8; 32],
    application: &[u8; 32],
    key_handle: &[u8],
    check_only: bool,
) -> Option<Vec<u8>> {
    let len = u8::try_from(key_handle.len()).ok()?;
    let control = if check_only { CHECK_ONLY } else { ENFORCE_USER_PRESENCE };
    let total = (65 + u16::from(len)).to_be_bytes();
    let head = [0x00, AUTHENTICATE, control, 0x00, 0x00, total[0], total[1]];
    Some([&head[..], challenge, application, &[len], key_handle, &[0, 0]].concat())
}

steps! {
    ENABLED = "7.2.4" "1" "with alwaysUv on, and no built-in verification for it, U2F is off";
    TELL_VERSION = "U2F 6" "1" "the version is U2F_V2";
    REGISTER_PRESENCE = "U2F 4" "1" "the user touches, else a test of user presence is required";
    REGISTERED = "U2F 4" "2" "a new key pair, its key handle, and the attestation key's signature over both and the challenge";
    KEY_HANDLE = "U2F 5" "1" "the key handle was made here for this application, else it is a bad key handle";
    CONTROL = "U2F 5" "2" "check-only never signs; enforcing presence waits for a touch; not enforcing it signs at once";
    SIGNED = "U2F 5" "3" "application ‖ user presence ‖ counter ‖ challenge is signed with the credential's key";
}
