//! A relying party in this process, verified by an independent library.
//!
//! It is what `softhello demo` registers and signs in at. The library is `webauthn_rp`, which others wrote with a CBOR
//! parser of their own and on an earlier generation of cryptography (`p256` 0.13, `rsa` 0.9) than ours. Everything that a
//! relying party has to verify is verified there: client data, origin, challenge, RP ID hash, flags, signature counter,
//! signatures of assertions and of packed self attestation. This file keeps the accounts, as an application would.
//!
//! It is no example of a relying party for production, and it knows neither cross-origin frames nor certificates.
//!
//! What `webauthn_rp` does in its own way:
//!
//! - It always asks for attestation `none` and lists algorithms in an order of its own, so both members of the options
//!   are replaced after serializing. Neither takes part in the verification: packed self is verified wherever it
//!   arrives, and a key must have one of the algorithms that were asked for, in whatever order.
//! - Of attestation statements it knows `none` and packed without `x5c`, of algorithms ES256, RS256, ES384 and EdDSA.
//! - It draws the challenge (16 bytes) and the user handle from the operating system, so `--seed` does not reach them.
//!
//! It is used at its strictest. The response has to have every required member of `RegistrationResponseJSON` or
//! `AuthenticationResponseJSON`, and no other member at any level; what the members say twice (`id` and `rawId`,
//! `publicKey` and the COSE key, `authenticatorData` and the attestation object) has to agree; and the client data has
//! to be serialized as WebAuthn Level 3 §5.8.1.1 prescribes. The attestation object's members come in the order `fmt`,
//! `attStmt`, `authData`, a credential ID has 16 to 1023 bytes and an RSA modulus at least 2048 bits.

use std::{collections::BTreeMap, convert::Infallible, slice};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use webauthn_rp::{
    AuthenticatedCredential, CredentialErr, DiscoverableAuthentication,
    DiscoverableAuthenticationServerState, DiscoverableCredentialRequestOptions,
    NonDiscoverableAuthentication, NonDiscoverableAuthenticationServerState,
    NonDiscoverableCredentialRequestOptions, PublicKeyCredentialCreationOptions, RegisteredCredential,
    RegistrationServerState,
    bin::{Decode, Encode},
    request::{
        AsciiDomain, Credentials, ExtensionReq, PublicKeyCredentialDescriptor, RpId,
        UserVerificationRequirement,
        auth::{AllowedCredentials, AuthenticationVerificationOptions, error::RequestOptionsErr},
        error::AsciiDomainErr,
        register::{
            CoseAlgorithmIdentifier, CoseAlgorithmIdentifiers, CredProtect, Nickname,
            PublicKeyCredentialUserEntity, RegistrationVerificationOptions, UserHandle, Username,
            error::{CreationOptionsErr, UsernameErr},
        },
    },
    response::{
        AuthTransports, CredentialId,
        auth::{
            AuthenticatorData,
            error::{AuthCeremonyErr, AuthenticatorDataErr},
        },
        register::{
            Attestation, CompressedPubKey, DynamicState, Registration as RegistrationResponse, StaticState,
            UncompressedPubKey,
            bin::{DecodeMetadataOwnedErr, DecodeStaticStateErr, MetadataOwned},
            error::RegCeremonyErr,
        },
    },
};

/// A relying party and what it knows of its users.
///
/// It remembers one registration and one sign-in under way. Asking for options again forgets the older one, and an
/// answer uses the challenge up, whether it is accepted or not.
pub(crate) struct RelyingParty {
    rp_id: RpId,
    origin: String,
    users: BTreeMap<String, Handle>,
    credentials: Vec<Credential>,
    registering: Option<Registering>,
    signing_in: Option<SigningIn>,
}

/// What the relying party asks for at a registration, besides user verification and a discoverable credential, which it
/// always requires.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registration<'a> {
    /// COSE algorithm identifiers, the most wanted first. Empty means ES256, then RS256, as in WebAuthn Level 3 §5.1.3
    /// step 10.
    pub(crate) algorithms: &'a [i64],
    /// The attestation conveyance: `none` or `direct`.
    pub(crate) attestation: &'a str,
}

