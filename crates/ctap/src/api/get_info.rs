//! authenticatorGetInfo (0x04). Source: CTAP 2.3 §6.4.

use std::collections::BTreeMap;

use aes::{
    Aes128,
    cipher::{BlockModeEncrypt as _, KeyIvInit as _},
};
use hkdf::Hkdf;
use sha2::Sha256;

use super::ok;
use crate::{
    Algorithm, ConfigCommand, Denied, Extension, Host, Outcome, Profile, Query, State, Version,
    cbor::Writer,
    message::{AUTHENTICATOR_OPTIONS, GET_INFO_RESPONSE, MapBuilder, MapWriter, PARAMETERS},
    settings::drawn,
    step::steps,
};

pub(super) async fn run(host: &mut impl Host, profile: &Profile) -> Result<Vec<u8>, Denied> {
    let state = host.state().await?;
    let remaining = match profile.max_credentials.filter(|_| profile.announces_remaining) {
        Some(max) => Some(remaining(max, host.find(Query::Discoverable).await?.len())),
        None => None,
    };
    let ivs = profile
        .per_cred_mgmt_ro
        .then(|| [drawn(&mut |out| host.random(out)), drawn(&mut |out| host.random(out))]);
    host.note(&ANSWER, Outcome::Passed);
    let mut out = ok(512);
    response(profile, &state, remaining, ivs).write(&mut out);
    Ok(out.into_bytes())
}

/// How many more discoverable credentials fit.
pub(super) fn remaining(max: u32, stored: usize) -> u64 {
    u64::from(max).saturating_sub(stored as u64)
}

