//! An authenticator on the bench: the rules of the crate over a host that is all in memory and does as it is told.
//!
//! Randomness is seeded, the clock stands until it is moved, and the user answers from a script. Every call of the
//! host and every step of the rules is written down, in order.

pub(crate) mod platform;
mod profiles;
mod request;

use std::{
    collections::{BTreeMap, VecDeque},
    future::{Future, pending},
    pin::pin,
    sync::OnceLock,
    task::{Context, Poll, Waker},
    time::Duration,
};

use rand::{Rng as _, SeedableRng as _, rngs::ChaCha20Rng};
use sha2::{Digest as _, Sha256};
use softhello_ctap::{
    Algorithm, Answer, AuthData, Change, ChangeSet, Channel, Credential, CredentialId, Denied, Exchange,
    ExtensionData, Gesture, Handle, Host, HostError, Outcome, Piece, PinVerifier, PrivateKey, Profile,
    Protection, Query, SealingKey, Session, Setting, Settings, State, Status, Step, Steps, Template,
    Timestamp, User, UserVerification,
    cbor::{self, Reader},
    message::{DESCRIPTOR, GET_ASSERTION_RESPONSE, MAKE_CREDENTIAL_RESPONSE, Members, USER},
};

pub(crate) use platform::{Platform, Token};
pub(crate) use profiles::{blob_key, full_key, hello, legacy_key, pin_pad, security_key};
pub(crate) use request::{
    CLIENT_DATA_HASH, RP_ID, Request, array, boolean, bytes, descriptor, int, map, raw_map, text, uint,
};

/// 2026-01-01T00:00:00Z, when every bench is powered up.
const START: Timestamp = Timestamp(1_767_225_600_000);

/// An authenticator, its volatile state and its host.
pub(crate) struct Bench {
    pub(crate) profile: Profile,
    pub(crate) session: Session,
    pub(crate) host: FakeHost,
    /// Where the next request comes from.
    pub(crate) channel: Channel,
}

/// The world around the authenticator.
pub(crate) struct FakeHost {
    rng: ChaCha20Rng,
    pub(crate) clock: Timestamp,
    pub(crate) state: State,
    pub(crate) credentials: Vec<Stored>,
    counts: BTreeMap<CredentialId, u32>,
    last_sequence: u64,
    pub(crate) large_blob_array: Option<Vec<u8>>,
    answers: VecDeque<Answer>,
    /// What the user does when the script has ended.
    pub(crate) default_answer: Answer,
    /// How long the user takes for each gesture.
    pub(crate) gesture_takes: Duration,
    /// Whether the power is cut while the user is asked.
    cut_at_ask: bool,
    /// After how many more awaits the power is cut. A commit is durable before its await ends.
    cut_at: Option<usize>,
    failures: Vec<(Point, usize, HostError)>,
    /// Edits pieces of the answer, as a fault would.
    pub(crate) shaper: Option<fn(Piece, &mut Vec<u8>)>,
    calls: Vec<Call>,
    steps: Vec<Noted>,
}

/// A stored credential and its place in the order of creation.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) credential: Credential,
    sequence: u64,
}

/// A call of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    State,
    Find,
    Load,
    Generate(Algorithm),
    NextCount,
    Presence(String),
    /// With the attempts left after this one.
    Verify(u8),
    Sample(u8),
    Touch,
    Select,
    /// Whether the touch has to be long.
    ConfirmReset(bool),
    Create,
    Update,
    Delete,
    UvRetries(u8),
    Set(Setting),
    LargeBlobArray,
    Reset,
    Shape(Piece),
}

/// A call that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    State,
    Find,
    Load,
    Generate,
    NextCount,
    Commit,
}

/// A step that the rules took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) step: &'static Step,
    /// The refusal's name, if the step ended the command.
    pub(crate) refused: Option<&'static str>,
}

/// An exchange, with everything that happened during it.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) response: Vec<u8>,
    pub(crate) cause: Option<Denied>,
    pub(crate) calls: Vec<Call>,
    pub(crate) steps: Vec<Noted>,
}

