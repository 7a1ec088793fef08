//! authenticatorGetInfo (0x04). Source: CTAP 2.3 §6.4.

use super::ok;
use crate::{
    Algorithm, Denied, Host, Outcome, Profile, State, Step, UserVerification,
    message::{AUTHENTICATOR_OPTIONS, GET_INFO_RESPONSE, MapWriter, PARAMETERS},
};

static ANSWER: Step = Step {
    section: "6.4",
    number: "1",
    rule: "what the authenticator is and can do, at any time and without its user",
};

pub(super) async fn run(host: &mut impl Host, profile: &Profile) -> Result<Vec<u8>, Denied> {
    let state = host.state().await?;
    host.note(&ANSWER, Outcome::Passed);
    Ok(response(profile, &state))
}

/// getInfo's members, in the order of their keys; each is left out where the profile has nothing to say.
fn response(profile: &Profile, state: &State) -> Vec<u8> {
    let algorithms = profile.announced.algorithms.as_ref().unwrap_or(&profile.algorithms);
    let formats: Vec<_> = profile.attestation_formats.iter().map(|format| format.identifier()).collect();
    // An absent member means `["packed"]`.
    let formats = if formats == ["packed"] { Vec::new() } else { formats };
    let max_msg_size = profile.max_msg_size.filter(|_| !profile.announced.without_max_msg_size);
    let members = 6 + [
        max_msg_size,
        profile.max_credential_count_in_list,
        profile.max_credential_id_length,
        profile.announced.min_pin_length,
        profile.firmware_version,
    ]
    .iter()
    .flatten()
    .count()
        - usize::from(formats.is_empty());
    let mut out = ok(256);
    let mut map = MapWriter::new(&GET_INFO_RESPONSE, members, &mut out);

    let versions = map.member("versions").array(profile.versions.len());
    for version in &profile.versions {
        versions.text(version.identifier());
    }
    map.member("aaguid").bytes(profile.aaguid.as_bytes());
    let options = options(profile, state);
    let mut option_map = MapWriter::new(&AUTHENTICATOR_OPTIONS, options.len(), map.member("options"));
    for (name, value) in options {
        option_map.member(name).bool(value);
    }
    for (name, value) in [
        ("maxMsgSize", max_msg_size),
        ("maxCredentialCountInList", profile.max_credential_count_in_list),
        ("maxCredentialIdLength", profile.max_credential_id_length),
    ] {
        if let Some(value) = value {
            map.member(name).uint(value.into());
        }
    }
    let transports = map.member("transports").array(profile.transports.len());
    for transport in &profile.transports {
        transports.text(transport.identifier());
    }
    let list = map.member("algorithms").array(algorithms.len());
    for algorithm in algorithms {
        parameters(list, *algorithm);
    }
    for (name, value) in
        [("minPINLength", profile.announced.min_pin_length), ("firmwareVersion", profile.firmware_version)]
    {
        if let Some(value) = value {
            map.member(name).uint(value.into());
        }
    }
    if !formats.is_empty() {
        let list = map.member("attestationFormats").array(formats.len());
        for format in formats {
            list.text(format);
        }
    }
    out.into_bytes()
}

/// The options in canonical order: shorter names first.
fn options(profile: &Profile, state: &State) -> Vec<(&'static str, bool)> {
    let uv = match profile.user_verification {
        _ if profile.announced.without_uv => None,
        UserVerification::None => None,
        UserVerification::Pin | UserVerification::Always => Some(state.uv_configured),
    };
    [
        ("rk", Some(profile.discoverable)),
        ("up", Some(true)),
        ("uv", uv),
        ("plat", Some(profile.platform)),
        ("makeCredUvNotRqd", profile.make_cred_uv_not_rqd.then_some(true)),
    ]
    .into_iter()
    .filter_map(|(name, value)| value.map(|value| (name, value)))
    .collect()
}

fn parameters(out: &mut crate::cbor::Writer, algorithm: Algorithm) {
    let mut map = MapWriter::new(&PARAMETERS, 2, out);
    map.member("alg").int(algorithm.cose_id());
    map.member("type").text("public-key");
}
