//! A process that goes on: the authenticators that it has on its transports, and their user.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use softhello_ctap::Event as DeviceEvent;
use softhello_device::{Prompt, User};
use softhello_transport::SharedDevice;
use softhello_windows::Computer;
use tokio::sync::{Mutex, mpsc, watch};

use crate::{
    AppError, Context, Event, Exit, Operation, Output, UserChoice, UserScript,
    context::Setup,
    data_dir::{DataDir, Leftover},
    live_user::LiveUser,
    operations::Carrier,
    person::Person,
    service,
};

/// A process that goes on until it is interrupted.
pub(crate) struct Running {
    /// What everything is, unless it is said otherwise.
    setup: Setup,
    /// What was run, as `softhello hid udp`.
    command: String,
    dir: PathBuf,
    data: Arc<OnceLock<Box<DataDir>>>,
    user: watch::Sender<UserScript>,
    /// The person at this process, if there is one.
    person: Option<Person>,
    devices: Mutex<Vec<(Setup, OnTransport)>>,
    /// Gives back what is kept ready of an account's authenticators for whoever asks next.
    release: OnceLock<Release>,
}

/// Gives back what is kept ready of the authenticators of a computer's account.
type Release = Box<dyn Fn(Option<&str>, &str) + Send + Sync>;

/// An authenticator on a transport.
#[derive(Clone)]
pub(crate) struct OnTransport {
    pub(crate) device: SharedDevice,
    /// Held for the length of a ceremony of several commands.
    pub(crate) turn: Arc<Mutex<()>>,
    /// Held by every transport that it is on, and once by [`Running`].
    serving: Arc<()>,
    /// Those who hear what it does.
    listeners: Arc<std::sync::Mutex<Vec<mpsc::UnboundedSender<DeviceEvent>>>>,
}

impl Running {
    pub(crate) fn new(
        setup: Setup,
        command: String,
        dir: PathBuf,
        data: Arc<OnceLock<Box<DataDir>>>,
        prompt: Option<Box<dyn Prompt>>,
    ) -> Self {
        Self {
            user: watch::Sender::new(setup.user.into()),
            person: prompt.map(Person::new),
            setup,
            command,
            dir,
            data,
            devices: Mutex::default(),
            release: OnceLock::new(),
        }
    }

