//! What each operation does.

use std::path::Path;

use serde_json::json;
use softhello_device::{Pin, Prompt};
use softhello_storage::{DeviceKey, EngineKind, StoreError};
use softhello_windows::{Computer, CredentialChange, WindowsError};

use crate::{
    AppError, Event, Exit, Operation, Output,
    ceremony::{self, At, Setting, Which},
    context::Setup,
    explained, info,
    output::count,
    passkeys,
    person::Person,
    running::Running,
    transfer,
};

/// Carries one operation out on an open store.
pub(crate) struct Carrier<'a> {
    /// The process that goes on, if this one does.
    pub(crate) running: Option<&'a Running>,
    pub(crate) data: &'a Path,
    pub(crate) setup: Setup,
    /// Someone else than the user of the authenticators on transports was named.
    pub(crate) visitor: bool,
    pub(crate) prompt: Option<Box<dyn Prompt>>,
    pub(crate) computer: &'a Computer,
}

impl Carrier<'_> {
    pub(crate) async fn run(
        mut self,
        operation: Operation,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Output, AppError> {
        let computer = self.computer;
        let account = self.setup.account.clone();
        let named = self.setup.computer.clone();
        let upn = |upn: Option<String>| upn.unwrap_or_else(|| account.clone());
        match operation {
            Operation::Create(ceremony) => {
                ceremony::run(Which::Create, &ceremony, self.setting(&account, events).await?).await
            }
            Operation::Get { ceremony, credential } => {
                let which = Which::Get { credential: credential.as_deref() };
                ceremony::run(which, &ceremony, self.setting(&account, events).await?).await
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
                check_not_on_transport(self.running, named.as_deref(), &name).await?;
                computer.remove_account(&name).await?;
                let text = format!("removed the account `{name}` with everything it had");
                Ok(Output::new(json!({ "removed": name }), text))
            }
            Operation::AccountList => passkeys::accounts(computer).await,
            Operation::PinSet { pin } => {
                computer.set_pin(&account, Some(&Pin::try_from(pin.0.as_str())?)).await?;
                reset_tokens(self.running, named.as_deref(), &account).await;
                Ok(Output::new(json!({ "pin": "set" }), format!("set the PIN of `{account}`")))
            }
            Operation::PinClear => {
                computer.set_pin(&account, None).await?;
                reset_tokens(self.running, named.as_deref(), &account).await;
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
                check_not_on_transport(self.running, named.as_deref(), &account).await?;
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
                Ok(passkeys::list(&account, &self.computer.profile().ctap.name, &found))
            }
            Operation::PasskeysDelete { id } => {
                let deleted = computer.delete_passkey(&account, &explained::credential_id(&id)?).await;
                deleted.map_err(|error| told(error, &id))?;
                Ok(Output::new(json!({ "deleted": id }), format!("deleted the passkey {id}")))
            }
            Operation::PasskeysSet { id, backup_eligible, backed_up, sign_count, breaking } => {
                let change = CredentialChange { backup_eligible, backed_up, sign_count, breaking };
                let changed =
                    computer.change_passkey(&account, &explained::credential_id(&id)?, &change).await;
                changed.map_err(|error| told(error, &id))?;
                let found = computer.passkeys(&account).await?;
                passkeys::one(&found, &id)
            }
            Operation::PasskeysExport => transfer::export(computer, &account, events).await,
            Operation::PasskeysImport { document } => transfer::import(computer, &account, &document.0).await,
            Operation::Info => info::info(computer, &account, self.data, self.setup.store).await,
            Operation::StoreCopy { to } => {
                copy_store(computer, self.data, self.setup.store, to, events).await
            }
            Operation::StoreCheck => info::check(computer).await,
            Operation::User { user } => {
                running(self.running)?.set_user(user)?;
                let text = format!("the user of every authenticator on a transport: {}", user.word());
                Ok(Output::new(json!({ "user": user }), text))
            }
            Operation::PowerCycle => {
                let devices = running(self.running)?.all().await;
                for device in &devices {
                    device.power_cycle().await;
                }
                let text = format!("cycled the power of {}", count(devices.len(), "authenticator"));
                Ok(Output::new(json!({ "powerCycled": devices.len() }), text))
            }
            Operation::HidUdp { .. } | Operation::HidPty { .. } | Operation::CardVpcd { .. } => {
                unreachable!("served, not carried out")
            }
            Operation::Explain { .. }
            | Operation::Demo
            | Operation::ScenarioList
            | Operation::ScenarioRunAll
            | Operation::ScenarioSchema
            | Operation::ScenarioShow { .. }
            | Operation::ScenarioCheck { .. }
            | Operation::ScenarioRun { .. }
            | Operation::Why { .. }
            | Operation::WhyEvents { .. } => {
                unreachable!("carried out without a data directory")
            }
        }
    }

    async fn setting<'a>(
        &'a mut self,
        account: &'a str,
        events: &'a mut (dyn FnMut(Event) + Send),
    ) -> Result<Setting<'a>, AppError> {
        let shared = match self.running {
            Some(running) => running.found(&self.setup).await,
            None => None,
        };
        let user = match (self.running, self.setup.user.script(), self.prompt.take()) {
            // The user of an authenticator on a transport stays, unless another one was named.
            (Some(running), ..) if !self.visitor && shared.is_some() => {
                At::Transport(Person::new(running.live_user()))
            }
            (_, Some(script), _) => At::Script(script),
            (_, None, Some(prompt)) => At::Person(Person::new(prompt)),
            (_, None, None) => {
                const HINT: &str = "use --user approve, or run it on a terminal";
                return Err(AppError::usage("there is nobody to ask", HINT));
            }
        };
        Ok(Setting { computer: self.computer, account, user, seed: self.setup.seed(), shared, events })
    }
}

