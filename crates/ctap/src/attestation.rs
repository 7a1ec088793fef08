//! Attestation keys, statements and objects.

use std::fmt;

use crate::{
    KeyError, PrivateKey,
    cbor::Writer,
    message::{ATTESTATION_OBJECT, ATTESTATION_STATEMENT, MapBuilder, MapWriter},
};

/// An attestation statement format that can be made here.
///
/// Source: WebAuthn Level 3 §8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// `none`: no statement.
    None,
    /// `packed`, signed with the key of the batch or with the credential's own (self attestation).
    Packed,
}

impl Format {
    /// The format's identifier on the wire.
    pub fn identifier(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Packed => "packed",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.identifier())
    }
}

/// The attestation key that all authenticators of a batch have, and its certificates. Part of the model: no reset
/// changes it.
///
/// Source: WebAuthn Level 3 §6.5.3, "Basic"; CTAP 2.3 §7.1 for the enterprise's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// An ES256 key.
    pub key: PrivateKey,
    /// The chain in X.509 DER, the certificate of `key` first; the root is left out.
    pub x5c: Vec<Vec<u8>>,
    /// The same for enterprise attestation: its certificate names this one device.
    pub enterprise_x5c: Vec<Vec<u8>>,
}

/// A statement, still as its members.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttestationStatement {
    /// Nothing.
    None,
    /// `packed`.
    Packed {
        /// COSE algorithm of the key that signed.
        alg: i64,
        /// The signature over authData ‖ clientDataHash.
        sig: Vec<u8>,
        /// The certificate of the key that signed and its chain; empty if it is the credential's own.
        x5c: Vec<Vec<u8>>,
    },
}

impl AttestationStatement {
    /// Signs `packed` with `key`: the batch's, with its chain, or the credential's own, with no certificate.
    ///
    /// Source: WebAuthn Level 3 §8.2, signing procedure.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the key cannot sign.
    pub fn packed(
        key: &PrivateKey,
        x5c: &[Vec<u8>],
        auth_data: &[u8],
        client_data_hash: &[u8; 32],
    ) -> Result<Self, KeyError> {
        Ok(Self::Packed {
            alg: key.algorithm().cose_id(),
            sig: key.sign(&[auth_data, client_data_hash])?,
            x5c: x5c.to_vec(),
        })
    }

    /// The format it belongs to.
    pub fn format(&self) -> Format {
        match self {
            Self::None => Format::None,
            Self::Packed { .. } => Format::Packed,
        }
    }

    /// How many bytes it takes at most.
    pub(crate) fn room(&self) -> usize {
        match self {
            Self::None => 1,
            Self::Packed { sig, x5c, .. } => {
                40 + sig.len() + x5c.iter().map(|der| der.len() + 3).sum::<usize>()
            }
        }
    }

    /// Writes it as a map.
    pub fn write(&self, out: &mut Writer) {
        let mut map = MapBuilder::new(&ATTESTATION_STATEMENT);
        if let Self::Packed { alg, sig, x5c } = self {
            map.member("alg").int(*alg);
            map.member("sig").bytes(sig);
            if !x5c.is_empty() {
                let list = map.member("x5c").array(x5c.len());
                for certificate in x5c {
                    list.bytes(certificate);
                }
            }
        }
        map.write(out);
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
