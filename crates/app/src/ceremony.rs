//! The two ceremonies.

use std::sync::{Mutex, PoisonError, mpsc};

use serde_json::json;
use softhello_ctap::{Authenticator, Channel, Exchange, UserVerification};
use softhello_device::{Entropy, Listener, Script, Seed, SharedDevice, User, Visitor};
use softhello_webauthn::{Choice, Client, CreationOptions, RelatedOriginsFile, RequestOptions};
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

pub(crate) async fn run(
    which: Which<'_>,
    ceremony: &Ceremony,
    setting: Setting<'_>,
) -> Result<Output, AppError> {
    let mut client = page(ceremony)?;
    // Options that a browser would not take are refused before anything is touched.
    enum Options {
        Create(CreationOptions),
        Get(RequestOptions, Choice),
    }
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
    let (tell, heard) = mpsc::channel();
    let listener: Listener = Box::new(move |event| {
        // Whoever listened may be gone already; the ceremony goes on.
        let _ = tell.send(event);
    });
    let user = match &setting.user {
        At::Script(script) => Some(User::Script(*script)),
        At::Person(person) => Some(User::Prompt(Box::new(person.clone()))),
        At::Transport(_) => None,
    };
    let mut device = match setting.shared {
        Some(shared) => Device::OnTransport(shared, Visitor { user, listener: Some(listener) }),
        None => {
            let own = setting.computer.device(setting.account).await?.with_user(user.unwrap_or_default());
            Device::Own(Box::new(own.with_listener(listener)))
        }
    };
    client = with_keyboard(client, &setting.user, setting.computer, setting.account).await?;
    if setting.seed.is_some() {
        client = seeded(client, setting.seed.as_ref(), setting.computer, setting.account).await?;
    }
    let result = match &options {
        Options::Create(options) => client.create(&mut device, options).await.map(|response| json!(response)),
        Options::Get(options, choice) => {
            client.get_with(&mut device, options, choice).await.map(|response| json!(response))
        }
    };
    drop(device);
    for event in explained::exchanged(heard) {
        if ceremony.explain || !matches!(event, Event::Explained { .. }) {
            (setting.events)(event);
        }
    }
    match result {
        Ok(response) => Ok(Output::document(response)),
        Err(failure) => {
            let unverified = failure.is_unverified();
            let mut error = AppError::from(failure);
            if error.exit == Exit::Refused
                && let Some(hint) = hint_to_set_pin(unverified, setting.computer, setting.account).await?
            {
                error.hint = hint;
            } else if error.exit == Exit::Refused
                && error.chain.is_none()
                && matches!(options, Options::Get(_, Choice::Credential(_)))
            {
                error.hint = format!(
                    "`softhello passkeys list --account {}` shows what can be given to --credential",
                    setting.account
                );
            }
            Err(error)
        }
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
    OnTransport(SharedDevice, Visitor),
}

impl Authenticator for Device {
    async fn exchange(&mut self, from: Channel, request: &[u8]) -> Exchange {
        match self {
            Self::Own(device) => device.exchange(from, request).await,
            Self::OnTransport(device, visitor) => device.exchange_with(visitor, from, request).await,
        }
    }

    async fn message(&mut self, from: Channel, apdu: &[u8]) -> Vec<u8> {
        match self {
            Self::Own(device) => device.message(from, apdu).await,
            Self::OnTransport(device, visitor) => device.message_with(visitor, from, apdu).await,
        }
    }
}
