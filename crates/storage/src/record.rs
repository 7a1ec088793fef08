//! What is inside the records: CBOR maps with short names.
//!
//! `docs/container-format.md` lists the fields.

mod state;

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, SeqAccess, Visitor},
};
use serde_bytes::{ByteArray, ByteBuf, Bytes};
use sha2::{Digest as _, Sha256};
use softhello_ctap::{
    Algorithm, CredRandom, Credential, CredentialId, ExtensionData, Handle, LargeBlob, LargeBlobKey,
    PrivateKey, Protection, Timestamp, User, WrittenBlob,
};
use zeroize::{Zeroize as _, Zeroizing};

pub(crate) use state::StateBody;

use crate::{Kind, StoreError, StoredCredential, seal::Key};

/// Appends `body` in CBOR.
pub(crate) fn encode(body: &impl Serialize, out: &mut Vec<u8>) {
    ciborium::into_writer(body, out).expect("a vector takes every byte, and these types have a form in CBOR");
}

/// Reads one CBOR item and nothing after it.
pub(crate) fn decode<T: for<'de> Deserialize<'de>>(key: &[u8], body: &[u8]) -> Result<T, StoreError> {
    let mut rest = body;
    // ciborium keeps short strings here, the private key among them.
    let mut scratch = [0; SCRATCH];
    let result = ciborium::de::from_reader_with_buffer(&mut rest, &mut scratch);
    if let Some(used) = scratch.get_mut(..LONGEST_KEY) {
        used.zeroize();
    }
    let value = result.map_err(|error| StoreError::damaged(Key::describe(key), error))?;
    if !rest.is_empty() {
        return Err(StoreError::damaged(Key::describe(key), "bytes follow after its end"));
    }
    Ok(value)
}

/// Holds every credential id and private key.
const SCRATCH: usize = 1024;

/// Two primes of 2,048 bits with their length.
const LONGEST_KEY: usize = 2 + 512;

/// A credential as it is written.
#[derive(Serialize)]
struct CredentialOut<'a> {
    i: &'a Bytes,
    r: &'a str,
    u: &'a Bytes,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    d: Option<&'a str>,
    k: (i64, &'a Bytes),
    p: u8,
    f: u8,
    t: u64,
    s: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    h: Option<&'a Bytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b: Option<&'a Bytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    l: Option<&'a Bytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    g: Option<BlobOut<'a>>,
}

/// The place for a blob of the extension largeBlob, and the blob.
#[derive(Serialize)]
struct BlobOut<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    b: Option<&'a Bytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<u64>,
}

/// A credential as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CredentialIn {
    i: Id,
    r: String,
    u: UserId,
    n: Option<String>,
    d: Option<String>,
    k: PrivateKeyIn,
    p: u8,
    f: u8,
    t: u64,
    s: u64,
    h: Option<CredRandomIn>,
    b: Option<ByteBuf>,
    l: Option<ByteArray<32>>,
    g: Option<BlobIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BlobIn {
    b: Option<ByteBuf>,
    s: Option<u64>,
}

const DISCOVERABLE: u8 = 1;
const BACKUP_ELIGIBLE: u8 = 2;
const BACKED_UP: u8 = 4;
const MANAGED: u8 = 8;
const REMOVABLE: u8 = 16;
const BLOCKING: u8 = 32;
const THIRD_PARTY_PAYMENT: u8 = 64;
const ALL_FLAGS: u8 = 127;

fn flags(stored: &StoredCredential) -> u8 {
    let bit = |set: bool, bit: u8| if set { bit } else { 0 };
    bit(stored.credential.discoverable, DISCOVERABLE)
        | bit(stored.credential.backup_eligible, BACKUP_ELIGIBLE)
        | bit(stored.credential.backed_up, BACKED_UP)
        | bit(stored.kind == Kind::Managed, MANAGED)
        | bit(stored.removable, REMOVABLE)
        | bit(stored.blocking, BLOCKING)
        | bit(stored.credential.extensions.third_party_payment, THIRD_PARTY_PAYMENT)
}

