//! authenticatorLargeBlobs, from the platform's side.
//!
//! Source: CTAP 2.3 §6.10.

use sha2::{Digest as _, Sha256};
use softhello_ctap::{
    Authenticator, api,
    message::{LARGE_BLOBS, LARGE_BLOBS_RESPONSE, MapBuilder, Members},
};

use crate::{
    client_pin::PinUvAuthToken,
    connection::{Connection, Refusal},
    extensions::large_blob::LargeBlobArray,
    info::AuthenticatorInfo,
};

/// Reads the array in fragments.
pub(crate) async fn read<A: Authenticator>(
    connection: &mut Connection<'_, A>,
    info: &AuthenticatorInfo,
) -> Result<LargeBlobArray, Refusal> {
    let mut serialized = Vec::new();
    loop {
        let mut parameters = MapBuilder::new(&LARGE_BLOBS);
        parameters.member("get").uint(info.max_fragment_length() as u64);
        parameters.member("offset").uint(serialized.len() as u64);
        let reply = connection.call(api::LARGE_BLOBS, parameters.into_bytes()).await?;
        let members = Members::read(&LARGE_BLOBS_RESPONSE, &reply)?;
        let fragment = members.bytes("config").ok_or_else(|| Refusal::missing("config"))?;
        serialized.extend_from_slice(fragment);
        if serialized.len() > MAX_ARRAY {
            return Err(Refusal::Malformed(format!("is a large-blob array of more than {MAX_ARRAY} bytes")));
        }
        // A fragment that is not full is the last one.
        if fragment.len() < info.max_fragment_length() {
            return Ok(LargeBlobArray::read(&serialized));
        }
    }
}

/// Replaces the array, in fragments. Whether the authenticator has the room for it.
pub(crate) async fn write<A: Authenticator>(
    array: &LargeBlobArray,
    connection: &mut Connection<'_, A>,
    info: &AuthenticatorInfo,
    token: Option<&PinUvAuthToken>,
) -> Result<bool, Refusal> {
    let serialized = array.to_bytes();
    if serialized.len() > info.max_serialized_large_blob_array {
        return Ok(false);
    }
    let mut offset: u32 = 0;
    for fragment in serialized.chunks(info.max_fragment_length()) {
        let mut parameters = MapBuilder::new(&LARGE_BLOBS);
        parameters.member("set").bytes(fragment);
        parameters.member("offset").uint(offset.into());
        if offset == 0 {
            parameters.member("length").uint(serialized.len() as u64);
        }
        if let Some(token) = token {
            let head = [&[0xff; 32][..], &[api::LARGE_BLOBS, 0], &offset.to_le_bytes()].concat();
            token.write(&[&head, &Sha256::digest(fragment)], &mut parameters);
        }
        connection.tell(api::LARGE_BLOBS, parameters.into_bytes()).await?;
        offset = offset.saturating_add(u32::try_from(fragment.len()).unwrap_or(u32::MAX));
    }
    Ok(true)
}

/// The longest serialized array that is read, in bytes.
const MAX_ARRAY: usize = 1 << 20;
