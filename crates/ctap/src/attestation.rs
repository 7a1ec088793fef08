//! Attestation statements and attestation objects.

use std::fmt;

use crate::{
    KeyError, PrivateKey,
    cbor::Writer,
    message::{ATTESTATION_OBJECT, ATTESTATION_STATEMENT, MapWriter},
};

/// An attestation statement format that can be made here.
///
/// Source: WebAuthn Level 3 §8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// `none`: no statement.
    None,
    /// `packed`, signed with the credential's own key (self attestation).
    PackedSelf,
}

impl Format {
    /// The format's identifier on the wire.
    pub fn identifier(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::PackedSelf => "packed",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.identifier())
    }
}

/// A statement, still as its members.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttestationStatement {
    /// Nothing.
    None,
    /// `packed` without certificates.
    PackedSelf {
        /// COSE algorithm of the credential.
        alg: i64,
        /// The credential key's signature over authData ‖ clientDataHash.
        sig: Vec<u8>,
    },
}

impl AttestationStatement {
    /// Signs `packed` self attestation.
    ///
    /// Source: WebAuthn Level 3 §8.2, signing procedure, "if self attestation is in use".
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the key cannot sign.
    pub fn packed_self(
        key: &PrivateKey,
        auth_data: &[u8],
        client_data_hash: &[u8; 32],
    ) -> Result<Self, KeyError> {
        Ok(Self::PackedSelf {
            alg: key.algorithm().cose_id(),
            sig: key.sign(&[auth_data, client_data_hash])?,
        })
    }

    /// The format it belongs to.
    pub fn format(&self) -> Format {
        match self {
            Self::None => Format::None,
            Self::PackedSelf { .. } => Format::PackedSelf,
        }
    }

    /// Writes it as a map.
    pub fn write(&self, out: &mut Writer) {
        match self {
            Self::None => {
                out.map(0);
            }
            Self::PackedSelf { alg, sig } => {
                let mut map = MapWriter::new(&ATTESTATION_STATEMENT, 2, out);
                map.member("alg").int(*alg);
                map.member("sig").bytes(sig);
            }
        }
    }
}

/// Builds an attestation object: `fmt`, `attStmt`, `authData`, in this order.
///
/// `att_stmt` is an encoded map.
///
/// Source: WebAuthn Level 3 §6.5.4.
pub fn attestation_object(fmt: &str, att_stmt: &[u8], auth_data: &[u8]) -> Vec<u8> {
    let mut out = Writer::appending(Vec::with_capacity(40 + att_stmt.len() + auth_data.len()));
    let mut map = MapWriter::new(&ATTESTATION_OBJECT, 3, &mut out);
    map.member("fmt").text(fmt);
    map.member("attStmt").raw(att_stmt);
    map.member("authData").bytes(auth_data);
    out.into_bytes()
}