/// getInfo's members, in the order of their keys; each is left out where the profile has nothing to say.
fn response(
    profile: &Profile,
    state: &State,
    remaining: Option<u64>,
    ivs: Option<[[u8; 16]; 2]>,
) -> MapBuilder {
    let settings = &state.settings;
    let mut map = MapBuilder::new(&GET_INFO_RESPONSE);
    texts(map.member("versions"), versions(profile, state).map(Version::identifier));
    if !profile.extensions.is_empty() {
        texts(map.member("extensions"), profile.extensions.iter().map(|extension| extension.identifier()));
    }
    map.member("aaguid").bytes(profile.aaguid.as_bytes());
    let mut options = MapBuilder::new(&AUTHENTICATOR_OPTIONS);
    for (name, value) in self::options(profile, state) {
        options.member(name).bool(value);
    }
    options.write(map.member("options"));
    let uint = |map: &mut MapBuilder, name, value: Option<u64>| {
        if let Some(value) = value {
            map.member(name).uint(value);
        }
    };
    let max_msg_size = profile.max_msg_size.filter(|_| !profile.announced.without_max_msg_size);
    uint(&mut map, "maxMsgSize", max_msg_size.map(u64::from));
    if !profile.pin_uv_auth_protocols.is_empty() {
        let list = map.member("pinUvAuthProtocols").array(profile.pin_uv_auth_protocols.len());
        for protocol in &profile.pin_uv_auth_protocols {
            list.uint(protocol.number());
        }
    }
    uint(&mut map, "maxCredentialCountInList", profile.max_credential_count_in_list.map(u64::from));
    uint(&mut map, "maxCredentialIdLength", profile.max_credential_id_length.map(u64::from));
    texts(map.member("transports"), profile.transports.iter().map(|transport| transport.identifier()));
    let algorithms = profile.announced.algorithms.as_ref().unwrap_or(&profile.algorithms);
    let list = map.member("algorithms").array(algorithms.len());
    algorithms.iter().for_each(|algorithm| parameters(list, *algorithm));
    uint(&mut map, "maxSerializedLargeBlobArray", profile.max_serialized_large_blob_array.map(u64::from));
    if profile.client_pin && profile.pin_uv_auth_token {
        map.member("forcePINChange").bool(settings.force_pin_change);
    }
    let says_min_pin_length = profile.client_pin && profile.pin_uv_auth_token;
    let min_pin_length = says_min_pin_length.then(|| u32::from(settings.min_pin_length(profile)));
    uint(&mut map, "minPINLength", min_pin_length.or(profile.announced.min_pin_length).map(u64::from));
    uint(&mut map, "firmwareVersion", profile.firmware_version.map(u64::from));
    let max_cred_blob_length = profile.has(Extension::CredBlob).then_some(profile.max_cred_blob_length);
    uint(&mut map, "maxCredBlobLength", max_cred_blob_length.map(u64::from));
    let max_rp_ids = profile
        .can_configure(ConfigCommand::SetMinPinLength)
        .then_some(profile.max_rp_ids_for_set_min_pin_length);
    uint(&mut map, "maxRPIDsForSetMinPINLength", max_rp_ids.map(u64::from));
    uint(&mut map, "preferredPlatformUvAttempts", profile.preferred_platform_uv_attempts.map(u64::from));
    uint(&mut map, "uvModality", profile.uv_modality.map(u64::from));
    if !profile.certifications.is_empty() {
        certifications(map.member("certifications"), &profile.certifications);
    }
    uint(&mut map, "remainingDiscoverableCredentials", remaining);
    if !profile.vendor_prototype_config_commands.is_empty() {
        let ids = &profile.vendor_prototype_config_commands;
        let list = map.member("vendorPrototypeConfigCommands").array(ids.len());
        for id in ids {
            list.uint(*id);
        }
    }
    let formats: Vec<_> = profile.attestation_formats.iter().map(|format| format.identifier()).collect();
    // An absent member means `["packed"]`.
    if !formats.is_empty() && formats != ["packed"] {
        texts(map.member("attestationFormats"), formats.into_iter());
    }
    let uv_count = profile.counts_uv.then_some(settings.uv_count_since_last_pin_entry);
    uint(&mut map, "uvCountSinceLastPinEntry", uv_count.map(u64::from));
    if let Some(long_touch) = settings.long_touch_for_reset(profile) {
        map.member("longTouchForReset").bool(long_touch);
    }
    let encrypted = |label, iv: Option<[u8; 16]>, plain: Option<[u8; 16]>| {
        let token = settings.persistent_token.as_ref()?;
        Some(encrypt(&token.value, label, iv?, plain?))
    };
    let [identifier_iv, state_iv] = ivs.map_or([None; 2], |ivs| ivs.map(Some));
    if let Some(value) = encrypted("encIdentifier", identifier_iv, settings.device_identifier) {
        map.member("encIdentifier").bytes(&value);
    }
    if let Some(transports) = &profile.transports_for_reset {
        let identifiers = transports.iter().map(|transport| transport.identifier());
        texts(map.member("transportsForReset"), identifiers);
    }
    if let Some(policy) = settings.pin_complexity_policy(profile) {
        map.member("pinComplexityPolicy").bool(policy);
    }
    if let Some(url) = &profile.pin_complexity_policy_url {
        map.member("pinComplexityPolicyURL").bytes(url.as_bytes());
    }
    let max_pin_length = says_min_pin_length.then_some(profile.max_pin_length);
    uint(&mut map, "maxPINLength", max_pin_length.map(u64::from));
    if let Some(value) = encrypted("encCredStoreState", state_iv, settings.cred_store_state) {
        map.member("encCredStoreState").bytes(&value);
    }
    let vendor = !profile.vendor_prototype_config_commands.is_empty();
    if vendor || !profile.config_commands.is_empty() {
        let standard = profile.config_commands.iter().map(|command| *command as u8);
        let commands = standard.chain(vendor.then_some(ConfigCommand::VENDOR_PROTOTYPE));
        let list = map.member("authenticatorConfigCommands");
        list.array(profile.config_commands.len() + usize::from(vendor));
        for command in commands {
            list.uint(command.into());
        }
    }
    map
}

/// The version strings that hold now: with alwaysUv and nothing to protect it, U2F is off (§7.2.4).
fn versions<'a>(profile: &'a Profile, state: &'a State) -> impl ExactSizeIterator<Item = Version> + use<'a> {
    let versions: Vec<_> = profile
        .versions
        .iter()
        .copied()
        .filter(|version| *version != Version::U2fV2 || !state.settings.always_uv(profile))
        .collect();
    versions.into_iter()
}

