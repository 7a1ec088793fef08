//! `largeBlob`: bytes of any relying party, kept beside its credential.
//!
//! Either in the array that authenticatorLargeBlobs keeps, each element sealed with its credential's `largeBlobKey`; or
//! with the credential, by the authenticator extension `largeBlob`.
//!
//! Source: WebAuthn Level 3 §10.1.5; CTAP 2.3 §6.10.3, §12.3 and §12.4.

use aes_gcm::{
    Aes256Gcm, KeyInit as _,
    aead::{Aead as _, Payload},
};
use miniz_oxide::{deflate, inflate};
use sha2::{Digest as _, Sha256};
use softhello_ctap::{
    Extension, Step,
    cbor::{self, Reader, Writer},
};

use super::{AuthenticatorOutputs, LargeBlobInputs, LargeBlobOutputs};
use crate::{DomException, Failure, RequestOptions, credential_list::REST_OF_REQUEST};

/// The longest blob that is taken out, in bytes.
const MAX_BLOB: usize = 1 << 20;

/// How much is spent on making a blob small, of 10.
const LEVEL: u8 = 6;

/// The length of the truncated hash at the array's end.
const HASH_LEN: usize = 16;

/// Checks the inputs of a creation.
pub(crate) fn check_creation(inputs: &LargeBlobInputs) -> Result<(), Failure> {
    match inputs.read.is_some() || inputs.write.is_some() {
        true => Err(refuse(&CREATE, "`largeBlob.read` and `largeBlob.write` are for assertions")),
        false => Ok(()),
    }
}

/// Checks the inputs of an assertion.
pub(crate) fn check_assertion(inputs: &LargeBlobInputs, options: &RequestOptions) -> Result<(), Failure> {
    if inputs.required.is_some() {
        return Err(refuse(&GET, "`largeBlob.support` is for creations"));
    }
    match (inputs.read, &inputs.write) {
        (Some(_), Some(_)) => Err(refuse(&GET, "`largeBlob.read` and `largeBlob.write` exclude each other")),
        (_, Some(_)) if options.allow_credentials.len() != 1 => {
            Err(refuse(&GET, "`largeBlob.write` needs exactly one entry in `allowCredentials`"))
        }
        _ => Ok(()),
    }
}

fn refuse(step: &'static Step, reason: &str) -> Failure {
    Failure::new(DomException::NotSupportedError, step, reason)
}

/// Makes a blob small: DEFLATE without a head.
pub(crate) fn compress(blob: &[u8]) -> Vec<u8> {
    deflate::compress_to_vec(blob, LEVEL)
}

/// Takes a blob of `original_size` bytes out.
pub(crate) fn decompress(compressed: &[u8], original_size: u64) -> Option<Vec<u8>> {
    let size = usize::try_from(original_size).ok().filter(|size| *size <= MAX_BLOB)?;
    let blob = inflate::decompress_to_vec_with_limit(compressed, size).ok()?;
    (blob.len() == size).then_some(blob)
}

/// Whether the authenticator extension says that the new credential can have a blob.
pub(crate) fn is_supported(unsigned: &AuthenticatorOutputs<'_>) -> bool {
    member(unsigned, "supported").is_some_and(|item| Reader::new(item).bool() == Ok(true))
}

/// The input of the authenticator extension: a blob to write, or the wish to read. Nothing for a blob that takes more
/// than `room` bytes: no request could carry it.
pub(crate) fn input(blob: Option<&[u8]>, room: usize) -> Option<Vec<u8>> {
    let mut out = Writer::default();
    match blob {
        None => out.map(1).text("read").bool(true),
        Some(blob) => {
            let compressed = compress(blob);
            if compressed.len() > room.saturating_sub(REST_OF_REQUEST) {
                return None;
            }
            out.map(2).text("write").bytes(&compressed).text("originalSize").uint(blob.len() as u64)
        }
    };
    Some(out.into_bytes())
}

/// The output of the authenticator extension, as the page gets it.
pub(crate) fn read_output(inputs: &LargeBlobInputs, unsigned: &AuthenticatorOutputs<'_>) -> LargeBlobOutputs {
    let item = |name| member(unsigned, name).map(Reader::new);
    let blob = || decompress(item("blob")?.bytes().ok()?, item("originalSize")?.uint().ok()?);
    let written = || item("written").is_some_and(|mut item| item.bool() == Ok(true));
    LargeBlobOutputs {
        supported: None,
        blob: if inputs.read == Some(true) { blob() } else { None },
        written: inputs.write.as_ref().map(|_| written()),
    }
}

