//! The test vectors of Web Authentication Level 3, section 16, byte for byte, through the product's own builders: a
//! client asks for a credential, the rules of CTAP answer its bytes, and only the world around them is scripted.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a vector that lacks a member fails its test"
)]

mod host;
mod vector;

use std::{sync::mpsc, thread, time::Duration};

use host::VectorAuthenticator;
use softhello_ctap::{
    Algorithm, BackupPolicy, CounterPolicy, Credential, CredentialId, ExtensionData, Flags, Format, Profile,
    Protection, Timestamp, Transport, User, UserVerification,
};
use softhello_webauthn::{
    AuthenticationResponse, Client, CreationOptions, RegistrationResponse, RequestOptions,
};
use uuid::Uuid;
use vector::{Ceremony, Vector};

/// Both ceremonies: those whose attestation can be made here.
const BOTH_CEREMONIES: [&str; 5] = [
    "none-es256",
    "packed-self-es256",
    "none-es256-crossOrigin",
    "none-es256-topOrigin",
    "none-es256-long-credential-id",
];

/// The authentication alone: the attestation needs a certificate that no authenticator here has.
const AUTHENTICATION: [&str; 9] = [
    "packed-es256",
    "packed-rs256",
    "packed-eddsa",
    "tpm-es256",
    "android-key-es256",
    "apple-es256",
    "fido-u2f-es256",
    "pr2397/android-key-es256",
    "pr2397/android-key-es256-softwareEnforced",
];

/// Neither, and why.
const SKIPPED: [(&str, &str); 3] = [
    ("packed-es384", "ES384 (-35) is no algorithm of the authenticators that exist here"),
    ("packed-es512", "ES512 (-36) is no algorithm of the authenticators that exist here"),
    ("packed-ed448", "Ed448 (-53) is no algorithm of the authenticators that exist here"),
];

/// The user that the vectors leave open.
const USER_ID: &[u8] = b"ada";

#[test]
fn every_vector_is_replayed_or_skipped_with_its_reason() {
    let mut listed = [&BOTH_CEREMONIES[..], &AUTHENTICATION, &SKIPPED.map(|(name, _)| name)].concat();
    let mut published: Vec<String> = vector::all().into_iter().map(|vector| vector.name).collect();
    listed.sort_unstable();
    published.sort_unstable();
    assert_eq!(published, listed);
    for (name, reason) in SKIPPED {
        let algorithm = Algorithm::from_cose_id(vector::named(name).alg);
        assert_eq!(algorithm, None, "{name} is skipped because \"{reason}\", which is no longer so");
    }
}

#[test]
fn registrations_and_authentications_come_out_byte_for_byte() {
    for name in BOTH_CEREMONIES {
        let vector = vector::named(name);
        let mut authenticator = VectorAuthenticator::new(profile(&vector), &vector);
        let registered = register(&vector, &mut authenticator);
        let want = &vector.registration;
        assert_hex(name, "clientDataJSON", registered.client_data_json(), &want.bytes("clientDataJSON"));
        assert_hex(name, "authenticator data", registered.authenticator_data(), &vector.auth_data);
        assert_hex(
            name,
            "attestationObject",
            registered.attestation_object(),
            &want.bytes("attestationObject"),
        );
        assert_hex(name, "id", registered.credential_id(), &want.bytes("credential_id"));

        // In some vectors BS changed in between, as where a provider backs passkeys up.
        authenticator.credential_mut().backed_up = vector.authentication.flags.has(Flags::BS);
        assert_authentication(&vector, &mut authenticator);
    }
}

#[test]
fn the_authentications_of_the_others_come_out_byte_for_byte() {
    for name in AUTHENTICATION {
        let vector = vector::named(name);
        // A key whose arithmetic never ends must fail the test and not hold it up.
        let (done, finished) = mpsc::channel();
        let worker = thread::spawn(move || {
            let mut authenticator = VectorAuthenticator::new(profile(&vector), &vector);
            authenticator.import(imported(&vector));
            assert_authentication(&vector, &mut authenticator);
            let _ = done.send(());
        });
        match finished.recv_timeout(PATIENCE) {
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("{name}: no signature after {PATIENCE:?}"),
            // Done, or gone with a panic.
            _ => worker.join().unwrap_or_else(|_| panic!("{name} differs, see above")),
        }
    }
}

/// How long an authentication may take, far beyond the slowest: RS256 with primes of 1,279 and 2,203 bits.
const PATIENCE: Duration = Duration::from_secs(60);

