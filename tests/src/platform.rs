//! A platform that speaks bytes to a device: requests by the names of their members, and the PIN/UV auth protocols.

use softhello_ctap::{
    Authenticator as _, Channel, KeyAgreement, KeyAgreementKey, Permissions, PinUvAuthProtocol, PinVerifier,
    SharedSecret, Status, api,
    cbor::Writer,
    message::{CLIENT_PIN, CLIENT_PIN_RESPONSE, HMAC_SECRET, MapBuilder, Members, Table},
};

use crate::device::Emulated;

/// A request that is being written: its command, and members in the table's order.
#[derive(Debug)]
pub struct Request {
    command: u8,
    parameters: MapBuilder,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status byte.
    pub status: Status,
    /// The map behind it, if there is one.
    pub body: Vec<u8>,
}

/// A pinUvAuthToken.
#[derive(Clone, Debug)]
pub struct Token {
    protocol: PinUvAuthProtocol,
    value: [u8; 32],
}

/// A secret that is shared with the device.
#[derive(Debug)]
pub struct Agreement {
    key: KeyAgreementKey,
    secret: SharedSecret,
}

impl Request {
    /// A request whose parameters are of this table.
    pub fn new(command: u8, table: &'static Table) -> Self {
        Self { command, parameters: MapBuilder::new(table) }
    }

    /// Adds a member.
    #[must_use]
    pub fn with(mut self, name: &str, write: impl FnOnce(&mut Writer) -> &mut Writer) -> Self {
        write(self.parameters.member(name));
        self
    }

    /// Adds `pinUvAuthParam` and `pinUvAuthProtocol`, in the order in which a command has them. Without a token none.
    #[must_use]
    pub fn authorized(self, token: Option<&Token>, message: &[&[u8]], protocol_first: bool) -> Self {
        let Some(token) = token else { return self };
        let param = token.protocol.authenticate(&token.value, message);
        let number = token.protocol.number();
        match protocol_first {
            true => self
                .with("pinUvAuthProtocol", |out| out.uint(number))
                .with("pinUvAuthParam", |out| out.bytes(&param)),
            false => self
                .with("pinUvAuthParam", |out| out.bytes(&param))
                .with("pinUvAuthProtocol", |out| out.uint(number)),
        }
    }

    /// Command byte and parameters.
    pub fn into_bytes(self) -> Vec<u8> {
        [vec![self.command], self.parameters.into_bytes()].concat()
    }
}

impl Reply {
    /// The reply, if it was done.
    ///
    /// # Errors
    ///
    /// The status of a refusal.
    pub fn done(self) -> Result<Self, Status> {
        if self.status == Status::Ok { Ok(self) } else { Err(self.status) }
    }

    /// The members of the reply.
    ///
    /// # Panics
    ///
    /// If they are not of this table.
    pub fn members(&self, table: &'static Table) -> Members<'_> {
        Members::read(table, &self.body).expect("a reply of this command")
    }
}

impl Emulated {
    /// Sends a request.
    pub fn send(&mut self, request: Request) -> Reply {
        self.send_from(Channel::default(), &request.into_bytes())
    }

    /// Sends bytes from this channel.
    ///
    /// # Panics
    ///
    /// If the device answers nothing.
    pub fn send_from(&mut self, from: Channel, request: &[u8]) -> Reply {
        let response = pollster::block_on(self.exchange(from, request)).response;
        let (status, body) = response.split_first().expect("a status");
        Reply { status: Status::from_code(*status), body: body.to_vec() }
    }

    /// Agrees on a secret.
    ///
    /// # Errors
    ///
    /// The status of a refusal.
    ///
    /// # Panics
    ///
    /// If the device answers what no platform understands.
    pub fn agree(&mut self, protocol: PinUvAuthProtocol) -> Result<Agreement, Status> {
        let reply = self.send(client_pin(protocol, 2)).done()?;
        let peer = reply.members(&CLIENT_PIN_RESPONSE).raw("keyAgreement").expect("a key").to_vec();
        let peer = KeyAgreementKey::read(&peer).expect("a COSE key");
        let own = KeyAgreement::from_bytes(&[7; 32]).expect("a key");
        let secret = own.shared_secret(protocol, &peer).expect("a point");
        Ok(Agreement { key: own.public_key(), secret })
    }

