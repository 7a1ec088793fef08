//! What a profile's getInfo says is done by bytes, and what it does not say is refused.
#![allow(clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

use sha2::{Digest as _, Sha256};
use softhello_ctap::{
    AuthData, Channel, Extension, Flags, Permissions, PinUvAuthProtocol, Setting, Status, Transport,
    apdu::StatusWord,
    api,
    cbor::{Reader, Writer},
    message::{
        BIO_ENROLLMENT, CONFIG, CREDENTIAL_MANAGEMENT, DESCRIPTOR, EXTENSIONS, GET_ASSERTION,
        GET_ASSERTION_RESPONSE, GET_INFO_RESPONSE, LARGE_BLOBS, LARGE_BLOBS_RESPONSE, MAKE_CREDENTIAL,
        MAKE_CREDENTIAL_RESPONSE, MapBuilder, MapWriter, Members, OPTIONS, PARAMETERS, RP, USER,
    },
    u2f,
};
use softhello_tests::{
    device::Emulated,
    platform::{Reply, Request, Token},
};

const PIN: &str = "271828";
const RP_ID: &str = "example.org";
const HASH: [u8; 32] = [0xcd; 32];

/// Every built-in profile, and those quirks that change what is said.
const PROFILES: [&str; 7] = [
    "windows-hello-software",
    "security-key",
    "security-key+fido-2-1-pre",
    "security-key+large-blob",
    "security-key-2.0",
    "u2f-key",
    "synced-passkey",
];

/// A device that a platform may do everything with: it has a PIN and a fingerprint, if it can have them.
struct Key {
    device: Emulated,
    info: Vec<u8>,
}

/// What authenticatorMakeCredential is asked for.
#[derive(Default)]
struct Wish<'a> {
    alg: Option<i64>,
    options: &'a [(&'static str, bool)],
    extensions: Vec<u8>,
    format: Option<&'a str>,
    enterprise: bool,
    excluded: usize,
    without_token: bool,
}

impl Key {
    /// As it leaves the factory.
    fn fresh(profile: &str) -> Self {
        let mut key = Self { device: Emulated::new(profile), info: Vec::new() };
        // Windows Hello does nothing without its PIN, and has no command to set it.
        if profile.starts_with("windows-hello") {
            key.device = key.device.with_pin(PIN);
        }
        key.read_info();
        key
    }

    fn new(profile: &str) -> Self {
        let mut key = Self::fresh(profile);
        if key.option("clientPin").is_some() {
            key.device.set_pin(key.protocol(), PIN).expect("a PIN");
        }
        if key.option("bioEnroll").is_some() {
            key.device = key.device.with_fingerprint();
        }
        key.read_info();
        key
    }

    fn read_info(&mut self) {
        self.info = self.device.send_from(Channel::default(), &[api::GET_INFO]).body;
    }

