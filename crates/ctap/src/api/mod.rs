//! The commands, one file each, in the specification's names and order of steps.

pub mod get_assertion;
pub mod get_info;
pub mod get_next_assertion;
pub mod make_credential;
pub mod reset;
pub mod selection;

mod built_in_uv;
mod descriptors;
mod pin_uv_auth;
mod presence;

use crate::{
    Channel, Denied, Exchange, Host, Outcome, Piece, Profile, Session, Status, Step, Steps,
    cbor::{self, Writer},
};

/// authenticatorMakeCredential.
pub const MAKE_CREDENTIAL: u8 = 0x01;
/// authenticatorGetAssertion.
pub const GET_ASSERTION: u8 = 0x02;
/// authenticatorGetInfo.
pub const GET_INFO: u8 = 0x04;
/// authenticatorReset.
pub const RESET: u8 = 0x07;
/// authenticatorGetNextAssertion.
pub const GET_NEXT_ASSERTION: u8 = 0x08;
/// authenticatorSelection.
pub const SELECTION: u8 = 0x0B;

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
    let (mut response, cause) = match command(host, profile, session, from, request).await {
        Ok(response) => (response, None),
        Err(denied) => {
            if matches!(denied, Denied::Host(_) | Denied::Key(_)) {
                host.note(&WORLD, Outcome::Refused(&denied));
            }
            (vec![Status::from(&denied).code()], Some(denied))
        }
    };
    host.shape(Piece::Response, &mut response);
    Exchange { response, cause }
}

static COMMAND: Step = Step {
    section: "8.1",
    number: "1",
    rule: "the command byte decides before the body; one that is not implemented answers INVALID_COMMAND",
};
static WORLD: Step = Step {
    section: "8.2",
    number: "1",
    rule: "when storage or a key fails, no rule of the specification applies, and the answer is CTAP1_ERR_OTHER",
};
static MESSAGE_SIZE: Step =
    Step { section: "8", number: "2", rule: "a request longer than maxMsgSize is refused" };
static CANONICAL: Step = Step {
    section: "8",
    number: "3",
    rule: "parameters are one canonical CBOR map, at most four levels deep, with nothing after it",
};

async fn command(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    from: Channel,
    request: &[u8],
) -> Result<Vec<u8>, Denied> {
    let Some((&command, body)) = request.split_first() else {
        return Err(refuse(host, &COMMAND, Denied::EmptyRequest));
    };
    if command != GET_NEXT_ASSERTION {
        // CTAP 2.3 §6, stateful commands, rule 2: any other command may discard a remembered sequence.
        session.assertions = None;
    }
    let known =
        [MAKE_CREDENTIAL, GET_ASSERTION, GET_INFO, RESET, GET_NEXT_ASSERTION, SELECTION].contains(&command);
    let (len, max) = (request.len(), profile.message_limit());
    if known && len > max {
        return Err(refuse(host, &MESSAGE_SIZE, Denied::RequestTooLarge { len, max }));
    }
    match command {
        MAKE_CREDENTIAL => {
            let parameters = parameters(host, body)?;
            make_credential::run(host, profile, parameters).await
        }
        GET_ASSERTION => {
            let parameters = parameters(host, body)?;
            get_assertion::run(host, profile, session, from, parameters).await
        }
        // Bytes after a command without parameters are tolerated and ignored.
        GET_INFO => get_info::run(host, profile).await,
        RESET => reset::run(host, profile, session).await,
        GET_NEXT_ASSERTION => get_next_assertion::run(host, profile, session, from).await,
        SELECTION => selection::run(host).await,
        other => Err(refuse(host, &COMMAND, Denied::UnknownCommand(other))),
    }
}

fn parameters<'a>(host: &mut impl Steps, body: &'a [u8]) -> Result<&'a [u8], Denied> {
    match cbor::validate(body, cbor::MAX_DEPTH) {
        Ok(()) => Ok(body),
        Err(error) => Err(refuse(host, &CANONICAL, error.into())),
    }
}

/// Notes that `step` ends the command.
fn refuse(host: &mut (impl Steps + ?Sized), step: &'static Step, denied: Denied) -> Denied {
    host.note(step, Outcome::Refused(&denied));
    denied
}

/// A response that begins with success.
fn ok(capacity: usize) -> Writer {
    let mut out = Vec::with_capacity(capacity);
    out.push(Status::Ok.code());
    Writer::appending(out)
}