/// What is on a transport cannot lose its container.
async fn check_not_on_transport(
    running: Option<&Running>,
    computer: Option<&str>,
    account: &str,
) -> Result<(), AppError> {
    let Some(running) = running else { return Ok(()) };
    running.release(computer, account);
    if running.of_account(computer, account).await.is_empty() {
        return Ok(());
    }
    Err(AppError::new(
        Exit::Refused,
        format!("an authenticator of `{account}` is in use: `{}`", running.command()),
        "end that first",
    ))
}

/// Tokens that were got with an old PIN end.
async fn reset_tokens(running: Option<&Running>, computer: Option<&str>, account: &str) {
    if let Some(running) = running {
        for device in running.of_account(computer, account).await {
            device.reset_tokens().await;
        }
    }
}

/// The process that goes on.
fn running(running: Option<&Running>) -> Result<&Running, AppError> {
    running.ok_or_else(|| {
        AppError::new(
            Exit::Refused,
            "no authenticator of this data directory is on a transport",
            "`softhello hid udp`, `hid pty` and `card vpcd` put one there",
        )
    })
}

async fn copy_store(
    computer: &Computer,
    data: &Path,
    from: EngineKind,
    to: EngineKind,
    events: &mut (dyn FnMut(Event) + Send),
) -> Result<Output, AppError> {
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
    let device_key = DeviceKey::load_or_create(data)?;
    let target = softhello_storage::open(to, data, device_key)?;
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
    let text =
        format!("copied {} from {from} to {to}; use it with --store {to}", count(containers, "container"));
    Ok(Output::new(json!({ "from": from, "to": to, "containers": containers }), text))
}

/// What is said of passkeys that cannot be read.
fn damaged(number: usize) -> String {
    format!("{} cannot be read: `softhello store check` says why", count(number, "passkey"))
}

/// The id is told as it was given, in base64url or hexadecimal.
fn told(error: WindowsError, id: &str) -> WindowsError {
    match error {
        WindowsError::NoPasskey { account, .. } => WindowsError::NoPasskey { id: id.to_owned(), account },
        other => other,
    }
}