    fn members(&self) -> Members<'_> {
        Members::read(&GET_INFO_RESPONSE, &self.info).expect("a getInfo reply")
    }

    fn option(&self, name: &str) -> Option<bool> {
        self.members().table("options")?.bool(name)
    }

    fn limit(&self, name: &str) -> Option<usize> {
        self.members().uint(name).map(|limit| usize::try_from(limit).expect("small"))
    }

    fn list<T>(&self, name: &str, read: impl Fn(&mut Reader<'_>) -> T) -> Vec<T> {
        self.members().array(name).into_iter().flatten().map(|item| read(&mut Reader::new(item))).collect()
    }

    fn texts(&self, name: &str) -> Vec<String> {
        self.list(name, |item| item.text().expect("text").to_owned())
    }

    fn has(&self, extension: Extension) -> bool {
        self.texts("extensions").iter().any(|identifier| identifier == extension.identifier())
    }

    fn protocol(&self) -> PinUvAuthProtocol {
        let listed = self.list("pinUvAuthProtocols", |item| item.uint().expect("a number"));
        listed.first().and_then(|number| PinUvAuthProtocol::from_number(*number)).expect("a protocol")
    }

    /// A token by PIN, in the way that this device has; none if it has no PIN.
    fn token(&mut self, permissions: Permissions) -> Option<Token> {
        self.option("clientPin")?;
        let protocol = self.protocol();
        let rp_id = permissions.has_any(Permissions::MC.with(Permissions::GA)).then_some(RP_ID);
        let token = match self.option("pinUvAuthToken") {
            Some(true) => self.device.token(protocol, Some(PIN), Some(permissions), rp_id),
            _ => self.device.token(protocol, Some(PIN), None, None),
        };
        Some(token.expect("a token"))
    }

    fn make(&mut self, wish: &Wish<'_>) -> Reply {
        let token = if wish.without_token { None } else { self.token(Permissions::MC) };
        let mut request = Request::new(api::MAKE_CREDENTIAL, &MAKE_CREDENTIAL)
            .with("clientDataHash", |out| out.bytes(&HASH))
            .with("rp", |out| {
                MapWriter::new(&RP, 1, out).member("id").text(RP_ID);
                out
            })
            .with("user", |out| {
                MapWriter::new(&USER, 1, out).member("id").bytes(b"ada");
                out
            })
            .with("pubKeyCredParams", |out| {
                let mut parameters = MapWriter::new(&PARAMETERS, 2, out.array(1));
                parameters.member("alg").int(wish.alg.unwrap_or(-7));
                parameters.member("type").text("public-key");
                out
            });
        if wish.excluded > 0 {
            request = request.with("excludeList", |out| descriptors(out, wish.excluded));
        }
        if !wish.extensions.is_empty() {
            request = request.with("extensions", |out| out.raw(&wish.extensions));
        }
        let mut options = wish.options.to_vec();
        // Without a PIN there is no token, and the user is verified on the spot.
        if self.option("clientPin").is_none() && self.option("uv") == Some(true) && !wish.without_token {
            options.push(("uv", true));
        }
        if !options.is_empty() {
            request = request.with("options", |out| {
                let mut map = MapWriter::new(&OPTIONS, options.len(), out);
                for (name, value) in options {
                    map.member(name).bool(value);
                }
                out
            });
        }
        request = request.authorized(token.as_ref(), &[&HASH], false);
        if wish.enterprise {
            request = request.with("enterpriseAttestation", |out| out.uint(2));
        }
        if let Some(format) = wish.format {
            request = request.with("attestationFormatsPreference", |out| out.array(1).text(format));
        }
        self.device.send(request)
    }

    /// A discoverable credential with an input of one extension.
    fn make_with(&mut self, extension: Extension, write: impl FnOnce(&mut Writer) -> &mut Writer) -> Reply {
        let extensions = extensions(extension, write);
        self.make(&Wish { extensions, options: &[("rk", true)], ..Wish::default() })
    }

    /// An assertion with an input of one extension, of an allowed credential or of any.
    fn get_with(&mut self, allowed: Option<&[u8]>, extensions: Vec<u8>) -> Reply {
        let token = self.token(Permissions::GA);
        let mut request = Request::new(api::GET_ASSERTION, &GET_ASSERTION)
            .with("rpId", |out| out.text(RP_ID))
            .with("clientDataHash", |out| out.bytes(&HASH));
        if let Some(id) = allowed {
            request = request.with("allowList", |out| {
                let mut descriptor = MapWriter::new(&DESCRIPTOR, 2, out.array(1));
                descriptor.member("id").bytes(id);
                descriptor.member("type").text("public-key");
                out
            });
        }
        if !extensions.is_empty() {
            request = request.with("extensions", |out| out.raw(&extensions));
        }
        self.device.send(request.authorized(token.as_ref(), &[&HASH], false))
    }

    fn config(&mut self, subcommand: u64, params: Option<Vec<u8>>) -> Status {
        let token = self.token(Permissions::ACFG);
        let mut request = Request::new(api::CONFIG, &CONFIG).with("subCommand", |out| out.uint(subcommand));
        let number = u8::try_from(subcommand).expect("a byte");
        let head = [&[0xff; 32][..], &[api::CONFIG, number]].concat();
        let params = params.unwrap_or_default();
        if !params.is_empty() {
            request = request.with("subCommandParams", |out| out.raw(&params));
        }
        self.device.send(request.authorized(token.as_ref(), &[&head, &params], true)).status
    }

    fn bio(&mut self) -> Status {
        let request = Request::new(api::BIO_ENROLLMENT, &BIO_ENROLLMENT)
            .with("modality", |out| out.uint(1))
            .with("subCommand", |out| out.uint(7));
        self.device.send(request).status
    }

    fn metadata(&mut self, command: u8) -> Status {
        let token =
            if self.option("pinUvAuthToken") == Some(true) { self.token(Permissions::CM) } else { None };
        let request = Request::new(command, &CREDENTIAL_MANAGEMENT).with("subCommand", |out| out.uint(1));
        self.device.send(request.authorized(token.as_ref(), &[&[1]], true)).status
    }
}

fn extensions(extension: Extension, write: impl FnOnce(&mut Writer) -> &mut Writer) -> Vec<u8> {
    let mut map = MapBuilder::new(&EXTENSIONS);
    write(map.member(extension.identifier()));
    map.into_bytes()
}

