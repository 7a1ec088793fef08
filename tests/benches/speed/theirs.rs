//! passkey-authenticator with its RustCrypto backend and its `MemoryStore`.
//!
//! It is called as its own client calls it: with requests that are decoded already, and its response is not encoded.

use passkey_authenticator::{Authenticator, MemoryStore, UiHint, UserCheck, UserValidationMethod};
use passkey_crypto::{iana, rust_crypto::RustCryptoBackend};
use passkey_types::{
    Passkey,
    ctap2::{Aaguid, Ctap2Error, get_assertion, make_credential},
    webauthn::{
        PublicKeyCredentialDescriptor, PublicKeyCredentialParameters, PublicKeyCredentialType,
        PublicKeyCredentialUserEntity,
    },
};
use pollster::block_on;
use softhello_tests::CLIENT_DATA_HASH;

use crate::ours::RP_ID;

pub(crate) type Theirs = Authenticator<MemoryStore, Approving, RustCryptoBackend>;

/// Ours counts, so theirs counts too.
pub(crate) fn authenticator() -> Theirs {
    let mut authenticator =
        Authenticator::new(Aaguid::new_empty(), MemoryStore::new(), Approving, RustCryptoBackend);
    authenticator.set_make_credentials_with_signature_counter(true);
    authenticator
}

pub(crate) fn register(
    authenticator: &mut Theirs,
    request: make_credential::Request,
) -> make_credential::Response {
    block_on(authenticator.make_credential(request)).expect("a credential")
}

pub(crate) fn sign_in(
    authenticator: &mut Theirs,
    request: get_assertion::Request,
) -> get_assertion::Response {
    block_on(authenticator.get_assertion(request)).expect("an assertion")
}

pub(crate) fn with_one_credential() -> Theirs {
    let mut authenticator = authenticator();
    register(&mut authenticator, registration(0));
    authenticator
}

pub(crate) fn credential_id(authenticator: &Theirs) -> Vec<u8> {
    authenticator.store().keys().next().expect("a credential").clone()
}

/// A registration of this user.
pub(crate) fn registration(number: u32) -> make_credential::Request {
    make_credential::Request {
        client_data_hash: CLIENT_DATA_HASH.to_vec().into(),
        rp: make_credential::PublicKeyCredentialRpEntity {
            id: RP_ID.to_owned(),
            name: Some("An RP".to_owned()),
        },
        user: PublicKeyCredentialUserEntity {
            id: number.to_be_bytes().to_vec().into(),
            name: format!("user{number}@example.org"),
            display_name: "Ada Lovelace".to_owned(),
        },
        pub_key_cred_params: vec![PublicKeyCredentialParameters {
            ty: PublicKeyCredentialType::PublicKey,
            alg: iana::Algorithm::ES256,
        }],
        exclude_list: None,
        extensions: None,
        options: make_credential::Options { rk: true, up: true, uv: true },
        pin_auth: None,
        pin_protocol: None,
    }
}

/// The store of theirs finds nothing without an allowList.
pub(crate) fn sign_in_request(id: &[u8]) -> get_assertion::Request {
    get_assertion::Request {
        rp_id: RP_ID.to_owned(),
        client_data_hash: CLIENT_DATA_HASH.to_vec().into(),
        allow_list: Some(vec![PublicKeyCredentialDescriptor {
            ty: PublicKeyCredentialType::PublicKey,
            id: id.to_vec().into(),
            transports: None,
        }]),
        extensions: None,
        options: get_assertion::Options { up: true, uv: true },
        pin_auth: None,
        pin_protocol: None,
    }
}

pub(crate) struct Approving;

#[async_trait::async_trait]
impl UserValidationMethod for Approving {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _hint: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence, verification })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}
