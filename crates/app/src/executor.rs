//! Carries an operation out.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use serde_json::json;
use softhello_device::{Pin, Prompt};
use softhello_storage::{DeviceKey, EngineKind, StoreError};
use softhello_windows::{Computer, WindowsError};

use crate::{
    AppError, Context, Event, Exit, Operation, Output,
    ceremony::{self, Setting, Which},
    data_dir::DataDir,
    demo, explained, info,
    output::count,
    passkeys, transfer,
};

/// Carries one operation out in a data directory, which is opened and locked if the operation needs it, and closed after it.
pub struct Executor {
    context: Context,
    prompt: Option<Box<dyn Prompt>>,
    open: Arc<OnceLock<DataDir>>,
}

/// Closes an executor's store from another thread, so that an interrupted process leaves as a finished one does.
#[derive(Clone)]
pub struct Closer(Arc<OnceLock<DataDir>>);

impl Closer {
    /// Closes the store, if it is open. Whatever is under way fails from now on.
    pub fn close(&self) {
        if let Some(data) = self.0.get() {
            // Nothing acknowledged is lost by a failing close; at worst a counter skips.
            let _ = data.store.close();
        }
    }
}

impl fmt::Debug for Closer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closer(..)")
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("context", &self.context).finish_non_exhaustive()
    }
}

impl Executor {
    /// An executor of this context.
    pub fn new(context: Context) -> Self {
        Self { context, prompt: None, open: Arc::default() }
    }

    /// With someone to ask where the user is [`UserChoice::Ask`](crate::UserChoice::Ask).
    #[must_use]
    pub fn with_prompt(mut self, prompt: Box<dyn Prompt>) -> Self {
        self.prompt = Some(prompt);
        self
    }

    /// What closes the store from another thread.
    pub fn closer(&self) -> Closer {
        Closer(Arc::clone(&self.open))
    }

