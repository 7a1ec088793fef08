//! The commands, one file each, in the specification's names and order of steps.

pub mod bio_enrollment;
pub mod client_pin;
pub mod config;
pub mod credential_management;
pub mod get_assertion;
pub mod get_info;
pub mod get_next_assertion;
pub mod large_blobs;
pub mod make_credential;
pub mod reset;
pub mod selection;

mod built_in_uv;
mod descriptors;
mod pin_uv_auth;
mod presence;
mod verification;

use crate::{
    Channel, Denied, Exchange, Host, Outcome, Piece, Profile, Session, Status, Step, Steps,
    cbor::{self, Writer},
    message::MapBuilder,
    step::steps,
};

/// authenticatorMakeCredential.
pub const MAKE_CREDENTIAL: u8 = 0x01;
/// authenticatorGetAssertion.
pub const GET_ASSERTION: u8 = 0x02;
/// authenticatorGetInfo.
pub const GET_INFO: u8 = 0x04;
/// authenticatorClientPIN.
pub const CLIENT_PIN: u8 = 0x06;
/// authenticatorReset.
pub const RESET: u8 = 0x07;
/// authenticatorGetNextAssertion.
pub const GET_NEXT_ASSERTION: u8 = 0x08;
/// authenticatorBioEnrollment.
pub const BIO_ENROLLMENT: u8 = 0x09;
/// authenticatorCredentialManagement.
pub const CREDENTIAL_MANAGEMENT: u8 = 0x0A;
/// authenticatorSelection.
pub const SELECTION: u8 = 0x0B;
/// authenticatorLargeBlobs.
pub const LARGE_BLOBS: u8 = 0x0C;
/// authenticatorConfig.
pub const CONFIG: u8 = 0x0D;
/// The prototype of authenticatorBioEnrollment in `FIDO_2_1_PRE`.
pub const BIO_ENROLLMENT_PREVIEW: u8 = 0x40;
/// The prototype of authenticatorCredentialManagement in `FIDO_2_1_PRE`.
pub const CREDENTIAL_MANAGEMENT_PREVIEW: u8 = 0x41;

/// The steps of all commands.
pub(crate) static ALL_STEPS: &[&[&Step]] = &[
    STEPS,
    bio_enrollment::STEPS,
    built_in_uv::STEPS,
    client_pin::STEPS,
    client_pin::token::STEPS,
    config::STEPS,
    config::set_min_pin_length::STEPS,
    credential_management::STEPS,
    get_assertion::STEPS,
    get_info::STEPS,
    get_next_assertion::STEPS,
    large_blobs::STEPS,
    make_credential::STEPS,
    reset::STEPS,
    selection::STEPS,
];

/// Answers one request: command byte, then the CBOR map if the command takes one.
///
/// The answer begins with the status byte. Nothing here panics, whatever the request holds, and a request takes no
/// more memory than a small multiple of its own length, which [`Profile::message_limit`] bounds.
pub async fn dispatch(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    from: Channel,
    request: &[u8],
) -> Exchange {
    session.observe(host.now());
    let (mut response, cause) = match command(host, profile, session, from, request).await {
        Ok(response) => (response, None),
        Err(denied) => {
            if is_of_the_world(&denied) {
                host.note(&WORLD, Outcome::Refused(&denied));
            }
            (vec![Status::from(&denied).code()], Some(denied))
        }
    };
    host.shape(Piece::Response, &mut response);
    Exchange { response, cause }
}