/// A list of credentials that nobody has.
fn descriptors(out: &mut Writer, number: usize) -> &mut Writer {
    out.array(number);
    for at in 0..number {
        let mut descriptor = MapWriter::new(&DESCRIPTOR, 2, out);
        descriptor.member("id").bytes(&[u8::try_from(at).expect("few"); 16]);
        descriptor.member("type").text("public-key");
    }
    out
}

fn auth_data(reply: &Reply) -> AuthData {
    let members = Members::read(&GET_ASSERTION_RESPONSE, &reply.body).expect("a reply");
    AuthData::parse(members.bytes("authData").expect("authData")).expect("authenticator data")
}

fn created(reply: &Reply) -> AuthData {
    let members = reply.members(&MAKE_CREDENTIAL_RESPONSE);
    AuthData::parse(members.bytes("authData").expect("authData")).expect("authenticator data")
}

/// The signed output of an extension, as its bytes.
fn output(data: &AuthData, extension: Extension) -> Option<Vec<u8>> {
    let map = data.extensions.as_deref()?;
    Members::read(&EXTENSIONS, map).expect("outputs").raw(extension.identifier()).map(<[u8]>::to_vec)
}

fn each(check: impl Fn(&str, Key)) {
    for profile in PROFILES.iter().filter(|profile| **profile != "u2f-key") {
        check(profile, Key::new(profile));
    }
}

#[test]
fn versions_are_spoken() {
    for profile in PROFILES {
        let mut key = Key::fresh(profile);
        let u2f_only = key.info.is_empty();
        let says_u2f = u2f_only || key.texts("versions").iter().any(|version| version == "U2F_V2");
        let message = u2f::version_message();
        let answer = pollster::block_on(softhello_ctap::Authenticator::message(
            &mut key.device,
            Channel::default(),
            &message,
        ));
        let want = if says_u2f {
            b"U2F_V2\x90\x00".to_vec()
        } else {
            StatusWord::UNKNOWN_INSTRUCTION.0.to_be_bytes().to_vec()
        };
        assert_eq!(answer, want, "{profile}");
        if u2f_only {
            for command in [api::GET_INFO, api::RESET, api::SELECTION, api::GET_NEXT_ASSERTION] {
                let reply = key.device.send_from(Channel::default(), &[command]);
                assert_eq!(reply.status, Status::InvalidCommand, "{profile} {command:02x}");
            }
            continue;
        }
        // authenticatorSelection is of CTAP 2.1.
        let has_21 = key.texts("versions").iter().any(|version| version != "U2F_V2" && version != "FIDO_2_0");
        let selection = key.device.send_from(Channel::default(), &[api::SELECTION]).status;
        assert_eq!(selection, if has_21 { Status::Ok } else { Status::InvalidCommand }, "{profile}");
    }
}

#[test]
fn the_aaguid_is_that_of_the_credentials() {
    each(|profile, mut key| {
        let aaguid = key.members().bytes("aaguid").expect("an AAGUID").to_vec();
        let reply = key.make(&Wish { options: &[("rk", true)], ..Wish::default() });
        assert_eq!(
            created(&reply).attested.expect("a credential").aaguid.as_bytes()[..],
            aaguid,
            "{profile}"
        );
    });
}

#[test]
fn the_options_rk_up_and_uv() {
    each(|profile, mut key| {
        let rk = key.option("rk") == Some(true);
        let reply = key.make(&Wish { options: &[("rk", true)], ..Wish::default() });
        assert_eq!(reply.status, if rk { Status::Ok } else { Status::UnsupportedOption }, "{profile}");
        if rk {
            let found = key.get_with(None, Vec::new());
            assert_eq!(found.status, Status::Ok, "{profile}: it is discoverable");
            let made = created(&reply).attested.expect("a credential").id;
            let members = found.members(&GET_ASSERTION_RESPONSE);
            assert_eq!(
                members.table("credential").expect("one").bytes("id"),
                Some(made.as_bytes()),
                "{profile}"
            );
        }
        // `up` is always there.
        assert_ne!(key.option("up"), Some(false), "{profile}");
        let reply = key.make(&Wish { options: &[("up", false)], ..Wish::default() });
        assert_eq!(reply.status, Status::InvalidOption, "{profile}");
        let uv = key.option("uv") == Some(true);
        let wish = Wish { options: &[("uv", true)], without_token: true, ..Wish::default() };
        let reply = key.make(&wish);
        assert_eq!(reply.status, if uv { Status::Ok } else { Status::InvalidOption }, "{profile}");
        if uv {
            assert!(created(&reply).flags.has(Flags::UV), "{profile}");
        }
    });
}