/// What authenticatorMakeCredential answered.
#[derive(Debug)]
pub(crate) struct Created {
    pub(crate) fmt: String,
    pub(crate) auth_data: AuthData,
    pub(crate) auth_data_bytes: Vec<u8>,
    /// An encoded map.
    pub(crate) att_stmt: Vec<u8>,
    pub(crate) ep_att: Option<bool>,
    pub(crate) large_blob_key: Option<Vec<u8>>,
    /// An encoded map.
    pub(crate) unsigned: Option<Vec<u8>>,
}

/// What authenticatorGetAssertion or GetNextAssertion answered.
#[derive(Debug)]
pub(crate) struct Asserted {
    pub(crate) id: Vec<u8>,
    pub(crate) auth_data: AuthData,
    pub(crate) auth_data_bytes: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) user: Option<User>,
    pub(crate) number_of_credentials: Option<u64>,
    pub(crate) large_blob_key: Option<Vec<u8>>,
    /// An encoded map.
    pub(crate) unsigned: Option<Vec<u8>>,
}

impl Bench {
    /// An authenticator of this profile, just powered up. Verification is set up where the profile has it.
    pub(crate) fn new(profile: Profile) -> Self {
        profile.check().expect("a profile that is possible");
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let mut state = State {
            settings: Settings::new(&profile, &mut |out| rng.fill_bytes(out)),
            uv_retries: profile.max_uv_retries,
            sealing_key: SealingKey::from_bytes([0x5e; 32]),
        };
        match profile.user_verification {
            UserVerification::Pin => state.settings.pin = Some(verifier(PIN)),
            UserVerification::Fingerprint => state.settings.templates.push(finger()),
            UserVerification::None | UserVerification::Always => {}
        }
        let host = FakeHost {
            rng,
            clock: START,
            state,
            credentials: Vec::new(),
            counts: BTreeMap::new(),
            last_sequence: 0,
            large_blob_array: None,
            answers: VecDeque::new(),
            default_answer: Answer::Given,
            gesture_takes: Duration::ZERO,
            cut_at_ask: false,
            cut_at: None,
            failures: Vec::new(),
            shaper: None,
            calls: Vec::new(),
            steps: Vec::new(),
        };
        Self { profile, session: Session::power_up(START), host, channel: Channel::default() }
    }

    /// The user's answers to the next gestures; afterwards the default answer.
    pub(crate) fn user(mut self, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.host.answers = answers.into_iter().collect();
        self
    }

    /// Verification is not set up.
    pub(crate) fn without_uv(mut self) -> Self {
        if self.profile.user_verification == UserVerification::Pin {
            self.host.state.settings.pin = None;
        }
        self.host.state.settings.templates.clear();
        self
    }

    /// The PIN [`PIN`] is set, that the platform collects.
    pub(crate) fn with_pin(mut self) -> Self {
        assert!(self.profile.client_pin, "this profile has a PIN");
        self.host.state.settings.pin = Some(verifier(PIN));
        self
    }

    /// With this setting.
    pub(crate) fn set(mut self, setting: Setting) -> Self {
        self.host.state.settings.apply(setting);
        self
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.host.state.settings
    }

    /// So many attempts at verification are left.
    pub(crate) fn uv_retries(mut self, retries: u8) -> Self {
        self.host.state.uv_retries = retries;
        self
    }

    /// The next call of this kind fails.
    pub(crate) fn fail(self, point: Point, error: HostError) -> Self {
        self.fail_after(point, 0, error)
    }

    /// A call of this kind fails after `successes` have succeeded.
    pub(crate) fn fail_after(mut self, point: Point, successes: usize, error: HostError) -> Self {
        self.host.failures.push((point, successes, error));
        self
    }

    /// Keeps an ES256 credential without a command, later than all before, and gives its id.
    pub(crate) fn keep(
        &mut self,
        rp_id: &str,
        user: &str,
        protection: Protection,
        discoverable: bool,
    ) -> Vec<u8> {
        self.host.keep(rp_id, user, protection, discoverable)
    }

    /// Keeps a discoverable credential of [`RP_ID`] that is protected by nothing.
    pub(crate) fn passkey(mut self, user: &str) -> Self {
        self.keep(RP_ID, user, Protection::Optional, true);
        self
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.host.advance(by);
    }

    /// Power off and on.
    pub(crate) fn power_cycle(&mut self) {
        self.session = Session::power_up(self.host.clock);
    }