/// A member of the authenticator extension's output.
fn member<'a>(unsigned: &AuthenticatorOutputs<'a>, name: &str) -> Option<&'a [u8]> {
    unsigned.get(Extension::LargeBlob, |map| {
        for _ in 0..map.map_len().ok()? {
            let (key, value) = (map.item().ok()?, map.item().ok()?);
            if Reader::new(key).text() == Ok(name) {
                return Some(value);
            }
        }
        None
    })
}

/// The large-blob array, as far as a platform looks into it: elements of others stay as they came.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LargeBlobArray {
    /// Encoded.
    elements: Vec<Vec<u8>>,
}

/// `largeBlobMap`.
struct Element<'a> {
    ciphertext: &'a [u8],
    nonce: &'a [u8; 12],
    original_size: u64,
}

impl LargeBlobArray {
    /// Reads the serialized array. One that is damaged counts as empty, as the specification wants it.
    ///
    /// Source: CTAP 2.3 §6.10.2, "a platform acts as if the initial serialized large-blob array was received".
    pub(crate) fn read(serialized: &[u8]) -> Self {
        Self::parse(serialized).unwrap_or_default()
    }

    fn parse(serialized: &[u8]) -> Option<Self> {
        let (array, hash) = serialized.split_last_chunk::<HASH_LEN>()?;
        if truncated_hash(array) != *hash {
            return None;
        }
        cbor::validate_any_order(array, cbor::MAX_DEPTH).ok()?;
        let mut reader = Reader::new(array);
        let len = reader.array_len().ok()?;
        let elements = (0..len).map(|_| reader.item().map(<[u8]>::to_vec));
        Some(Self { elements: elements.collect::<Result<_, _>>().ok()? })
    }

    /// The serialized array.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.array(self.elements.len());
        for element in &self.elements {
            out.raw(element);
        }
        let mut bytes = out.into_bytes();
        bytes.extend(truncated_hash(&bytes));
        bytes
    }

    /// The blob under this key.
    pub(crate) fn get(&self, key: &[u8; 32]) -> Option<Vec<u8>> {
        self.elements.iter().find_map(|element| Element::read(element)?.open(key))
    }

    /// Replaces the blob under this key.
    pub(crate) fn put(&mut self, key: &[u8; 32], nonce: [u8; 12], blob: &[u8]) {
        self.elements
            .retain(|element| Element::read(element).and_then(|element| element.open(key)).is_none());
        self.elements.push(seal(key, nonce, blob));
    }
}

impl<'a> Element<'a> {
    fn read(element: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(element);
        let (mut ciphertext, mut nonce, mut original_size) = (None, None, None);
        for _ in 0..reader.map_len().ok()? {
            match (Reader::new(reader.item().ok()?).int(), Reader::new(reader.item().ok()?)) {
                (Ok(1), mut value) => ciphertext = value.bytes().ok(),
                (Ok(2), mut value) => nonce = value.bytes().ok()?.try_into().ok(),
                (Ok(3), mut value) => original_size = value.uint().ok(),
                _ => {}
            }
        }
        Some(Self { ciphertext: ciphertext?, nonce: nonce?, original_size: original_size? })
    }

    fn open(&self, key: &[u8; 32]) -> Option<Vec<u8>> {
        let aad = associated_data(self.original_size);
        let payload = Payload { msg: self.ciphertext, aad: &aad };
        let compressed = Aes256Gcm::new(key.into()).decrypt(self.nonce.into(), payload).ok()?;
        decompress(&compressed, self.original_size)
    }
}

fn seal(key: &[u8; 32], nonce: [u8; 12], blob: &[u8]) -> Vec<u8> {
    let original_size = blob.len() as u64;
    let aad = associated_data(original_size);
    let payload = Payload { msg: &compress(blob), aad: &aad };
    let ciphertext = Aes256Gcm::new(key.into())
        .encrypt(&nonce.into(), payload)
        .expect("a blob is far shorter than AES-GCM takes");
    let mut element = Writer::default();
    element.map(3).int(1).bytes(&ciphertext).int(2).bytes(&nonce).int(3).uint(original_size);
    element.into_bytes()
}