impl Default for Registration<'_> {
    fn default() -> Self {
        Self { algorithms: &[ES256, RS256], attestation: "none" }
    }
}

/// A registration that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registered {
    /// The credential's ID.
    pub(crate) credential_id: Vec<u8>,
    /// The authenticator's model.
    pub(crate) aaguid: [u8; 16],
    /// The attestation statement format: `none` or `packed`, which is self attestation here.
    pub(crate) format: &'static str,
    /// The key's COSE algorithm identifier.
    pub(crate) algorithm: i64,
    /// The signature counter.
    pub(crate) sign_count: u32,
    /// Whether the authenticator verified the user.
    pub(crate) user_verified: bool,
}

/// A sign-in that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignedIn {
    /// Who signed in.
    pub(crate) user_name: String,
    /// The signature counter.
    pub(crate) sign_count: u32,
    /// Whether the authenticator verified the user.
    pub(crate) user_verified: bool,
}

/// Why the relying party refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RpError {
    /// No domain, so no RP ID.
    #[error("`{rp_id}` is no domain: {source}")]
    RpId {
        /// What should have been one.
        rp_id: String,
        /// What is wrong with it.
        source: AsciiDomainErr,
    },
    /// No user name in the sense of RFC 8265.
    #[error("`{user_name}` is no user name: {source}")]
    UserName {
        /// What should have been one.
        user_name: String,
        /// What is wrong with it.
        source: UsernameErr,
    },
    /// An algorithm whose signatures the library cannot verify.
    #[error("the relying party cannot verify signatures of the COSE algorithm {0}")]
    Algorithm(i64),
    /// The registration's options contradict each other.
    #[error("the registration cannot begin: {0}")]
    Creation(#[from] CreationOptionsErr),
    /// `allowCredentials` was asked for, and there is nothing to put into it.
    #[error("`{0}` has no credential at this relying party")]
    NoCredential(String),
    /// The sign-in's options contradict each other.
    #[error("the sign-in cannot begin: {0}")]
    Request(#[from] RequestOptionsErr),
    /// The options could not be written as JSON.
    #[error("the options cannot be written as JSON: {0}")]
    Options(#[source] serde_json::Error),
    /// A response to no options, or a second one to the same.
    #[error("no {0} is under way, or its challenge was used already")]
    NoCeremony(&'static str),
    /// The response is not what WebAuthn's JSON definitions say.
    #[error("the response cannot be read: {0}")]
    Response(#[source] serde_json::Error),
    /// The registration was not accepted.
    #[error("the registration is refused: {0}")]
    Registration(#[from] RegCeremonyErr),
    /// WebAuthn Level 3 §7.1 step 26: the credential ID is new to the relying party.
    #[error("the registration is refused: the credential ID belongs to `{0}` already")]
    CredentialIdInUse(String),
    /// The assertion is by a credential that was never registered.
    #[error("the sign-in is refused: the credential is not known here")]
    UnknownCredential,
    /// The sign-in was not accepted.
    #[error("the sign-in is refused: {0}")]
    SignIn(#[from] AuthCeremonyErr),
    /// The accepted assertion's authenticator data cannot be read a second time.
    #[error("the authenticator data cannot be read: {0}")]
    AuthenticatorData(#[from] AuthenticatorDataErr),
    /// What the relying party kept of a credential contradicts itself.
    #[error("the credential's record contradicts itself: {0}")]
    Record(#[from] CredentialErr),
    /// The public key that the relying party kept cannot be read.
    #[error("the credential's record cannot be read: {0}")]
    Key(#[from] DecodeStaticStateErr),
    /// What the library says about the credential cannot be read.
    #[error("the credential's metadata cannot be read: {0}")]
    Metadata(#[from] DecodeMetadataOwnedErr),
}

impl RelyingParty {
    /// The relying party of the domain `rp_id`, at `https://{rp_id}`.
    ///
    /// # Errors
    ///
    /// [`RpError::RpId`] if it is no ASCII domain.
    pub(crate) fn new(rp_id: &str) -> Result<Self, RpError> {
        let domain = AsciiDomain::try_from(rp_id.to_owned())
            .map_err(|source| RpError::RpId { rp_id: rp_id.to_owned(), source })?;
        Ok(Self {
            origin: format!("https://{}", domain.as_ref()),
            rp_id: RpId::Domain(domain),
            users: BTreeMap::new(),
            credentials: Vec::new(),
            registering: None,
            signing_in: None,
        })
    }

    /// The only origin it accepts, as `https://rp.example.com`.
    pub(crate) fn origin(&self) -> String {
        self.origin.clone()
    }

    /// Begins a registration of `user_name`, who becomes known with this.
    ///
    /// The options are JSON text as `parseCreationOptionsFromJSON()` takes it. User verification and a discoverable
    /// credential are required, `credProps` is asked for, and `excludeCredentials` has all that the user registered.
    ///
    /// # Errors
    ///
    /// [`RpError::UserName`], or [`RpError::Algorithm`] for one that could not be verified.
    ///
    /// Source: WebAuthn Level 3 §5.1.9, `PublicKeyCredentialCreationOptionsJSON`.
    pub(crate) fn creation_options(
        &mut self,
        user_name: &str,
        request: Registration<'_>,
    ) -> Result<String, RpError> {
        let algorithms = match request.algorithms {
            [] => &[ES256, RS256],
            listed => listed,
        };
        let accepted = accepted(algorithms)?;
        let name = Username::try_from(user_name)
            .map_err(|source| RpError::UserName { user_name: user_name.to_owned(), source })?;
        // A user name that is no nickname (RFC 8266) is simply not displayed.
        let display_name = Nickname::try_from(user_name).ok();
        let exclude = self.descriptors(user_name);
        let handle = self.users.entry(user_name.to_owned()).or_default();
        let user = PublicKeyCredentialUserEntity { name, id: handle, display_name };

        let mut options = PublicKeyCredentialCreationOptions::passkey(&self.rp_id, user, exclude);
        options.pub_key_cred_params = accepted;
        // Windows Hello verifies always; a policy would only ask authenticators without credProtect for the impossible.
        options.extensions.cred_protect = CredProtect::None;
        options.extensions.cred_props = Some(ExtensionReq::Allow);
        let (state, client) = options.start_ceremony()?;

        let params: Vec<Value> =
            request.algorithms.iter().map(|alg| json!({ "type": "public-key", "alg": alg })).collect();
        let mut members: Map<String, Value> =
            serde_json::to_value(&client).and_then(serde_json::from_value).map_err(RpError::Options)?;
        members.insert("pubKeyCredParams".to_owned(), params.into());
        members.insert("attestation".to_owned(), request.attestation.into());
        // The library lists `none` alone, which would take back a wish for `direct`.
        members.remove("attestationFormats");
        self.registering = Some(Registering { user_name: user_name.to_owned(), state });
        Ok(Value::Object(members).to_string())
    }

    /// Ends the registration with the client's `RegistrationResponseJSON`.
    ///
    /// # Errors
    ///
    /// [`RpError::NoCeremony`] without options before, [`RpError::Response`] for what is no response,
    /// [`RpError::Registration`] and [`RpError::CredentialIdInUse`] for a response that is not accepted.
    ///
    /// Source: WebAuthn Level 3 §7.1.
    pub(crate) fn register(&mut self, response_json: &str) -> Result<Registered, RpError> {
        let Registering { user_name, state } =
            self.registering.take().ok_or(RpError::NoCeremony("registration"))?;
        let response: RegistrationResponse = read(response_json)?;
        let options = RegistrationVerificationOptions::<'_, '_, String, String> {
            allowed_origins: slice::from_ref(&self.origin),
            ..Default::default()
        };
        let registered = state.verify(&self.rp_id, &response, &options)?;
        let id = registered.id();
        if let Some(known) = self.credentials.iter().find(|known| known.id == id) {
            return Err(RpError::CredentialIdInUse(known.user_name.clone()));
        }
        let result = describe(&registered)?;
        self.credentials.push(Credential {
            user_name,
            user: *registered.user_id(),
            id: id.into(),
            transports: registered.transports(),
            key: encoded(&registered.static_state()),
            state: registered.dynamic_state(),
        });
        Ok(result)
    }

    /// Begins a sign-in: of whoever answers, or with `allowCredentials` of `user_name`.
    ///
    /// The options are JSON text as `parseRequestOptionsFromJSON()` takes it. User verification is required.
    ///
    /// # Errors
    ///
    /// [`RpError::NoCredential`] if `user_name` has none.
    ///
    /// Source: WebAuthn Level 3 §5.1.10, `PublicKeyCredentialRequestOptionsJSON`.
    pub(crate) fn request_options(&mut self, user_name: Option<&str>) -> Result<String, RpError> {
        let (state, text) = match user_name {
            None => {
                let (state, client) =
                    DiscoverableCredentialRequestOptions::passkey(&self.rp_id).start_ceremony()?;
                (SigningIn::Anyone(state), serde_json::to_string(&client))
            }
            Some(user_name) => {
                let mut allowed = AllowedCredentials::default();
                for descriptor in self.descriptors(user_name) {
                    // Credential IDs are unique here, so each is taken.
                    allowed.push(descriptor.into());
                }
                let mut options =
                    NonDiscoverableCredentialRequestOptions::second_factor(&self.rp_id, allowed)
                        .map_err(|_empty| RpError::NoCredential(user_name.to_owned()))?;
                options.options().user_verification = UserVerificationRequirement::Required;
                let (state, client) = options.start_ceremony()?;
                (SigningIn::Listed(state), serde_json::to_string(&client))
            }
        };
        self.signing_in = Some(state);
        text.map_err(RpError::Options)
    }

    /// Ends the sign-in with the client's `AuthenticationResponseJSON`.
    ///
    /// The signature counter has to be higher than the last one accepted, unless that one is 0.
    ///
    /// # Errors
    ///
    /// [`RpError::NoCeremony`] without options before, [`RpError::Response`] for what is no response,
    /// [`RpError::UnknownCredential`] and [`RpError::SignIn`] for a response that is not accepted.
    ///
    /// Source: WebAuthn Level 3 §7.2.
    pub(crate) fn sign_in(&mut self, response_json: &str) -> Result<SignedIn, RpError> {
        match self.signing_in.take().ok_or(RpError::NoCeremony("sign-in"))? {
            SigningIn::Anyone(state) => {
                let response: DiscoverableAuthentication<HANDLE_LEN> = read(response_json)?;
                let data = response.response().authenticator_data();
                self.assert(response.raw_id(), data, |rp_id, credential, options| {
                    state.verify(rp_id, &response, credential, options)
                })
            }
            SigningIn::Listed(state) => {
                let response: NonDiscoverableAuthentication<HANDLE_LEN> = read(response_json)?;
                let data = response.response().authenticator_data();
                self.assert(response.raw_id(), data, |rp_id, credential, options| {
                    state.verify(rp_id, &response, credential, options)
                })
            }
        }
    }

    /// Finds the credential, lets the library `verify` the assertion with it and keeps the new counter.
    fn assert(
        &mut self,
        id: CredentialId<&[u8]>,
        authenticator_data: &[u8],
        verify: impl FnOnce(
            &RpId,
            &mut Known<'_>,
            &AuthenticationVerificationOptions<'_, '_, String, String>,
        ) -> Result<bool, AuthCeremonyErr>,
    ) -> Result<SignedIn, RpError> {
        let credential =
            self.credentials.iter_mut().find(|known| known.id == id).ok_or(RpError::UnknownCredential)?;
        let key = StaticState::decode(credential.key.as_slice())?;
        let mut known =
            AuthenticatedCredential::new((&credential.id).into(), &credential.user, key, credential.state)?;
        let options = AuthenticationVerificationOptions {
            allowed_origins: slice::from_ref(&self.origin),
            ..Default::default()
        };
        verify(&self.rp_id, &mut known, &options)?;
        credential.state = known.dynamic_state();
        let data = AuthenticatorData::try_from(authenticator_data)?;
        Ok(SignedIn {
            user_name: credential.user_name.clone(),
            sign_count: data.sign_count(),
            user_verified: data.flags().user_verified,
        })
    }

    fn descriptors(&self, user_name: &str) -> Vec<PublicKeyCredentialDescriptor<Vec<u8>>> {
        self.credentials
            .iter()
            .filter(|credential| credential.user_name == user_name)
            .map(|credential| PublicKeyCredentialDescriptor {
                id: credential.id.clone(),
                transports: credential.transports,
            })
            .collect()
    }
}

/// Fewer bytes than the 64 that WebAuthn proposes, as this one is for reading.
const HANDLE_LEN: usize = 16;
type Handle = UserHandle<HANDLE_LEN>;

/// A public key of any algorithm, as [`StaticState`] decodes it.
type PublicKey = CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>;
type Known<'a> = AuthenticatedCredential<'a, 'a, HANDLE_LEN, PublicKey>;

/// The credential record of WebAuthn Level 3 §4, in the parts in which the library wants it kept.
struct Credential {
    user_name: String,
    user: Handle,
    id: CredentialId<Vec<u8>>,
    transports: AuthTransports,
    key: Vec<u8>,
    state: DynamicState,
}

struct Registering {
    user_name: String,
    state: RegistrationServerState<HANDLE_LEN>,
}

enum SigningIn {
    Anyone(DiscoverableAuthenticationServerState),
    Listed(NonDiscoverableAuthenticationServerState),
}

/// Reads a response at its strictest: the library's relaxed reading ignores members that no definition has.
fn read<T: DeserializeOwned>(response_json: &str) -> Result<T, RpError> {
    serde_json::from_str(response_json).map_err(RpError::Response)
}

fn describe(registered: &RegisteredCredential<'_, HANDLE_LEN>) -> Result<Registered, RpError> {
    let metadata = MetadataOwned::decode(encoded(&registered.metadata()).as_slice())?;
    let state = registered.dynamic_state();
    Ok(Registered {
        credential_id: registered.id().as_ref().to_vec(),
        aaguid: metadata.aaguid.0,
        format: match metadata.attestation {
            Attestation::None => "none",
            Attestation::Surrogate => "packed",
        },
        algorithm: match registered.static_state().credential_public_key {
            UncompressedPubKey::Ed25519(_) => EDDSA,
            UncompressedPubKey::P256(_) => ES256,
            UncompressedPubKey::P384(_) => ES384,
            UncompressedPubKey::Rsa(_) => RS256,
        },
        sign_count: state.sign_count,
        user_verified: state.user_verified,
    })
}

fn encoded<'a, T>(value: &'a T) -> Vec<u8>
where
    T: Encode<Output<'a> = Vec<u8>, Err = Infallible> + 'a,
{
    match value.encode() {
        Ok(bytes) => bytes,
        Err(never) => match never {},
    }
}

/// The library's set of these algorithms; it can only be made smaller, so it begins with all.
fn accepted(algorithms: &[i64]) -> Result<CoseAlgorithmIdentifiers, RpError> {
    if let Some(&unknown) = algorithms.iter().find(|&&alg| VERIFIED.iter().all(|&(known, _)| known != alg)) {
        return Err(RpError::Algorithm(unknown));
    }
    let unwanted = VERIFIED.iter().filter(|(known, _)| !algorithms.contains(known));
    Ok(unwanted.fold(CoseAlgorithmIdentifiers::ALL, |all, &(_, alg)| all.remove(alg)))
}

// COSE algorithm identifiers, IANA registry "COSE Algorithms".
const ES256: i64 = -7;
const EDDSA: i64 = -8;
const ES384: i64 = -35;
const RS256: i64 = -257;

const VERIFIED: [(i64, CoseAlgorithmIdentifier); 4] = [
    (ES256, CoseAlgorithmIdentifier::Es256),
    (EDDSA, CoseAlgorithmIdentifier::Eddsa),
    (ES384, CoseAlgorithmIdentifier::Es384),
    (RS256, CoseAlgorithmIdentifier::Rs256),
];

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]
mod tests {
    use data_encoding::{BASE64URL_NOPAD, HEXLOWER};

    use super::*;

    const USER: &str = "ada@example.com";

    #[test]
    fn options_say_what_was_asked_for() {
        let mut rp = RelyingParty::new("RP.example.com").unwrap();
        assert_eq!(rp.origin(), "https://rp.example.com");
        for (name, algorithms, attestation) in
            [("Windows Hello", &[RS256, ES256][..], "direct"), ("the client's default", &[], "none")]
        {
            let options = options(rp.creation_options(USER, Registration { algorithms, attestation }));
            let listed: Vec<i64> = options["pubKeyCredParams"]
                .as_array()
                .unwrap()
                .iter()
                .map(|param| param["alg"].as_i64().unwrap())
                .collect();
            assert_eq!(listed, algorithms, "{name}");
            assert_eq!(options["attestation"], attestation, "{name}");
            assert_eq!(options["rp"]["id"], "rp.example.com", "{name}");
            assert_eq!(options["user"]["displayName"], USER, "{name}");
            assert_eq!(options["authenticatorSelection"]["userVerification"], "required", "{name}");
            assert_eq!(options.get("attestationFormats"), None, "{name}");
        }
        let unknown =
            rp.creation_options(USER, Registration { algorithms: &[ES256, -65535], ..Default::default() });
        assert!(matches!(unknown, Err(RpError::Algorithm(-65535))));
        assert!(matches!(rp.creation_options("a b", Registration::default()), Err(RpError::UserName { .. })));
        assert!(matches!(rp.request_options(Some(USER)), Err(RpError::NoCredential(_))));
        assert!(matches!(RelyingParty::new("b\u{fc}cher.example"), Err(RpError::RpId { .. })));
    }

    #[test]
    fn a_registration_is_verified_and_remembered() {
        let mut rp = RelyingParty::new("rp.example.com").unwrap();
        for (name, origin, rp_id_hash, flags, want) in [
            ("another origin", "https://example.com", RP_ID_HASH, 0x45, "origin"),
            ("another port", "https://rp.example.com:8443", RP_ID_HASH, 0x45, "origin"),
            ("another RP ID", "https://rp.example.com", &RP_ID_HASH.replace('f', "e"), 0x45, "hash"),
            ("no user verification", "https://rp.example.com", RP_ID_HASH, 0x41, "not verified"),
            ("no user presence", "https://rp.example.com", RP_ID_HASH, 0x44, "not present"),
        ] {
            let options = options(rp.creation_options(USER, Registration::default()));
            let refused = rp.register(&registration(&options, origin, rp_id_hash, flags)).unwrap_err();
            assert!(matches!(refused, RpError::Registration(_)), "{name}");
            assert!(refused.to_string().contains(want), "{name}: {refused}");
        }
        let first = options(rp.creation_options(USER, Registration::default()));
        let response = registration(&first, "https://rp.example.com", RP_ID_HASH, 0x45);
        let second = options(rp.creation_options(USER, Registration::default()));
        let stale = rp.register(&response).unwrap_err();
        assert!(stale.to_string().contains("challenge"), "{stale}");
        assert!(matches!(rp.register(&response), Err(RpError::NoCeremony("registration"))));
        assert_eq!(first["user"]["id"], second["user"]["id"]);

        let options = options(rp.creation_options(USER, Registration::default()));
        let registered =
            rp.register(&registration(&options, "https://rp.example.com", RP_ID_HASH, 0x45)).unwrap();
        let want = Registered {
            credential_id: vec![7; 32],
            aaguid: [6; 16],
            format: "none",
            algorithm: ES256,
            sign_count: 0,
            user_verified: true,
        };
        assert_eq!(registered, want);
    }

    #[test]
    fn a_known_credential_is_excluded_listed_and_not_registered_twice() {
        let mut rp = RelyingParty::new("rp.example.com").unwrap();
        let first = options(rp.creation_options(USER, Registration::default()));
        rp.register(&registration(&first, "https://rp.example.com", RP_ID_HASH, 0x45)).unwrap();

        let id = Value::from(BASE64URL_NOPAD.encode(&[7; 32]));
        let again = options(rp.creation_options(USER, Registration::default()));
        assert_eq!(again["excludeCredentials"][0]["id"], id);
        let refused = rp.register(&registration(&again, "https://rp.example.com", RP_ID_HASH, 0x45));
        assert!(matches!(refused, Err(RpError::CredentialIdInUse(user)) if user == USER));
        assert_eq!(options(rp.request_options(Some(USER)))["allowCredentials"][0]["id"], id);
        assert_eq!(options(rp.request_options(None))["allowCredentials"], json!([]));
    }

    #[test]
    fn a_sign_in_needs_the_credential_and_its_signature() {
        let mut rp = RelyingParty::new("rp.example.com").unwrap();
        assert!(matches!(rp.sign_in("{}"), Err(RpError::NoCeremony("sign-in"))));
        let creation = options(rp.creation_options(USER, Registration::default()));
        rp.register(&registration(&creation, "https://rp.example.com", RP_ID_HASH, 0x45)).unwrap();
        let mut assertion = |id: u8| {
            let options = options(rp.request_options(None));
            let data = HEXLOWER.decode(format!("{RP_ID_HASH}0500000001").as_bytes()).unwrap();
            let id = BASE64URL_NOPAD.encode(&[id; 32]);
            let response = json!({
                "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
                "response": {
                    "clientDataJSON": client_data("webauthn.get", &options, "https://rp.example.com"),
                    "authenticatorData": BASE64URL_NOPAD.encode(&data),
                    "signature": BASE64URL_NOPAD.encode(&[0x30, 6, 2, 1, 1, 2, 1, 1]),
                    "userHandle": creation["user"]["id"],
                },
            });
            rp.sign_in(&response.to_string()).unwrap_err()
        };
        assert!(matches!(assertion(7), RpError::SignIn(AuthCeremonyErr::AssertionSignature)));
        assert!(matches!(assertion(8), RpError::UnknownCredential));
    }

    fn options(text: Result<String, RpError>) -> Value {
        serde_json::from_str(&text.unwrap()).unwrap()
    }

    fn client_data(kind: &str, options: &Value, origin: &str) -> String {
        let challenge = options["challenge"].as_str().unwrap();
        let text = format!(
            r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#
        );
        BASE64URL_NOPAD.encode(text.as_bytes())
    }

    /// With attestation `none` there is no signature, and any point of the curve is a key: here its generator.
    fn registration(options: &Value, origin: &str, rp_id_hash: &str, flags: u8) -> String {
        let (aaguid, id) = ("06".repeat(16), "07".repeat(32));
        let cose_key = format!("a5010203262001215820{GX}225820{GY}");
        let auth_data = format!("{rp_id_hash}{flags:02x}00000000{aaguid}0020{id}{cose_key}");
        // {"fmt": "none", "attStmt": {}, "authData": h'..'}
        let object = format!(
            "a363666d74646e6f6e656761747453746d74a0686175746844617461 58{:02x}{auth_data}",
            auth_data.len() / 2
        );
        let spki = format!("3059301306072a8648ce3d020106082a8648ce3d030107034200 04{GX}{GY}");
        let base64 =
            |hex: &str| BASE64URL_NOPAD.encode(&HEXLOWER.decode(hex.replace(' ', "").as_bytes()).unwrap());
        let response = json!({
            "id": base64(&id), "rawId": base64(&id), "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": client_data("webauthn.create", options, origin),
                "attestationObject": base64(&object),
                "authenticatorData": base64(&auth_data),
                "publicKey": base64(&spki),
                "publicKeyAlgorithm": ES256,
                "transports": ["internal"],
            },
        });
        response.to_string()
    }

    /// SHA-256 of `rp.example.com`.
    const RP_ID_HASH: &str = "fe828f3f47351b0833ab3076f76aa3f75e417db7ec028106bd325e80f025cad1";
    const GX: &str = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
    const GY: &str = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
}
