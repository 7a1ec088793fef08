//! The platform's side of PIN/UV auth protocols, and requests that are authenticated with a token.

use rand::{Rng as _, SeedableRng as _, rngs::ChaCha20Rng};
use sha2::{Digest as _, Sha256};
use softhello_ctap::{
    KeyAgreement, KeyAgreementKey, Permissions, PinUvAuthProtocol, SharedSecret, Status, api,
    cbor::{Reader, Writer},
    message::CLIENT_PIN_RESPONSE,
};

use super::{Bench, CLIENT_DATA_HASH, Reply, Request, bytes, raw_map, text, uint};

/// Subcommands of authenticatorClientPIN.
pub(crate) const GET_PIN_RETRIES: u64 = 1;
pub(crate) const GET_KEY_AGREEMENT: u64 = 2;
pub(crate) const SET_PIN: u64 = 3;
pub(crate) const CHANGE_PIN: u64 = 4;
pub(crate) const GET_PIN_TOKEN: u64 = 5;
pub(crate) const TOKEN_USING_UV: u64 = 6;
pub(crate) const GET_UV_RETRIES: u64 = 7;
pub(crate) const TOKEN_USING_PIN: u64 = 9;

/// A platform that has agreed on a key.
pub(crate) struct Platform {
    pub(crate) protocol: PinUvAuthProtocol,
    own: KeyAgreement,
    secret: SharedSecret,
}

/// A pinUvAuthToken in the platform's hands.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) protocol: PinUvAuthProtocol,
    pub(crate) value: [u8; 32],
}

impl Platform {
    pub(crate) fn agree(bench: &mut Bench, protocol: PinUvAuthProtocol) -> Self {
        Self::of(bench, protocol, 1)
    }

    /// With a key pair of its own for each seed.
    pub(crate) fn of(bench: &mut Bench, protocol: PinUvAuthProtocol, seed: u64) -> Self {
        let request = client_pin(GET_KEY_AGREEMENT).with(1, uint(protocol.number()));
        let reply = bench.send(&request.bytes());
        let peer =
            KeyAgreementKey::read(reply.members(&CLIENT_PIN_RESPONSE).raw("keyAgreement").expect("a key"));
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let own = KeyAgreement::generate(&mut |out| rng.fill_bytes(out));
        let secret = own.shared_secret(protocol, &peer.expect("a COSE key")).expect("a point");
        Self { protocol, own, secret }
    }

    /// The platform's public key as the member `keyAgreement`.
    pub(crate) fn key(&self) -> Vec<u8> {
        let mut out = Writer::default();
        self.own.public_key().write(&mut out);
        out.into_bytes()
    }

    pub(crate) fn encrypt(&self, plaintext: &[u8]) -> Vec<u8> {
        self.secret.encrypt(plaintext, &mut |out| out.fill(0x11))
    }

    pub(crate) fn decrypt(&self, ciphertext: &[u8]) -> Vec<u8> {
        self.secret.decrypt(ciphertext).expect("whole blocks").to_vec()
    }

    pub(crate) fn authenticate(&self, message: &[&[u8]]) -> Vec<u8> {
        self.secret.authenticate(message)
    }

    fn request(&self, subcommand: u64) -> Request {
        client_pin(subcommand).with(1, uint(self.protocol.number())).with(3, self.key())
    }

    pub(crate) fn set_pin(&self, pin: &str) -> Request {
        self.set_padded(&padded(pin.as_bytes()))
    }

    /// setPIN with this as the padded PIN.
    pub(crate) fn set_padded(&self, padded: &[u8]) -> Request {
        let new_pin_enc = self.encrypt(padded);
        let param = self.authenticate(&[&new_pin_enc]);
        self.request(SET_PIN).with(4, bytes(&param)).with(5, bytes(&new_pin_enc))
    }

    pub(crate) fn change_pin(&self, old: &str, new: &str) -> Request {
        self.change_padded(old, &padded(new.as_bytes()))
    }

    /// changePIN with this as the padded new PIN.
    pub(crate) fn change_padded(&self, old: &str, padded: &[u8]) -> Request {
        let (new_pin_enc, pin_hash_enc) = (self.encrypt(padded), self.pin_hash_enc(old));
        let param = self.authenticate(&[&new_pin_enc, &pin_hash_enc]);
        self.request(CHANGE_PIN)
            .with(4, bytes(&param))
            .with(5, bytes(&new_pin_enc))
            .with(6, bytes(&pin_hash_enc))
    }

    pub(crate) fn pin_token(&self, pin: &str) -> Request {
        self.request(GET_PIN_TOKEN).with(6, bytes(&self.pin_hash_enc(pin)))
    }

    pub(crate) fn token_using_pin(
        &self,
        pin: &str,
        permissions: Permissions,
        rp_id: Option<&str>,
    ) -> Request {
        let request = self.request(TOKEN_USING_PIN).with(6, bytes(&self.pin_hash_enc(pin)));
        with_permissions(request, permissions, rp_id)
    }

    pub(crate) fn token_using_uv(&self, permissions: Permissions, rp_id: Option<&str>) -> Request {
        with_permissions(self.request(TOKEN_USING_UV), permissions, rp_id)
    }