/// How many bytes [`encode_credential`] takes at most, so that its buffer never moves and leaves no copy.
pub(crate) fn credential_room(stored: &StoredCredential) -> usize {
    let Credential { id, rp_id, user, extensions, .. } = &stored.credential;
    let blob = |blob: Option<&Vec<u8>>| blob.map_or(0, Vec::len);
    let large = extensions.large_blob.as_ref().and_then(|slot| slot.0.as_ref());
    let blobs = blob(extensions.cred_blob.as_ref()) + blob(large.map(|written| &written.blob));
    let name = |name: &Option<String>| name.as_ref().map_or(0, String::len);
    let texts =
        id.as_bytes().len() + rp_id.len() + user.id.len() + name(&user.name) + name(&user.display_name);
    texts + blobs + LONGEST_KEY + CRED_RANDOM + 192
}

/// CredRandomWithUV ‖ CredRandomWithoutUV.
const CRED_RANDOM: usize = 64;

/// Appends a credential and its place in the order of creation.
pub(crate) fn encode_credential(stored: &StoredCredential, sequence: u64, out: &mut Vec<u8>) {
    let credential = &stored.credential;
    let key = credential.key.to_bytes();
    let ExtensionData { cred_random, cred_blob, large_blob_key, large_blob, .. } = &credential.extensions;
    let cred_random =
        cred_random.as_ref().map(|random| Zeroizing::new([random.with_uv, random.without_uv].concat()));
    let body = CredentialOut {
        i: Bytes::new(credential.id.as_bytes()),
        r: &credential.rp_id,
        u: Bytes::new(&credential.user.id),
        n: credential.user.name.as_deref(),
        d: credential.user.display_name.as_deref(),
        k: (credential.key.algorithm().cose_id(), Bytes::new(&key)),
        p: credential.protection as u8,
        f: flags(stored),
        t: credential.created.0,
        s: sequence,
        h: cred_random.as_ref().map(|random| Bytes::new(random)),
        b: cred_blob.as_deref().map(Bytes::new),
        l: large_blob_key.as_ref().map(|key| Bytes::new(&key.0)),
        g: large_blob.as_ref().map(|slot| BlobOut {
            b: slot.0.as_ref().map(|written| Bytes::new(&written.blob)),
            s: slot.0.as_ref().map(|written| written.original_size),
        }),
    };
    encode(&body, out);
}

/// Reads what [`encode_credential`] wrote.
pub(crate) fn decode_credential(key: &[u8], body: &[u8]) -> Result<(StoredCredential, u64), StoreError> {
    let body: CredentialIn = decode(key, body)?;
    let (protection, has) = protection_and_flags(key, body.p, body.f)?;
    let credential = Credential {
        id: body.i.0,
        rp_id: body.r,
        user: User { id: body.u.0, name: body.n, display_name: body.d },
        key: body.k.0,
        discoverable: has(DISCOVERABLE),
        protection,
        backup_eligible: has(BACKUP_ELIGIBLE),
        backed_up: has(BACKED_UP),
        created: Timestamp(body.t),
        extensions: ExtensionData {
            cred_random: body.h.map(|random| random.0),
            cred_blob: body.b.map(ByteBuf::into_vec),
            large_blob_key: body.l.map(|key| LargeBlobKey(key.into_array())),
            large_blob: body.g.map(|slot| large_blob(key, slot)).transpose()?,
            third_party_payment: has(THIRD_PARTY_PAYMENT),
        },
    };
    let kind = if has(MANAGED) { Kind::Managed } else { Kind::Passkey };
    Ok((StoredCredential { credential, kind, removable: has(REMOVABLE), blocking: has(BLOCKING) }, body.s))
}

fn large_blob(key: &[u8], slot: BlobIn) -> Result<LargeBlob, StoreError> {
    match (slot.b, slot.s) {
        (Some(blob), Some(original_size)) => {
            Ok(LargeBlob(Some(WrittenBlob { blob: blob.into_vec(), original_size })))
        }
        (None, None) => Ok(LargeBlob(None)),
        _ => Err(StoreError::damaged(Key::describe(key), "half a blob")),
    }
}

fn protection_and_flags(
    key: &[u8],
    protection: u8,
    flags: u8,
) -> Result<(Protection, impl Fn(u8) -> bool + use<>), StoreError> {
    let damaged = |what: &str, value: u8| StoreError::damaged(Key::describe(key), format!("{what} {value}"));
    let protection =
        Protection::try_from(protection).map_err(|level| damaged("no credProtect level", level))?;
    if flags & !ALL_FLAGS != 0 {
        return Err(damaged("unknown flags", flags));
    }
    Ok((protection, move |bit| flags & bit != 0))
}

/// What the indexes say of a credential, read without making its private key: an RSA key takes long.
#[derive(Deserialize)]
pub(crate) struct CredentialFacts {
    i: Id,
    r: String,
    u: UserId,
    n: Option<String>,
    p: u8,
    f: u8,
    s: u64,
}

