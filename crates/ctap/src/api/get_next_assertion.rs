//! authenticatorGetNextAssertion (0x08). Source: CTAP 2.3 §6.3.

use super::{get_assertion::assertion, refuse};
use crate::{Channel, Denied, Host, Outcome, Profile, Session, Step};

static CONTINUE: Step = Step {
    section: "6.3",
    number: "1",
    rule: "only after authenticatorGetAssertion on the same channel, with nothing else between and credentials left",
};
static IN_TIME: Step = Step {
    section: "6.3",
    number: "3",
    rule: "more than 30 seconds after the last answer the sequence is forgotten",
};

/// How long a sequence waits for its continuation, in milliseconds.
const LIFETIME_MS: u64 = 30_000;

pub(super) async fn run(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    from: Channel,
) -> Result<Vec<u8>, Denied> {
    let now = host.now();
    // Taken out: whatever ends the command early also ends the sequence.
    let Some(mut remembered) = session.assertions.take_if(|remembered| remembered.channel == from) else {
        return Err(refuse(host, &CONTINUE, Denied::NoSequence));
    };
    if now.0.saturating_sub(remembered.last.0) > LIFETIME_MS {
        return Err(refuse(host, &IN_TIME, Denied::NoSequence));
    }
    let Some(handle) = remembered.handles.get(remembered.counter) else {
        return Err(refuse(host, &CONTINUE, Denied::NoSequence));
    };
    host.note(&CONTINUE, Outcome::Passed);
    let credential = host.load(&handle.id).await?;
    let answer =
        assertion(host, profile, &credential, &remembered.client_data_hash, remembered.flags, None).await?;
    remembered.counter += 1;
    remembered.last = now;
    session.assertions = Some(remembered);
    Ok(answer)
}