    /// Carries out what another process wants.
    pub(crate) async fn carry_out(
        &self,
        context: Context,
        operation: Operation,
        prompt: Option<Box<dyn Prompt>>,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Output, AppError> {
        let setup = context.within(&self.setup);
        if setup.store != self.setup.store {
            return Err(AppError::usage(
                format!("`{}` has the {} store of this data directory", self.command, self.setup.store),
                "leave --store out, or end it first",
            ));
        }
        if operation.is_service() {
            let user = self.user.borrow().does;
            if context.user.is_some_and(|wanted| wanted != user) {
                return Err(AppError::usage(
                    format!(
                        "`{}` runs in this data directory, and has one user for all transports",
                        self.command
                    ),
                    "leave --user out, and say `softhello user …` to replace him",
                ));
            }
            return service::run(&operation, self, &setup, events).await;
        }
        let computer = self.computer(&setup, events)?;
        let visitor = context.user.is_some();
        let carrier =
            Carrier { running: Some(self), data: &self.dir, setup, visitor, prompt, computer: &computer };
        carrier.run(operation, events).await
    }

    fn data(&self) -> Result<&DataDir, AppError> {
        let data = self.data.get().map(AsRef::as_ref);
        data.ok_or_else(|| AppError::new(Exit::Storage, "the process is ending", "try again"))
    }

    pub(crate) fn computer(
        &self,
        setup: &Setup,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Computer, AppError> {
        let data = self.data()?;
        if setup.seed.is_some() {
            events(Event::SeededKeys);
        }
        let computer = Computer::new(Arc::clone(&data.store))
            .with_profile(setup.profile.load()?)
            .with_clock(setup.clock())
            .with_seed(setup.seed())
            .with_settings(data.settings);
        Ok(match &setup.computer {
            Some(name) => computer.named(name)?,
            None => computer,
        })
    }

    /// The authenticator of a setup, put on a transport now if it is on none yet.
    pub(crate) async fn device(
        &self,
        setup: &Setup,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Result<OnTransport, AppError> {
        let mut devices = self.devices.lock().await;
        if let Some(known) = known(&mut devices, setup) {
            return Ok(known);
        }
        self.add(&mut devices, setup, &self.computer(setup, events)?).await
    }

    /// The same, of a computer that is known already.
    pub(crate) async fn device_of(
        &self,
        setup: &Setup,
        computer: &Computer,
    ) -> Result<OnTransport, AppError> {
        let mut devices = self.devices.lock().await;
        if let Some(known) = known(&mut devices, setup) {
            return Ok(known);
        }
        self.add(&mut devices, setup, computer).await
    }

    async fn add(
        &self,
        devices: &mut Vec<(Setup, OnTransport)>,
        setup: &Setup,
        computer: &Computer,
    ) -> Result<OnTransport, AppError> {
        let device = computer.device(&setup.account).await?;
        let device = SharedDevice::new(device.with_user(User::Prompt(self.live_user())));
        let on_transport =
            OnTransport { device, turn: Arc::default(), serving: Arc::default(), listeners: Arc::default() };
        devices.push((setup.clone(), on_transport.clone()));
        Ok(on_transport)
    }

    /// The user of every authenticator here, as he is said to be at each question.
    pub(crate) fn live_user(&self) -> Box<dyn Prompt> {
        Box::new(LiveUser::new(self.user.subscribe(), self.person.clone()))
    }

    /// The authenticator of a setup, if it is on a transport.
    pub(crate) async fn found(&self, setup: &Setup) -> Option<SharedDevice> {
        let devices = self.devices.lock().await;
        let mut served = devices.iter().filter(|(_, found)| found.is_served());
        served.find(|(known, _)| known.is_same_device(setup)).map(|(_, found)| found.device.clone())
    }

    /// The authenticators of a computer's account.
    pub(crate) async fn of_account(&self, computer: Option<&str>, account: &str) -> Vec<SharedDevice> {
        let devices = self.devices.lock().await;
        let of_account = devices.iter().filter(|(setup, found)| {
            setup.computer.as_deref() == computer && setup.account == account && found.is_served()
        });
        of_account.map(|(_, found)| found.device.clone()).collect()
    }

    pub(crate) async fn all(&self) -> Vec<SharedDevice> {
        let devices = self.devices.lock().await;
        devices.iter().filter(|(_, found)| found.is_served()).map(|(_, found)| found.device.clone()).collect()
    }

    /// Writes a private file into the data directory, which goes with the process.
    pub(crate) fn announce(&self, name: &str, text: &str) -> Result<(), AppError> {
        self.data()?.announce(&self.dir, name, text)
    }

    /// Listens on a private socket in the data directory, which goes with the process.
    #[cfg(unix)]
    pub(crate) fn listen(&self, name: &str) -> Result<Option<crate::control::socket::Listener>, AppError> {
        self.data()?.listen(&self.dir, name)
    }

    /// What everything is, unless it is said otherwise.
    pub(crate) fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The data directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// What was run, as `softhello hid udp`.
    pub(crate) fn command(&self) -> &str {
        &self.command
    }

    /// Gives back what is kept ready of the authenticators of an account.
    pub(crate) fn release(&self, computer: Option<&str>, account: &str) {
        if let Some(release) = self.release.get() {
            release(computer, account);
        }
    }

    /// Says who keeps authenticators ready. Once only.
    pub(crate) fn on_release(&self, release: Release) {
        let _ = self.release.set(release);
    }

    /// What the user of every authenticator here does.
    pub(crate) fn user(&self) -> &watch::Sender<UserScript> {
        &self.user
    }

    /// Replaces the user of every authenticator here.
    pub(crate) fn set_user(&self, user: UserChoice) -> Result<(), AppError> {
        self.check_user(user)?;
        self.user.send_replace(user.into());
        Ok(())
    }

    /// Whether there is someone to ask, if he is to be asked.
    pub(crate) fn check_user(&self, user: UserChoice) -> Result<(), AppError> {
        if user == UserChoice::Ask && self.person.is_none() {
            return Err(AppError::usage(
                format!("`{}` has no terminal to ask on", self.command),
                "run it on a terminal, or choose approve, decline, timeout or wrong-pin",
            ));
        }
        Ok(())
    }

    /// This file goes with the process, unless what is given here is dropped before.
    pub(crate) fn leave(&self, path: PathBuf) -> Option<Leftover<'_>> {
        self.data.get().map(|data| data.leave(path))
    }
}

/// The authenticator of a setup, if a transport has it still.
fn known(devices: &mut Vec<(Setup, OnTransport)>, setup: &Setup) -> Option<OnTransport> {
    devices.retain(|(_, known)| known.is_served());
    devices.iter().find(|(known, _)| known.is_same_device(setup)).map(|(_, known)| known.clone())
}

impl OnTransport {
    /// Whether a transport has it still: what ends takes it from its transport.
    fn is_served(&self) -> bool {
        Arc::strong_count(&self.serving) > 1
    }

    /// Hears what the authenticator does from now on.
    pub(crate) async fn listen(&self) -> mpsc::UnboundedReceiver<DeviceEvent> {
        let (tell, told) = mpsc::unbounded_channel();
        let all = Arc::clone(&self.listeners);
        all.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(tell);
        let listener = move |event: DeviceEvent| {
            let mut listeners = all.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            listeners.retain(|listener| listener.send(event.clone()).is_ok());
        };
        self.device.set_listener(Box::new(listener)).await;
        told
    }
}
