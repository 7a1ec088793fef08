//! Authenticator data.

use uuid::Uuid;

use crate::{CredentialId, cbor, cbor::Writer, cose::PublicKey, message::MessageError};

/// The flags byte of authenticator data.
///
/// Source: WebAuthn Level 3 §6.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    /// The user was present.
    pub const UP: u8 = 0x01;
    /// The user was verified.
    pub const UV: u8 = 0x04;
    /// The credential may be backed up.
    pub const BE: u8 = 0x08;
    /// The credential is backed up.
    pub const BS: u8 = 0x10;
    /// Attested credential data follows.
    pub const AT: u8 = 0x40;
    /// Extension data follows.
    pub const ED: u8 = 0x80;

    /// Every bit with its name.
    pub const NAMES: [(u8, &'static str); 6] = [
        (Self::UP, "UP"),
        (Self::UV, "UV"),
        (Self::BE, "BE"),
        (Self::BS, "BS"),
        (Self::AT, "AT"),
        (Self::ED, "ED"),
    ];

    /// Sets the bits of `mask` if `on`.
    #[must_use]
    pub fn with(self, mask: u8, on: bool) -> Self {
        Self(if on { self.0 | mask } else { self.0 & !mask })
    }

    /// Whether all bits of `mask` are set.
    pub fn has(self, mask: u8) -> bool {
        self.0 & mask == mask
    }
}

/// What a credential's creation adds to authenticator data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestedCredential {
    /// The authenticator's model.
    pub aaguid: Uuid,
    /// The new credential's id.
    pub id: CredentialId,
    /// Its public key.
    pub public_key: PublicKey,
}

/// Authenticator data: rpIdHash ‖ flags ‖ signCount ‖ \[attested credential data\] ‖ \[extensions\].
///
/// The bits AT and ED of `flags` follow from the other members when it is written.
///
/// Source: WebAuthn Level 3 §6.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthData {
    /// SHA-256 of the RP ID.
    pub rp_id_hash: [u8; 32],
    /// UP, UV, BE and BS.
    pub flags: Flags,
    /// The signature counter.
    pub sign_count: u32,
    /// The new credential, at creation.
    pub attested: Option<AttestedCredential>,
    /// Extension outputs, an encoded map.
    pub extensions: Option<Vec<u8>>,
}

impl AuthData {
    /// Authenticator data without credential and extensions.
    pub fn new(rp_id_hash: [u8; 32], flags: Flags, sign_count: u32) -> Self {
        Self { rp_id_hash, flags, sign_count, attested: None, extensions: None }
    }

    /// Encodes it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let flags =
            self.flags.with(Flags::AT, self.attested.is_some()).with(Flags::ED, self.extensions.is_some());
        let credential = self.attested.as_ref().map_or(0, |attested| 18 + attested.id.as_bytes().len() + 280);
        let extensions = self.extensions.as_deref().unwrap_or_default();
        let mut out = Vec::with_capacity(37 + credential + extensions.len());
        out.extend_from_slice(&self.rp_id_hash);
        out.push(flags.0);
        out.extend_from_slice(&self.sign_count.to_be_bytes());
        if let Some(attested) = &self.attested {
            let id = attested.id.as_bytes();
            let len = u16::try_from(id.len()).expect("a credential id has at most 1,023 bytes");
            out.extend_from_slice(attested.aaguid.as_bytes());
            out.extend_from_slice(&len.to_be_bytes());
            out.extend_from_slice(id);
            let mut writer = Writer::appending(out);
            attested.public_key.write(&mut writer);
            out = writer.into_bytes();
        }
        out.extend_from_slice(extensions);
        out
    }

    /// Decodes it whole.
    ///
    /// # Errors
    ///
    /// [`MessageError`] if it is cut off, has bytes left over, its flags contradict its length, or its credential
    /// id or public key cannot be read.
    pub fn parse(bytes: &[u8]) -> Result<Self, MessageError> {
        let wrong = |rule| MessageError::Value { member: "authData".to_owned(), rule };
        let cut = || wrong("ends too early");
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>().ok_or_else(cut)?;
        let (&[flags], rest) = rest.split_first_chunk::<1>().ok_or_else(cut)?;
        let (sign_count, mut rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let flags = Flags(flags);
        let mut attested = None;
        if flags.has(Flags::AT) {
            let (aaguid, after) = rest.split_first_chunk::<16>().ok_or_else(cut)?;
            let (len, after) = after.split_first_chunk::<2>().ok_or_else(cut)?;
            let (id, after) =
                after.split_at_checked(usize::from(u16::from_be_bytes(*len))).ok_or_else(cut)?;
            let id = CredentialId::try_from(id)
                .map_err(|_| wrong("has a credential id that is empty or longer than 1023 bytes"))?;
            let (public_key, after) = PublicKey::read(after)?;
            attested = Some(AttestedCredential { aaguid: Uuid::from_bytes(*aaguid), id, public_key });
            rest = after;
        }
        let mut extensions = None;
        if flags.has(Flags::ED) {
            cbor::validate(rest, cbor::MAX_DEPTH)?;
            extensions = Some(rest.to_vec());
            rest = &[];
        }
        if !rest.is_empty() {
            return Err(wrong("goes on after its end"));
        }
        let sign_count = u32::from_be_bytes(*sign_count);
        Ok(Self { rp_id_hash: *rp_id_hash, flags, sign_count, attested, extensions })
    }
}