    /// Sends a request and notes what happens until its answer.
    pub(crate) fn send(&mut self, request: &[u8]) -> Reply {
        self.host.calls.clear();
        self.host.steps.clear();
        let exchange =
            softhello_ctap::dispatch(&mut self.host, &self.profile, &mut self.session, self.channel, request);
        let exchange = match pin!(exchange).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(exchange) => exchange,
            Poll::Pending => panic!("a fake host never lets a command wait"),
        };
        let Exchange { response, cause } = exchange;
        self.replied(response, cause)
    }

    /// Sends a U2F message: data and status word.
    pub(crate) fn message(&mut self, apdu: &[u8]) -> Reply {
        self.host.calls.clear();
        self.host.steps.clear();
        let message = softhello_ctap::u2f::message(&mut self.host, &self.profile, apdu);
        let response = match pin!(message).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(response) => response,
            Poll::Pending => panic!("a fake host never lets a message wait"),
        };
        self.replied(response, None)
    }

    fn replied(&mut self, response: Vec<u8>, cause: Option<Denied>) -> Reply {
        let (calls, steps) = (std::mem::take(&mut self.host.calls), std::mem::take(&mut self.host.steps));
        Reply { response, cause, calls, steps }
    }

    /// Sends a request and cuts the power at its `n`th await that could be observed, 0 the first. Whether there was one.
    pub(crate) fn cut_power_at(&mut self, request: &[u8], n: usize) -> bool {
        self.host.calls.clear();
        self.host.steps.clear();
        self.host.cut_at = Some(n);
        let cut = {
            let exchange = softhello_ctap::dispatch(
                &mut self.host,
                &self.profile,
                &mut self.session,
                self.channel,
                request,
            );
            pin!(exchange).poll(&mut Context::from_waker(Waker::noop())).is_pending()
        };
        self.host.cut_at = None;
        if cut {
            self.power_cycle();
        }
        cut
    }

    /// Whether this step was taken since the last request was sent.
    pub(crate) fn took(&self, section: &str, number: &str) -> bool {
        self.host.steps.iter().any(|noted| (noted.step.section, noted.step.number) == (section, number))
    }

    /// Sends a request and cuts the power when the user is asked. Gives the calls until then.
    pub(crate) fn cut_power_at_ask(&mut self, request: &[u8]) -> Vec<Call> {
        let calls = self.abort_at_ask(request);
        self.power_cycle();
        calls
    }

    /// Sends a request and drops it when the user is asked, as a resynchronised channel does. Gives the calls until then.
    pub(crate) fn abort_at_ask(&mut self, request: &[u8]) -> Vec<Call> {
        self.host.calls.clear();
        self.host.cut_at_ask = true;
        {
            let exchange = softhello_ctap::dispatch(
                &mut self.host,
                &self.profile,
                &mut self.session,
                self.channel,
                request,
            );
            let poll = pin!(exchange).poll(&mut Context::from_waker(Waker::noop()));
            assert!(poll.is_pending(), "the user was not asked");
        }
        self.host.cut_at_ask = false;
        std::mem::take(&mut self.host.calls)
    }

    /// Makes a credential and gives its answer.
    pub(crate) fn create(&mut self, request: &Request) -> Created {
        self.send(&request.bytes()).created()
    }

    /// Makes an assertion and gives its answer.
    pub(crate) fn assert(&mut self, request: &Request) -> Asserted {
        self.send(&request.bytes()).asserted()
    }
}

impl FakeHost {
    fn advance(&mut self, by: Duration) {
        self.clock.0 += u64::try_from(by.as_millis()).expect("a test does not last that long");
    }

    fn keep(&mut self, rp_id: &str, user: &str, protection: Protection, discoverable: bool) -> Vec<u8> {
        let mut id = vec![0; 32];
        self.rng.fill_bytes(&mut id);
        let key = PrivateKey::generate(Algorithm::Es256, &mut self.rng).expect("a key");
        self.insert(Credential {
            id: CredentialId::try_from(&id[..]).expect("an id of 32 bytes"),
            rp_id: rp_id.to_owned(),
            user: User {
                id: user.as_bytes().to_vec(),
                name: Some(format!("{user}@{rp_id}")),
                display_name: Some(format!("The great {user}")),
            },
            key,
            discoverable,
            protection,
            backup_eligible: false,
            backed_up: false,
            created: self.clock,
            extensions: ExtensionData::default(),
        });
        id
    }

