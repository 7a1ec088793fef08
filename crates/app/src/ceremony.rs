//! The two ceremonies.

use std::{
    sync::{Mutex, PoisonError, mpsc},
    time::Duration,
};

use softhello_ctap::{Authenticator, Channel, Exchange, UserVerification};
use softhello_device::{Entropy, Listener, Script, Seed, SharedDevice, User, Visitor};
use softhello_webauthn::{Choice, Client, CreationOptions, Failure, RelatedOriginsFile, RequestOptions};
use softhello_windows::Computer;

use crate::{
    AppError, Ceremony, Event, Exit, Output, explained,
    person::{AtKeyboard, Keyboard, Person},
};

/// Which ceremony.
pub(crate) enum Which<'a> {
    Create,
    Get { credential: Option<&'a str> },
}

pub(crate) struct Setting<'a> {
    pub(crate) computer: &'a Computer,
    pub(crate) account: &'a str,
    /// The authenticator, if it is on a transport of this process.
    pub(crate) shared: Option<SharedDevice>,
    pub(crate) user: At,
    pub(crate) seed: Option<Seed>,
    pub(crate) events: &'a mut (dyn FnMut(Event) + Send),
}

/// Who sits before the authenticator, and at the keyboard of its platform.
pub(crate) enum At {
    /// Someone who always does the same.
    Script(Script),
    /// Someone who is asked.
    Person(Person),
    /// Whoever sits before the authenticator on a transport already.
    Transport(Person),
}

/// A ceremony whose options a browser takes.
pub(crate) struct Prepared {
    client: Client,
    options: Options,
}

enum Options {
    Create(CreationOptions),
    Get(RequestOptions, Choice),
}

impl Prepared {
    /// Options that a browser would not take are refused here, before anything is touched.
    pub(crate) fn new(which: Which<'_>, ceremony: &Ceremony) -> Result<Self, AppError> {
        let client = page(ceremony)?;
        let options = match which {
            Which::Create => Options::Create(CreationOptions::from_json(&ceremony.options)?),
            Which::Get { credential } => {
                let choice = match credential {
                    Some(id) => Choice::Credential(explained::credential_id(id)?.as_bytes().to_vec()),
                    None => Choice::Newest,
                };
                Options::Get(RequestOptions::from_json(&ceremony.options)?, choice)
            }
        };
        Ok(Self { client, options })
    }

    /// How long the relying party is willing to wait, if it says so.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        match &self.options {
            Options::Create(options) => options.timeout,
            Options::Get(options, _) => options.timeout,
        }
    }

    /// The RP ID that the options ask for; the domain of the origin if they name none.
    pub(crate) fn rp_id(&self) -> &str {
        let named = match &self.options {
            Options::Create(options) => options.rp.id.as_deref(),
            Options::Get(options, _) => options.rp_id.as_deref(),
        };
        named.or_else(|| self.client.origin().effective_domain()).unwrap_or_default()
    }

    /// The name of the user that a passkey is made for.
    pub(crate) fn user_name(&self) -> Option<&str> {
        match &self.options {
            Options::Create(options) => Some(&options.user.name),
            Options::Get(..) => None,
        }
    }

    /// With this user at the keyboard of the platform, where the authenticator leaves its PIN to that, and with the
    /// platform's share of what a seed draws.
    pub(crate) async fn at(
        mut self,
        user: &At,
        seed: Option<&Seed>,
        computer: &Computer,
        account: &str,
    ) -> Result<Self, AppError> {
        self.client = with_keyboard(self.client, user, computer, account).await?;
        if seed.is_some() {
            self.client = seeded(self.client, seed, computer, account).await?;
        }
        Ok(self)
    }

    /// Carries it out; gives the response as JSON.
    pub(crate) async fn perform(&self, device: &mut impl Authenticator) -> Result<String, Failure> {
        match &self.options {
            Options::Create(options) => {
                self.client.create(device, options).await.map(|response| response.to_json())
            }
            Options::Get(options, choice) => {
                self.client.get_with(device, options, choice).await.map(|response| response.to_json())
            }
        }
    }

    /// A failure with the hint that helps at this computer.
    pub(crate) async fn explain(
        &self,
        failure: Failure,
        computer: &Computer,
        account: &str,
    ) -> Result<AppError, AppError> {
        let unverified = failure.is_unverified();
        let mut error = AppError::from(failure);
        if error.exit == Exit::Refused
            && let Some(hint) = hint_to_set_pin(unverified, computer, account).await?
        {
            error.hint = hint;
        } else if error.exit == Exit::Refused
            && error.chain.is_none()
            && matches!(self.options, Options::Get(_, Choice::Credential(_)))
        {
            error.hint = format!(
                "`softhello passkeys list --account {account}` shows what can be given to --credential"
            );
        }
        Ok(error)
    }
}