#[test]
fn what_is_not_set_up_is_said_to_be_not() {
    for (profile, pin, uv) in [
        ("security-key", Some(false), Some(false)),
        ("security-key-2.0", Some(false), None),
        ("windows-hello-software", None, Some(true)),
        ("synced-passkey", None, Some(true)),
    ] {
        let mut key = Key::fresh(profile);
        assert_eq!((key.option("clientPin"), key.option("uv")), (pin, uv), "{profile}");
        if pin == Some(false) {
            let protocol = key.protocol();
            let refused = key.device.token(protocol, Some(PIN), None, None);
            assert_eq!(refused.map(drop), Err(Status::PinNotSet), "{profile}");
        }
    }
    for profile in ["security-key", "security-key-2.0"] {
        assert_eq!(Key::new(profile).option("clientPin"), Some(true));
    }
    assert_eq!(Key::new("security-key").option("uv"), Some(true));
}

#[test]
fn pins_and_protocols() {
    each(|profile, mut key| {
        let listed = key.list("pinUvAuthProtocols", |item| item.uint().expect("a number"));
        for protocol in PinUvAuthProtocol::ALL {
            let want = match (listed.is_empty(), listed.contains(&protocol.number())) {
                (true, _) => Err(Status::InvalidCommand),
                (_, true) => Ok(()),
                (_, false) => Err(Status::InvalidParameter),
            };
            assert_eq!(key.device.agree(protocol).map(drop), want, "{profile} {protocol:?}");
        }
        let min = key.limit("minPINLength");
        let max = key.limit("maxPINLength");
        assert_eq!(key.option("clientPin").is_some(), !listed.is_empty(), "{profile}");
        if key.option("clientPin").is_none() {
            assert_eq!((min, max), (None, None), "{profile}");
            return;
        }
        let (min, max) = (min.unwrap_or(4), max.unwrap_or(63));
        for (len, want) in [(min - 1, false), (min, true), (max, true), (max + 1, false)] {
            let mut key = Key::fresh(profile);
            let protocol = key.protocol();
            let set = key.device.set_pin(protocol, &"7".repeat(len));
            assert_eq!(set, if want { Ok(()) } else { Err(Status::PinPolicyViolation) }, "{profile} {len}");
        }
    });
}

#[test]
fn tokens_and_permissions() {
    each(|profile, mut key| {
        if key.option("clientPin").is_none() {
            return;
        }
        let protocol = key.protocol();
        let says = |key: &Key, name: &str| key.option(name).is_some_and(|value| value || name == "bioEnroll");
        let has_tokens = says(&key, "pinUvAuthToken");
        let by_pin = [
            (Permissions::MC, !says(&key, "noMcGaPermissionsWithClientPin")),
            (Permissions::CM, says(&key, "credMgmt")),
            (Permissions::BE, says(&key, "bioEnroll")),
            (Permissions::LBW, says(&key, "largeBlobs")),
            (Permissions::ACFG, says(&key, "authnrCfg")),
            (Permissions::PCMR, says(&key, "perCredMgmtRO")),
        ];
        let by_uv = [
            (Permissions::GA, true),
            (Permissions::BE, says(&key, "uvBioEnroll")),
            (Permissions::ACFG, says(&key, "uvAcfg")),
        ];
        let uses = by_pin.map(|(permission, said)| (Some(PIN), permission, said));
        let uses = uses.into_iter().chain(by_uv.map(|(permission, said)| (None, permission, said)));
        for (pin, permission, said) in uses {
            let got = key.device.token(protocol, pin, Some(permission), Some(RP_ID)).map(drop);
            let want = match (has_tokens, said) {
                (true, true) => Ok(()),
                (true, false) => Err(Status::UnauthorizedPermission),
                (false, _) => Err(Status::InvalidSubcommand),
            };
            assert_eq!(got, want, "{profile} {permission:?} by PIN {}", pin.is_some());
        }
    });
}

