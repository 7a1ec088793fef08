//! The devices that a process serves to programs: the data directory's own, others that share its store, and ephemeral
//! ones. Each is a computer with accounts and containers of its own, and sees nothing of the others.

mod ceremony;
mod desk;
mod diagram;
mod recording;
mod served;
mod signal;
mod trace;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use softhello_device::DeviceProfile;
use softhello_storage::{Change, ChangeSet, DIRECTORY, EngineKind, Expected};
use softhello_windows::Computer;
use tokio::sync::broadcast;
use uuid::Uuid;

pub use ceremony::{CeremonyKind, Done};
pub use desk::{DeskAnswer, Question};
pub use served::{NewCredential, Served};
pub use signal::SignalMethod;
pub use trace::{Trace, Traces};

use crate::{
    AppError, Ceremony, Event, Exit, Operation, Output, ProfileChoice, Secret, UserScript, context::Setup,
    data_dir::DataDir, executor, running::Running,
};
use desk::Desk;
use recording::Recording;

/// The devices of a process, what they did, and who is asked.
pub struct Devices {
    running: Arc<Running>,
    devices: RwLock<BTreeMap<String, Arc<Served>>>,
    common: Arc<Common>,
}

/// What all devices share.
struct Common {
    traces: Traces,
    desk: Desk,
    news: broadcast::Sender<News>,
}

/// Something that a watcher wants to know.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum News {
    /// A ceremony ended.
    Trace {
        /// The number of its trace.
        id: u64,
        /// [`Trace::summary`].
        summary: Arc<Value>,
    },
    /// A person is asked.
    Asked(Question),
    /// That question is no longer open.
    Answered(u64),
    /// Accounts, passkeys or the user of this device changed, or it came or went.
    Changed(String),
}

/// A device to be made.
#[derive(Clone, Debug, Default)]
pub struct NewDevice {
    /// Its id; a random one if absent.
    pub id: Option<String>,
    /// What it is; Windows Hello if absent.
    pub profile: Option<ProfileChoice>,
    /// What it is, where no profile's text says it. Only for ephemeral ones.
    pub made: Option<Box<DeviceProfile>>,
    /// It is kept in the store of the data directory; otherwise in memory.
    pub persistent: bool,
    /// How long it lives. Only for ephemeral ones.
    pub ttl: Option<Duration>,
    /// A seed that makes its keys and ids repeatable.
    pub seed: Option<Secret<Vec<u8>>>,
    /// Its user.
    pub user: UserScript,
    /// The session that it belongs to.
    pub session: Option<String>,
}

/// What is kept of a persistent device.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Record {
    profile: ProfileChoice,
    seed: Option<Secret<Vec<u8>>>,
    user: UserScript,
    account: String,
}

/// What the names of the documents of persistent devices begin with.
const DOCUMENTS: &str = "device/";

/// The file of a data directory that says where its server listens.
pub const ANNOUNCEMENT: &str = "server.json";

/// How many devices there can be at once.
pub const MAX_DEVICES: usize = 10_000;

/// How many news a slow watcher may be behind before it misses some.
const BACKLOG: usize = 1024;

impl Devices {
    /// The id of the data directory's own device, which the command line uses too.
    pub const DEFAULT: &'static str = "default";

