//! `excludeCredentials` and `allowCredentials` as an authenticator can take them.

use softhello_ctap::{Authenticator, CredentialId, Status};

use crate::{
    CredentialDescriptor,
    connection::{Connection, Refusal},
    get_assertion::{Assertion, GetAssertion},
    info::AuthenticatorInfo,
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

/// The list to send with a request. Where `ids` are more than maxCredentialCountInList, the authenticator is asked
/// batch by batch, without presence, whether it has one of them; the list is then that one, or empty.
///
/// An authenticator that does not say how many it takes is given one at a time, as clients customarily do. Of a
/// credential that needs verification (credProtect level 3) a pre-flight learns nothing.
///
/// Source: CTAP 2.3 §6.1.2 and §6.2.2, "pre-flight".
pub(crate) async fn list<'a, A: Authenticator>(
    connection: &mut Connection<'_, A>,
    rp_id: &str,
    ids: Vec<&'a [u8]>,
    info: &AuthenticatorInfo,
) -> Result<Vec<&'a [u8]>, Refusal> {
    let at_once = info.max_credential_count_in_list.unwrap_or(1).max(1);
    if ids.len() <= at_once {
        return Ok(ids);
    }
    for batch in ids.chunks(at_once) {
        let request = GetAssertion {
            rp_id,
            // Nobody sees what is signed here.
            client_data_hash: &[0; 32],
            allow_list: batch,
            up: false,
            uv: false,
        };
        match request.send(connection).await {
            Ok(Assertion { credential_id, .. }) => {
                return Ok(batch.iter().filter(|id| **id == credential_id).copied().collect());
            }
            Err(Refusal::Status(Status::NoCredentials, _)) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(Vec::new())
}