#[test]
fn commands_behind_options() {
    each(|profile, mut key| {
        let done = |said: bool| if said { Status::Ok } else { Status::InvalidCommand };
        let says_credentials = key.option("credMgmt") == Some(true);
        assert_eq!(key.metadata(api::CREDENTIAL_MANAGEMENT), done(says_credentials), "{profile}");
        // Prototypes are vendor commands where `FIDO_2_1_PRE` is not listed: a profile may take them all the same.
        let prototypes =
            key.device.profile.ctap.prototype_commands || key.option("credentialMgmtPreview") == Some(true);
        let metadata = key.metadata(api::CREDENTIAL_MANAGEMENT_PREVIEW);
        assert_eq!(metadata, done(says_credentials && prototypes), "{profile}");
        assert_eq!(key.bio(), done(key.option("bioEnroll").is_some()), "{profile}");

        let get = Request::new(api::LARGE_BLOBS, &LARGE_BLOBS)
            .with("get", |out| out.uint(100))
            .with("offset", |out| out.uint(0));
        let reply = key.device.send(get);
        assert_eq!(reply.status, done(key.option("largeBlobs") == Some(true)), "{profile}");
        if reply.status == Status::Ok {
            assert_eq!(reply.members(&LARGE_BLOBS_RESPONSE).bytes("config").map(<[u8]>::len), Some(17));
        }
    });
}

#[test]
fn config_commands() {
    each(|profile, key| {
        let listed = key.list("authenticatorConfigCommands", |item| item.uint().expect("a number"));
        let has_config = key.option("authnrCfg") == Some(true);
        assert_eq!(!listed.is_empty(), has_config, "{profile}");
        for subcommand in [1, 2, 3, 4, 5, 0xff] {
            let want = match (has_config, listed.contains(&subcommand)) {
                (false, _) => Status::InvalidCommand,
                (true, true) => Status::Ok,
                (true, false) => Status::InvalidSubcommand,
            };
            assert_eq!(Key::new(profile).config(subcommand, None), want, "{profile} {subcommand}");
        }
        assert_eq!(key.option("setMinPINLength").unwrap_or(false), listed.contains(&3), "{profile}");

        // What each of them changes.
        let changed = |subcommand: u64, params: Option<Vec<u8>>| {
            let mut key = Key::new(profile);
            assert_eq!(key.config(subcommand, params), Status::Ok, "{profile} {subcommand}");
            key.read_info();
            key
        };
        if listed.contains(&1) {
            assert_eq!(changed(1, None).option("ep"), Some(true), "{profile}");
        }
        if listed.contains(&2) {
            assert_eq!(key.option("alwaysUv"), Some(false), "{profile}");
            let mut insists = changed(2, None);
            assert_eq!(insists.option("alwaysUv"), Some(true), "{profile}");
            let reply = insists.make(&Wish { without_token: true, ..Wish::default() });
            // The fingerprint verifies without being asked for.
            assert!(created(&reply).flags.has(Flags::UV), "{profile}");
        }
        if listed.contains(&3) {
            let most = key.limit("maxRPIDsForSetMinPINLength").expect("a limit");
            for (number, want) in [(most, Status::Ok), (most + 1, Status::KeyStoreFull)] {
                let mut params = Writer::default();
                params.map(2).int(1).uint(6).int(2).array(number);
                for at in 0..number {
                    params.text(&format!("{at}.example"));
                }
                let mut key = Key::new(profile);
                assert_eq!(key.config(3, Some(params.into_bytes())), want, "{profile} {number}");
                if want == Status::Ok {
                    key.read_info();
                    assert_eq!(key.limit("minPINLength"), Some(6), "{profile}");
                }
            }
            let mut params = Writer::default();
            params.map(1).int(3).bool(true);
            let forced = changed(3, Some(params.into_bytes()));
            assert_eq!(forced.members().bool("forcePINChange"), Some(true), "{profile}");
        }
        if listed.contains(&4) {
            assert_eq!(key.members().bool("longTouchForReset"), Some(false), "{profile}");
            assert_eq!(changed(4, None).members().bool("longTouchForReset"), Some(true), "{profile}");
        }
    });
}

#[test]
fn enterprise_attestation() {
    each(|profile, mut key| {
        let capable = key.option("ep").is_some();
        let wish = Wish { enterprise: true, ..Wish::default() };
        assert_eq!(key.make(&wish).status, Status::InvalidParameter, "{profile}: not enabled");
        if capable {
            assert_eq!(key.config(1, None), Status::Ok, "{profile}");
            let reply = key.make(&wish);
            assert_eq!(reply.members(&MAKE_CREDENTIAL_RESPONSE).bool("epAtt"), Some(true), "{profile}");
        }
    });
}

#[test]
fn verification_that_is_not_required() {
    each(|profile, mut key| {
        if key.option("clientPin").is_none() {
            return;
        }
        let status = key.make(&Wish { without_token: true, ..Wish::default() }).status;
        let want =
            if key.option("makeCredUvNotRqd") == Some(true) { Status::Ok } else { Status::PuatRequired };
        assert_eq!(status, want, "{profile}");
        let rk = Wish { without_token: true, options: &[("rk", true)], ..Wish::default() };
        assert_eq!(key.make(&rk).status, Status::PuatRequired, "{profile}");
    });
}

