//! credBlob: a few bytes kept with a discoverable credential. Source: CTAP 2.3 §12.2.

use super::{Extension, Inputs};
use crate::{Credential, Denied, Outcome, Steps, cbor::Reader, step::steps};

/// What is kept of a blob: nothing if it is too long or the credential is not discoverable, which still makes a
/// credential. The output says whether.
pub(super) struct Kept(pub(super) Option<Vec<u8>>);

/// The input of a creation, if there is one.
pub(super) fn creation(host: &mut impl Steps, inputs: &Inputs<'_>, rk: bool) -> Result<Option<Kept>, Denied> {
    let Some(blob) = inputs.read(host, Extension::CredBlob, Reader::bytes)? else { return Ok(None) };
    let fits = rk && blob.len() as u64 <= u64::from(inputs.profile.max_cred_blob_length);
    host.note(&STORE, if fits { Outcome::Passed } else { Outcome::Chose("not stored") });
    Ok(Some(Kept(fits.then(|| blob.to_vec()))))
}

/// The output at an assertion: the blob, empty if there is none.
pub(super) fn assertion<'a>(host: &mut impl Steps, credential: &'a Credential) -> &'a [u8] {
    host.note(&READ, Outcome::Passed);
    credential.extensions.cred_blob.as_deref().unwrap_or_default()
}

steps! {
    STORE = "12.2" "1" "a blob of at most maxCredBlobLength is kept with a discoverable credential; the output says whether";
    READ = "12.2" "2" "an assertion gives the blob, or an empty one";
}