/// `"blob"` ‖ uint64LittleEndian(origSize).
fn associated_data(original_size: u64) -> [u8; 12] {
    let mut data = *b"blob\0\0\0\0\0\0\0\0";
    data[4..].copy_from_slice(&original_size.to_le_bytes());
    data
}

/// LEFT(SHA-256(array), 16).
fn truncated_hash(array: &[u8]) -> [u8; HASH_LEN] {
    let digest = Sha256::digest(array);
    *digest.first_chunk().expect("SHA-256 output is 32 bytes")
}

static CREATE: Step = Step {
    section: "10.1.5",
    number: "create 1",
    rule: "At creation nothing is read or written, or it is a NotSupportedError.",
};
static GET: Step = Step {
    section: "10.1.5",
    number: "get 1",
    rule: "An assertion asks for no support, and reads or writes but not both; writing needs exactly one allowed \
           credential. Otherwise it is a NotSupportedError.",
};
pub(crate) static SUPPORT: Step = Step {
    section: "10.1.5",
    number: "create 2",
    rule: "An authenticator that cannot keep a blob is left out where support is required.",
};

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn key() -> [u8; 32] {
        std::array::from_fn(|at| u8::try_from(at).expect("small"))
    }

    fn nonce() -> [u8; 12] {
        std::array::from_fn(|at| u8::try_from(at).expect("small"))
    }

    /// CTAP 2.3 reference, Annex A.7.
    #[test]
    fn an_array_of_one_blob_is_that_of_the_vector() {
        let blob = b"hello large blob";
        assert_eq!(HEXLOWER.encode(&compress(blob)), "cb48cdc9c957c8492c4a4f5548cac94f0200");
        let mut array = LargeBlobArray::default();
        array.put(&key(), nonce(), blob);
        assert_eq!(
            HEXLOWER.encode(&array.to_bytes()),
            "81a30158228c4a1bd20cb20a52a10bd8def923b12281d6ff8d0b72900fece228ea2830dd5e37cb\
             024c000102030405060708090a0b0310efe06647fb1f57b6f44ec22936351693"
        );
        assert_eq!(LargeBlobArray::read(&array.to_bytes()).get(&key()).as_deref(), Some(&blob[..]));
    }

    #[test]
    fn the_initial_array_is_empty() {
        let initial = HEXLOWER.decode(b"8076be8b528d0075f7aae98d6fa57a6d3c").expect("hex");
        assert_eq!(LargeBlobArray::parse(&initial), Some(LargeBlobArray::default()));
        assert_eq!(LargeBlobArray::default().to_bytes(), initial);
    }

    #[test]
    fn a_blob_is_replaced_and_those_of_others_stay() {
        let mut array = LargeBlobArray { elements: vec![vec![0xf5], vec![0xa1, 0x01, 0x02]] };
        array.put(&[1; 32], nonce(), b"other");
        array.put(&key(), nonce(), b"old");
        array.put(&key(), nonce(), b"");
        let array = LargeBlobArray::read(&array.to_bytes());
        assert_eq!(array.elements.len(), 4);
        assert_eq!(array.get(&key()).as_deref(), Some(&b""[..]));
        assert_eq!(array.get(&[1; 32]).as_deref(), Some(&b"other"[..]));
        assert_eq!(array.get(&[2; 32]), None);
    }

    #[test]
    fn damaged_arrays_count_as_empty() {
        let mut array = LargeBlobArray::default();
        array.put(&key(), nonce(), b"blob");
        let good = array.to_bytes();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert_eq!(LargeBlobArray::read(&bad), LargeBlobArray::default(), "{at}");
        }
        for len in 0..good.len() {
            assert_eq!(LargeBlobArray::read(&good[..len]), LargeBlobArray::default(), "{len}");
        }
    }

    #[test]
    fn a_blob_is_no_longer_than_it_says() {
        let bomb = compress(&vec![0; MAX_BLOB + 1]);
        for (size, want) in
            [(MAX_BLOB as u64 + 1, None), (u64::MAX, None), (5, None), (MAX_BLOB as u64, None)]
        {
            assert_eq!(decompress(&bomb, size), want, "{size}");
        }
        assert_eq!(decompress(&compress(&[7; 5]), 5).as_deref(), Some(&[7; 5][..]));
        assert_eq!(decompress(&compress(&[7; 5]), 6), None);
    }
}