pub(crate) async fn run(
    which: Which<'_>,
    ceremony: &Ceremony,
    setting: Setting<'_>,
) -> Result<Output, AppError> {
    let Setting { computer, account, shared, user, seed, events } = setting;
    let prepared = Prepared::new(which, ceremony)?;
    let (tell, heard) = mpsc::channel();
    let listener: Listener = Box::new(move |event| {
        // Whoever listened may be gone already; the ceremony goes on.
        let _ = tell.send(event);
    });
    let before = match &user {
        At::Script(script) => Some(User::Script(*script)),
        At::Person(person) => Some(User::Prompt(Box::new(person.clone()))),
        At::Transport(_) => None,
    };
    let mut device = match shared {
        Some(shared) => {
            let visitor = Visitor { user: before, listener: Some(listener) };
            Device::OnTransport(Visited { device: shared, visitor })
        }
        None => {
            let own = computer.device(account).await?.with_user(before.unwrap_or_default());
            Device::Own(Box::new(own.with_listener(listener)))
        }
    };
    let prepared = prepared.at(&user, seed.as_ref(), computer, account).await?;
    let result = prepared.perform(&mut device).await;
    drop(device);
    for event in explained::exchanged(heard) {
        if ceremony.explain || !matches!(event, Event::Explained { .. }) {
            events(event);
        }
    }
    match result {
        Ok(response) => serde_json::from_str(&response)
            .map(Output::document)
            .map_err(|error| AppError::new(Exit::Storage, error.to_string(), "this is a fault of softhello")),
        Err(failure) => Err(prepared.explain(failure, computer, account).await?),
    }
}

/// Where a PIN is missing: Windows Hello does nothing without one, and then nothing else is worth a hint; a security key
/// does what needs no verification.
async fn hint_to_set_pin(
    unverified: bool,
    computer: &Computer,
    account: &str,
) -> Result<Option<String>, AppError> {
    let profile = computer.profile();
    let is_hello = profile.ctap.user_verification == UserVerification::Pin;
    let needs_pin = is_hello || profile.ctap.client_pin && unverified;
    if !needs_pin || computer.pin(&computer.account(account).await?).await?.is_some() {
        return Ok(None);
    }
    Ok(Some(match is_hello {
        true => format!("Windows Hello is not set up: `softhello pin set --account {account}` sets a PIN"),
        false => format!(
            "it has no PIN yet: `softhello pin set --account {account} --profile {}` sets one",
            profile.ctap.name
        ),
    }))
}

fn page(ceremony: &Ceremony) -> Result<Client, AppError> {
    let mut client = Client::new(&ceremony.origin)?;
    if let Some(top_origin) = &ceremony.top_origin {
        client = client.top_origin(top_origin)?;
    } else if ceremony.cross_origin {
        client = client.cross_origin(true);
    }
    if let Some(text) = &ceremony.related_origins {
        client = client.related_origins(RelatedOriginsFile::new(text));
    }
    Ok(client)
}

/// Puts the user at the keyboard of the platform, where the authenticator leaves its PIN to that.
async fn with_keyboard(
    client: Client,
    user: &At,
    computer: &Computer,
    account: &str,
) -> Result<Client, AppError> {
    if !computer.profile().ctap.client_pin {
        return Ok(client);
    }
    let user = match user {
        At::Script(script) => AtKeyboard::Script(*script),
        At::Person(person) | At::Transport(person) => AtKeyboard::Person(person.clone()),
    };
    let pin = computer.pin(&computer.account(account).await?).await?;
    Ok(client.pin_entry(Keyboard::new(user, pin)))
}

/// Draws what the platform agrees on with the authenticator from the seed.
async fn seeded(
    client: Client,
    seed: Option<&Seed>,
    computer: &Computer,
    account: &str,
) -> Result<Client, AppError> {
    if computer.profile().ctap.pin_uv_auth_protocols.is_empty() {
        return Ok(client);
    }
    let container = computer.container(&computer.account(account).await?);
    let entropy = Mutex::new(Entropy::draw(seed, computer.store(), container).await?);
    Ok(client.random(move |out| {
        entropy.lock().unwrap_or_else(PoisonError::into_inner).fill(out);
    }))
}

/// The authenticator of a ceremony.
enum Device {
    Own(Box<softhello_device::Device>),
    OnTransport(Visited),
}

impl Authenticator for Device {
    async fn exchange(&mut self, from: Channel, request: &[u8]) -> Exchange {
        match self {
            Self::Own(device) => device.exchange(from, request).await,
            Self::OnTransport(device) => device.exchange(from, request).await,
        }
    }

    async fn message(&mut self, from: Channel, apdu: &[u8]) -> Vec<u8> {
        match self {
            Self::Own(device) => device.message(from, apdu).await,
            Self::OnTransport(device) => device.message(from, apdu).await,
        }
    }
}

/// An authenticator that others use too, with someone else before it.
pub(crate) struct Visited {
    pub(crate) device: SharedDevice,
    pub(crate) visitor: Visitor,
}

impl Authenticator for Visited {
    async fn exchange(&mut self, from: Channel, request: &[u8]) -> Exchange {
        self.device.exchange_with(&mut self.visitor, from, request).await
    }

    async fn message(&mut self, from: Channel, apdu: &[u8]) -> Vec<u8> {
        self.device.message_with(&mut self.visitor, from, apdu).await
    }
}