impl CredentialFacts {
    pub(crate) fn read(key: &[u8], body: &[u8]) -> Result<Self, StoreError> {
        let facts: Self = decode(key, body)?;
        let (_, _) = protection_and_flags(key, facts.p, facts.f)?;
        Ok(facts)
    }

    pub(crate) fn id(&self) -> &CredentialId {
        &self.i.0
    }

    pub(crate) fn rp_id(&self) -> &str {
        &self.r
    }

    pub(crate) fn user_id(&self) -> &[u8] {
        &self.u.0
    }

    pub(crate) fn user_name(&self) -> Option<&str> {
        self.n.as_deref()
    }

    pub(crate) fn into_id_and_user_name(self) -> (CredentialId, Option<String>) {
        (self.i.0, self.n)
    }

    pub(crate) fn kind(&self) -> Kind {
        if self.f & MANAGED != 0 { Kind::Managed } else { Kind::Passkey }
    }

    pub(crate) fn removable(&self) -> bool {
        self.f & REMOVABLE != 0
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.s
    }

    pub(crate) fn into_handle(self, key: &[u8]) -> Result<Handle, StoreError> {
        let (protection, _) = protection_and_flags(key, self.p, self.f)?;
        Ok(Handle { id: self.i.0, protection, sequence: self.s })
    }

    /// What the index by RP should say of it.
    pub(crate) fn rp_entry(&self) -> RpEntry {
        RpEntry { i: self.i.clone(), p: self.p, f: self.f }
    }
}

/// What [`CredentialSummary::read`] finds in a credential without making its private key or copying its names.
#[derive(Deserialize)]
pub(crate) struct CredentialSummary {
    r: TextDigest,
    p: u8,
    s: u64,
}

impl CredentialSummary {
    /// The handle of a credential, if it belongs to this RP ID.
    pub(crate) fn read(
        key: &[u8],
        body: &[u8],
        id: CredentialId,
        rp_id: &TextDigest,
    ) -> Result<Option<Handle>, StoreError> {
        let summary: Self = decode(key, body)?;
        if summary.r != *rp_id {
            return Ok(None);
        }
        let (protection, _) = protection_and_flags(key, summary.p, 0)?;
        Ok(Some(Handle { id, protection, sequence: summary.s }))
    }
}

/// CredRandom as one byte string.
struct CredRandomIn(CredRandom);

impl<'de> Deserialize<'de> for CredRandomIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(OfBytes("64 bytes of CredRandom", |bytes: &[u8]| {
            let bytes: &[u8; CRED_RANDOM] = bytes.try_into().map_err(|_| "not 64 bytes".to_owned())?;
            let half = |half: &[u8]| *half.first_chunk().expect("half of 64 bytes");
            let (with_uv, without_uv) = bytes.split_at(32);
            Ok(Self(CredRandom { with_uv: half(with_uv), without_uv: half(without_uv) }))
        }))
    }
}

/// Stands for a text, without an allocation.
#[derive(PartialEq, Eq)]
pub(crate) struct TextDigest([u8; 32]);

impl TextDigest {
    /// Of the text that has this SHA-256.
    pub(crate) fn from_hash(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    pub(crate) fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }
}

/// An entry of the index by RP ID.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RpEntry {
    i: Id,
    p: u8,
    f: u8,
}

impl RpEntry {
    pub(crate) fn of(stored: &StoredCredential) -> Self {
        let Credential { id, protection, .. } = &stored.credential;
        Self { i: Id(id.clone()), p: *protection as u8, f: flags(stored) }
    }

    pub(crate) fn id(&self) -> &CredentialId {
        &self.i.0
    }

    pub(crate) fn is_discoverable(&self) -> bool {
        self.f & DISCOVERABLE != 0
    }

    /// Whether a guard for this kind sees the credential.
    pub(crate) fn blocks(&self, kind: Kind) -> bool {
        self.f & BLOCKING != 0 && (self.f & MANAGED != 0) == (kind == Kind::Managed)
    }

    pub(crate) fn into_handle(self, key: &[u8]) -> Result<Handle, StoreError> {
        let (protection, _) = protection_and_flags(key, self.p, self.f)?;
        let sequence = Key::sequence(key)
            .ok_or_else(|| StoreError::damaged(Key::describe(key), "its key is cut off"))?;
        Ok(Handle { id: self.i.0, protection, sequence })
    }
}

