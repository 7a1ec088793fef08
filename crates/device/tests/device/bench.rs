//! A device on the bench, spoken to in the bytes of CTAP.

use std::sync::Arc;

use softhello_ctap::{
    Algorithm, AuthData, Authenticator as _, Channel, Denied, Exchange, Status, Timestamp, UserVerification,
    api,
    cbor::Writer,
    message::{
        DESCRIPTOR, GET_ASSERTION, GET_ASSERTION_RESPONSE, GET_INFO_RESPONSE, MAKE_CREDENTIAL,
        MAKE_CREDENTIAL_RESPONSE, MapWriter, Members, OPTIONS, PARAMETERS, RP, USER,
    },
};
use softhello_device::{
    Clock, Device, DeviceProfile, Pin, Script, Seed, User, container_id, create_container, set_pin,
};
use softhello_storage::{ContainerId, Store, memory};

pub(crate) const RP_ID: &str = "example.org";

/// 2026-01-01T00:00:00Z.
pub(crate) const NOW: Clock = Clock::Fixed(Timestamp(1_767_225_600_000));

/// A device of one profile over the container of one account.
pub(crate) struct Bench {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) container: ContainerId,
    pub(crate) profile: Arc<DeviceProfile>,
    pub(crate) device: Device,
}

/// What authenticatorMakeCredential is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Create {
    pub(crate) user_id: &'static [u8],
    pub(crate) algorithm: Algorithm,
    pub(crate) formats: &'static [&'static str],
    pub(crate) options: &'static [(&'static str, bool)],
}

impl Create {
    /// A passkey that is kept, with verification where that needs no PIN of the platform.
    pub(crate) fn kept(profile: &str) -> Self {
        let options: &[_] =
            if profile.starts_with("security-key") { &[("rk", true)] } else { &[("rk", true), ("uv", true)] };
        Self { options, ..Self::default() }
    }
}

impl Default for Create {
    fn default() -> Self {
        Self { user_id: b"ada", algorithm: Algorithm::Es256, formats: &[], options: &[] }
    }
}

/// A new credential.
pub(crate) struct Created {
    pub(crate) fmt: String,
    /// An encoded map.
    pub(crate) att_stmt: Vec<u8>,
    pub(crate) flags: u8,
    pub(crate) sign_count: u32,
    pub(crate) aaguid: String,
    pub(crate) id: Vec<u8>,
}

/// An assertion.
#[derive(Debug)]
pub(crate) struct Asserted {
    pub(crate) id: Vec<u8>,
    pub(crate) flags: u8,
    pub(crate) sign_count: u32,
    pub(crate) user_id: Option<Vec<u8>>,
}

/// A refusal: what the wire shows and what people see.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: Status,
    pub(crate) cause: Denied,
}

impl Refused {
    pub(crate) fn name(&self) -> &'static str {
        self.cause.name()
    }
}

impl Bench {
    /// A device of a built-in profile over a store of its own. One that verifies by a PIN has the PIN 123456.
    pub(crate) fn of(profile: &str) -> Self {
        Self::in_store(&memory(), profile, None)
    }

    /// The same over this store.
    pub(crate) fn in_store(store: &Arc<dyn Store>, profile: &str, seed: Option<&Seed>) -> Self {
        let by_pin =
            DeviceProfile::built_in(profile).unwrap().ctap.user_verification == UserVerification::Pin;
        Self::set_up(store, profile, by_pin.then_some("123456"), seed)
    }

    pub(crate) fn hello() -> Self {
        Self::of("windows-hello-software")
    }

    /// Makes the container of Ada's account for this profile, and a device over it.
    pub(crate) fn set_up(
        store: &Arc<dyn Store>,
        profile: &str,
        pin: Option<&str>,
        seed: Option<&Seed>,
    ) -> Self {
        let bench = Self::over(store, profile, seed);
        let pin = pin.map(|pin| Pin::try_from(pin).unwrap());
        let create = create_container(store, bench.container, &bench.profile, pin.as_ref(), seed);
        pollster::block_on(create).unwrap();
        bench
    }

    /// A device over a container that is there already.
    pub(crate) fn over(store: &Arc<dyn Store>, profile: &str, seed: Option<&Seed>) -> Self {
        let profile = Arc::new(DeviceProfile::built_in(profile).unwrap());
        let container = container_id("ada", &profile.container, 0);
        let device = Device::new(Arc::clone(store), container, Arc::clone(&profile))
            .with_clock(NOW)
            .with_seed(seed.cloned());
        Self { store: Arc::clone(store), container, profile, device }
    }

    pub(crate) fn user(&mut self, script: Script) -> &mut Self {
        self.device.set_user(User::Script(script));
        self
    }