#[test]
fn algorithms_and_formats() {
    each(|profile, mut key| {
        let listed: Vec<i64> = key
            .members()
            .array("algorithms")
            .into_iter()
            .flatten()
            .map(|item| {
                Members::read(&PARAMETERS, item).expect("parameters").int("alg").expect("an algorithm")
            })
            .collect();
        assert!(!listed.is_empty(), "{profile}");
        for alg in [-7, -8, -9, -19, -35, -36, -37, -47, -48, -49, -50, -53, -257, -258, -259, -65535, 0, 7] {
            let reply = key.make(&Wish { alg: Some(alg), ..Wish::default() });
            let want = if listed.contains(&alg) { Status::Ok } else { Status::UnsupportedAlgorithm };
            assert_eq!(reply.status, want, "{profile} {alg}");
            if want == Status::Ok {
                let made = created(&reply).attested.expect("a credential");
                assert_eq!(made.public_key.algorithm().cose_id(), alg, "{profile}");
            }
        }
        let formats = key.texts("attestationFormats");
        let default =
            key.make(&Wish::default()).members(&MAKE_CREDENTIAL_RESPONSE).text("fmt").map(str::to_owned);
        for format in ["packed", "tpm", "fido-u2f", "android-key", "apple", "compound", "none"] {
            let reply = key.make(&Wish { format: Some(format), ..Wish::default() });
            let got = reply.members(&MAKE_CREDENTIAL_RESPONSE).text("fmt").map(str::to_owned);
            let is_there = format == "none" || formats.iter().any(|listed| listed == format);
            if formats.is_empty() && format == "packed" {
                // Nothing is said: CTAP 2.0 has no word for it.
                continue;
            }
            assert_eq!(
                got,
                if is_there { Some(format.to_owned()) } else { default.clone() },
                "{profile} {format}"
            );
        }
    });
}

#[test]
fn limits_are_where_they_are_said_to_be() {
    each(|profile, mut key| {
        let max = key.limit("maxMsgSize").unwrap_or(1024);
        for (len, want) in [(max, Status::Ok), (max + 1, Status::RequestTooLarge)] {
            // An extension that nobody knows fills the message.
            let padded = |fill: usize| {
                let mut extensions = Writer::default();
                extensions.map(1).text("x").bytes(&vec![0; fill]);
                extensions.into_bytes()
            };
            let before = key.device.requests.len();
            key.make(&Wish { extensions: padded(300), ..Wish::default() });
            let used = key.device.requests[before..].last().expect("a request").len() - 300;
            let reply = key.make(&Wish { extensions: padded(len - used), ..Wish::default() });
            assert_eq!(key.device.requests.last().map(Vec::len), Some(len), "{profile}");
            assert_eq!(reply.status, want, "{profile} {len}");
        }
        if let Some(most) = key.limit("maxCredentialCountInList") {
            for (excluded, want) in [(most, Status::Ok), (most + 1, Status::LimitExceeded)] {
                assert_eq!(
                    key.make(&Wish { excluded, ..Wish::default() }).status,
                    want,
                    "{profile} {excluded}"
                );
            }
        }
        let longest = key.limit("maxCredentialIdLength").expect("a limit");
        for options in [&[][..], &[("rk", true)]] {
            let made =
                created(&key.make(&Wish { options, ..Wish::default() })).attested.expect("a credential");
            assert!(made.id.as_bytes().len() <= longest, "{profile}");
        }
        if let Some(max) = key.limit("maxSerializedLargeBlobArray") {
            for (len, want) in [(max, Status::Ok), (max + 1, Status::LargeBlobStorageFull)] {
                let token = key.token(Permissions::LBW);
                let fragment = [0; 100];
                let hash: [u8; 32] = Sha256::digest(fragment).into();
                let head = [&[0xff; 32][..], &[api::LARGE_BLOBS, 0, 0, 0, 0, 0]].concat();
                let set = Request::new(api::LARGE_BLOBS, &LARGE_BLOBS)
                    .with("set", |out| out.bytes(&fragment))
                    .with("offset", |out| out.uint(0))
                    .with("length", |out| out.uint(len as u64))
                    .authorized(token.as_ref(), &[&head, &hash], false);
                assert_eq!(key.device.send(set).status, want, "{profile} {len}");
            }
        }
        let mut key = Key::new(profile);
        if let Some(before) = key.limit("remainingDiscoverableCredentials") {
            key.make(&Wish { options: &[("rk", true)], ..Wish::default() });
            key.read_info();
            assert_eq!(key.limit("remainingDiscoverableCredentials"), Some(before - 1), "{profile}");
        }
    });
}