/// An entry of the index by user.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserEntry {
    i: Id,
}

impl UserEntry {
    pub(crate) fn of(id: &CredentialId) -> Self {
        Self { i: Id(id.clone()) }
    }

    pub(crate) fn into_id(self) -> CredentialId {
        self.i.0
    }
}

/// The ceiling of a counter, and whose it is: its key does not show that, and the credential may not be stored.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CounterBody {
    i: Id,
    c: u64,
}

impl CounterBody {
    pub(crate) fn of(id: &CredentialId, ceiling: u64) -> Self {
        Self { i: Id(id.clone()), c: ceiling }
    }

    /// The most bytes that the counter of this id takes.
    pub(crate) fn room(id: &CredentialId) -> usize {
        id.as_bytes().len() + 32
    }

    pub(crate) fn id(&self) -> &CredentialId {
        &self.i.0
    }

    pub(crate) fn ceiling(&self) -> u64 {
        self.c
    }

    pub(crate) fn into_id(self) -> CredentialId {
        self.i.0
    }
}

/// How many credentials a container holds, and the sequence of the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Totals {
    #[serde(rename = "c")]
    pub(crate) credentials: u32,
    #[serde(rename = "s")]
    pub(crate) next_sequence: u64,
}

/// A document with its name, which its key does not show.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DocumentBody<'a> {
    #[serde(rename = "n")]
    pub(crate) name: Cow<'a, str>,
    #[serde(rename = "v")]
    pub(crate) value: ByteBuf,
}

/// A container's key.
pub(crate) fn encode_secret(secret: &[u8; 32], out: &mut Vec<u8>) {
    encode(&Bytes::new(secret), out);
}

/// Reads what [`encode_secret`] wrote.
pub(crate) fn decode_secret(key: &[u8], body: &[u8]) -> Result<Zeroizing<[u8; 32]>, StoreError> {
    decode::<ByteArray<32>>(key, body).map(|secret| Zeroizing::new(secret.into_array()))
}

/// A credential id as a byte string.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Id(CredentialId);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.as_bytes())
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(OfBytes("a credential id", |bytes: &[u8]| {
            CredentialId::try_from(bytes).map(Self).map_err(|error| error.to_string())
        }))
    }
}

/// A user id as a byte string; `serde_bytes` would allocate twice.
struct UserId(Vec<u8>);

impl<'de> Deserialize<'de> for UserId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(OfBytes("a user id", |bytes: &[u8]| Ok(Self(bytes.to_vec()))))
    }
}

/// A private key as `[COSE algorithm, bytes]`.
struct PrivateKeyIn(PrivateKey);

impl<'de> Deserialize<'de> for PrivateKeyIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pair;

        impl<'de> Visitor<'de> for Pair {
            type Value = PrivateKeyIn;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an algorithm and a private key")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<PrivateKeyIn, A::Error> {
                let missing = || A::Error::custom("half a private key");
                let algorithm: i64 = items.next_element()?.ok_or_else(missing)?;
                let algorithm = Algorithm::from_cose_id(algorithm)
                    .ok_or_else(|| A::Error::custom(format!("unknown algorithm {algorithm}")))?;
                let key = items.next_element_seed(OfBytes("a private key", |bytes: &[u8]| {
                    PrivateKey::from_bytes(algorithm, bytes).map_err(|error| error.to_string())
                }))?;
                if items.next_element::<IgnoredAny>()?.is_some() {
                    return Err(A::Error::custom("more than a private key"));
                }
                key.map(PrivateKeyIn).ok_or_else(missing)
            }
        }

        deserializer.deserialize_seq(Pair)
    }
}

impl<'de> Deserialize<'de> for TextDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfText;

        impl Visitor<'_> for OfText {
            type Value = TextDigest;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E>(self, text: &str) -> Result<TextDigest, E> {
                Ok(TextDigest::of(text))
            }
        }

        deserializer.deserialize_str(OfText)
    }
}

/// Makes a value of a byte string where it lies, without a copy.
struct OfBytes<F>(&'static str, F);

impl<T, F: FnOnce(&[u8]) -> Result<T, String>> Visitor<'_> for OfBytes<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<T, E> {
        (self.1)(bytes).map_err(E::custom)
    }
}

impl<'de, T, F: FnOnce(&[u8]) -> Result<T, String>> DeserializeSeed<'de> for OfBytes<F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}