/// The options in canonical order: shorter names first.
fn options(profile: &Profile, state: &State) -> impl Iterator<Item = (&'static str, bool)> {
    let settings = &state.settings;
    let configured = state.uv_configured(profile);
    let always_uv = settings.always_uv_option(profile);
    let on = |on: bool| on.then_some(true);
    let preview = profile.has_version(Version::Fido21Pre);
    let enrolled = profile.enrolls_fingerprints().then_some(configured);
    let enterprise = profile.can_configure(ConfigCommand::EnableEnterpriseAttestation);
    let configurable = !profile.config_commands.is_empty();
    let makes_without_uv = match always_uv {
        Some(true) => profile.make_cred_uv_not_rqd.then_some(false),
        _ => on(profile.make_cred_uv_not_rqd),
    };
    [
        ("ep", enterprise.then_some(settings.enterprise_attestation)),
        ("rk", Some(profile.discoverable)),
        ("up", Some(true)),
        ("uv", (profile.has_built_in_uv() && !profile.announced.without_uv).then_some(configured)),
        ("plat", Some(profile.platform)),
        ("uvAcfg", on(profile.uv_acfg)),
        ("alwaysUv", always_uv),
        ("credMgmt", on(profile.cred_mgmt)),
        ("authnrCfg", on(configurable)),
        ("bioEnroll", enrolled),
        ("clientPin", profile.client_pin.then_some(settings.pin.is_some())),
        ("largeBlobs", on(profile.max_serialized_large_blob_array.is_some())),
        ("uvBioEnroll", on(profile.uv_bio_enroll)),
        ("perCredMgmtRO", on(profile.per_cred_mgmt_ro)),
        ("pinUvAuthToken", on(profile.pin_uv_auth_token)),
        ("setMinPINLength", on(profile.can_configure(ConfigCommand::SetMinPinLength))),
        ("makeCredUvNotRqd", makes_without_uv),
        ("credentialMgmtPreview", on(preview && profile.cred_mgmt)),
        ("userVerificationMgmtPreview", enrolled.filter(|_| preview)),
        ("noMcGaPermissionsWithClientPin", on(profile.no_mc_ga_permissions_with_client_pin)),
    ]
    .into_iter()
    .filter_map(|(name, value)| value.map(|value| (name, value)))
}

fn texts(out: &mut Writer, list: impl ExactSizeIterator<Item = &'static str>) {
    out.array(list.len());
    for text in list {
        out.text(text);
    }
}

fn certifications(out: &mut Writer, levels: &BTreeMap<String, u32>) {
    let mut levels: Vec<_> = levels.iter().collect();
    // Canonical order: the shorter name first.
    levels.sort_by_key(|(name, _)| name.len());
    out.map(levels.len());
    for (name, level) in levels {
        out.text(name).uint(u64::from(*level));
    }
}

fn parameters(out: &mut Writer, algorithm: Algorithm) {
    let mut map = MapWriter::new(&PARAMETERS, 2, out);
    map.member("alg").int(algorithm.cose_id());
    map.member("type").text("public-key");
}

/// `iv ‖ ct` of a number that only holders of the persistent token may see: AES-128-CBC of one block under
/// HKDF-SHA-256(salt = 32 zero bytes, IKM = persistentPinUvAuthToken, info = `label`).
///
/// Source: CTAP 2.3 §6.4, `encIdentifier` (0x19) and `encCredStoreState` (0x1E).
pub(crate) fn encrypt(token: &[u8; 32], label: &str, iv: [u8; 16], plain: [u8; 16]) -> [u8; 32] {
    let mut key = [0; 16];
    Hkdf::<Sha256>::new(Some(&[0; 32]), token)
        .expand(label.as_bytes(), &mut key)
        .expect("16 bytes are a length that HKDF-SHA-256 gives");
    let mut block = plain;
    cbc::Encryptor::<Aes128>::new(&key.into(), &iv.into()).encrypt_block((&mut block).into());
    let mut out = [0; 32];
    let (first, second) = out.split_at_mut(16);
    first.copy_from_slice(&iv);
    second.copy_from_slice(&block);
    out
}

steps! {
    ANSWER = "6.4" "1" "what the authenticator is and can do, at any time and without its user";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with another library.
    #[test]
    fn vectors_of_the_encrypted_members() {
        let (mut token, mut iv) = ([0; 32], [0; 16]);
        token.iter_mut().zip(0x20..).for_each(|(byte, number)| *byte = number);
        iv.iter_mut().zip(0..).for_each(|(byte, number)| *byte = number);
        let plain = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128.to_be_bytes();
        for (label, want) in [
            ("encIdentifier", 0x1e55_0b41_21f4_4631_ede0_a661_7f42_5705_u128),
            ("encCredStoreState", 0x2b81_a4f4_e686_10a6_96fb_305b_e621_99dd_u128),
        ] {
            let value = encrypt(&token, label, iv, plain);
            assert_eq!(value, [iv, want.to_be_bytes()].concat().as_slice(), "{label}");
        }
    }
}
