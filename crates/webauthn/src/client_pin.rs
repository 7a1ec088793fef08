//! authenticatorClientPIN, from the platform's side.
//!
//! Source: CTAP 2.3 §6.5.

use softhello_ctap::{
    Authenticator, KeyAgreement, KeyAgreementKey, Permissions, PinUvAuthProtocol, SharedSecret, api,
    message::{CLIENT_PIN, CLIENT_PIN_RESPONSE, MapBuilder, Members},
};
use zeroize::Zeroizing;

use crate::{
    PinHash,
    connection::{Connection, Refusal},
};

/// A secret that the platform shares with the authenticator, and the platform's public key of it.
pub(crate) struct Agreement {
    pub(crate) key: KeyAgreementKey,
    pub(crate) secret: SharedSecret,
}

/// A pinUvAuthToken in the platform's hands.
pub(crate) struct PinUvAuthToken {
    protocol: PinUvAuthProtocol,
    /// Shorter ones (protocol one has also 16 bytes) with zeros behind them: to HMAC that is the same key.
    value: Zeroizing<[u8; 32]>,
}

/// How a token is got.
#[derive(Clone, Copy)]
pub(crate) enum Proof<'a> {
    /// By built-in user verification.
    Uv,
    /// By a PIN.
    Pin(&'a PinHash),
    /// By a PIN, from an authenticator that knows no permissions (CTAP 2.0).
    PinOnly(&'a PinHash),
}

impl<A: Authenticator> Connection<'_, A> {
    /// `encapsulate`, with the authenticator's key of this protocol.
    pub(crate) async fn agree(&mut self, protocol: PinUvAuthProtocol) -> Result<Agreement, Refusal> {
        let mut parameters = MapBuilder::new(&CLIENT_PIN);
        parameters.member("pinUvAuthProtocol").uint(protocol.number());
        parameters.member("subCommand").uint(GET_KEY_AGREEMENT);
        let reply = self.call(api::CLIENT_PIN, parameters.into_bytes()).await?;
        let members = Members::read(&CLIENT_PIN_RESPONSE, &reply)?;
        let peer = KeyAgreementKey::read(
            members.raw("keyAgreement").ok_or_else(|| Refusal::missing("keyAgreement"))?,
        )?;
        let own = KeyAgreement::generate(&mut |out| self.random(out));
        let secret = own
            .shared_secret(protocol, &peer)
            .map_err(|error| Refusal::Malformed(format!("cannot be used: {error}")))?;
        Ok(Agreement { key: own.public_key(), secret })
    }

    /// `pinRetries`.
    pub(crate) async fn pin_retries(&mut self) -> Result<u64, Refusal> {
        let mut parameters = MapBuilder::new(&CLIENT_PIN);
        parameters.member("subCommand").uint(GET_PIN_RETRIES);
        let reply = self.call(api::CLIENT_PIN, parameters.into_bytes()).await?;
        let members = Members::read(&CLIENT_PIN_RESPONSE, &reply)?;
        members.uint("pinRetries").ok_or_else(|| Refusal::missing("pinRetries"))
    }

    /// A token with these permissions for this RP ID.
    pub(crate) async fn token(
        &mut self,
        protocol: PinUvAuthProtocol,
        proof: Proof<'_>,
        permissions: Permissions,
        rp_id: &str,
    ) -> Result<PinUvAuthToken, Refusal> {
        let Agreement { key, secret } = self.agree(protocol).await?;
        let (subcommand, pin, has_permissions) = match proof {
            Proof::Uv => (GET_PIN_UV_AUTH_TOKEN_USING_UV_WITH_PERMISSIONS, None, true),
            Proof::Pin(pin) => (GET_PIN_UV_AUTH_TOKEN_USING_PIN_WITH_PERMISSIONS, Some(pin), true),
            Proof::PinOnly(pin) => (GET_PIN_TOKEN, Some(pin), false),
        };
        let mut parameters = MapBuilder::new(&CLIENT_PIN);
        parameters.member("pinUvAuthProtocol").uint(protocol.number());
        parameters.member("subCommand").uint(subcommand);
        key.write(parameters.member("keyAgreement"));
        if let Some(pin) = pin {
            let pin_hash_enc = secret.encrypt(pin.as_bytes(), &mut |out| self.random(out));
            parameters.member("pinHashEnc").bytes(&pin_hash_enc);
        }
        if has_permissions {
            parameters.member("permissions").uint(permissions.bits().into());
            parameters.member("rpId").text(rp_id);
        }
        let reply = self.call(api::CLIENT_PIN, parameters.into_bytes()).await?;
        let members = Members::read(&CLIENT_PIN_RESPONSE, &reply)?;
        let encrypted = members.bytes("pinUvAuthToken").ok_or_else(|| Refusal::missing("pinUvAuthToken"))?;
        let malformed = |reason: String| Refusal::Malformed(format!("has a pinUvAuthToken that {reason}"));
        let plain =
            secret.decrypt(encrypted).map_err(|error| malformed(format!("cannot be read: {error}")))?;
        let fits = match protocol {
            PinUvAuthProtocol::One => matches!(plain.len(), 16 | 32),
            PinUvAuthProtocol::Two => plain.len() == 32,
        };
        if !fits {
            return Err(malformed(format!("has {} bytes", plain.len())));
        }
        let mut value = Zeroizing::new([0; 32]);
        value.iter_mut().zip(plain.iter()).for_each(|(to, from)| *to = *from);
        Ok(PinUvAuthToken { protocol, value })
    }
}

impl PinUvAuthToken {
    /// Writes `pinUvAuthParam`, over `message`, and `pinUvAuthProtocol`, where a command has them in this order.
    pub(crate) fn write(&self, message: &[&[u8]], parameters: &mut MapBuilder) {
        parameters.member("pinUvAuthParam").bytes(&self.protocol.authenticate(&self.value, message));
        parameters.member("pinUvAuthProtocol").uint(self.protocol.number());
    }
}

/// Subcommands.
const GET_PIN_RETRIES: u64 = 0x01;
const GET_KEY_AGREEMENT: u64 = 0x02;
const GET_PIN_TOKEN: u64 = 0x05;
const GET_PIN_UV_AUTH_TOKEN_USING_UV_WITH_PERMISSIONS: u64 = 0x06;
const GET_PIN_UV_AUTH_TOKEN_USING_PIN_WITH_PERMISSIONS: u64 = 0x09;
