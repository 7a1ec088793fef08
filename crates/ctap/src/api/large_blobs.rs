//! authenticatorLargeBlobs (0x0C). Source: CTAP 2.3 §6.10.

use sha2::{Digest as _, Sha256};

use super::{
    ok,
    pin_uv_auth::{authorize, required},
    refuse,
    verification::Verification,
};
use crate::{
    Change, ChangeSet, Channel, Denied, Host, Outcome, Permissions, Profile, Session,
    message::{LARGE_BLOBS, LARGE_BLOBS_RESPONSE, MapWriter, Members},
    session::LargeBlobWrite,
    step::steps,
};

/// The array of a new device: an empty CBOR array and its truncated hash.
pub const INITIAL: [u8; 17] =
    [0x80, 0x76, 0xbe, 0x8b, 0x52, 0x8d, 0x00, 0x75, 0xf7, 0xaa, 0xe9, 0x8d, 0x6f, 0xa5, 0x7a, 0x6d, 0x3c];

/// The length of the hash at an array's end.
const HASH: usize = 16;

/// Bytes of a message that are not a fragment's.
const OVERHEAD: usize = 64;

pub(super) async fn run(
    host: &mut impl Host,
    profile: &Profile,
    session: &mut Session,
    from: Channel,
    parameters: &[u8],
) -> Result<Vec<u8>, Denied> {
    let members =
        Members::read(&LARGE_BLOBS, parameters).map_err(|error| refuse(host, &READ, error.into()))?;
    let Some(offset) = members.uint("offset") else {
        return Err(refuse(host, &READ, Denied::LargeBlobsParameters("`offset` is missing")));
    };
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    let max_fragment = profile.message_limit().saturating_sub(OVERHEAD);
    match (members.uint("get"), members.bytes("set")) {
        (Some(count), None) => {
            host.note(&READ, Outcome::Passed);
            session.large_blob = None;
            get(host, &members, usize::try_from(count).unwrap_or(usize::MAX), offset, max_fragment).await
        }
        (None, Some(fragment)) => {
            host.note(&READ, Outcome::Passed);
            Set { members, fragment, offset, max_fragment }.run(host, profile, session, from).await
        }
        _ => {
            Err(refuse(host, &READ, Denied::LargeBlobsParameters("exactly one of `get` and `set` is needed")))
        }
    }
}

async fn get(
    host: &mut impl Host,
    members: &Members<'_>,
    count: usize,
    offset: usize,
    max_fragment: usize,
) -> Result<Vec<u8>, Denied> {
    let surplus = ["length", "pinUvAuthParam", "pinUvAuthProtocol"];
    if surplus.into_iter().any(|name| members.raw(name).is_some()) {
        let reason = "`get` goes without `length` and authentication";
        return Err(refuse(host, &GET, Denied::LargeBlobsParameters(reason)));
    }
    if count > max_fragment {
        return Err(refuse(host, &GET, Denied::FragmentTooLong { len: count, max: max_fragment }));
    }
    let array = host.large_blob_array().await?;
    let array = array.as_deref().unwrap_or(&INITIAL);
    let Some(rest) = array.get(offset..) else {
        return Err(refuse(host, &GET, Denied::LargeBlobsParameters("`offset` is behind the end")));
    };
    host.note(&GET, Outcome::Passed);
    let fragment = rest.get(..count).unwrap_or(rest);
    let mut out = ok(fragment.len() + 8);
    MapWriter::new(&LARGE_BLOBS_RESPONSE, 1, &mut out).member("config").bytes(fragment);
    Ok(out.into_bytes())
}

/// One fragment of an array that is being written.
struct Set<'a> {
    members: Members<'a>,
    fragment: &'a [u8],
    offset: usize,
    max_fragment: usize,
}

