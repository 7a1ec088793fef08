//! A process that goes on: the authenticators that it has on its transports, and their user.

use std::{
    future::Future,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use softhello_ctap::{Event as DeviceEvent, Gesture};
use softhello_device::{Prompt, PromptAnswer, User};
use softhello_transport::SharedDevice;
use softhello_windows::Computer;
use tokio::{
    sync::{Mutex, mpsc, watch},
    time::{Instant, sleep_until},
};

use crate::{
    AppError, Context, Event, Exit, Operation, Output, UserChoice,
    context::Setup,
    data_dir::{DataDir, Leftover},
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
    user: watch::Sender<UserChoice>,
    /// The person at this process, if there is one.
    person: Option<Person>,
    devices: Mutex<Vec<(Setup, OnTransport)>>,
}

/// An authenticator on a transport.
#[derive(Clone)]
pub(crate) struct OnTransport {
    pub(crate) device: SharedDevice,
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
            user: watch::Sender::new(setup.user),
            person: prompt.map(Person::new),
            setup,
            command,
            dir,
            data,
            devices: Mutex::default(),
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
            let user = *self.user.borrow();
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
        Ok(Computer::new(Arc::clone(&data.store))
            .with_profile(setup.profile.load()?)
            .with_clock(setup.clock())
            .with_seed(setup.seed())
            .with_settings(data.settings))
    }

    /// The authenticator of a setup, put on a transport now if it is on none yet.
    pub(crate) async fn device(
        &self,
        setup: &Setup,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Result<OnTransport, AppError> {
        let mut devices = self.devices.lock().await;
        devices.retain(|(_, known)| known.is_served());
        if let Some((_, known)) = devices.iter().find(|(known, _)| known.is_same_device(setup)) {
            return Ok(known.clone());
        }
        let device = self.computer(setup, events)?.device(&setup.account).await?;
        let device = SharedDevice::new(device.with_user(User::Prompt(self.live_user())));
        let on_transport = OnTransport { device, serving: Arc::default(), listeners: Arc::default() };
        devices.push((setup.clone(), on_transport.clone()));
        Ok(on_transport)
    }

    /// The user of every authenticator here, as he is said to be at each question.
    pub(crate) fn live_user(&self) -> Box<dyn Prompt> {
        Box::new(LiveUser { choice: self.user.subscribe(), person: self.person.clone() })
    }

    /// The authenticator of a setup, if it is on a transport.
    pub(crate) async fn found(&self, setup: &Setup) -> Option<SharedDevice> {
        let devices = self.devices.lock().await;
        let mut served = devices.iter().filter(|(_, found)| found.is_served());
        served.find(|(known, _)| known.is_same_device(setup)).map(|(_, found)| found.device.clone())
    }

    /// The authenticators of an account.
    pub(crate) async fn of_account(&self, account: &str) -> Vec<SharedDevice> {
        let devices = self.devices.lock().await;
        let of_account =
            devices.iter().filter(|(setup, found)| setup.account == account && found.is_served());
        of_account.map(|(_, found)| found.device.clone()).collect()
    }

    pub(crate) async fn all(&self) -> Vec<SharedDevice> {
        let devices = self.devices.lock().await;
        devices.iter().filter(|(_, found)| found.is_served()).map(|(_, found)| found.device.clone()).collect()
    }

    /// What was run, as `softhello hid udp`.
    pub(crate) fn command(&self) -> &str {
        &self.command
    }

    /// Replaces the user of every authenticator here.
    pub(crate) fn set_user(&self, user: UserChoice) -> Result<(), AppError> {
        self.check_user(user)?;
        self.user.send_replace(user);
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

/// How long a user who does nothing, or is asked, may take.
const USER_ACTION_TIMEOUT: Duration = Duration::from_secs(30);

/// The user of every authenticator of a process, as he was last said to be.
struct LiveUser {
    choice: watch::Receiver<UserChoice>,
    person: Option<Person>,
}

impl Prompt for LiveUser {
    fn ask<'a>(
        &'a mut self,
        gesture: Gesture<'a>,
        wants_pin: bool,
    ) -> Pin<Box<dyn Future<Output = PromptAnswer> + Send + 'a>> {
        Box::pin(async move {
            let patience = match gesture {
                Gesture::Sample { timeout_ms: Some(wanted), .. } => Duration::from_millis(wanted),
                _ => USER_ACTION_TIMEOUT,
            };
            let deadline = Instant::now() + patience.min(USER_ACTION_TIMEOUT);
            loop {
                let choice = *self.choice.borrow_and_update();
                let answer = match (choice, &mut self.person) {
                    // U2F asks again and again by itself.
                    (UserChoice::Timeout, _) if gesture == Gesture::Touch => return PromptAnswer::Nothing,
                    (UserChoice::Timeout, _) | (UserChoice::Ask, None) => None,
                    (UserChoice::Ask, Some(person)) => Some(person),
                    (choice, _) => {
                        return choice.script().map_or(PromptAnswer::Nothing, PromptAnswer::As);
                    }
                };
                let answered = async {
                    match answer {
                        Some(person) => person.ask(gesture, wants_pin).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    biased;
                    // Whatever was said meanwhile holds for the gesture that is waited for.
                    changed = self.choice.changed() => if changed.is_err() {
                        return PromptAnswer::Nothing;
                    },
                    answer = answered => return answer,
                    () = sleep_until(deadline) => return PromptAnswer::Nothing,
                }
            }
        })
    }
}
