//! Which profiles are possible.

use crate::{
    Algorithm, ConfigCommand, Extension, Format, PinUvAuthProtocol, Profile, Transport, UserVerification,
    Version, sealed,
};

/// What makes a profile impossible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the profile `{profile}` is not possible: {}", problems.join("; "))]
pub struct ProfileError {
    /// The profile's name.
    pub profile: String,
    /// Every contradiction found.
    pub problems: Vec<String>,
}

pub(super) fn check(profile: &Profile) -> Result<(), ProfileError> {
    let mut claims = Claims { problems: Vec::new() };
    lists(profile, &mut claims);
    numbers(profile, &mut claims);
    features(profile, &mut claims);
    extensions(profile, &mut claims);
    let mut problems = claims.problems;
    for version in &profile.versions {
        let missing = missing(profile, *version);
        if !missing.is_empty() {
            problems.push(format!("{} needs {}", version.identifier(), missing.join(", ")));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(ProfileError { profile: profile.name.clone(), problems }) }
}

struct Claims {
    problems: Vec<String>,
}

impl Claims {
    fn claim(&mut self, holds: bool, problem: &str) {
        if !holds {
            self.problems.push(problem.to_owned());
        }
    }
}

fn lists(profile: &Profile, claims: &mut Claims) {
    claims.claim(!profile.versions.is_empty(), "`versions` is empty");
    claims.claim(!profile.algorithms.is_empty(), "`algorithms` is empty");
    claims.claim(!profile.transports.is_empty(), "`transports` is empty");
    claims.claim(
        profile.transports_for_reset.as_ref().is_none_or(|list| !list.is_empty()),
        "`transports-for-reset` is empty",
    );
    for (name, is_unique) in [
        ("versions", unique(&profile.versions)),
        ("algorithms", unique(&profile.algorithms)),
        ("transports", unique(&profile.transports)),
        ("extensions", unique(&profile.extensions)),
        ("pin-uv-auth-protocols", unique(&profile.pin_uv_auth_protocols)),
        ("config-commands", unique(&profile.config_commands)),
        ("attestation-formats", unique(&profile.attestation_formats)),
        ("vendor-prototype-config-commands", unique(&profile.vendor_prototype_config_commands)),
        ("transports-for-reset", profile.transports_for_reset.as_deref().is_none_or(unique)),
    ] {
        claims.claim(is_unique, &format!("`{name}` lists one twice"));
    }
    claims.claim(
        !profile.attestation_formats.contains(&Format::None),
        "`attestation-formats` may not list `none`",
    );
    claims.claim(
        profile.default_format == Format::None
            || profile.attestation_formats.contains(&profile.default_format),
        "`default-format` is not among `attestation-formats`",
    );
}

fn numbers(profile: &Profile, claims: &mut Claims) {
    claims.claim((1..=25).contains(&profile.max_uv_retries), "`max-uv-retries` is not 1 to 25");
    claims.claim((1..=5).contains(&profile.max_uv_attempts), "`max-uv-attempts` is not 1 to 5");
    claims.claim(profile.preferred_platform_uv_attempts != Some(0), "`preferred-platform-uv-attempts` is 0");
    claims.claim(profile.uv_modality != Some(0), "`uv-modality` is 0");
    claims.claim((1..=8).contains(&profile.max_pin_retries), "`max-pin-retries` is not 1 to 8");
    claims.claim((8..=63).contains(&profile.max_pin_length), "`max-pin-length` is not 8 to 63");
    claims.claim(
        (4..=profile.max_pin_length).contains(&profile.min_pin_length),
        "`min-pin-length` is not 4 to `max-pin-length`",
    );
    claims.claim(
        profile.pin_complexity_policy_url.as_ref().is_none_or(|url| !url.is_empty()),
        "`pin-complexity-policy-url` is empty",
    );
    claims.claim(
        (16..=1023).contains(&profile.credential_id_length),
        "`credential-id-length` is not 16 to 1023",
    );
    claims.claim(
        profile.max_msg_size.is_none_or(|size| (1024..=65_536).contains(&size)),
        "`max-msg-size` is not 1024 to 65536",
    );
    claims.claim(
        !profile.transports.contains(&Transport::Usb) || profile.message_limit() <= crate::hid::MAX_MESSAGE,
        "`max-msg-size` is more than the 7609 that CTAPHID carries, and `usb` is among `transports`",
    );
    claims.claim(profile.firmware_version != Some(0), "`firmware-version` is 0");
    let resets = profile.transports_for_reset.as_deref().unwrap_or_default();
    claims.claim(
        resets.iter().all(|transport| profile.transports.contains(transport)),
        "`transports-for-reset` has one that is not among `transports`",
    );
    claims.claim(
        profile.vendor_prototype_config_commands.len() <= 16,
        "`vendor-prototype-config-commands` are more than 16",
    );
    claims.claim(
        profile.certifications.len() <= 16
            && profile.certifications.keys().all(|name| (1..=64).contains(&name.len())),
        "`certifications` are more than 16, or have a name that is not 1 to 64 bytes",
    );
    claims.claim(profile.max_credential_count_in_list != Some(0), "`max-credential-count-in-list` is 0");
    claims.claim(
        profile.max_credential_id_length.is_none_or(|max| max >= u32::from(profile.credential_id_length)),
        "`max-credential-id-length` is less than `credential-id-length`",
    );
    let sealed = profile.algorithms.iter().map(|algorithm| sealed::id_length(*algorithm)).max();
    claims.claim(
        profile.always_discoverable || profile.max_credential_id_length.is_none_or(|max| Some(max) >= sealed),
        "`max-credential-id-length` is less than a non-discoverable credential's id needs (73 bytes; RS256: 299)",
    );
    claims.claim(
        profile
            .max_serialized_large_blob_array
            .is_none_or(|capacity| (1024..=MAX_LARGE_BLOB_ARRAY).contains(&capacity)),
        "`max-serialized-large-blob-array` is not 1024 to 32768",
    );
    claims.claim(
        !profile.has(Extension::CredBlob) || (32..=1024).contains(&profile.max_cred_blob_length),
        "`max-cred-blob-length` is not 32 to 1024",
    );
    claims.claim(
        !profile.has(Extension::LargeBlob) || (1..=MAX_LARGE_BLOB).contains(&profile.max_large_blob_length),
        "`max-large-blob-length` is not 1 to 8192",
    );
    claims.claim(
        profile.max_rp_ids_for_set_min_pin_length <= 64,
        "`max-rp-ids-for-set-min-pin-length` is more than 64",
    );
    if profile.enrolls_fingerprints() {
        claims.claim((1..=32).contains(&profile.max_fingerprints), "`max-fingerprints` is not 1 to 32");
        claims.claim((1..=32).contains(&profile.fingerprint_samples), "`fingerprint-samples` is not 1 to 32");
    }
}

/// The largest capacity of authenticatorLargeBlobs, in bytes.
const MAX_LARGE_BLOB_ARRAY: u32 = 32 * 1024;

/// The longest blob of the extension largeBlob, in bytes.
const MAX_LARGE_BLOB: u32 = 8 * 1024;

fn features(profile: &Profile, claims: &mut Claims) {
    let verifies = profile.has_built_in_uv();
    let has_protocol = !profile.pin_uv_auth_protocols.is_empty();
    for (needs, has, problem) in [
        (profile.backup.backed_up, profile.backup.eligible, "`backed-up` needs `backup-eligible`"),
        (profile.always_discoverable, profile.discoverable, "`always-discoverable` needs `discoverable`"),
        (profile.always_verifies, verifies, "`always-verifies` needs a way to verify"),
        (
            profile.always_uv.is_some(),
            verifies || profile.client_pin,
            "`always-uv` needs a way to verify, or `client-pin`",
        ),
        (profile.client_pin, has_protocol, "`client-pin` needs `pin-uv-auth-protocols`"),
        (
            profile.pin_uv_auth_token,
            has_protocol && (profile.client_pin || verifies),
            "`pin-uv-auth-token` needs `pin-uv-auth-protocols`, and `client-pin` or a way to verify",
        ),
        (
            profile.no_mc_ga_permissions_with_client_pin,
            profile.client_pin && profile.pin_uv_auth_token,
            "`no-mc-ga-permissions-with-client-pin` needs `client-pin` and `pin-uv-auth-token`",
        ),
        (
            profile.pin_complexity_policy.is_some(),
            profile.client_pin,
            "`pin-complexity-policy` needs `client-pin`",
        ),
        (
            profile.pin_complexity_policy_url.is_some(),
            profile.pin_complexity_policy.is_some(),
            "`pin-complexity-policy-url` needs `pin-complexity-policy`",
        ),
        (
            profile.enrolls_fingerprints(),
            profile.pin_uv_auth_token,
            "`user-verification = \"fingerprint\"` needs `pin-uv-auth-token`",
        ),
        (
            profile.uv_bio_enroll,
            profile.enrolls_fingerprints(),
            "`uv-bio-enroll` needs `user-verification = \"fingerprint\"`",
        ),
        (
            profile.cred_mgmt,
            profile.discoverable && has_protocol && profile.max_credentials.is_some(),
            "`cred-mgmt` needs `discoverable`, `pin-uv-auth-protocols` and `max-credentials`",
        ),
        (
            profile.per_cred_mgmt_ro,
            profile.cred_mgmt && profile.pin_uv_auth_token,
            "`per-cred-mgmt-ro` needs `cred-mgmt` and `pin-uv-auth-token`",
        ),
        (
            !profile.config_commands.is_empty(),
            profile.pin_uv_auth_token,
            "`config-commands` need `pin-uv-auth-token`",
        ),
        (
            profile.uv_acfg,
            verifies && !profile.config_commands.is_empty(),
            "`uv-acfg` needs a way to verify and `config-commands`",
        ),
        (
            profile.can_configure(ConfigCommand::ToggleAlwaysUv),
            profile.always_uv.is_some(),
            "the command toggle-always-uv needs `always-uv`",
        ),
        (
            profile.can_configure(ConfigCommand::EnableLongTouchForReset),
            profile.long_touch_for_reset.is_some(),
            "the command enable-long-touch-for-reset needs `long-touch-for-reset`",
        ),
        (
            profile.can_configure(ConfigCommand::SetMinPinLength),
            profile.client_pin || profile.user_verification == UserVerification::Pin,
            "the command set-min-pin-length needs `client-pin` or `user-verification = \"pin\"`",
        ),
        (
            profile.can_configure(ConfigCommand::EnableEnterpriseAttestation),
            profile.attestation.is_some() && profile.attestation_formats.contains(&Format::Packed),
            "the command enable-enterprise-attestation needs the attestation format packed",
        ),
        (
            !profile.enterprise_rp_ids.is_empty(),
            profile.can_configure(ConfigCommand::EnableEnterpriseAttestation),
            "`enterprise-rp-ids` need the command enable-enterprise-attestation",
        ),
        (
            profile.announces_remaining,
            profile.max_credentials.is_some(),
            "`announces-remaining` needs `max-credentials`",
        ),
        (
            profile.max_serialized_large_blob_array.is_some(),
            profile.speaks_ctap2(),
            "`max-serialized-large-blob-array` needs CTAP2",
        ),
    ] {
        claims.claim(!needs || has, problem);
    }
}

fn extensions(profile: &Profile, claims: &mut Claims) {
    use Extension::{
        CredBlob, CredProtect, HmacSecret, HmacSecretMc, LargeBlob, LargeBlobKey, MinPinLength,
        PinComplexityPolicy,
    };
    let sets_min_pin_length = profile.can_configure(ConfigCommand::SetMinPinLength);
    let large_blobs = profile.max_serialized_large_blob_array.is_some();
    for (extension, has, problem) in [
        (CredBlob, profile.has(CredProtect), "credBlob needs credProtect"),
        (HmacSecret, !profile.pin_uv_auth_protocols.is_empty(), "hmac-secret needs `pin-uv-auth-protocols`"),
        (HmacSecretMc, profile.has(HmacSecret), "hmac-secret-mc needs hmac-secret"),
        (LargeBlobKey, large_blobs, "largeBlobKey needs `max-serialized-large-blob-array`"),
        (
            LargeBlob,
            !large_blobs && !profile.has(LargeBlobKey),
            "largeBlob excludes largeBlobKey and `max-serialized-large-blob-array`",
        ),
        (MinPinLength, sets_min_pin_length, "minPinLength needs the command set-min-pin-length"),
        (
            PinComplexityPolicy,
            sets_min_pin_length && profile.pin_complexity_policy.is_some(),
            "pinComplexityPolicy needs `pin-complexity-policy` and the command set-min-pin-length",
        ),
    ] {
        claims.claim(!profile.has(extension) || has, problem);
    }
    claims.claim(
        !sets_min_pin_length || profile.has(MinPinLength),
        "the command set-min-pin-length needs the extension minPinLength",
    );
}

/// What this version string makes mandatory and the profile does not have.
///
/// Source: CTAP 2.3 §9, "mandatory features".
fn missing(profile: &Profile, version: Version) -> Vec<&'static str> {
    let verifies = profile.has_built_in_uv() && !profile.announced.without_uv;
    let needs: &[(bool, &'static str)] = match version {
        Version::Fido20 => &[],
        Version::U2fV2 => &[
            (profile.algorithms.contains(&Algorithm::Es256), "ES256"),
            (profile.attestation.is_some(), "an attestation certificate (`attestation = \"basic\"`)"),
        ],
        Version::Fido21Pre => &[(
            profile.cred_mgmt || profile.enrolls_fingerprints(),
            "`cred-mgmt` or `user-verification = \"fingerprint\"`",
        )],
        Version::Fido21 | Version::Fido23 => &[
            (profile.has(Extension::HmacSecret), "hmac-secret"),
            (!profile.discoverable || profile.client_pin || verifies, "clientPin or uv"),
            (!profile.discoverable || profile.cred_mgmt, "credMgmt"),
            (!(profile.client_pin || verifies) || profile.has(Extension::CredProtect), "credProtect"),
            (!(profile.client_pin || verifies) || profile.pin_uv_auth_token, "pinUvAuthToken"),
            (
                profile.pin_uv_auth_protocols.is_empty()
                    || profile.pin_uv_auth_protocols.contains(&PinUvAuthProtocol::Two),
                "PIN/UV auth protocol 2",
            ),
        ],
    };
    needs.iter().filter(|(holds, _)| !holds).map(|(_, feature)| *feature).collect()
}

fn unique<T: PartialEq>(list: &[T]) -> bool {
    list.iter().enumerate().all(|(at, item)| !list.iter().take(at).any(|earlier| earlier == item))
}