impl Set<'_> {
    async fn run(
        &self,
        host: &mut impl Host,
        profile: &Profile,
        session: &mut Session,
        from: Channel,
    ) -> Result<Vec<u8>, Denied> {
        let begun = session.large_blob.as_ref().filter(|write| write.channel == from);
        let expected_length =
            self.expected_length(profile, begun).map_err(|denied| refuse(host, &SET, denied))?;
        host.note(&SET, Outcome::Passed);
        self.authenticate(host, profile, session).await?;
        if self.offset.saturating_add(self.fragment.len()) > expected_length {
            let reason = "the fragments are longer than `length`";
            return Err(refuse(host, &APPEND, Denied::LargeBlobsParameters(reason)));
        }
        // A first fragment begins anew; any other goes on with what was checked above.
        let begun = session.large_blob.take().filter(|_| self.offset > 0);
        let mut pending = begun.map(|write| write.pending).unwrap_or_default();
        pending.extend_from_slice(self.fragment);
        host.note(&APPEND, Outcome::Passed);
        if pending.len() < expected_length {
            session.large_blob = Some(LargeBlobWrite { channel: from, expected_length, pending });
            return Ok(ok(1).into_bytes());
        }
        let (array, hash) = pending.split_at(pending.len() - HASH);
        if !Sha256::digest(array).starts_with(hash) {
            return Err(refuse(host, &COMMIT, Denied::LargeBlobHash));
        }
        host.commit(ChangeSet::one(Change::LargeBlobArray(pending))).await?;
        host.note(&COMMIT, Outcome::Passed);
        Ok(ok(1).into_bytes())
    }

    /// How long the array will be that this fragment belongs to: a new one at offset 0, else the one that was begun and
    /// waits for this offset.
    fn expected_length(&self, profile: &Profile, begun: Option<&LargeBlobWrite>) -> Result<usize, Denied> {
        if self.fragment.len() > self.max_fragment {
            return Err(Denied::FragmentTooLong { len: self.fragment.len(), max: self.max_fragment });
        }
        let length = self.members.uint("length");
        if self.offset == 0 {
            let length = length.ok_or(Denied::LargeBlobsParameters("the first fragment needs `length`"))?;
            let capacity = u64::from(profile.max_serialized_large_blob_array.unwrap_or_default());
            if length > capacity {
                return Err(Denied::LargeBlobStorageFull { length, capacity });
            }
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if length < INITIAL.len() {
                return Err(Denied::LargeBlobsParameters("`length` is less than 17"));
            }
            return Ok(length);
        }
        if length.is_some() {
            return Err(Denied::LargeBlobsParameters("`length` goes with the first fragment only"));
        }
        let expected = begun.map_or(0, |write| write.pending.len());
        begun
            .filter(|write| write.pending.len() == self.offset)
            .map(|write| write.expected_length)
            .ok_or(Denied::LargeBlobOffset { offset: self.offset, expected })
    }

    async fn authenticate(
        &self,
        host: &mut impl Host,
        profile: &Profile,
        session: &mut Session,
    ) -> Result<(), Denied> {
        let state = host.state().await?;
        let verification = Verification::new(profile, &state);
        if !verification.is_protected() && !verification.always() {
            host.note(&VERIFY, Outcome::Skipped("neither a PIN nor another verification is set up"));
            return Ok(());
        }
        let param = required(host, &VERIFY, profile, &self.members, Denied::PuatRequired)?;
        let offset = u32::try_from(self.offset).unwrap_or(u32::MAX).to_le_bytes();
        let hash = Sha256::digest(self.fragment);
        let message: &[&[u8]] = &[&[0xff; 32], &[super::LARGE_BLOBS, 0x00], &offset, &hash];
        authorize(host, &VERIFY, session, param, message, Permissions::LBW)?;
        host.note(&VERIFY, Outcome::Passed);
        Ok(())
    }
}

steps! {
    READ = "6.10" "1" "offset is there, and exactly one of get and set, else INVALID_PARAMETER";
    GET = "6.10" "2" "get goes alone, asks for at most maxFragmentLength bytes and begins within the array";
    SET = "6.10" "3" "a fragment of at most maxFragmentLength begins an array that fits, or goes on where the last one ended";
    VERIFY = "6.10" "3.1" "where verification is set up, pinUvAuthParam authenticates the fragment with a token that has lbw";
    APPEND = "6.10" "3.2" "the fragment is appended, and may not go beyond length";
    COMMIT = "6.10" "3.3" "a complete array ends in its own truncated hash and replaces the stored one, else INTEGRITY_FAILURE";
}
