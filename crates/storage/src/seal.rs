//! Keys and values as the engine sees them: names hidden by HMAC, values sealed by AES-256-GCM.
//!
//! `docs/container-format.md` describes this byte by byte.

use std::{borrow::Borrow, cell::RefCell, cmp::Ordering, fmt};

use aes_gcm::{AeadInOut as _, Aes256Gcm, KeyInit as _, aead::Nonce};
use hmac::{Hmac, Mac as _};
use rand::{TryRng as _, rngs::SysRng};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroize as _;

use crate::{ContainerId, Kind, Revision, StoreError};

/// What a record holds. The number is part of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum KeyKind {
    /// Plain: format version and device key id. Only in the nil container.
    Header = 0,
    /// The container's key, wrapped by the device key.
    Keys = 1,
    /// PIN and sealing key. A container exists if and only if this does.
    State = 2,
    /// The floor of the attempts at built-in user verification.
    UvRetries = 3,
    /// The ceiling of the operation number.
    Operation = 4,
    /// How many credentials there are, and the sequence of the next.
    Totals = 5,
    /// One credential.
    Credential = 6,
    /// RP ID ‖ descending sequence → id, protection, flags.
    ByRp = 7,
    /// RP ID ‖ user id ‖ kind → id.
    ByUser = 8,
    /// The ceiling of one counter.
    Counter = 9,
    /// One document.
    Document = 10,
}

impl KeyKind {
    pub(crate) const ALL: [Self; 11] = [
        Self::Header,
        Self::Keys,
        Self::State,
        Self::UvRetries,
        Self::Operation,
        Self::Totals,
        Self::Credential,
        Self::ByRp,
        Self::ByUser,
        Self::Counter,
        Self::Document,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Keys => "key record",
            Self::State => "state",
            Self::UvRetries => "record of verification retries",
            Self::Operation => "operation number",
            Self::Totals => "record of totals",
            Self::Credential => "credential",
            Self::ByRp => "index entry by RP",
            Self::ByUser => "index entry by user",
            Self::Counter => "counter",
            Self::Document => "document",
        }
    }
}

/// The key of a record: container(16) ‖ kind(1) ‖ nothing, HMAC(16), or HMAC(16) ‖ descending sequence(8).
#[derive(Clone, Copy)]
pub(crate) struct Key {
    bytes: [u8; Self::MAX_LEN],
    len: u8,
}

impl Key {
    const MAX_LEN: usize = 16 + 1 + 16 + 8;

    fn from_parts(parts: &[&[u8]]) -> Self {
        let mut bytes = [0; Self::MAX_LEN];
        let mut len = 0;
        for byte in parts.iter().copied().flatten() {
            // No call below gives more than MAX_LEN bytes.
            if let Some(place) = bytes.get_mut(usize::from(len)) {
                *place = *byte;
                len += 1;
            }
        }
        Self { bytes, len }
    }

    /// The key of a record of which a container has one.
    pub(crate) fn of(container: ContainerId, kind: KeyKind) -> Self {
        Self::from_parts(&[container.as_uuid().as_bytes(), &[kind as u8]])
    }

    /// A key as the engine gave it, if it can be one of ours.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        (bytes.len() <= Self::MAX_LEN).then(|| Self::from_parts(&[bytes]))
    }

    /// This key with eight more bytes, so that later sequences sort first.
    pub(crate) fn at(self, sequence: u64) -> Self {
        Self::from_parts(&[self.as_ref(), &(!sequence).to_be_bytes()])
    }

    /// The sequence, if this is a key of [`KeyKind::ByRp`].
    pub(crate) fn sequence(key: &[u8]) -> Option<u64> {
        Some(!u64::from_be_bytes(*key.get(33..)?.first_chunk()?))
    }

    pub(crate) fn container(key: &[u8]) -> Option<ContainerId> {
        Some(ContainerId::from_uuid(Uuid::from_bytes(*key.first_chunk()?)))
    }

    pub(crate) fn kind(key: &[u8]) -> Option<KeyKind> {
        let kind = *key.get(16)?;
        KeyKind::ALL.into_iter().find(|known| *known as u8 == kind)
    }

    /// What people are told of a record.
    pub(crate) fn describe(key: &[u8]) -> String {
        let hex = |bytes: Option<&[u8]>| data_encoding::HEXLOWER.encode(bytes.unwrap_or(key));
        match (Self::container(key), Self::kind(key)) {
            (Some(container), Some(KeyKind::Header)) if container == crate::DIRECTORY => {
                "the store's header".to_owned()
            }
            (Some(container), Some(kind)) if key.len() == 17 => {
                format!("the {} of container {container}", kind.name())
            }
            (Some(container), Some(kind)) => {
                format!("the {} {} of container {container}", kind.name(), hex(key.get(17..)))
            }
            _ => format!("the record {}", hex(None)),
        }
    }
}

