//! Carries an operation out.

use std::{
    fmt,
    future::Future,
    io,
    sync::{Arc, OnceLock},
};

use softhello_device::{DeviceProfile, Prompt};
use softhello_windows::Computer;

use crate::{
    AppError, Context, Devices, Event, Exit, Operation, Output,
    context::Setup,
    control,
    data_dir::{DataDir, Opening, Place},
    demo, explained,
    operations::Carrier,
    running::Running,
    scenarios, service,
};

/// Carries one operation out in a data directory, which is opened and locked if the operation needs it, and closed after
/// it. If a process that goes on has the data directory, that process carries it out.
///
/// Such processes and what they carry out need the runtime of `tokio`, with time and I/O.
pub struct Executor {
    context: Context,
    prompt: Option<Box<dyn Prompt>>,
    open: Arc<OnceLock<Box<DataDir>>>,
}

/// Closes an executor's data directory from another thread, so that an interrupted process leaves as a finished one does.
#[derive(Clone)]
pub struct Closer(Arc<OnceLock<Box<DataDir>>>);

impl Closer {
    /// Closes the store, if it is open. Whatever is under way fails from now on.
    pub fn close(&self) {
        if let Some(data) = self.0.get() {
            // Nothing acknowledged is lost by a failing close; at worst a counter skips.
            let _ = data.close();
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

    /// What closes the data directory from another thread.
    pub fn closer(&self) -> Closer {
        Closer(Arc::clone(&self.open))
    }

    /// Carries one operation out and tells `events` what happens meanwhile. One that goes on ends only by failing.
    ///
    /// # Errors
    ///
    /// [`AppError`] with the exit code, the reason and a hint.
    pub async fn run(
        self,
        operation: Operation,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Output, AppError> {
        let seed = self.context.seed.as_ref().map(|seed| seed.0.as_slice());
        if let Some(result) = without_data(&operation, seed, events).await {
            return result;
        }
        let setup = self.context.setup(&operation);
        // Before anything is opened.
        let profile = setup.profile.load()?;
        let opening = Opening {
            dir: &self.context.data,
            store: setup.store,
            command: &self.context.command,
            serves: operation.is_service(),
        };
        let data = match DataDir::open(&opening, events)? {
            Place::Here(data) => self.open.get_or_init(|| data),
            #[cfg(unix)]
            Place::Elsewhere(stream) => {
                return control::client::carry_out(stream, &self.context, operation, self.prompt, events)
                    .await;
            }
            #[cfg(not(unix))]
            Place::Elsewhere(stream) => match stream {},
        };
        // A service says so itself, of each authenticator.
        if setup.seed.is_some() && !operation.is_service() {
            events(Event::SeededKeys);
        }
        let closing = Arc::clone(&self.open);
        let result = if operation.is_service() {
            self.serve(&operation, setup, events).await
        } else {
            let computer = Computer::new(Arc::clone(&data.store))
                .with_profile(profile)
                .with_clock(setup.clock())
                .with_seed(setup.seed())
                .with_settings(data.settings);
            let carrier = Carrier {
                running: None,
                data: &self.context.data,
                setup,
                visitor: true,
                prompt: self.prompt,
                computer: &computer,
            };
            carrier.run(operation, events).await
        };
        if let Some(data) = closing.get()
            && let Err(error) = data.close()
            && result.is_ok()
        {
            events(Event::Said { text: format!("warning: a signature counter may skip: {error}") });
        }
        result
    }

    /// Opens the data directory and serves its devices until `serve` ends; meanwhile it carries out what other processes
    /// are asked in this directory. At most `max_traces` ceremonies are kept for whoever looks.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the data directory cannot be opened, another process has it, or `serve` fails.
    pub async fn host<F: Future<Output = Result<(), AppError>>>(
        self,
        max_traces: usize,
        events: &mut (dyn FnMut(Event) + Send),
        serve: impl FnOnce(Arc<Devices>) -> F,
    ) -> Result<(), AppError> {
        let setup = self.context.setup_of(DeviceProfile::BUILT_IN[0]);
        setup.profile.load()?;
        let opening = Opening {
            dir: &self.context.data,
            store: setup.store,
            command: &self.context.command,
            serves: true,
        };
        match DataDir::open(&opening, events)? {
            Place::Here(data) => drop(self.open.set(data)),
            Place::Elsewhere(_) => {
                return Err(AppError::new(
                    Exit::Storage,
                    format!("another softhello serves {}", self.context.data.display()),
                    "end it first, or choose another directory with --data",
                ));
            }
        }
        if setup.seed.is_some() {
            events(Event::SeededKeys);
        }
        let closing = Arc::clone(&self.open);
        let Context { data, command, .. } = self.context;
        let running = Arc::new(Running::new(setup, command, data, Arc::clone(&self.open), None));
        let result = match Devices::open(Arc::clone(&running), max_traces, events).await {
            Ok(devices) => {
                let listening = listen(Arc::clone(&self.open), running);
                tokio::select! {
                    result = serve(devices) => result,
                    error = listening => Err(AppError::io("listen for other processes", &error)),
                }
            }
            Err(error) => Err(error),
        };
        if let Some(data) = closing.get()
            && let Err(error) = data.close()
            && result.is_ok()
        {
            events(Event::Said { text: format!("warning: a signature counter may skip: {error}") });
        }
        result
    }

    /// Goes on, for itself and for others.
    async fn serve(
        self,
        operation: &Operation,
        setup: Setup,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Output, AppError> {
        let Context { data, command, .. } = self.context;
        let running = Running::new(setup.clone(), command, data, Arc::clone(&self.open), self.prompt);
        running.check_user(setup.user)?;
        let running = Arc::new(running);
        let listening = listen(Arc::clone(&self.open), Arc::clone(&running));
        tokio::select! {
            result = service::run(operation, &running, &setup, events) => result,
            error = listening => Err(AppError::io("listen for other processes", &error)),
        }
    }
}

/// Listens for other processes, where they can reach this one.
async fn listen(open: Arc<OnceLock<Box<DataDir>>>, running: Arc<Running>) -> io::Error {
    #[cfg(unix)]
    if let Some(control) = open.get().and_then(|data| data.take_control()) {
        return control::server::listen(control, running).await;
    }
    let _held = (open, running);
    std::future::pending().await
}

/// Carries an operation out that needs no data directory; none if it needs one.
pub(crate) async fn without_data(
    operation: &Operation,
    seed: Option<&[u8]>,
    events: &mut (dyn FnMut(Event) + Send),
) -> Option<Result<Output, AppError>> {
    Some(match operation {
        Operation::Explain { input } => explained::from_text(input),
        Operation::Demo => demo::run(events).await,
        Operation::ScenarioList => scenarios::list(),
        Operation::ScenarioShow { scenario } => scenarios::show(scenario),
        Operation::ScenarioCheck { scenario } => scenarios::check(scenario),
        Operation::ScenarioSchema => Ok(scenarios::schema()),
        Operation::ScenarioRun { scenario, report, logs } => {
            scenarios::run(scenario, seed, report.as_deref(), logs.as_deref()).await
        }
        Operation::ScenarioRunAll => scenarios::run_all(seed).await,
        Operation::Why { code } => scenarios::why(code),
        Operation::WhyEvents { name, text } => scenarios::why_events(name, text),
        _ => return None,
    })
}