    pub(crate) async fn open(
        running: Arc<Running>,
        max_traces: usize,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Arc<Self>, AppError> {
        let common = Arc::new(Common {
            traces: Traces::new(max_traces),
            desk: Desk::default(),
            news: broadcast::Sender::new(BACKLOG),
        });
        let setup = running.setup().clone();
        let computer = running.computer(&setup, &mut |_| {})?;
        let records = computer.store().documents(DIRECTORY, DOCUMENTS).await?;
        let own = Served::own(&running, setup, computer, Arc::clone(&common));
        let devices = RwLock::new(BTreeMap::from([(Self::DEFAULT.to_owned(), Arc::new(own))]));
        let this = Arc::new(Self { running, devices, common });
        for (name, document) in records {
            let id = name.strip_prefix(DOCUMENTS).unwrap_or(&name);
            let restored = serde_json::from_slice(&document.value)
                .map_err(|error| error.to_string())
                .and_then(|record| this.restored(id, record).map_err(|error| error.reason))
                .and_then(|served| this.keep(served).map_err(|error| error.reason));
            // The others are whole.
            if let Err(reason) = restored {
                events(Event::Said { text: format!("warning: the device `{id}` is not there: {reason}") });
            }
        }
        let weak = Arc::downgrade(&this);
        this.running.on_release(Box::new(move |computer, account| {
            let Some(this) = weak.upgrade() else { return };
            for device in this.list() {
                if device.shares_store() && device.computer_name() == computer {
                    device.release(account);
                }
            }
        }));
        Ok(this)
    }

    /// Tells other programs of this account where the process listens, in a file of the data directory that is as private
    /// as its keys, and goes with the process.
    ///
    /// # Errors
    ///
    /// [`AppError`] if it cannot be written.
    pub fn announce(&self, announcement: &Value) -> Result<(), AppError> {
        self.running.announce(ANNOUNCEMENT, &announcement.to_string())
    }

    /// Listens on a socket of this name in the data directory, which is as private as its keys, and goes with the process.
    /// It comes with its path, which is another where the directory's is too long; there is none for a store in memory.
    ///
    /// # Errors
    ///
    /// [`AppError`] if it cannot be bound.
    #[cfg(unix)]
    pub fn listen(
        &self,
        name: &str,
    ) -> Result<Option<(std::os::unix::net::UnixListener, std::path::PathBuf)>, AppError> {
        Ok(self.running.listen(name)?.map(|socket| (socket.listener, socket.path)))
    }

    /// All of them, in the order of their ids.
    pub fn list(&self) -> Vec<Arc<Served>> {
        self.devices.read().unwrap_or_else(PoisonError::into_inner).values().map(Arc::clone).collect()
    }

    /// One of them.
    ///
    /// # Errors
    ///
    /// [`AppError`] with [`Exit::Usage`] if there is none.
    pub fn find(&self, id: &str) -> Result<Arc<Served>, AppError> {
        let devices = self.devices.read().unwrap_or_else(PoisonError::into_inner);
        devices.get(id).map(Arc::clone).ok_or_else(|| no_device(id))
    }

    /// The ceremonies that ended.
    pub fn traces(&self) -> &Traces {
        &self.common.traces
    }

    /// The questions that are open, the oldest first.
    pub fn questions(&self) -> Vec<Question> {
        self.common.desk.open()
    }

    /// Answers a question.
    ///
    /// # Errors
    ///
    /// [`AppError`] with [`Exit::Usage`] if it is not open any more.
    pub fn answer(&self, id: u64, answer: DeskAnswer) -> Result<(), AppError> {
        match self.common.desk.answer(id, answer) {
            true => Ok(()),
            false => Err(AppError {
                missing: true,
                ..AppError::usage(
                    format!("the question {id} is not open any more"),
                    "it was answered, or its ceremony ended",
                )
            }),
        }
    }

    /// What happens from now on.
    pub fn news(&self) -> broadcast::Receiver<News> {
        self.common.news.subscribe()
    }

    /// Keeps a trace of a ceremony that reached no device, as where none of a session's fits.
    pub fn refused(&self, kind: CeremonyKind, whose: &str, ceremony: Ceremony, error: AppError) -> Done {
        let what = ceremony::Happened {
            device: whose.to_owned(),
            account: String::new(),
            ceremony: kind,
            rp_id: String::new(),
            user_name: None,
        };
        let now = self.running.setup().clock().now();
        self.common.trace(what, ceremony, now, Duration::ZERO, Err(error), Recording::default())
    }

    /// Carries an operation out that needs no device: a scenario, or an explanation.
    ///
    /// # Errors
    ///
    /// [`AppError`] as the operation has it.
    pub async fn without_device(&self, operation: Operation) -> Result<Output, AppError> {
        let seed = self.running.setup().seed.clone();
        let runtime = tokio::runtime::Handle::current();
        // A scenario computes: whoever serves goes on meanwhile.
        let carried_out = tokio::task::spawn_blocking(move || {
            let seed = seed.as_ref().map(|seed| seed.0.as_slice());
            runtime.block_on(executor::without_data(&operation, seed, &mut |_| {}))
        });
        match carried_out.await {
            Ok(Some(result)) => result,
            Ok(None) => Err(AppError::usage("that needs a device", "ask one of them")),
            Err(_) => {
                Err(AppError::new(Exit::Storage, "the operation broke off", "this is a fault of softhello"))
            }
        }
    }

    /// Makes a device.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the id is taken or none, the profile is none, there are too many, or it cannot be kept.
    pub async fn add(self: &Arc<Self>, new: NewDevice) -> Result<Arc<Served>, AppError> {
        let id = match &new.id {
            Some(id) => check_id(id)?.to_owned(),
            None => Uuid::new_v4().to_string(),
        };
        if self.find(&id).is_ok() {
            return Err(taken(&id));
        }
        let served = match new.persistent {
            true => {
                let record = Record {
                    profile: new.profile.unwrap_or_else(hello),
                    seed: new.seed,
                    user: new.user,
                    account: Computer::DEFAULT_ACCOUNT.to_owned(),
                };
                let value = serde_json::to_vec(&record).unwrap_or_default();
                let served = self.keep(self.restored(&id, record)?)?;
                let put = Change::PutDocument { name: document_name(&id), value, expected: Expected::Absent };
                let kept = served.computer().store().commit(DIRECTORY, ChangeSet::one(put)).await;
                if let Err(error) = kept {
                    self.drop_device(&served);
                    return Err(error.into());
                }
                served
            }
            false => self.keep(self.ephemeral(&id, new)?)?,
        };
        if let Some(ttl) = served.ttl() {
            let (this, expiring) = (Arc::downgrade(self), Arc::downgrade(&served));
            let mut gone = served.gone();
            tokio::spawn(async move {
                tokio::select! {
                    () = tokio::time::sleep(ttl) => {}
                    _ = gone.wait_for(|gone| *gone) => return,
                }
                if let (Some(this), Some(device)) = (this.upgrade(), expiring.upgrade()) {
                    this.drop_device(&device);
                }
            });
        }
        Ok(served)
    }

    /// Removes a device with everything that it has.
    ///
    /// # Errors
    ///
    /// [`AppError`] if it is the data directory's own, or cannot be removed.
    pub async fn remove(&self, id: &str) -> Result<(), AppError> {
        let device = self.find(id)?;
        if id == Self::DEFAULT {
            return Err(AppError::new(
                Exit::Refused,
                "the device `default` is the data directory's own",
                "delete its accounts or containers instead",
            ));
        }
        // From now on nobody finds it, and nothing begins on it.
        self.drop_device(&device);
        if device.shares_store() {
            for account in device.computer().accounts().await? {
                device.release(&account.name);
                device.computer().remove_account(&account.name).await?;
            }
            let delete = Change::DeleteDocument { name: document_name(id), expected: Expected::Any };
            device.computer().store().commit(DIRECTORY, ChangeSet::one(delete)).await?;
        }
        Ok(())
    }

    fn drop_device(&self, device: &Arc<Served>) {
        let mut devices = self.devices.write().unwrap_or_else(PoisonError::into_inner);
        // Another one of this id may have come meanwhile.
        if devices.get(device.id()).is_some_and(|found| Arc::ptr_eq(found, device)) {
            devices.remove(device.id());
            drop(devices);
            device.end();
            self.common.tell(News::Changed(device.id().to_owned()));
        }
    }

    fn keep(&self, served: Served) -> Result<Arc<Served>, AppError> {
        let mut devices = self.devices.write().unwrap_or_else(PoisonError::into_inner);
        if devices.len() >= MAX_DEVICES {
            return Err(AppError::new(
                Exit::Refused,
                format!("there are {MAX_DEVICES} devices, and no more can be made"),
                "delete some, or give them a time to live",
            ));
        }
        if devices.contains_key(served.id()) {
            return Err(taken(served.id()));
        }
        let served = Arc::new(served);
        devices.insert(served.id().to_owned(), Arc::clone(&served));
        drop(devices);
        self.common.tell(News::Changed(served.id().to_owned()));
        Ok(served)
    }

    fn restored(&self, id: &str, record: Record) -> Result<Served, AppError> {
        let setup = Setup {
            computer: Some(id.to_owned()),
            account: record.account,
            profile: record.profile,
            user: record.user.does,
            seed: record.seed,
            ..self.running.setup().clone()
        };
        let computer = self.running.computer(&setup, &mut |_| {})?;
        Ok(Served::beside(id, &self.running, setup, computer, record.user, Arc::clone(&self.common)))
    }

    fn ephemeral(&self, id: &str, new: NewDevice) -> Result<Served, AppError> {
        let own = self.running.setup();
        let setup = Setup {
            store: EngineKind::Memory,
            computer: None,
            account: Computer::DEFAULT_ACCOUNT.to_owned(),
            profile: new.profile.unwrap_or_else(hello),
            user: new.user.does,
            seed: new.seed,
            clock: own.clock,
        };
        let data = Arc::new(OnceLock::from(Box::new(DataDir::in_memory())));
        let command = self.running.command().to_owned();
        let running =
            Arc::new(Running::new(setup.clone(), command, self.running.dir().to_owned(), data, None));
        let mut computer = running.computer(&setup, &mut |_| {})?;
        if let Some(made) = new.made {
            computer = computer.with_profile(*made);
        }
        let common = Arc::clone(&self.common);
        Ok(Served::ephemeral(id, &running, setup, computer, new.user, new.ttl, new.session, common))
    }
}

impl Common {
    /// Nobody need be watching.
    fn tell(&self, news: News) {
        let _ = self.news.send(news);
    }
}

impl fmt::Debug for Devices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Devices").field(&self.list().len()).finish()
    }
}

fn hello() -> ProfileChoice {
    ProfileChoice::Name(DeviceProfile::BUILT_IN[0].to_owned())
}

fn document_name(id: &str) -> String {
    format!("{DOCUMENTS}{id}")
}

fn no_device(id: &str) -> AppError {
    AppError {
        missing: true,
        ..AppError::usage(format!("there is no device `{id}`"), "`GET /api/devices` lists them")
    }
}

fn taken(id: &str) -> AppError {
    AppError::new(
        Exit::Refused,
        format!("there is a device `{id}` already"),
        "choose another id, or delete it",
    )
}

/// Ids stand in addresses: unreserved characters of RFC 3986, at most 48 of them as WebAuthn Level 3 §11.2 has it for
/// authenticators.
fn check_id(id: &str) -> Result<&str, AppError> {
    let unreserved = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~');
    if id.is_empty() || id.len() > 48 || !id.chars().all(unreserved) || id.chars().all(|c| c == '.') {
        return Err(AppError::usage(
            format!("`{}` is no id of a device", id.chars().take(60).collect::<String>()),
            "an id has 1 to 48 letters, digits, or characters of -._~",
        ));
    }
    Ok(id)
}