    /// Carries one operation out and tells `events` what happens meanwhile.
    ///
    /// # Errors
    ///
    /// [`AppError`] with the exit code, the reason and a hint.
    pub async fn run(
        mut self,
        operation: Operation,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Output, AppError> {
        match &operation {
            Operation::Explain { input } => return explained::from_text(input),
            Operation::Demo => return demo::run(events).await,
            _ => {}
        }
        let computer = self.computer(events)?;
        let result = self.run_on(&computer, operation, events).await;
        drop(computer);
        if let Some(data) = self.open.get()
            && let Err(error) = data.store.close()
            && result.is_ok()
        {
            events(Event::Said { text: format!("warning: a signature counter may skip: {error}") });
        }
        result
    }

    fn computer(&self, events: &mut (dyn FnMut(Event) + Send)) -> Result<Computer, AppError> {
        let profile = self.context.profile.load()?;
        if self.context.seed.is_some() {
            events(Event::SeededKeys);
        }
        let data = match self.open.get() {
            Some(data) => data,
            None => {
                let data = DataDir::open(&self.context, events)?;
                self.open.get_or_init(|| data)
            }
        };
        Ok(Computer::new(Arc::clone(&data.store))
            .with_profile(profile)
            .with_clock(self.context.clock())
            .with_seed(self.context.seed())
            .with_settings(data.settings))
    }

    async fn run_on(
        &mut self,
        computer: &Computer,
        operation: Operation,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Output, AppError> {
        let account = self.context.account.clone();
        let upn = |upn: Option<String>| upn.unwrap_or_else(|| account.clone());
        match operation {
            Operation::Create(ceremony) => {
                let setting = self.setting(computer, &account, events);
                ceremony::run(Which::Create, &ceremony, setting).await
            }
            Operation::Get { ceremony, credential } => {
                let setting = self.setting(computer, &account, events);
                ceremony::run(Which::Get { credential: credential.as_deref() }, &ceremony, setting).await
            }
            Operation::AccountAdd { name, kind, no_pin } => {
                let pin = (!no_pin).then(|| Pin::try_from(Computer::DEFAULT_PIN)).transpose()?;
                let added = computer.add_account(&name, kind, pin.as_ref()).await?;
                let text = match no_pin {
                    true => format!("added the {kind} account `{name}` without a PIN: Hello cannot be used"),
                    false => {
                        format!("added the {kind} account `{name}` with the PIN {}", Computer::DEFAULT_PIN)
                    }
                };
                Ok(Output::new(json!({ "name": added.name, "kind": added.kind }), text))
            }
            Operation::AccountRemove { name } => {
                computer.remove_account(&name).await?;
                let text = format!("removed the account `{name}` with everything it had");
                Ok(Output::new(json!({ "removed": name }), text))
            }
            Operation::AccountList => passkeys::accounts(computer).await,
            Operation::PinSet { pin } => {
                computer.set_pin(&account, Some(&Pin::try_from(pin.0.as_str())?)).await?;
                Ok(Output::new(json!({ "pin": "set" }), format!("set the PIN of `{account}`")))
            }
            Operation::PinClear => {
                computer.set_pin(&account, None).await?;
                let text =
                    format!("cleared the PIN of `{account}`: Hello cannot be used until a new one is set");
                Ok(Output::new(json!({ "pin": null }), text))
            }
            Operation::WhfbProvision { upn: name } => {
                let key = computer.provision_whfb(&account, &upn(name)).await?;
                let text = format!("provisioned Windows Hello for Business for {} in `{account}`", key.upn);
                Ok(Output::new(json!({ "upn": key.upn, "inTenant": key.in_tenant }), text))
            }
            Operation::WhfbRemove { upn: name } => {
                let name = upn(name);
                computer.remove_whfb(&account, &name).await?;
                let text =
                    format!("removed the method of {name} in the tenant; its key stays in `{account}`");
                Ok(Output::new(json!({ "upn": name, "inTenant": false }), text))
            }
            Operation::ContainerDelete => {
                computer.delete_container(&account).await?;
                let text = format!("deleted the container of `{account}` with everything in it");
                Ok(Output::new(json!({ "deleted": account }), text))
            }
            Operation::PasskeysList => {
                let found = computer.passkeys(&account).await?;
                let all = computer.count(&computer.account(&account).await?).await? as usize;
                if found.len() < all {
                    events(Event::Said { text: format!("warning: {}", damaged(all - found.len())) });
                }
                Ok(passkeys::list(&account, &found))
            }
            Operation::PasskeysDelete { id } => {
                // The id is told as it was given, in base64url or hexadecimal.
                let told = |error| match error {
                    WindowsError::NoPasskey { account, .. } => {
                        WindowsError::NoPasskey { id: id.clone(), account }
                    }
                    other => other,
                };
                computer.delete_passkey(&account, &explained::credential_id(&id)?).await.map_err(told)?;
                Ok(Output::new(json!({ "deleted": id }), format!("deleted the passkey {id}")))
            }
            Operation::PasskeysExport => transfer::export(computer, &account, events).await,
            Operation::PasskeysImport { document } => transfer::import(computer, &account, &document.0).await,
            Operation::Info => info::info(computer, &account, &self.context).await,
            Operation::StoreCopy { to } => self.copy_store(computer, to, events).await,
            Operation::StoreCheck => info::check(computer).await,
            Operation::Explain { .. } | Operation::Demo => {
                unreachable!("carried out without a data directory")
            }
        }
    }

    fn setting<'a>(
        &mut self,
        computer: &'a Computer,
        account: &'a str,
        events: &'a mut (dyn FnMut(Event) + Send),
    ) -> Setting<'a> {
        Setting { computer, account, user: self.context.user, prompt: self.prompt.take(), events }
    }

    async fn copy_store(
        &self,
        computer: &Computer,
        to: EngineKind,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Output, AppError> {
        let from = self.context.store;
        if to == from {
            return Err(AppError::usage(
                format!("the store is a {from} store already"),
                "name the other engine, and the present one with --store",
            ));
        }
        if from == EngineKind::Memory {
            return Err(AppError::usage(
                "a store in memory is empty at the start of every command",
                "name the store to copy from with --store sled or --store redb",
            ));
        }
        let device_key = DeviceKey::load_or_create(&self.context.data)?;
        let target = softhello_storage::open(to, &self.context.data, device_key)?;
        match softhello_storage::copy_sound(computer.store().as_ref(), target.as_ref()).await {
            Err(error @ (StoreError::ContainerExists(_) | StoreError::Conflict)) => {
                return Err(AppError::new(
                    Exit::Refused,
                    format!("the {to} store is not empty: {error}"),
                    format!(
                        "if it is an old copy, delete `{}` in the data directory and copy again",
                        match to {
                            EngineKind::Redb => "store.redb",
                            _ => "sled",
                        }
                    ),
                ));
            }
            copied => {
                for left_out in copied? {
                    events(Event::Said { text: format!("warning: not copied: {left_out}") });
                }
            }
        }
        let containers = target.containers().await?.len();
        target.close()?;
        let text = format!(
            "copied {} from {from} to {to}; use it with --store {to}",
            count(containers, "container")
        );
        Ok(Output::new(json!({ "from": from, "to": to, "containers": containers }), text))
    }
}

/// What is said of passkeys that cannot be read.
fn damaged(number: usize) -> String {
    format!("{} cannot be read: `softhello store check` says why", count(number, "passkey"))
}