    /// Never goes on if the power is cut here.
    async fn powered(&mut self) {
        match &mut self.cut_at {
            Some(0) => pending().await,
            Some(left) => *left -= 1,
            None => {}
        }
    }

    fn insert(&mut self, credential: Credential) {
        self.last_sequence += 1;
        self.credentials.push(Stored { credential, sequence: self.last_sequence });
    }

    /// Fails if the script says so.
    fn reach(&mut self, point: Point) -> Result<(), HostError> {
        let Some(at) = self.failures.iter().position(|(failing, ..)| *failing == point) else {
            return Ok(());
        };
        match &mut self.failures[at].1 {
            0 => Err(self.failures.remove(at).2),
            successes => {
                *successes -= 1;
                Ok(())
            }
        }
    }

    fn create(&mut self, credential: Credential, room: Option<u32>) -> Result<(), HostError> {
        let replaces = |stored: &Stored| {
            credential.discoverable
                && stored.credential.discoverable
                && stored.credential.rp_id == credential.rp_id
                && stored.credential.user.id == credential.user.id
        };
        let replaced = self.credentials.iter().position(replaces);
        let full = room.is_some_and(|room| self.credentials.len() >= room as usize);
        match replaced {
            Some(at) => drop(self.credentials.remove(at)),
            None if full => return Err(HostError::Full),
            None => {}
        }
        self.insert(credential);
        Ok(())
    }
}

impl Steps for FakeHost {
    fn note(&mut self, step: &'static Step, outcome: Outcome<&Denied>) {
        let refused = match outcome {
            Outcome::Refused(denied) => Some(denied.name()),
            _ => None,
        };
        self.steps.push(Noted { step, refused });
    }
}

impl Host for FakeHost {
    fn now(&self) -> Timestamp {
        self.clock
    }

    fn random(&mut self, out: &mut [u8]) {
        self.rng.fill_bytes(out);
    }

    async fn state(&mut self) -> Result<State, HostError> {
        self.calls.push(Call::State);
        self.powered().await;
        self.reach(Point::State)?;
        Ok(self.state.clone())
    }

    async fn large_blob_array(&mut self) -> Result<Option<Vec<u8>>, HostError> {
        self.reach(Point::State)?;
        Ok(self.large_blob_array.clone())
    }

    async fn find(&mut self, query: Query<'_>) -> Result<Vec<Handle>, HostError> {
        self.calls.push(Call::Find);
        self.reach(Point::Find)?;
        let newest_first = |wanted: &dyn Fn(&Credential) -> bool| -> Vec<&Stored> {
            self.credentials.iter().rev().filter(|stored| wanted(&stored.credential)).collect()
        };
        let found = match query {
            Query::Rp(rp_id) => newest_first(&|found| found.discoverable && found.rp_id == rp_id),
            Query::Ids { rp_id_hash, ids } => {
                let by_id = |id: &&[u8]| {
                    let mut all = self.credentials.iter().map(|stored| (stored, &stored.credential));
                    all.find(|(_, found)| {
                        found.id.as_bytes() == *id && Sha256::digest(&found.rp_id).as_slice() == rp_id_hash
                    })
                };
                ids.iter().filter_map(by_id).map(|(stored, _)| stored).collect()
            }
            Query::Discoverable => newest_first(&|found| found.discoverable),
            Query::All => newest_first(&|_| true),
        };
        let handle = |stored: &Stored| Handle {
            id: stored.credential.id.clone(),
            protection: stored.credential.protection,
            sequence: stored.sequence,
        };
        Ok(found.into_iter().map(handle).collect())
    }

    async fn load(&mut self, id: &CredentialId) -> Result<Credential, HostError> {
        self.calls.push(Call::Load);
        self.reach(Point::Load)?;
        let found = self.credentials.iter().find(|stored| stored.credential.id == *id);
        found.map(|stored| stored.credential.clone()).ok_or(HostError::Missing)
    }

    async fn generate(&mut self, algorithm: Algorithm) -> Result<PrivateKey, HostError> {
        self.calls.push(Call::Generate(algorithm));
        self.reach(Point::Generate)?;
        if algorithm == Algorithm::Rs256 {
            return Ok(rsa_key());
        }
        PrivateKey::generate(algorithm, &mut self.rng).map_err(|error| HostError::Store(Box::new(error)))
    }

