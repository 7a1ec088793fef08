//! U2F (CTAP1), where an authenticator does not know CTAP2 or a credential was made without it.
//!
//! A test of user presence is not repeated: this client has no clock, and the authenticators that it meets wait for
//! their user.
//!
//! Source: CTAP 2.3 §10; WebAuthn Level 3 §6.1.2 and §8.6.

use softhello_ctap::{
    AttestedCredential, AuthData, Authenticator, CredentialId, Flags, Version,
    apdu::StatusWord,
    cose::PublicKey,
    message::{ATTESTATION_STATEMENT, MapBuilder},
    u2f::{Registration, application, authenticate_message, register_message, version_message},
};
use uuid::Uuid;

use crate::{
    connection::{Connection, Refusal},
    get_assertion::Assertion,
    make_credential::NewCredential,
};

/// Whether the authenticator speaks U2F.
pub(crate) async fn is_spoken_by<A: Authenticator>(connection: &mut Connection<'_, A>) -> bool {
    let (version, word) = connection.message(&version_message()).await;
    word == StatusWord::OK && version == Version::U2fV2.identifier().as_bytes()
}

/// Whether the authenticator made this credential for this RP ID or AppID.
pub(crate) async fn has<A: Authenticator>(
    connection: &mut Connection<'_, A>,
    rp_id: &str,
    credential_id: &[u8],
) -> bool {
    const CHECK_ONLY: bool = true;
    match authenticate_message(&[0; 32], &application(rp_id), credential_id, CHECK_ONLY) {
        Some(message) => connection.message(&message).await.1 == StatusWord::CONDITIONS_NOT_SATISFIED,
        // No key handle is so long.
        None => false,
    }
}

/// Waits for the user, for a credential that nobody will use.
pub(crate) async fn touch<A: Authenticator>(connection: &mut Connection<'_, A>) -> Result<(), Refusal> {
    // Nobody's RP ID hashes to this.
    let message = register_message(&[0; 32], &[0xff; 32]);
    match connection.message(&message).await.1 {
        StatusWord::OK => Ok(()),
        word => Err(Refusal::Word(word)),
    }
}

/// Makes a credential, as a reply of authenticatorMakeCredential.
///
/// Source: CTAP 2.3 §10.1.4.
pub(crate) async fn register<A: Authenticator>(
    connection: &mut Connection<'_, A>,
    rp_id: &str,
    client_data_hash: &[u8; 32],
) -> Result<NewCredential, Refusal> {
    let rp_id_hash = application(rp_id);
    let data = match connection.message(&register_message(client_data_hash, &rp_id_hash)).await {
        (data, StatusWord::OK) => data,
        (_, word) => return Err(Refusal::Word(word)),
    };
    let malformed = |reason: &str| Refusal::Malformed(reason.to_owned());
    let registration = Registration::parse(&data).ok_or_else(|| malformed("is no U2F registration"))?;
    let (x, y) = match registration.public_key.split_first_chunk::<33>() {
        Some(([0x04, x @ ..], y)) => (x, y),
        _ => return Err(malformed("has a public key that is no uncompressed point")),
    };
    let y = y.try_into().map_err(|_| malformed("has a public key that is no uncompressed point"))?;
    let id =
        CredentialId::try_from(registration.key_handle).map_err(|_| malformed("has an empty key handle"))?;
    let mut att_stmt = MapBuilder::new(&ATTESTATION_STATEMENT);
    att_stmt.member("sig").bytes(&registration.signature);
    att_stmt.member("x5c").array(1).bytes(&registration.certificate);
    let attested = AttestedCredential { aaguid: Uuid::nil(), id, public_key: PublicKey::Es256 { x: *x, y } };
    let auth_data = AuthData { attested: Some(attested), ..AuthData::new(rp_id_hash, Flags(Flags::UP), 0) };
    Ok(NewCredential {
        fmt: "fido-u2f".to_owned(),
        att_stmt: att_stmt.into_bytes(),
        auth_data: auth_data.to_bytes(),
        large_blob_key: None,
        unsigned_extension_outputs: None,
    })
}

/// Signs, as a reply of authenticatorGetAssertion.
///
/// Source: CTAP 2.3 §10.2.3.
pub(crate) async fn sign<A: Authenticator>(
    connection: &mut Connection<'_, A>,
    rp_id: &str,
    client_data_hash: &[u8; 32],
    credential_id: &[u8],
) -> Result<Assertion, Refusal> {
    let rp_id_hash = application(rp_id);
    let Some(message) = authenticate_message(client_data_hash, &rp_id_hash, credential_id, false) else {
        return Err(Refusal::Word(StatusWord::WRONG_DATA));
    };
    let data = match connection.message(&message).await {
        (data, StatusWord::OK) => data,
        (_, word) => return Err(Refusal::Word(word)),
    };
    let malformed = || Refusal::Malformed("is no U2F authentication".to_owned());
    let (&[presence], rest) = data.split_first_chunk().ok_or_else(malformed)?;
    let (counter, signature) = rest.split_first_chunk().ok_or_else(malformed)?;
    let flags = Flags(presence & Flags::UP);
    Ok(Assertion {
        credential_id: credential_id.to_vec(),
        auth_data: AuthData::new(rp_id_hash, flags, u32::from_be_bytes(*counter)).to_bytes(),
        signature: signature.to_vec(),
        user_handle: None,
        large_blob_key: None,
        unsigned_extension_outputs: None,
    })
}
