//! A relying party in this process, verified by an independent library.
//!
//! It is what `softhello demo` and the relying parties of scenarios register and sign in at. The library is `webauthn_rp`, which others wrote with a CBOR
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
        AuthTransports, AuthenticatorAttachment, Backup, CredentialId,
        auth::{
            AuthenticatorData,
            error::{AuthCeremonyErr, AuthenticatorDataErr},
        },
        register::{
            Attestation, AuthenticatorExtensionOutputStaticState, CompressedPubKey,
            CredentialProtectionPolicy, DynamicState, Registration as RegistrationResponse, RsaPubKey,
            StaticState, UncompressedPubKey,
            bin::{DecodeMetadataOwnedErr, DecodeStaticStateErr, MetadataOwned},
            error::RegCeremonyErr,
        },
    },
};

/// A relying party and what it knows of its users.
///
/// It remembers one registration and one sign-in under way. Asking for options again forgets the older one, and an
/// answer uses the challenge up, whether it is accepted or not.
pub struct RelyingParty {
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
pub struct Registration<'a> {
    /// COSE algorithm identifiers, the most wanted first. Empty means ES256, then RS256, as in WebAuthn Level 3 §5.1.3
    /// step 10.
    pub algorithms: &'a [i64],
    /// The attestation conveyance, as WebAuthn writes it.
    pub attestation: &'a str,
}

impl Default for Registration<'_> {
    fn default() -> Self {
        Self { algorithms: &[ES256, RS256], attestation: "none" }
    }
}

/// A registration that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The credential's ID.
    pub credential_id: Vec<u8>,
    /// The authenticator's model.
    pub aaguid: [u8; 16],
    /// The attestation statement format: `none` or `packed`, which is self attestation here.
    pub format: &'static str,
    /// The key's COSE algorithm identifier.
    pub algorithm: i64,
    /// The signature counter.
    pub sign_count: u32,
    /// Whether the authenticator verified the user.
    pub user_verified: bool,
    /// Whether the credential may be backed up, the bit BE.
    pub backup_eligible: bool,
}

/// A sign-in that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The credential's ID.
    pub credential_id: Vec<u8>,
    /// Who signed in.
    pub user_name: String,
    /// The signature counter.
    pub sign_count: u32,
    /// Whether the authenticator verified the user.
    pub user_verified: bool,
}

/// A key that the relying party learned of by another way than a registration, as a tenant learns of the key of Windows
/// Hello for Business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RsaKey {
    /// The credential's ID.
    pub id: Vec<u8>,
    /// The user handle of 32 bytes.
    pub user_handle: Vec<u8>,
    /// The modulus, big endian.
    pub n: Vec<u8>,
    /// The public exponent, big endian.
    pub e: Vec<u8>,
}

/// Why the relying party refused.
#[derive(Debug, thiserror::Error)]
pub enum RpError {
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
    /// Not a key that the library could verify with.
    #[error("not a key with an id and a user handle: {0}")]
    Foreign(&'static str),
}

impl RelyingParty {
    /// The relying party of the domain `rp_id`, at `https://{rp_id}`.
    ///
    /// # Errors
    ///
    /// [`RpError::RpId`] if it is no ASCII domain.
    pub fn new(rp_id: &str) -> Result<Self, RpError> {
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

    /// At this origin instead.
    #[must_use]
    pub fn with_origin(self, origin: &str) -> Self {
        Self { origin: origin.to_owned(), ..self }
    }

    /// The only origin it accepts, as `https://rp.example.com`.
    pub fn origin(&self) -> String {
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
    pub fn creation_options(
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
    pub fn register(&mut self, response_json: &str) -> Result<Registered, RpError> {
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

    /// Learns of a user's key by another way than a registration. Its assertions are verified as all others.
    ///
    /// # Errors
    ///
    /// [`RpError::Foreign`] for what is no such key.
    pub fn know(&mut self, user_name: &str, key: RsaKey) -> Result<(), RpError> {
        let handle: [u8; HANDLE_LEN] =
            key.user_handle.try_into().map_err(|_| RpError::Foreign("the user handle has not 32 bytes"))?;
        let e = key.e.iter().fold(0_u32, |e, &byte| e << 8 | u32::from(byte));
        let rsa = RsaPubKey::try_from((key.n.as_slice(), e))
            .map_err(|_| RpError::Foreign("the modulus or the exponent is none"))?;
        let static_state = StaticState {
            credential_public_key: UncompressedPubKey::Rsa(rsa),
            extensions: AuthenticatorExtensionOutputStaticState {
                cred_protect: CredentialProtectionPolicy::None,
                hmac_secret: None,
            },
        };
        let Ok(user) = Handle::decode(handle);
        self.credentials.push(Credential {
            user_name: user_name.to_owned(),
            user,
            key: encoded(&static_state),
            id: CredentialId::decode(key.id).map_err(|_| RpError::Foreign("the id is none"))?,
            transports: AuthTransports::decode(0).map_err(|_| RpError::Foreign("no transports"))?,
            state: DynamicState {
                user_verified: true,
                backup: Backup::NotEligible,
                sign_count: 0,
                authenticator_attachment: AuthenticatorAttachment::Platform,
            },
        });
        Ok(())
    }

    /// Forgets a credential, if it is known.
    pub fn forget(&mut self, id: &[u8]) {
        self.credentials.retain(|known| known.id.as_ref() != id);
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
    pub fn request_options(&mut self, user_name: Option<&str>) -> Result<String, RpError> {
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
    pub fn sign_in(&mut self, response_json: &str) -> Result<SignedIn, RpError> {
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
            credential_id: credential.id.as_ref().to_vec(),
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
const HANDLE_LEN: usize = 32;
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
        backup_eligible: state.backup != Backup::NotEligible,
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
mod tests;