impl AsRef<[u8]> for Key {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&self.bytes)
    }
}

impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        self.as_ref()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_ref().cmp(other.as_ref())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Self::describe(self.as_ref()))
    }
}

/// Makes keys that show neither RP IDs nor users nor names of documents.
pub(crate) struct Index(Hmac<Sha256>);

impl Index {
    /// Wipe `key` afterwards.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes keys of every length"))
    }

    pub(crate) fn credential(&self, container: ContainerId, id: &[u8]) -> Key {
        self.key(container, KeyKind::Credential, &[id])
    }

    /// The beginning of the keys of all credentials of an RP.
    pub(crate) fn rp(&self, container: ContainerId, rp_id: &str) -> Key {
        self.key(container, KeyKind::ByRp, &[rp_id.as_bytes()])
    }

    pub(crate) fn user(&self, container: ContainerId, rp_id: &str, user_id: &[u8], kind: Kind) -> Key {
        // The length keeps an RP ID from running into the user id.
        let rp_len = (rp_id.len() as u64).to_be_bytes();
        let kind = [matches!(kind, Kind::Managed).into()];
        self.key(container, KeyKind::ByUser, &[&rp_len, rp_id.as_bytes(), &kind, user_id])
    }

    pub(crate) fn counter(&self, container: ContainerId, id: &[u8]) -> Key {
        self.key(container, KeyKind::Counter, &[id])
    }

    pub(crate) fn document(&self, container: ContainerId, name: &str) -> Key {
        self.key(container, KeyKind::Document, &[name.as_bytes()])
    }

    fn key(&self, container: ContainerId, kind: KeyKind, parts: &[&[u8]]) -> Key {
        let mut mac = self.0.clone();
        mac.update(&[kind as u8]);
        parts.iter().for_each(|part| mac.update(part));
        let mac = mac.finalize().into_bytes();
        let mac = mac.first_chunk::<16>().expect("HMAC-SHA-256 has 32 bytes");
        Key::from_parts(&[container.as_uuid().as_bytes(), &[kind as u8], mac])
    }
}

/// Seals and opens the values of one container.
pub(crate) struct Sealer(Aes256Gcm);

const VERSION: u8 = 1;
const AES_256_GCM: u8 = 1;
const NONCE: std::ops::Range<usize> = 10..22;
const HEADER: usize = 22;
const TAG: usize = 16;

/// The longest record in bytes. It holds the longest document, and bounds what a scan has in memory.
pub(crate) const MAX_RECORD: usize = 62 * 1024;

impl Sealer {
    /// Wipe `key` afterwards.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(key.into()))
    }

    /// Seals what `write` appends to the buffer, in place: no copy of the plaintext remains.
    ///
    /// `room` is the expected length of the body in bytes. A larger one leaves copies in freed memory.
    pub(crate) fn seal(
        &self,
        key: &Key,
        revision: Revision,
        room: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Vec<u8>, StoreError> {
        let nonce = nonce()?;
        let mut record = Vec::with_capacity(HEADER + room + TAG);
        record.extend_from_slice(&[VERSION, AES_256_GCM]);
        record.extend_from_slice(&revision.0.to_be_bytes());
        record.extend_from_slice(&nonce);
        write(&mut record);
        let len = record.len() + TAG;
        if len > MAX_RECORD {
            record.zeroize();
            return Err(StoreError::TooLarge { what: "the record", len, max: MAX_RECORD });
        }
        let (data, data_len) = associated_data(key.as_ref(), revision);
        let tag = self
            .0
            .encrypt_inout_detached(
                &Nonce::<Aes256Gcm>::from(nonce),
                data.get(..data_len).unwrap_or(&data),
                record.get_mut(HEADER..).unwrap_or_default().into(),
            )
            .expect("a record is far below the limit of AES-GCM");
        record.extend_from_slice(&tag);
        Ok(record)
    }

    /// The revision and the plaintext of a record.
    pub(crate) fn open(&self, key: &[u8], record: &[u8]) -> Result<(Revision, Plain), StoreError> {
        let damaged = |reason: &str| StoreError::damaged(Key::describe(key), reason);
        // Only the beginning of a longer one would be authenticated.
        if key.len() > Key::MAX_LEN {
            return Err(damaged("its key is too long"));
        }
        let revision = revision(key, record)?;
        if record.get(1) != Some(&AES_256_GCM) {
            return Err(damaged("unknown cipher suite"));
        }
        let too_short = || damaged("too short");
        let nonce: [u8; 12] =
            record.get(NONCE).and_then(|nonce| nonce.try_into().ok()).ok_or_else(too_short)?;
        let sealed = record.get(HEADER..).ok_or_else(too_short)?;
        let (body, tag) = sealed.split_last_chunk::<TAG>().ok_or_else(too_short)?;
        let (data, data_len) = associated_data(key, revision);
        let mut plain = Plain::new(body);
        self.0
            .decrypt_inout_detached(
                &Nonce::<Aes256Gcm>::from(nonce),
                data.get(..data_len).unwrap_or(&data),
                plain.as_mut().into(),
                &(*tag).into(),
            )
            .map_err(|_| damaged("it does not authenticate (changed, moved or cut off)"))?;
        Ok((revision, plain))
    }
}

