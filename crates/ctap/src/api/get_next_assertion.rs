//! authenticatorGetNextAssertion (0x08). Source: CTAP 2.3 §6.3.

use super::{
    get_assertion::{Answering, assertion},
    refuse,
};
use crate::{
    Channel, Denied, Flags, Host, HostError, Outcome, Profile, Session,
    session::{Candidate, is_in_time},
    step::steps,
};

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
    host.note(&CONTINUE, Outcome::Passed);
    let settings = host.state().await?.settings;
    if !session.still_authorized(remembered.authorization, &settings) {
        return Err(refuse(host, &AUTHORIZED, Denied::NoSequence));
    }
    let Some(candidate) = remembered.candidates.get(remembered.counter) else {
        return Err(refuse(host, &LEFT, Denied::NoSequence));
    };
    host.note(&LEFT, Outcome::Passed);
    if !is_in_time(remembered.last, now) {
        return Err(refuse(host, &IN_TIME, Denied::NoSequence));
    }
    host.note(&IN_TIME, Outcome::Passed);
    let mut credential = match candidate {
        Candidate::Stored(id) => match host.load(id).await {
            // Deleted from outside since: the sequence is over.
            Err(HostError::Missing) => return Err(refuse(host, &LEFT, Denied::NoSequence)),
            other => other?,
        },
        Candidate::Sealed(credential) => (**credential).clone(),
    };
    let answering = Answering {
        rp_id_hash: &remembered.rp_id_hash,
        client_data_hash: &remembered.client_data_hash,
        flags: remembered.flags,
        extensions: &remembered.extensions,
        listed: false,
        number_of_credentials: None,
        names: remembered.flags.has(Flags::UV),
    };
    let answer = assertion(host, profile, &mut credential, &answering).await?;
    remembered.counter += 1;
    remembered.last = now;
    session.assertions = Some(remembered);
    Ok(answer)
}

steps! {
    CONTINUE = "6.3" "1" "only after authenticatorGetAssertion on the same channel, with nothing else between";
    AUTHORIZED = "6" "3" "a sequence ends with the token that began it";
    LEFT = "6.3" "2" "credentialCounter is below numberOfCredentials";
    IN_TIME = "6.3" "3" "more than 30 seconds after the last answer the sequence is forgotten";
}