#[test]
fn extensions_have_outputs_where_they_are_listed() {
    each(|profile, mut key| {
        key.device.set(Setting::MinPinLengthRpIds(vec![RP_ID.to_owned()]));
        let check = |name: &str, got: Option<Vec<u8>>, said: bool, want: &dyn Fn(&mut Writer)| {
            let mut item = Writer::default();
            want(&mut item);
            assert_eq!(got, said.then(|| item.into_bytes()), "{profile} {name}");
        };
        let plain = |key: &mut Key, extension, write: &dyn Fn(&mut Writer)| {
            let reply = key.make_with(extension, |out| {
                write(out);
                out
            });
            output(&created(&reply), extension)
        };
        let yes = |out: &mut Writer| {
            out.bool(true);
        };

        let said = key.has(Extension::CredProtect);
        let two = |out: &mut Writer| {
            out.uint(2);
        };
        check("credProtect", plain(&mut key, Extension::CredProtect, &two), said, &two);
        let said = key.has(Extension::CredBlob);
        let max = key.limit("maxCredBlobLength");
        assert_eq!(max.is_some(), said, "{profile}");
        for (len, fits) in [(max.unwrap_or(32), true), (max.unwrap_or(32) + 1, false)] {
            let blob = vec![7; len];
            let got = plain(&mut key, Extension::CredBlob, &|out| {
                out.bytes(&blob);
            });
            check("credBlob", got, said, &|out| {
                out.bool(fits);
            });
        }
        let got = key.get_with(None, extensions(Extension::CredBlob, |out| out.bool(true)));
        // The last one did not fit.
        check("credBlob", output(&auth_data(&got), Extension::CredBlob), said, &|out| {
            out.bytes(b"");
        });
        let said = key.has(Extension::MinPinLength);
        let min = key.limit("minPINLength").unwrap_or(4) as u64;
        check("minPinLength", plain(&mut key, Extension::MinPinLength, &yes), said, &|out| {
            out.uint(min);
        });
        let said = key.has(Extension::PinComplexityPolicy);
        assert_eq!(key.members().bool("pinComplexityPolicy").is_some(), said, "{profile}");
        check("pinComplexityPolicy", plain(&mut key, Extension::PinComplexityPolicy, &yes), said, &|out| {
            out.bool(false);
        });
        let said = key.has(Extension::HmacSecret);
        check("hmac-secret", plain(&mut key, Extension::HmacSecret, &yes), said, &yes);
        let said = key.has(Extension::ThirdPartyPayment);
        check("thirdPartyPayment", plain(&mut key, Extension::ThirdPartyPayment, &yes), false, &yes);
        let got = key.get_with(None, extensions(Extension::ThirdPartyPayment, |out| out.bool(true)));
        check("thirdPartyPayment", output(&auth_data(&got), Extension::ThirdPartyPayment), said, &yes);
    });
}

#[test]
fn secrets_and_large_blobs_of_credentials() {
    each(|profile, mut key| {
        let said = key.has(Extension::HmacSecret);
        if said {
            key.make_with(Extension::HmacSecret, |out| out.bool(true));
            let protocol = key.protocol();
            let input = key.device.agree(protocol).expect("a secret").hmac_secret(&[3; 32]);
            let reply = key.get_with(None, extensions(Extension::HmacSecret, |out| out.raw(&input)));
            let secret = output(&auth_data(&reply), Extension::HmacSecret).expect("a secret");
            assert!(secret.len() > 32, "{profile}");
        }
        let said = key.has(Extension::HmacSecretMc);
        if key.option("clientPin").is_some() {
            let protocol = key.protocol();
            let input = key.device.agree(protocol).expect("a secret").hmac_secret(&[3; 32]);
            let mut map = MapBuilder::new(&EXTENSIONS);
            map.member("hmac-secret").bool(true);
            map.member("hmac-secret-mc").raw(&input);
            let reply =
                key.make(&Wish { extensions: map.into_bytes(), options: &[("rk", true)], ..Wish::default() });
            assert_eq!(output(&created(&reply), Extension::HmacSecretMc).is_some(), said, "{profile}");
        }
        let said = key.has(Extension::LargeBlobKey);
        assert_eq!(key.option("largeBlobs").unwrap_or(false), said, "{profile}");
        let reply = key.make_with(Extension::LargeBlobKey, |out| out.bool(true));
        assert_eq!(
            reply.members(&MAKE_CREDENTIAL_RESPONSE).bytes("largeBlobKey").is_some(),
            said,
            "{profile}"
        );
        let reply = key.get_with(None, extensions(Extension::LargeBlobKey, |out| out.bool(true)));
        assert_eq!(reply.members(&GET_ASSERTION_RESPONSE).bytes("largeBlobKey").is_some(), said, "{profile}");

        let said = key.has(Extension::LargeBlob);
        let reply = key.make_with(Extension::LargeBlob, |out| out.map(1).text("support").text("preferred"));
        let unsigned =
            reply.members(&MAKE_CREDENTIAL_RESPONSE).raw("unsignedExtensionOutputs").map(<[u8]>::to_vec);
        assert_eq!(unsigned.is_some(), said, "{profile}");
        if said {
            let id = created(&reply).attested.expect("a credential").id;
            let write = extensions(Extension::LargeBlob, |out| {
                out.map(2).text("write").bytes(b"blob").text("originalSize").uint(9)
            });
            assert_eq!(key.get_with(Some(id.as_bytes()), write).status, Status::Ok, "{profile}");
            let read = extensions(Extension::LargeBlob, |out| out.map(1).text("read").bool(true));
            let reply = key.get_with(Some(id.as_bytes()), read);
            let unsigned =
                reply.members(&GET_ASSERTION_RESPONSE).raw("unsignedExtensionOutputs").expect("a blob");
            assert!(unsigned.windows(4).any(|bytes| bytes == b"blob"), "{profile}");
        }
    });
}