async fn command(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    from: Channel,
    request: &[u8],
) -> Result<Vec<u8>, Denied> {
    let Some((&byte, body)) = request.split_first() else {
        return Err(refuse(host, &COMMAND, Denied::EmptyRequest));
    };
    let Some(command) = standard(profile, byte) else {
        forget_sequences(session, None);
        return Err(refuse(host, &COMMAND, Denied::UnknownCommand(byte)));
    };
    forget_sequences(session, Some(command));
    let (len, max) = (request.len(), profile.message_limit());
    if len > max {
        return Err(refuse(host, &MESSAGE_SIZE, Denied::RequestTooLarge { len, max }));
    }
    match command {
        // Bytes after a command without parameters are tolerated and ignored.
        GET_INFO => return get_info::run(host, profile).await,
        RESET => return reset::run(host, profile, session, from).await,
        GET_NEXT_ASSERTION => return get_next_assertion::run(host, profile, session, from).await,
        SELECTION => return selection::run(host).await,
        _ => {}
    }
    if let Err(error) = cbor::validate(body, cbor::MAX_DEPTH) {
        return Err(refuse(host, &CANONICAL, error.into()));
    }
    match command {
        MAKE_CREDENTIAL => make_credential::run(host, profile, session, body).await,
        GET_ASSERTION => get_assertion::run(host, profile, session, from, body).await,
        CLIENT_PIN => client_pin::run(host, profile, session, from, body).await,
        BIO_ENROLLMENT => bio_enrollment::run(host, profile, session, body).await,
        CREDENTIAL_MANAGEMENT => credential_management::run(host, profile, session, from, body).await,
        LARGE_BLOBS => large_blobs::run(host, profile, session, from, body).await,
        CONFIG => config::run(host, profile, session, body).await,
        other => Err(refuse(host, &COMMAND, Denied::UnknownCommand(other))),
    }
}

/// The command of this byte, if the profile has it; a prototype is the command that it became.
fn standard(profile: &Profile, byte: u8) -> Option<u8> {
    let is_there = match byte {
        MAKE_CREDENTIAL | GET_ASSERTION | GET_INFO | RESET | GET_NEXT_ASSERTION => true,
        SELECTION => profile.versions.iter().any(|version| version.has_selection()),
        CLIENT_PIN => !profile.pin_uv_auth_protocols.is_empty(),
        BIO_ENROLLMENT => profile.enrolls_fingerprints(),
        CREDENTIAL_MANAGEMENT => profile.cred_mgmt,
        LARGE_BLOBS => profile.max_serialized_large_blob_array.is_some(),
        CONFIG => !profile.config_commands.is_empty(),
        BIO_ENROLLMENT_PREVIEW if profile.takes_prototypes() => return standard(profile, BIO_ENROLLMENT),
        CREDENTIAL_MANAGEMENT_PREVIEW if profile.takes_prototypes() => {
            return standard(profile, CREDENTIAL_MANAGEMENT);
        }
        _ => false,
    };
    (is_there && profile.speaks_ctap2()).then_some(byte)
}

/// CTAP 2.3 §6, stateful commands, rule 2: another command may discard a remembered sequence. The two walks of
/// credential management stand beside each other, as platforms enumerate the credentials of an RP before they ask for
/// the next RP.
fn forget_sequences(session: &mut Session, command: Option<u8>) {
    if command != Some(GET_NEXT_ASSERTION) {
        session.assertions = None;
    }
    if command != Some(CREDENTIAL_MANAGEMENT) {
        session.rps = None;
        session.credentials = None;
    }
    if command != Some(LARGE_BLOBS) {
        session.large_blob = None;
    }
}

/// Notes that `step` ends the command. A failure of the world is no rule's: [`dispatch`] notes it.
pub(crate) fn refuse(host: &mut (impl Steps + ?Sized), step: &'static Step, denied: Denied) -> Denied {
    if !is_of_the_world(&denied) {
        host.note(step, Outcome::Refused(&denied));
    }
    denied
}

/// Storage or a key has failed.
fn is_of_the_world(denied: &Denied) -> bool {
    matches!(denied, Denied::Host(_) | Denied::Key(_))
}

/// A response that begins with success.
fn ok(capacity: usize) -> Writer {
    let mut out = Vec::with_capacity(capacity);
    out.push(Status::Ok.code());
    Writer::appending(out)
}

/// A response that begins with success and has these members.
fn answer(map: MapBuilder) -> Vec<u8> {
    let mut out = ok(512);
    map.write(&mut out);
    out.into_bytes()
}

steps! {
    COMMAND = "8.1" "1" "the command byte decides before the body; one that is not implemented answers INVALID_COMMAND";
    MESSAGE_SIZE = "8" "2" "a request longer than maxMsgSize is refused";
    CANONICAL = "8" "3" "parameters are one canonical CBOR map, at most four levels deep, with nothing after it";
    WORLD = "8.2" "1" "when storage or a key fails, no rule of the specification applies, and the answer is CTAP1_ERR_OTHER";
}