    async fn next_count(&mut self, id: &CredentialId) -> Result<u32, HostError> {
        self.calls.push(Call::NextCount);
        self.reach(Point::NextCount)?;
        let count = self.counts.entry(id.clone()).or_default();
        *count += 1;
        Ok(*count)
    }

    async fn ask(&mut self, gesture: Gesture<'_>) -> Answer {
        self.powered().await;
        self.calls.push(match gesture {
            Gesture::Presence { rp_id } => Call::Presence(rp_id.to_owned()),
            Gesture::Verify { attempts_left, .. } => Call::Verify(attempts_left),
            Gesture::Sample { remaining, .. } => Call::Sample(remaining),
            Gesture::Touch => Call::Touch,
            Gesture::Select => Call::Select,
            Gesture::Reset { long_touch } => Call::ConfirmReset(long_touch),
            other => panic!("a gesture that the bench does not know: {other:?}"),
        });
        if self.cut_at_ask {
            pending::<()>().await;
        }
        self.advance(self.gesture_takes);
        self.answers.pop_front().unwrap_or(self.default_answer)
    }

    async fn commit(&mut self, changes: ChangeSet) -> Result<(), HostError> {
        for change in &changes.0 {
            self.calls.push(match change {
                Change::Create { .. } => Call::Create,
                Change::Update(_) => Call::Update,
                Change::Delete(_) => Call::Delete,
                Change::UvRetries(retries) => Call::UvRetries(*retries),
                Change::Set(setting) => Call::Set(setting.clone()),
                Change::LargeBlobArray(_) => Call::LargeBlobArray,
                Change::Reset { .. } => Call::Reset,
                other => panic!("a change that the bench does not know: {other:?}"),
            });
        }
        self.powered().await;
        self.reach(Point::Commit)?;
        for change in changes.0 {
            match change {
                Change::Create { credential, room } => self.create(*credential, room)?,
                Change::Update(credential) => {
                    let known =
                        self.credentials.iter_mut().find(|known| known.credential.id == credential.id);
                    known.expect("a credential that is stored").credential = *credential;
                }
                Change::Delete(id) => self.credentials.retain(|known| known.credential.id != id),
                Change::UvRetries(retries) => self.state.uv_retries = retries,
                Change::Set(setting) => self.state.settings.apply(setting),
                Change::LargeBlobArray(array) => self.large_blob_array = Some(array),
                Change::Reset { sealing_key, uv_retries, settings } => {
                    self.credentials.clear();
                    self.counts.clear();
                    self.large_blob_array = None;
                    self.state = State { settings: *settings, uv_retries, sealing_key };
                }
                _ => {}
            }
        }
        self.powered().await;
        Ok(())
    }

    fn shape(&mut self, piece: Piece, bytes: &mut Vec<u8>) {
        self.calls.push(Call::Shape(piece));
        if let Some(shaper) = self.shaper {
            shaper(piece, bytes);
        }
    }
}

impl Reply {
    pub(crate) fn status(&self) -> Status {
        Status::from_code(*self.response.first().expect("a status byte"))
    }