fn register(vector: &Vector, authenticator: &mut VectorAuthenticator) -> RegistrationResponse {
    let ceremony = &vector.registration;
    // Without makeCredUvNotRqd an authenticator insists on verification where it is set up. UV is 0 only where none is.
    authenticator.uv_configured = ceremony.flags.has(Flags::UV);
    let options = CreationOptions::from_json(&format!(
        r#"{{
            "rp": {{"id": "example.org", "name": "Example"}},
            "user": {{"id": "{}", "name": "ada", "displayName": "Ada"}},
            "challenge": "{}",
            "pubKeyCredParams": [{{"type": "public-key", "alg": {}}}],
            "authenticatorSelection": {{"userVerification": "{}"}},
            "attestation": "{}"
        }}"#,
        vector::base64url(USER_ID),
        vector::base64url(&ceremony.bytes("challenge")),
        vector.alg,
        ceremony.user_verification(),
        if vector.fmt == "none" { "none" } else { "direct" },
    ))
    .expect(&vector.name);
    pollster::block_on(client(ceremony).create(authenticator, &options)).expect(&vector.name)
}

fn assert_authentication(vector: &Vector, authenticator: &mut VectorAuthenticator) {
    authenticator.uv_configured = true;
    let (name, want) = (&vector.name, &vector.authentication);
    let id = vector.registration.bytes("credential_id");
    let allowed = format!(r#"{{"type": "public-key", "id": "{}"}}"#, vector::base64url(&id));
    // By name and as a discoverable credential: what is signed is the same.
    for allow_credentials in [allowed.as_str(), ""] {
        let options = RequestOptions::from_json(&format!(
            r#"{{
                "rpId": "example.org",
                "challenge": "{}",
                "allowCredentials": [{allow_credentials}],
                "userVerification": "{}"
            }}"#,
            vector::base64url(&want.bytes("challenge")),
            want.user_verification(),
        ))
        .expect(name);
        let response: AuthenticationResponse =
            pollster::block_on(client(want).get(authenticator, &options)).expect(name);
        assert_hex(name, "clientDataJSON", response.client_data_json(), &want.bytes("clientDataJSON"));
        assert_hex(
            name,
            "authenticatorData",
            response.authenticator_data(),
            &want.bytes("authenticatorData"),
        );
        assert_hex(name, "signature", response.signature(), &want.bytes("signature"));
        assert_hex(name, "id", response.credential_id(), &id);
        assert_eq!(response.user_handle(), Some(USER_ID), "{name}");
    }
}

/// The page of a ceremony: its place among frames, and the member that the vectors add to some client data.
fn client(ceremony: &Ceremony) -> Client {
    let client = Client::new("https://example.org").unwrap();
    let client = match &ceremony.top_origin {
        Some(top_origin) => client.top_origin(top_origin).unwrap(),
        None => client.cross_origin(ceremony.cross_origin),
    };
    client.further_members(ceremony.extra_data().map(|text| ("extraData", text)))
}

/// An authenticator that makes the vector's credential: its AAGUID, its length of ids, its backup bits.
fn profile(vector: &Vector) -> Profile {
    let flags = vector.registration.flags;
    let profile = Profile {
        platform: true,
        discoverable: true,
        always_discoverable: true,
        user_verification: UserVerification::Pin,
        algorithms: Algorithm::ALL.to_vec(),
        attestation_formats: vec![Format::Packed],
        transports: vec![Transport::Internal],
        max_msg_size: Some(4096),
        credential_id_length: u16::try_from(vector.registration.bytes("credential_id").len()).unwrap(),
        counter: CounterPolicy::Zero,
        backup: BackupPolicy { eligible: flags.has(Flags::BE), backed_up: flags.has(Flags::BS) },
        ..Profile::new(&vector.name, Uuid::from_slice(&vector.registration.bytes("aaguid")).unwrap())
    };
    profile.check().expect(&vector.name);
    profile
}

/// The vector's credential as it is at its authentication.
fn imported(vector: &Vector) -> Credential {
    Credential {
        id: CredentialId::try_from(vector.registration.bytes("credential_id")).unwrap(),
        rp_id: "example.org".to_owned(),
        user: User { id: USER_ID.to_vec(), name: None, display_name: None },
        key: vector.private_key(),
        discoverable: true,
        protection: Protection::Optional,
        backup_eligible: vector.registration.flags.has(Flags::BE),
        backed_up: vector.authentication.flags.has(Flags::BS),
        created: Timestamp::default(),
        extensions: ExtensionData::default(),
    }
}

#[track_caller]
fn assert_hex(name: &str, what: &str, got: &[u8], want: &[u8]) {
    let [got, want] = [got, want].map(|bytes| data_encoding::HEXLOWER.encode(bytes));
    assert_eq!(got, want, "{name}: {what}");
}
