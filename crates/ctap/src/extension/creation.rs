//! Extensions when a credential is made. Source: CTAP 2.3 §6.1.2 step 15.

use super::{
    Extension, Inputs, cred_blob, cred_protect, hmac_secret, hmac_secret_mc, large_blob, large_blob_key,
    min_pin_length, pin_complexity_policy, third_party_payment,
};
use crate::{
    CredRandom, Denied, ExtensionData, Flags, Host, LargeBlobKey, Profile, Protection, Session, State,
    message::{EXTENSIONS, MapBuilder},
    sealed,
    settings::drawn,
};

/// The credential that is being made, as far as extensions look at it.
pub(crate) struct Creation<'a> {
    pub(crate) profile: &'a Profile,
    pub(crate) state: &'a State,
    pub(crate) rp_id: &'a str,
    /// The nonce of the id it will be sealed into; none if it is discoverable.
    pub(crate) nonce: Option<&'a [u8; 12]>,
    pub(crate) flags: Flags,
    /// The map of inputs, if there is one.
    pub(crate) extensions: Option<&'a [u8]>,
}

/// What extensions add.
#[derive(Debug, Default)]
pub(crate) struct CreationOutputs {
    pub(crate) protection: Protection,
    /// What is kept with the credential.
    pub(crate) data: ExtensionData,
    /// The extensions map of authenticator data.
    pub(crate) signed: Option<Vec<u8>>,
    /// `unsignedExtensionOutputs`.
    pub(crate) unsigned: Option<Vec<u8>>,
    /// Whether the response has `largeBlobKey`.
    pub(crate) tells_large_blob_key: bool,
}

/// Processes the extensions in the order of their identifiers.
pub(crate) fn create(
    host: &mut impl Host,
    session: &mut Session,
    creation: &Creation<'_>,
) -> Result<CreationOutputs, Denied> {
    let &Creation { profile, state, rp_id, nonce, flags, extensions } = creation;
    let (rk, settings) = (nonce.is_none(), &state.settings);
    let inputs = Inputs::new(profile, extensions)?;
    let cred_blob = cred_blob::creation(host, &inputs, rk)?;
    let large_blob = large_blob::creation(host, &inputs, rk)?;
    let protection = cred_protect::input(host, &inputs)?;
    let hmac_secret = hmac_secret::creation(host, &inputs)?;
    let large_blob_key = large_blob_key::creation(host, &inputs, rk)?;
    let min_pin_length = min_pin_length::output(host, &inputs, settings, rp_id)?;
    let salts = hmac_secret_mc::salts(host, session, &inputs, hmac_secret)?;
    let third_party_payment = third_party_payment::creation(host, &inputs)?;
    let policy = pin_complexity_policy::output(host, &inputs, settings, rp_id)?;

    let data = ExtensionData {
        cred_random: profile.has(Extension::HmacSecret).then(|| cred_random(host, state, nonce)),
        cred_blob: cred_blob.as_ref().and_then(|kept| kept.0.clone()),
        large_blob_key: large_blob_key.then(|| LargeBlobKey(drawn(&mut |out| host.random(out)))),
        large_blob,
        third_party_payment,
    };
    let mut signed = MapBuilder::new(&EXTENSIONS);
    if let Some(kept) = cred_blob {
        signed.member("credBlob").bool(kept.0.is_some());
    }
    if let Some(protection) = protection {
        signed.member("credProtect").uint(protection as u64);
    }
    if hmac_secret {
        signed.member("hmac-secret").bool(true);
    }
    if let Some(length) = min_pin_length {
        signed.member("minPinLength").uint(length.into());
    }
    if let (Some(salts), Some(random)) = (salts, &data.cred_random) {
        let output = salts.output(host, random, flags.has(Flags::UV));
        signed.member("hmac-secret-mc").bytes(&output);
    }
    if let Some(policy) = policy {
        signed.member("pinComplexityPolicy").bool(policy);
    }
    let mut unsigned = MapBuilder::new(&EXTENSIONS);
    if data.large_blob.is_some() {
        large_blob::write_supported(unsigned.member("largeBlob"));
    }
    let encoded = |map: MapBuilder| (!map.is_empty()).then(|| map.into_bytes());
    Ok(CreationOutputs {
        protection: protection.unwrap_or_default(),
        data,
        signed: encoded(signed),
        unsigned: encoded(unsigned),
        tells_large_blob_key: large_blob_key,
    })
}

/// Random for a credential that is stored; one that is sealed has no room and derives it.
fn cred_random(host: &mut impl Host, state: &State, nonce: Option<&[u8; 12]>) -> CredRandom {
    match nonce {
        Some(nonce) => sealed::cred_random(&state.sealing_key, nonce),
        None => CredRandom {
            with_uv: drawn(&mut |out| host.random(out)),
            without_uv: drawn(&mut |out| host.random(out)),
        },
    }
}
