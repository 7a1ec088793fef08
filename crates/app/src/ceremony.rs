//! The two ceremonies.

use std::sync::mpsc;

use serde_json::json;
use softhello_ctap::{Authenticator, Channel, Exchange, UserVerification};
use softhello_device::{Listener, Prompt, SharedDevice, User, Visitor};
use softhello_webauthn::{Choice, Client, CreationOptions, RelatedOriginsFile, RequestOptions};
use softhello_windows::Computer;

use crate::{AppError, Ceremony, Event, Exit, Output, UserChoice, explained};

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
    /// The user; absent if that of the authenticator on a transport stays.
    pub(crate) user: Option<UserChoice>,
    pub(crate) prompt: Option<Box<dyn Prompt>>,
    pub(crate) events: &'a mut (dyn FnMut(Event) + Send),
}

pub(crate) async fn run(
    which: Which<'_>,
    ceremony: &Ceremony,
    setting: Setting<'_>,
) -> Result<Output, AppError> {
    let client = client(ceremony)?;
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
    let user = setting.user.map(|user| self::user(user, setting.prompt)).transpose()?;
    let mut device = match setting.shared {
        Some(shared) => Device::OnTransport(shared, Visitor { user, listener: Some(listener) }),
        None => {
            let own = setting.computer.device(setting.account).await?.with_user(user.unwrap_or_default());
            Device::Own(Box::new(own.with_listener(listener)))
        }
    };
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
            let mut error = AppError::from(failure);
            if error.exit == Exit::Refused && lacks_pin(setting.computer, setting.account).await? {
                error.hint = format!(
                    "Windows Hello is not set up: `softhello pin set --account {}` sets a PIN",
                    setting.account
                );
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

/// Whether the authenticator needs a PIN and has none; then nothing else is worth a hint.
async fn lacks_pin(computer: &Computer, account: &str) -> Result<bool, AppError> {
    let needs = computer.profile().ctap.user_verification == UserVerification::Pin;
    Ok(needs && computer.pin_shown(&computer.account(account).await?).await?.is_none())
}

fn client(ceremony: &Ceremony) -> Result<Client, AppError> {
    let mut client = Client::new(&ceremony.origin)?;
    if let Some(top_origin) = &ceremony.top_origin {
        client = client.top_origin(top_origin)?;
    }
    if let Some(text) = &ceremony.related_origins {
        client = client.related_origins(RelatedOriginsFile::new(text));
    }
    Ok(client)
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

fn user(user: UserChoice, prompt: Option<Box<dyn Prompt>>) -> Result<User, AppError> {
    match (user.script(), prompt) {
        (Some(script), _) => Ok(User::Script(script)),
        (None, Some(prompt)) => Ok(User::Prompt(prompt)),
        (None, None) => {
            Err(AppError::usage("there is nobody to ask", "use --user approve, or run it on a terminal"))
        }
    }
}