    /// The name of the reason, empty on success.
    pub(crate) fn reason(&self) -> &'static str {
        self.cause.as_ref().map_or("", Denied::name)
    }

    /// Everything after the status byte.
    pub(crate) fn body(&self) -> &[u8] {
        self.response.get(1..).unwrap_or_default()
    }

    /// Gestures, key generation, counts and commits: what leaves a trace in the world.
    pub(crate) fn effects(&self) -> Vec<Call> {
        let silent = |call: &&Call| !matches!(call, Call::State | Call::Find | Call::Load | Call::Shape(_));
        self.calls.iter().filter(silent).cloned().collect()
    }

    /// A refusal is one status byte, has a reason, and its reason is the last step.
    pub(crate) fn assert_refused(&self, name: &str, want: Status) {
        assert_eq!(self.status(), want, "{name}: {:?}", self.cause);
        assert_eq!(self.response.len(), 1, "{name}: a refusal has no body");
        assert!(self.cause.is_some(), "{name}: a refusal has a reason");
        self.assert_noted(name);
    }

    pub(crate) fn assert_noted(&self, name: &str) {
        let last = self.steps.last().and_then(|noted| noted.refused);
        assert_eq!(last.unwrap_or_default(), self.reason(), "{name}: the last step is the refusal");
        let earlier = self.steps.iter().rev().skip(1).find(|noted| noted.refused.is_some());
        assert_eq!(earlier, None, "{name}: nothing follows a refusal");
    }

    pub(crate) fn created(&self) -> Created {
        let members = self.members(&MAKE_CREDENTIAL_RESPONSE);
        let auth_data_bytes = members.bytes("authData").expect("authData").to_vec();
        Created {
            fmt: members.text("fmt").expect("fmt").to_owned(),
            auth_data: AuthData::parse(&auth_data_bytes).expect("authenticator data"),
            auth_data_bytes,
            att_stmt: members.raw("attStmt").expect("attStmt").to_vec(),
            ep_att: members.bool("epAtt"),
            large_blob_key: members.bytes("largeBlobKey").map(<[u8]>::to_vec),
            unsigned: members.raw("unsignedExtensionOutputs").map(<[u8]>::to_vec),
        }
    }

    pub(crate) fn asserted(&self) -> Asserted {
        let members = self.members(&GET_ASSERTION_RESPONSE);
        let auth_data_bytes = members.bytes("authData").expect("authData").to_vec();
        let descriptor = Members::read(&DESCRIPTOR, members.raw("credential").expect("credential"));
        let user = members.raw("user").map(|user| {
            let user = Members::read(&USER, user).expect("a user entity");
            User {
                id: user.bytes("id").expect("user.id").to_vec(),
                name: user.text("name").map(str::to_owned),
                display_name: user.text("displayName").map(str::to_owned),
            }
        });
        Asserted {
            id: descriptor.expect("a descriptor").bytes("id").expect("its id").to_vec(),
            auth_data: AuthData::parse(&auth_data_bytes).expect("authenticator data"),
            auth_data_bytes,
            signature: members.bytes("signature").expect("signature").to_vec(),
            user,
            number_of_credentials: members.uint("numberOfCredentials"),
            large_blob_key: members.bytes("largeBlobKey").map(<[u8]>::to_vec),
            unsigned: members.raw("unsignedExtensionOutputs").map(<[u8]>::to_vec),
        }
    }

    /// The members of a successful answer, checked against its table.
    pub(crate) fn members(&self, table: &'static softhello_ctap::message::Table) -> Members<'_> {
        assert_eq!(self.status(), Status::Ok, "{:?}", self.cause);
        assert!(self.cause.is_none(), "success has no reason");
        cbor::validate(self.body(), cbor::MAX_DEPTH).expect("a canonical answer");
        Members::read(table, self.body()).expect("an answer with all its members")
    }
}

impl Created {
    pub(crate) fn id(&self) -> Vec<u8> {
        self.attested().id.as_bytes().to_vec()
    }

    pub(crate) fn attested(&self) -> &softhello_ctap::AttestedCredential {
        self.auth_data.attested.as_ref().expect("an attested credential")
    }

    /// `sig` of a packed statement.
    pub(crate) fn statement_signature(&self) -> Option<Vec<u8>> {
        let mut reader = Reader::new(&self.att_stmt);
        let pairs = reader.map_len().ok()?;
        for _ in 0..pairs {
            let key = reader.text().ok()?;
            let value = reader.item().ok()?;
            if key == "sig" {
                return Reader::new(value).bytes().ok().map(<[u8]>::to_vec);
            }
        }
        None
    }
}

/// The PIN of every bench that has one.
pub(crate) const PIN: &str = "1234";

/// What is kept of a PIN.
pub(crate) fn verifier(pin: &str) -> PinVerifier {
    let hash = Sha256::digest(pin);
    PinVerifier {
        hash: *hash.first_chunk().expect("32 bytes"),
        code_points: u8::try_from(pin.chars().count()).expect("a short PIN"),
    }
}

/// An enrolled fingerprint.
pub(crate) fn finger() -> Template {
    Template { id: vec![0xf1], friendly_name: None }
}

/// A failure of the store, with a text to recognise it by.
pub(crate) fn broken_store() -> HostError {
    HostError::Store("the disk is on fire".into())
}

/// RSA keys take long to make, so that all benches of a process share one.
fn rsa_key() -> PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| {
        let mut rng = ChaCha20Rng::seed_from_u64(257);
        PrivateKey::generate(Algorithm::Rs256, &mut rng).expect("an RSA key")
    })
    .clone()
}
