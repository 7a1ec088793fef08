//! `excludeCredentials` and `allowCredentials` as an authenticator can take them.

use softhello_ctap::{Authenticator, CredentialId, Status};

use crate::{
    CredentialDescriptor,
    connection::{Connection, Refusal},
    extensions::AuthenticatorInputs,
    get_assertion::{Assertion, GetAssertion},
    info::AuthenticatorInfo,
    user_verification::Verification,
};

/// The ids in `descriptors` that the authenticator could have, each once and in order: those of type `public-key`
/// that are not longer than maxCredentialIdLength.
pub(crate) fn possible<'a>(
    descriptors: &'a [CredentialDescriptor],
    info: &AuthenticatorInfo,
) -> Vec<&'a [u8]> {
    let longest = info.max_credential_id_length.unwrap_or(CredentialId::MAX_LEN).min(CredentialId::MAX_LEN);
    let mut seen = std::collections::HashSet::new();
    descriptors
        .iter()
        .filter(|descriptor| descriptor.type_ == "public-key")
        .map(|descriptor| descriptor.id.as_slice())
        .filter(|id| (1..=longest).contains(&id.len()) && seen.insert(*id))
        .collect()
}

/// Whether the authenticator has to be asked before the request which of `ids` it has: they are more than
/// maxCredentialCountInList, or would not fit into maxMsgSize.
///
/// An authenticator that does not say how many it takes is given one at a time, as clients customarily do.
pub(crate) fn needs_pre_flight(ids: &[&[u8]], info: &AuthenticatorInfo) -> bool {
    fitting(ids, info) < ids.len()
}

/// The first of `ids` that the authenticator has, which it is asked batch by batch without presence.
///
/// Of a credential that needs verification (credProtect level 3) it says nothing, unless `verification` has a token.
///
/// Source: CTAP 2.3 §6.1.2 and §6.2.2, "pre-flight".
pub(crate) async fn pre_flight<'a, A: Authenticator>(
    connection: &mut Connection<'_, A>,
    rp_id: &str,
    ids: &[&'a [u8]],
    info: &AuthenticatorInfo,
    verification: &Verification,
) -> Result<Option<&'a [u8]>, Refusal> {
    // The option `uv` would ask the user each time.
    let unasked = Verification::default();
    let verification = if verification.token.is_some() { verification } else { &unasked };
    let mut rest = ids;
    while !rest.is_empty() {
        let (batch, after) = rest.split_at(fitting(rest, info));
        rest = after;
        let request = GetAssertion {
            rp_id,
            // Nobody sees what is signed here.
            client_data_hash: &[0; 32],
            allow_list: batch,
            extensions: &AuthenticatorInputs::default(),
            up: false,
            verification,
        };
        match request.send(connection).await {
            Ok(Assertion { credential_id, .. }) => {
                return Ok(batch.iter().find(|id| **id == credential_id).copied());
            }
            Err(Refusal::Status(Status::NoCredentials, _)) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(None)
}

/// How many of `ids`, from the first on, a request may carry; at least one, if there are any.
fn fitting(ids: &[&[u8]], info: &AuthenticatorInfo) -> usize {
    let count = info.max_credential_count_in_list.unwrap_or(1).max(1);
    let mut room = info.max_msg_size.saturating_sub(REST_OF_REQUEST);
    let fits = |id: &&&[u8]| {
        let left = room.checked_sub(id.len() + DESCRIPTOR_OVERHEAD);
        room = left.unwrap_or(0);
        left.is_some()
    };
    ids.iter().take(count).take_while(fits).count().max(1).min(ids.len())
}

/// Bytes of maxMsgSize that are kept for what a request has besides its list.
pub(crate) const REST_OF_REQUEST: usize = 512;

/// Bytes of a descriptor besides its id, rounded up.
const DESCRIPTOR_OVERHEAD: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_few_and_short_enough_ids() {
        for (name, count, size, lengths, want) in [
            ("none", Some(3), 1024, &[][..], 0),
            ("no count", None, 1024, &[1, 1], 1),
            ("zero", Some(0), 1024, &[1, 1], 1),
            ("all", Some(3), 1024, &[1, 1, 1], 3),
            ("too many", Some(3), 1024, &[1, 1, 1, 1], 3),
            ("just fitting", Some(9), 1024, &[216, 216, 1], 2),
            ("too long together", Some(9), 1024, &[216, 217], 1),
            ("a big message", Some(9), 4096, &[216, 217], 2),
            ("too long alone", Some(9), 1024, &[1023, 1], 1),
            ("hostile", Some(usize::MAX), 0, &[1, 1], 1),
            ("hostile", Some(usize::MAX), usize::MAX, &[1023, 1023], 2),
        ] {
            let info = AuthenticatorInfo {
                max_credential_count_in_list: count,
                max_msg_size: size,
                ..AuthenticatorInfo::default()
            };
            let ids: Vec<Vec<u8>> = lengths.iter().map(|len| vec![0; *len]).collect();
            let ids: Vec<&[u8]> = ids.iter().map(Vec::as_slice).collect();
            assert_eq!(fitting(&ids, &info), want, "{name}: {lengths:?}");
        }
    }
}