/// The revision that a record says it has, not yet authenticated.
pub(crate) fn revision(key: &[u8], record: &[u8]) -> Result<Revision, StoreError> {
    let too_short = || StoreError::damaged(Key::describe(key), "too short");
    match record.first() {
        None => Err(too_short()),
        Some(&VERSION) => {
            let revision = record.get(2..).and_then(|rest| rest.first_chunk()).ok_or_else(too_short)?;
            Ok(Revision(u64::from_be_bytes(*revision)))
        }
        Some(&found) => Err(StoreError::UnknownVersion {
            what: "a record of the store",
            found: found.into(),
            known: VERSION.into(),
        }),
    }
}

/// version ‖ suite ‖ key (container, kind, …; at most [`Key::MAX_LEN`] bytes) ‖ revision, and its length.
fn associated_data(key: &[u8], revision: Revision) -> ([u8; 2 + Key::MAX_LEN + 8], usize) {
    let mut data = [0; 2 + Key::MAX_LEN + 8];
    let revision = revision.0.to_be_bytes();
    let parts = [VERSION, AES_256_GCM];
    let bytes = parts.iter().chain(key).chain(&revision);
    let len = data.iter_mut().zip(bytes).map(|(place, byte)| *place = *byte).count();
    (data, len)
}

/// Decrypted bytes, wiped when dropped. Short ones take no allocation.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives on the stack for one decoding, to save an allocation"
)]
pub(crate) enum Plain {
    Short([u8; Self::SHORT], usize),
    Long(Vec<u8>),
}

impl Plain {
    /// Most credentials are shorter, those with an RSA key included.
    const SHORT: usize = 768;

    fn new(bytes: &[u8]) -> Self {
        let mut short = [0; Self::SHORT];
        match short.get_mut(..bytes.len()) {
            Some(place) => {
                place.copy_from_slice(bytes);
                Self::Short(short, bytes.len())
            }
            None => Self::Long(bytes.to_vec()),
        }
    }

    fn as_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Short(bytes, len) => bytes.get_mut(..*len).unwrap_or_default(),
            Self::Long(bytes) => bytes,
        }
    }
}

impl AsRef<[u8]> for Plain {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Short(bytes, len) => bytes.get(..*len).unwrap_or_default(),
            Self::Long(bytes) => bytes,
        }
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.as_mut().zeroize();
    }
}

/// Random bytes from the operating system, never given out before. A commit needs several, and a system call costs more than the
/// encryption of a record: they are drawn many at a time.
pub(crate) fn nonce() -> Result<[u8; 12], StoreError> {
    const MANY: usize = 64;
    thread_local! {
        static DRAWN: RefCell<Vec<[u8; 12]>> = const { RefCell::new(Vec::new()) };
    }
    DRAWN.with_borrow_mut(|drawn| {
        if drawn.is_empty() {
            let mut bytes = [0; 12 * MANY];
            random(&mut bytes)?;
            drawn.extend_from_slice(bytes.as_chunks().0);
        }
        Ok(drawn.pop().expect("some were drawn"))
    })
}

/// Fills `out` from the operating system.
pub(crate) fn random(out: &mut [u8]) -> Result<(), StoreError> {
    SysRng.try_fill_bytes(out).map_err(|error| {
        StoreError::io("draw random bytes from the operating system", std::io::Error::other(error))
    })
}
