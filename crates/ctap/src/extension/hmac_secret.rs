//! hmac-secret: a secret of a credential and a salt. Source: CTAP 2.3 §12.7.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{Extension, Inputs};
use crate::{
    CredRandom, Denied, Host, Outcome, PinUvAuthProtocol, Profile, Session, Step, Steps,
    api::refuse,
    cbor::Reader,
    message::{HMAC_SECRET, Members},
    pin_uv_auth::{KeyAgreementKey, SharedSecret},
    step::steps,
};

/// The salts of a platform, decrypted, and the secret that the outputs are encrypted with.
#[derive(Clone)]
pub(crate) struct Salts {
    secret: SharedSecret,
    /// One or two of 32 bytes.
    salts: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Salts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salts(..)")
    }
}

/// The steps of one extension that reads salts.
pub(super) struct Citations {
    pub(super) members: &'static Step,
    pub(super) up: &'static Step,
    pub(super) decrypt: &'static Step,
}

static CITATIONS: Citations = Citations { members: &MEMBERS, up: &UP, decrypt: &DECRYPT };

/// Reads the input of an assertion.
pub(super) fn salts(
    host: &mut impl Host,
    session: &mut Session,
    inputs: &Inputs<'_>,
    up: bool,
) -> Result<Option<Salts>, Denied> {
    read(host, &CITATIONS, Extension::HmacSecret, session, inputs, up)
}

/// Reads an input of this shape.
pub(super) fn read(
    host: &mut impl Host,
    steps: &'static Citations,
    extension: Extension,
    session: &mut Session,
    inputs: &Inputs<'_>,
    up: bool,
) -> Result<Option<Salts>, Denied> {
    let Some(item) = inputs.raw(extension) else { return Ok(None) };
    inputs.read(host, extension, Reader::map_len)?;
    let members =
        Members::read(&HMAC_SECRET, item).map_err(|error| refuse(host, steps.members, error.into()))?;
    let protocol = protocol(inputs.profile, members.uint("pinUvAuthProtocol"))
        .map_err(|denied| refuse(host, steps.members, denied))?;
    host.note(steps.members, Outcome::Passed);
    if !up {
        return Err(refuse(host, steps.up, Denied::HmacSecretWithoutUp));
    }
    host.note(steps.up, Outcome::Passed);
    let (salt_enc, salt_auth) =
        (members.bytes("saltEnc").unwrap_or_default(), members.bytes("saltAuth").unwrap_or_default());
    let decrypted = decrypt(host, session, protocol, members.raw("keyAgreement"), salt_enc, salt_auth);
    match decrypted {
        Ok(salts) => {
            host.note(steps.decrypt, Outcome::Passed);
            Ok(Some(salts))
        }
        Err(denied) => Err(refuse(host, steps.decrypt, denied)),
    }
}

/// An absent protocol means one.
fn protocol(profile: &Profile, number: Option<u64>) -> Result<PinUvAuthProtocol, Denied> {
    let supported = |protocol: &PinUvAuthProtocol| profile.pin_uv_auth_protocols.contains(protocol);
    match number {
        None => Some(PinUvAuthProtocol::One).filter(supported).ok_or(Denied::HmacSecretNeedsProtocol),
        Some(number) => PinUvAuthProtocol::from_number(number)
            .filter(supported)
            .ok_or(Denied::ProtocolUnsupported(number)),
    }
}

fn decrypt(
    host: &mut impl Host,
    session: &mut Session,
    protocol: PinUvAuthProtocol,
    key_agreement: Option<&[u8]>,
    salt_enc: &[u8],
    salt_auth: &[u8],
) -> Result<Salts, Denied> {
    let peer = KeyAgreementKey::read(key_agreement.unwrap_or_default())?;
    let own = session.key_agreement(protocol, &mut |out| host.random(out));
    let secret = own.shared_secret(protocol, &peer).map_err(Denied::KeyAgreement)?;
    if !secret.verify(&[salt_enc], salt_auth) {
        return Err(Denied::SaltAuthWrong);
    }
    let salts = secret.decrypt(salt_enc).map_err(Denied::Salts)?;
    if ![32, 64].contains(&salts.len()) {
        return Err(Denied::SaltLength { len: salts.len() });
    }
    Ok(Salts { secret, salts })
}