#[test]
fn resets_from_the_transports_that_are_listed() {
    each(|profile, key| {
        let listed = match key.texts("transportsForReset") {
            listed if listed.is_empty() => key.texts("transports"),
            listed => listed,
        };
        for (transport, name) in [
            (Transport::Usb, "usb"),
            (Transport::Nfc, "nfc"),
            (Transport::Hybrid, "hybrid"),
            (Transport::Internal, "internal"),
        ] {
            if !listed.iter().any(|listed| listed == name) {
                continue;
            }
            let mut key = Key::new(profile);
            let status = key.device.send_from(Channel { transport, id: 1 }, &[api::RESET]).status;
            assert_eq!(status, Status::Ok, "{profile} {name}");
            key.read_info();
            assert_ne!(key.option("clientPin"), Some(true), "{profile}: the PIN is gone");
            assert_ne!(key.option("bioEnroll"), Some(true), "{profile}: the fingerprint is gone");
        }
    });
}

#[test]
fn what_changes_is_said_anew() {
    each(|profile, mut key| {
        // The count of verifications since the last PIN.
        if let Some(before) = key.limit("uvCountSinceLastPinEntry") {
            key.make(&Wish { options: &[("uv", true)], without_token: true, ..Wish::default() });
            key.read_info();
            assert_eq!(key.limit("uvCountSinceLastPinEntry"), Some(before + 1), "{profile}");
        }
        // What is encrypted under the persistent token, once somebody has that.
        let says = key.option("perCredMgmtRO") == Some(true);
        if says {
            let protocol = key.protocol();
            let token = key.device.token(protocol, Some(PIN), Some(Permissions::PCMR), None);
            assert!(token.is_ok(), "{profile}");
            key.read_info();
        }
        for member in ["encIdentifier", "encCredStoreState"] {
            assert_eq!(
                key.members().bytes(member).map(<[u8]>::len),
                says.then_some(32),
                "{profile} {member}"
            );
        }
    });
}

/// Every member of getInfo is looked at in this file, or is a word that nothing can be asked about.
#[test]
fn no_member_is_forgotten() {
    const WORDS: [&str; 7] = [
        // Where the authenticator is reached; the transports are tested in `softhello-transport`.
        "transports",
        // Advice for the platform; the client of this project follows it (tests/client.rs).
        "preferredPlatformUvAttempts",
        // How the user is verified, for people.
        "uvModality",
        // Names of programmes, given in the profile.
        "certifications",
        // A number, given in the profile.
        "firmwareVersion",
        // No built-in profile has them.
        "vendorPrototypeConfigCommands",
        "pinComplexityPolicyURL",
    ];
    let text = include_str!("advertised.rs");
    for field in GET_INFO_RESPONSE.fields {
        let looked_at = text.matches(&format!("\"{}\"", field.name)).count() > 0;
        assert!(looked_at, "nothing asks about `{}`", field.name);
    }
    for profile in PROFILES.iter().filter(|profile| **profile != "u2f-key") {
        let key = Key::new(profile);
        for member in &WORDS[5..] {
            assert_eq!(key.members().raw(member), None, "{profile} {member}");
        }
    }
}