    fn pin_hash_enc(&self, pin: &str) -> Vec<u8> {
        self.encrypt(&Sha256::digest(pin)[..16])
    }

    /// The token in an answer.
    pub(crate) fn token(&self, reply: &Reply) -> Token {
        let encrypted =
            reply.members(&CLIENT_PIN_RESPONSE).bytes("pinUvAuthToken").expect("a token").to_vec();
        let value = self.decrypt(&encrypted).try_into().expect("a token of 32 bytes");
        Token { protocol: self.protocol, value }
    }

    /// The input of hmac-secret for these salts.
    pub(crate) fn salts(&self, salts: &[u8]) -> Vec<u8> {
        let salt_enc = self.encrypt(salts);
        let salt_auth = self.authenticate(&[&salt_enc]);
        raw_map(&[
            (uint(1), self.key()),
            (uint(2), bytes(&salt_enc)),
            (uint(3), bytes(&salt_auth)),
            (uint(4), uint(self.protocol.number())),
        ])
    }
}

impl Token {
    /// `request` with `pinUvAuthProtocol` and the `pinUvAuthParam` that authenticates it.
    pub(crate) fn authorize(&self, request: Request) -> Request {
        let message = message(&request);
        self.over(request, &message)
    }

    /// `request` with the `pinUvAuthParam` of another message.
    pub(crate) fn over(&self, request: Request, message: &[u8]) -> Request {
        let param = self.protocol.authenticate(&self.value, &[message]);
        let (param_key, protocol_key) = keys(request.command());
        request.with(param_key, bytes(&param)).with(protocol_key, uint(self.protocol.number()))
    }
}

impl Bench {
    /// A token that was got with the PIN, in the profile's favourite protocol.
    pub(crate) fn token(&mut self, permissions: Permissions, rp_id: Option<&str>) -> Token {
        self.try_token(permissions, rp_id).expect("a token")
    }

    /// The same, unless it is refused.
    pub(crate) fn try_token(&mut self, permissions: Permissions, rp_id: Option<&str>) -> Option<Token> {
        let protocol = self.profile.pin_uv_auth_protocols[0];
        let platform = Platform::agree(self, protocol);
        let reply = self.send(&platform.token_using_pin(super::PIN, permissions, rp_id).bytes());
        (reply.status() == Status::Ok).then(|| platform.token(&reply))
    }

    /// A token of CTAP 2.0.
    pub(crate) fn legacy_token(&mut self) -> Token {
        let platform = Platform::agree(self, self.profile.pin_uv_auth_protocols[0]);
        let reply = self.send(&platform.pin_token(super::PIN).bytes());
        platform.token(&reply)
    }
}

pub(crate) fn client_pin(subcommand: u64) -> Request {
    Request::new(api::CLIENT_PIN).with(2, uint(subcommand))
}

fn with_permissions(request: Request, permissions: Permissions, rp_id: Option<&str>) -> Request {
    let request = request.with(9, uint(permissions.bits().into()));
    match rp_id {
        Some(rp_id) => request.with(10, text(rp_id)),
        None => request,
    }
}

/// A PIN with zeros behind it.
pub(crate) fn padded(pin: &[u8]) -> Vec<u8> {
    let mut padded = pin.to_vec();
    padded.resize(64.max(pin.len()), 0);
    padded
}

/// The members `pinUvAuthParam` and `pinUvAuthProtocol` of a command.
pub(crate) fn keys(command: u8) -> (u64, u64) {
    match command {
        api::MAKE_CREDENTIAL => (8, 9),
        api::GET_ASSERTION => (6, 7),
        api::BIO_ENROLLMENT | api::BIO_ENROLLMENT_PREVIEW => (5, 4),
        api::LARGE_BLOBS => (5, 6),
        _ => (4, 3),
    }
}

/// What `pinUvAuthParam` authenticates.
fn message(request: &Request) -> Vec<u8> {
    let small = |key| {
        let number = request.member(key).and_then(|item| Reader::new(item).uint().ok());
        number.and_then(|number| u8::try_from(number).ok()).unwrap_or_default()
    };
    let item = |key| request.member(key).unwrap_or_default().to_vec();
    match request.command() {
        api::MAKE_CREDENTIAL | api::GET_ASSERTION => CLIENT_DATA_HASH.to_vec(),
        api::BIO_ENROLLMENT | api::BIO_ENROLLMENT_PREVIEW => [vec![small(1), small(2)], item(3)].concat(),
        api::CONFIG => [vec![0xff; 32], vec![api::CONFIG, small(1)], item(2)].concat(),
        api::LARGE_BLOBS => {
            let offset = Reader::new(&item(3)).uint().unwrap_or_default();
            let offset = u32::try_from(offset).unwrap_or(u32::MAX).to_le_bytes();
            let fragment = item(2);
            let hash = Sha256::digest(Reader::new(&fragment).bytes().unwrap_or_default());
            [&[0xff; 32][..], &[api::LARGE_BLOBS, 0], &offset, &hash].concat()
        }
        _ => [vec![small(1)], item(2)].concat(),
    }
}