impl Salts {
    /// The encrypted output for a credential of this CredRandom.
    pub(super) fn output(&self, host: &mut impl Host, random: &CredRandom, uv: bool) -> Vec<u8> {
        let key = if uv { &random.with_uv } else { &random.without_uv };
        host.note(&EVALUATE, Outcome::Chose(if uv { "CredRandomWithUV" } else { "CredRandomWithoutUV" }));
        let outputs: Zeroizing<Vec<u8>> =
            Zeroizing::new(self.salts.chunks(32).flat_map(|salt| evaluate(key, salt)).collect());
        host.note(&ENCRYPT, Outcome::Passed);
        self.secret.encrypt(&outputs, &mut |out| host.random(out))
    }
}

/// HMAC-SHA-256(CredRandom, salt).
pub(crate) fn evaluate(cred_random: &[u8; 32], salt: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(cred_random).expect("HMAC takes keys of every length");
    mac.chain_update(salt).finalize().into_bytes().into()
}

/// Whether a creation asks for it.
pub(super) fn creation(host: &mut impl Steps, inputs: &Inputs<'_>) -> Result<bool, Denied> {
    let asked = inputs.asked_for(host, Extension::HmacSecret)?;
    if asked {
        host.note(&CREATE, Outcome::Passed);
    }
    Ok(asked)
}

steps! {
    CREATE = "12.7" "0" "every new credential gets CredRandomWithUV and CredRandomWithoutUV; the output true is for those who asked";
    MEMBERS = "12.7" "1" "keyAgreement, saltEnc and saltAuth are there, and the protocol, one if absent, is supported";
    UP = "12.7" "2" "up false is UNSUPPORTED_OPTION";
    DECRYPT = "12.7" "3" "after consent the salts are decapsulated, verified and decrypted: 32 or 64 bytes";
    EVALUATE = "12.7" "4" "HMAC-SHA-256 of each salt under CredRandomWithUV if the user was verified, else CredRandomWithoutUV";
    ENCRYPT = "12.7" "5" "the output is encrypted with the shared secret";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pin_uv_auth::tests::secret;

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).expect("hex");
        bytes.try_into().expect("the length")
    }

    /// The vectors of WebAuthn Level 3 for prf over hmac-secret.
    #[test]
    fn vectors() {
        let cred_random = hex("437e065e723a98b2f08f39d8baf7c53ecb3c363c5e5104bdaaf5d5ca2e028154");
        let salt = hex::<32>("527413ebb48293772df30f031c5ac4650c7de14bf9498671ae163447b6a772b3");
        let output = evaluate(&cred_random, &salt);
        assert_eq!(output, hex("3c33e07d202c3b029cc21f1722767021bf27d595933b3d2b6a1b9d5dddc77fae"));
        let one = (
            hex::<32>("ab8c878bb05d04700f077ed91845ec9c503c925cb12b327ddbeb4243c397f913").to_vec(),
            hex::<16>("3dccd36b39c6df11dd85837ce672a9bb").to_vec(),
            hex::<32>("15d4e4f3f04109b492b575c1b38c28585b6719cf8d61304215108d939f37ccfb").to_vec(),
        );
        let two = (
            hex::<48>(
                "23dde5e3462daf36559b85c4ac5f9656aa9bfd81c1dc2bf8533c8b9f3882854786b4f500e25b4e3d81f7fc7c74236229",
            )
            .to_vec(),
            hex::<32>("8edf4c9d4770439b093d91df4e0788064a1f521c4041adb6338229b38b4f605c").to_vec(),
            hex::<48>(
                "3bfaa48f7952330d63e35ff8cd5bca48d2a12823828915749287256ab146272f9fb437bf65691243c3f504bd7ea6d5e6",
            )
            .to_vec(),
        );
        for (protocol, (salt_enc, salt_auth, encrypted)) in PinUvAuthProtocol::ALL.into_iter().zip([one, two])
        {
            let secret = secret(protocol);
            assert!(secret.verify(&[&salt_enc], &salt_auth), "{protocol:?}");
            assert_eq!(secret.decrypt(&salt_enc).expect("whole blocks")[..], salt, "{protocol:?}");
            let iv = encrypted.clone();
            let sealed =
                secret.encrypt(&output, &mut |out| out.copy_from_slice(iv.get(..16).unwrap_or_default()));
            assert_eq!(sealed, encrypted, "{protocol:?}");
        }
    }
}
