//! largeBlob: a blob kept with the credential itself. Source: CTAP 2.3 §12.4.

use super::{Extension, Inputs};
use crate::{
    Credential, Denied, LargeBlob, Outcome, Steps, WrittenBlob,
    api::refuse,
    cbor::{Reader, Writer},
    step::steps,
};

/// What an assertion does with the blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Read it.
    Read,
    /// Write it.
    Write(WrittenBlob),
}

/// Whether a new credential can hold a blob.
pub(super) fn creation(
    host: &mut impl Steps,
    inputs: &Inputs<'_>,
    rk: bool,
) -> Result<Option<LargeBlob>, Denied> {
    let Some(item) = inputs.raw(Extension::LargeBlob) else { return Ok(None) };
    let required = match support(item) {
        Some("required") => true,
        Some("preferred") => false,
        _ => return Err(refuse(host, &SHAPE, Denied::LargeBlobShape)),
    };
    match (rk, required) {
        (true, _) => {
            host.note(&SUPPORT, Outcome::Passed);
            Ok(Some(LargeBlob::default()))
        }
        (false, true) => Err(refuse(host, &SUPPORT, Denied::LargeBlobUnsupported)),
        (false, false) => {
            host.note(&SUPPORT, Outcome::Skipped("only a discoverable credential holds a blob"));
            Ok(None)
        }
    }
}

/// The one member `support`.
fn support(item: &[u8]) -> Option<&str> {
    let mut reader = Reader::new(item);
    if reader.map_len() != Ok(1) || reader.text() != Ok("support") {
        return None;
    }
    reader.text().ok()
}

/// What an assertion is to do.
pub(super) fn access(host: &mut impl Steps, inputs: &Inputs<'_>) -> Result<Option<Access>, Denied> {
    let Some(item) = inputs.raw(Extension::LargeBlob) else { return Ok(None) };
    match read_access(item) {
        Some(access) => {
            host.note(&SHAPE, Outcome::Passed);
            Ok(Some(access))
        }
        None => Err(refuse(host, &SHAPE, Denied::LargeBlobShape)),
    }
}

/// `{read: true}`, or `{write: bytes, originalSize: uint}`, and nothing else.
fn read_access(item: &[u8]) -> Option<Access> {
    let mut reader = Reader::new(item);
    match (reader.map_len().ok()?, reader.text().ok()?) {
        (1, "read") => (reader.bool() == Ok(true)).then_some(Access::Read),
        (2, "write") => {
            let blob = reader.bytes().ok()?.to_vec();
            let named = reader.text() == Ok("originalSize");
            let original_size = reader.uint().ok().filter(|_| named)?;
            Some(Access::Write(WrittenBlob { blob, original_size }))
        }
        _ => None,
    }
}

/// The output of a creation: `{supported: true}`.
pub(super) fn write_supported(out: &mut Writer) {
    out.map(1).text("supported").bool(true);
}

/// The output of reading; none if there is no blob.
pub(super) fn written<'a>(host: &mut impl Steps, credential: &'a Credential) -> Option<&'a WrittenBlob> {
    let blob = credential.extensions.large_blob.as_ref().and_then(|slot| slot.0.as_ref());
    host.note(&READ, if blob.is_some() { Outcome::Passed } else { Outcome::Skipped("there is no blob") });
    blob
}

/// Writes the output of reading.
pub(super) fn write_blob(blob: &WrittenBlob, out: &mut Writer) {
    out.map(2).text("blob").bytes(&blob.blob).text("originalSize").uint(blob.original_size);
}

/// Whether this credential takes this blob.
pub(super) fn may_write(
    host: &mut impl Steps,
    max: u32,
    credential: &Credential,
    blob: &WrittenBlob,
    listed: bool,
    up: bool,
) -> bool {
    // Refusing without presence is ours: a pre-flight has no business writing.
    let takes = listed
        && up
        && credential.extensions.large_blob.is_some()
        && blob.blob.len() as u64 <= u64::from(max);
    host.note(&WRITE, if takes { Outcome::Passed } else { Outcome::Chose("not written") });
    takes
}

steps! {
    SHAPE = "12.4" "1" "the input has exactly the members and types of its definition, else INVALID_CBOR";
    SUPPORT = "12.4" "2" "a credential that cannot hold a blob is refused where that is required: LARGE_BLOB_STORAGE_FULL";
    READ = "12.4" "3" "reading gives the blob and its original size as they were written; nothing if there is none";
    WRITE = "12.4" "4" "writing needs an allowList and a credential that can hold the blob; the output says whether it was done";
}
