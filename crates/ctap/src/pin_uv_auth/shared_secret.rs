//! What both sides share after key agreement.

use std::fmt;

use aes::{
    Aes256,
    cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _},
};
use hkdf::Hkdf;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{PinUvAuthError, PinUvAuthProtocol};

/// What both sides share after key agreement: a key for authentication and one for encryption. Wiped when dropped and
/// never printed.
#[derive(Clone, ZeroizeOnDrop)]
pub struct SharedSecret {
    #[zeroize(skip)]
    protocol: PinUvAuthProtocol,
    hmac_key: [u8; 32],
    aes_key: [u8; 32],
}

/// The length of a block, and of an IV.
const BLOCK: usize = 16;

impl SharedSecret {
    /// `kdf(Z)`.
    pub(super) fn derive(protocol: PinUvAuthProtocol, z: &[u8]) -> Self {
        match protocol {
            PinUvAuthProtocol::One => {
                let mut key: [u8; 32] = Sha256::digest(z).into();
                let secret = Self { protocol, hmac_key: key, aes_key: key };
                key.zeroize();
                secret
            }
            PinUvAuthProtocol::Two => {
                let hkdf = Hkdf::<Sha256>::new(Some(&[0; 32]), z);
                let expand = |info: &str| {
                    let mut key = [0; 32];
                    hkdf.expand(info.as_bytes(), &mut key)
                        .expect("32 bytes are a length that HKDF-SHA-256 gives");
                    key
                };
                Self { protocol, hmac_key: expand("CTAP2 HMAC key"), aes_key: expand("CTAP2 AES key") }
            }
        }
    }

    /// The protocol it is for.
    pub fn protocol(&self) -> PinUvAuthProtocol {
        self.protocol
    }

    /// The secret as the specification writes it: 32 bytes with protocol one; HMAC key ‖ AES key with protocol two.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        match self.protocol {
            PinUvAuthProtocol::One => Zeroizing::new(self.hmac_key.to_vec()),
            PinUvAuthProtocol::Two => Zeroizing::new([self.hmac_key, self.aes_key].concat()),
        }
    }

    /// `encrypt`: AES-256-CBC without padding. Protocol two draws an IV and puts it before the ciphertext.
    ///
    /// # Panics
    ///
    /// If `plaintext` is not whole blocks of 16 bytes: every plaintext of the protocols is.
    pub fn encrypt(&self, plaintext: &[u8], random: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
        let mut iv = [0; BLOCK];
        let mut out = Vec::with_capacity(BLOCK + plaintext.len());
        if self.protocol == PinUvAuthProtocol::Two {
            random(&mut iv);
            out.extend_from_slice(&iv);
        }
        let start = out.len();
        out.extend_from_slice(plaintext);
        let mut cbc = cbc::Encryptor::<Aes256>::new((&self.aes_key).into(), (&iv).into());
        let (blocks, rest) = out.get_mut(start..).unwrap_or_default().as_chunks_mut::<BLOCK>();
        assert!(rest.is_empty(), "a plaintext is whole blocks");
        blocks.iter_mut().for_each(|block| cbc.encrypt_block(block.into()));
        out
    }

    /// `decrypt`.
    ///
    /// # Errors
    ///
    /// [`PinUvAuthError::Ciphertext`] if it is not whole blocks, or with protocol two has no IV.
    pub fn decrypt(&self, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, PinUvAuthError> {
        let error = PinUvAuthError::Ciphertext(ciphertext.len());
        let (iv, sealed) = match self.protocol {
            PinUvAuthProtocol::One => (&[0; BLOCK], ciphertext),
            PinUvAuthProtocol::Two => ciphertext.split_first_chunk().ok_or(error)?,
        };
        let mut plain = Zeroizing::new(sealed.to_vec());
        let mut cbc = cbc::Decryptor::<Aes256>::new((&self.aes_key).into(), iv.into());
        let (blocks, rest) = plain.as_chunks_mut::<BLOCK>();
        if !rest.is_empty() {
            return Err(error);
        }
        blocks.iter_mut().for_each(|block| cbc.decrypt_block(block.into()));
        Ok(plain)
    }

    /// `authenticate` of the concatenation of `message`.
    pub fn authenticate(&self, message: &[&[u8]]) -> Vec<u8> {
        self.protocol.authenticate(&self.hmac_key, message)
    }

    /// `verify`, in constant time.
    pub fn verify(&self, message: &[&[u8]], signature: &[u8]) -> bool {
        self.authenticate(message).ct_eq(signature).into()
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedSecret({:?}, ..)", self.protocol)
    }
}