    pub(crate) fn set_pin(&self, pin: Option<&str>) {
        let pin = pin.map(|pin| Pin::try_from(pin).unwrap());
        pollster::block_on(set_pin(&self.store, self.container, &self.profile, pin.as_ref())).unwrap();
    }

    pub(crate) fn send(&mut self, request: &[u8]) -> Exchange {
        pollster::block_on(self.device.exchange(Channel::default(), request))
    }

    /// authenticatorGetInfo's whole response.
    pub(crate) fn info(&mut self) -> Vec<u8> {
        self.send(&[api::GET_INFO]).response
    }

    /// An option of getInfo.
    pub(crate) fn option(&mut self, name: &str) -> Option<bool> {
        let response = self.info();
        Members::read(&GET_INFO_RESPONSE, &response[1..]).unwrap().table("options").unwrap().bool(name)
    }

    pub(crate) fn create(&mut self, create: &Create) -> Result<Created, Refused> {
        let response = answered(self.send(&make_credential(create)))?;
        let members = Members::read(&MAKE_CREDENTIAL_RESPONSE, &response[1..]).unwrap();
        let auth_data = AuthData::parse(members.bytes("authData").unwrap()).unwrap();
        let attested = auth_data.attested.unwrap();
        assert_eq!(attested.public_key.algorithm(), create.algorithm);
        Ok(Created {
            fmt: members.text("fmt").unwrap().to_owned(),
            att_stmt: members.raw("attStmt").unwrap().to_vec(),
            flags: auth_data.flags.0,
            sign_count: auth_data.sign_count,
            aaguid: attested.aaguid.to_string(),
            id: attested.id.as_bytes().to_vec(),
        })
    }

    /// authenticatorGetAssertion, of a discoverable credential or of one of these.
    pub(crate) fn get(&mut self, allow_list: &[&[u8]]) -> Result<Asserted, Refused> {
        let response = answered(self.send(&get_assertion(allow_list)))?;
        let members = Members::read(&GET_ASSERTION_RESPONSE, &response[1..]).unwrap();
        let auth_data = AuthData::parse(members.bytes("authData").unwrap()).unwrap();
        Ok(Asserted {
            id: members.table("credential").unwrap().bytes("id").unwrap().to_vec(),
            flags: auth_data.flags.0,
            sign_count: auth_data.sign_count,
            user_id: members.table("user").map(|user| user.bytes("id").unwrap().to_vec()),
        })
    }
}

fn answered(exchange: Exchange) -> Result<Vec<u8>, Refused> {
    match (Status::from_code(exchange.response[0]), exchange.cause) {
        (Status::Ok, None) => Ok(exchange.response),
        (status, cause) => Err(Refused { status, cause: cause.expect("a refusal has a reason") }),
    }
}

pub(crate) fn make_credential(create: &Create) -> Vec<u8> {
    let mut out = Writer::appending(vec![api::MAKE_CREDENTIAL]);
    let members = 4 + usize::from(!create.options.is_empty()) + usize::from(!create.formats.is_empty());
    let mut map = MapWriter::new(&MAKE_CREDENTIAL, members, &mut out);
    map.member("clientDataHash").bytes(&[7; 32]);
    let mut rp = MapWriter::new(&RP, 1, map.member("rp"));
    rp.member("id").text(RP_ID);
    let mut user = MapWriter::new(&USER, 2, map.member("user"));
    user.member("id").bytes(create.user_id);
    user.member("name").text("ada");
    let mut parameters = MapWriter::new(&PARAMETERS, 2, map.member("pubKeyCredParams").array(1));
    parameters.member("alg").int(create.algorithm.cose_id());
    parameters.member("type").text("public-key");
    if !create.options.is_empty() {
        let mut options = MapWriter::new(&OPTIONS, create.options.len(), map.member("options"));
        for (name, value) in create.options {
            options.member(name).bool(*value);
        }
    }
    if !create.formats.is_empty() {
        let list = map.member("attestationFormatsPreference").array(create.formats.len());
        for format in create.formats {
            list.text(format);
        }
    }
    out.into_bytes()
}

pub(crate) fn get_assertion(allow_list: &[&[u8]]) -> Vec<u8> {
    let mut out = Writer::appending(vec![api::GET_ASSERTION]);
    let mut map = MapWriter::new(&GET_ASSERTION, 2 + usize::from(!allow_list.is_empty()), &mut out);
    map.member("rpId").text(RP_ID);
    map.member("clientDataHash").bytes(&[8; 32]);
    if !allow_list.is_empty() {
        let list = map.member("allowList").array(allow_list.len());
        for id in allow_list {
            let mut descriptor = MapWriter::new(&DESCRIPTOR, 2, list);
            descriptor.member("id").bytes(id);
            descriptor.member("type").text("public-key");
        }
    }
    out.into_bytes()
}