    /// Asks for a token, by PIN or by built-in verification; without permissions as in CTAP 2.0.
    ///
    /// # Errors
    ///
    /// The status of a refusal.
    ///
    /// # Panics
    ///
    /// If the device answers what no platform understands.
    pub fn token(
        &mut self,
        protocol: PinUvAuthProtocol,
        pin: Option<&str>,
        permissions: Option<Permissions>,
        rp_id: Option<&str>,
    ) -> Result<Token, Status> {
        let agreement = self.agree(protocol)?;
        let subcommand = match (pin, permissions) {
            (Some(_), Some(_)) => 9,
            (Some(_), None) => 5,
            (None, _) => 6,
        };
        let mut request = agreement.client_pin(subcommand);
        if let Some(pin) = pin {
            let hash = agreement.encrypt(&PinVerifier::hash_of(pin));
            request = request.with("pinHashEnc", |out| out.bytes(&hash));
        }
        if let Some(permissions) = permissions {
            request = request.with("permissions", |out| out.uint(permissions.bits().into()));
        }
        if let Some(rp_id) = rp_id {
            request = request.with("rpId", |out| out.text(rp_id));
        }
        let reply = self.send(request).done()?;
        let encrypted =
            reply.members(&CLIENT_PIN_RESPONSE).bytes("pinUvAuthToken").expect("a token").to_vec();
        let value = agreement.secret.decrypt(&encrypted).expect("whole blocks").to_vec();
        Ok(Token { protocol, value: value.try_into().expect("32 bytes") })
    }

    /// setPIN.
    ///
    /// # Errors
    ///
    /// The status of a refusal.
    pub fn set_pin(&mut self, protocol: PinUvAuthProtocol, pin: &str) -> Result<(), Status> {
        let agreement = self.agree(protocol)?;
        let mut padded = pin.as_bytes().to_vec();
        padded.resize(64, 0);
        let new_pin_enc = agreement.encrypt(&padded);
        let param = agreement.secret.authenticate(&[&new_pin_enc]);
        let request = agreement
            .client_pin(3)
            .with("pinUvAuthParam", |out| out.bytes(&param))
            .with("newPinEnc", |out| out.bytes(&new_pin_enc));
        self.send(request).done().map(drop)
    }
}

fn client_pin(protocol: PinUvAuthProtocol, subcommand: u64) -> Request {
    Request::new(api::CLIENT_PIN, &CLIENT_PIN)
        .with("pinUvAuthProtocol", |out| out.uint(protocol.number()))
        .with("subCommand", |out| out.uint(subcommand))
}

impl Agreement {
    fn client_pin(&self, subcommand: u64) -> Request {
        client_pin(self.secret.protocol(), subcommand).with("keyAgreement", |out| {
            self.key.write(out);
            out
        })
    }

    fn encrypt(&self, plaintext: &[u8]) -> Vec<u8> {
        self.secret.encrypt(plaintext, &mut |iv| iv.fill(9))
    }

    /// The input of hmac-secret, an encoded map.
    pub fn hmac_secret(&self, salt: &[u8; 32]) -> Vec<u8> {
        let salt_enc = self.encrypt(salt);
        let mut input = MapBuilder::new(&HMAC_SECRET);
        self.key.write(input.member("keyAgreement"));
        input.member("saltEnc").bytes(&salt_enc);
        input.member("saltAuth").bytes(&self.secret.authenticate(&[&salt_enc]));
        input.member("pinUvAuthProtocol").uint(self.secret.protocol().number());
        input.into_bytes()
    }
}
