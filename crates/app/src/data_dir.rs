//! The data directory: one process at a time, its store and its settings.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use softhello_storage::{DeviceKey, EngineKind, Store};
use softhello_windows::Settings;

use crate::{AppError, Event, Exit, control::socket};

/// How long a process waits for another one.
const PATIENCE: Duration = Duration::from_secs(2);

/// An open data directory. Its lock ends with the process or when this is dropped.
pub(crate) struct DataDir {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) settings: Settings,
    /// Listens for other processes, if this one goes on.
    control: Mutex<Option<socket::Listener>>,
    /// Files that go with the process; links only while they lead where they led.
    leftovers: Mutex<Vec<(PathBuf, Option<PathBuf>)>>,
    lock: Option<File>,
}

/// A file that goes with the process; its owner takes it away before that.
pub(crate) struct Leftover<'a> {
    of: &'a DataDir,
    path: PathBuf,
}

impl Drop for Leftover<'_> {
    fn drop(&mut self) {
        let mut leftovers = self.of.leftovers.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        leftovers.retain(|(path, _)| *path != self.path);
    }
}

/// Where an operation is carried out.
pub(crate) enum Place {
    /// In this process.
    Here(Box<DataDir>),
    /// In the process that has the data directory.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no control sockets"))]
    Elsewhere(socket::Stream),
}

/// What a process says when it opens a data directory.
pub(crate) struct Opening<'a> {
    pub(crate) dir: &'a Path,
    pub(crate) store: EngineKind,
    pub(crate) command: &'a str,
    /// It goes on until it is interrupted, and listens for others.
    pub(crate) serves: bool,
}

impl DataDir {
    pub(crate) fn open(opening: &Opening<'_>, events: &mut dyn FnMut(Event)) -> Result<Place, AppError> {
        if opening.store == EngineKind::Memory {
            return Ok(Place::Here(Box::new(Self::in_memory())));
        }
        let dir = opening.dir;
        let device_key = DeviceKey::load_or_create(dir)?;
        let (lock, control) = match lock(opening, events)? {
            Locked::Here(lock, control) => (lock, control),
            Locked::Elsewhere(stream) => return Ok(Place::Elsewhere(stream)),
        };
        let opened = settings(&dir.join("settings.toml"))
            .and_then(|settings| Ok((settings, softhello_storage::open(opening.store, dir, device_key)?)));
        let (settings, store) = opened.inspect_err(|_| {
            control.iter().flat_map(socket::Listener::leftovers).for_each(|path| remove(&path));
        })?;
        let data = Self::new(store, settings, Some(lock));
        if let Some(control) = control {
            let mut leftovers = data.leftovers.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            leftovers.extend(control.leftovers().map(|path| (path, None)));
            drop(leftovers);
            data.control.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).replace(control);
        }
        Ok(Place::Here(Box::new(data)))
    }

    fn new(store: Arc<dyn Store>, settings: Settings, lock: Option<File>) -> Self {
        Self { store, settings, control: Mutex::default(), leftovers: Mutex::default(), lock }
    }

    /// One that is nowhere, with an empty store.
    pub(crate) fn in_memory() -> Self {
        Self::new(softhello_storage::memory(), Settings::default(), None)
    }

    /// This file or empty folder goes with the process, unless what is given here is dropped before.
    pub(crate) fn leave(&self, path: PathBuf) -> Leftover<'_> {
        let leftover = (path.clone(), fs::read_link(&path).ok());
        self.leftovers.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(leftover);
        Leftover { of: self, path }
    }

    /// Writes a private file that goes with the process; nothing where there is no directory.
    pub(crate) fn announce(&self, dir: &Path, name: &str, text: &str) -> Result<(), AppError> {
        if dir.as_os_str().is_empty() {
            return Ok(());
        }
        let path = dir.join(name);
        let failed = |error: &std::io::Error| AppError::io(format_args!("write {}", path.display()), error);
        // A store in memory has made none.
        fs::create_dir_all(dir).map_err(|error| failed(&error))?;
        // A file of a crash may be there, with other rights.
        let mut file = tempfile::NamedTempFile::new_in(dir).map_err(|error| failed(&error))?;
        file.write_all(text.as_bytes()).map_err(|error| failed(&error))?;
        file.persist(&path).map_err(|error| failed(&error.error))?;
        self.leftovers.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push((path, None));
        Ok(())
    }

    /// Listens on a private socket that goes with the process; nothing where it does not own the directory, as with a store in
    /// memory.
    #[cfg(unix)]
    pub(crate) fn listen(&self, dir: &Path, name: &str) -> Result<Option<socket::Listener>, AppError> {
        if self.lock.is_none() {
            return Ok(None);
        }
        let bound = socket::bind(dir, name)
            .map_err(|error| AppError::io(format_args!("listen in {}", dir.display()), &error))?;
        let new = bound.iter().flat_map(socket::Listener::leftovers).map(|path| (path, None));
        self.leftovers.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).extend(new);
        Ok(bound)
    }

    /// What listens for other processes.
    pub(crate) fn take_control(&self) -> Option<socket::Listener> {
        self.control.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take()
    }

    /// Closes the store and removes what goes with the process.
    pub(crate) fn close(&self) -> Result<(), softhello_storage::StoreError> {
        let mut leftovers = self.leftovers.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        for (path, target) in leftovers.drain(..) {
            if fs::read_link(&path).ok() == target {
                remove(&path);
            }
        }
        self.store.close()
    }
}

/// Whatever is gone already need not be removed, and the rest is found stale.
fn remove(path: &Path) {
    let _ = fs::remove_file(path).or_else(|_| fs::remove_dir(path));
}

/// Who has the lock.
#[derive(Serialize, Deserialize)]
struct Holder {
    pid: u32,
    command: String,
    /// Where it listens for others, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    socket: Option<PathBuf>,
}

enum Locked {
    Here(File, Option<socket::Listener>),
    Elsewhere(socket::Stream),
}

fn lock(opening: &Opening<'_>, events: &mut dyn FnMut(Event)) -> Result<Locked, AppError> {
    let path = opening.dir.join("lock");
    let failed = |error: &std::io::Error| AppError::io(format_args!("lock {}", path.display()), error);
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(|error| failed(&error))?;
    let begin = Instant::now();
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
            Err(TryLockError::WouldBlock) => {}
        }
        let holder = holder(&mut file);
        // One that cannot be reached is ending, or has just begun.
        if let Some(socket) = holder.as_ref().and_then(|holder| holder.socket.as_deref())
            && let Ok(stream) = socket::connect(socket)
        {
            return Ok(Locked::Elsewhere(stream));
        }
        let holder = match holder {
            Some(holder) => format!("process {} ({})", holder.pid, holder.command),
            None => "another process".to_owned(),
        };
        if begin.elapsed() >= PATIENCE {
            return Err(AppError::new(
                Exit::Storage,
                format!("the data directory is in use by {holder}"),
                "wait until it has ended, or choose another directory with --data",
            ));
        }
        if !told && begin.elapsed() >= TELL_AFTER {
            told = true;
            events(Event::Waiting { holder });
        }
        thread::sleep(Duration::from_millis(20));
    }
    let control = match opening.serves {
        true => socket::bind(opening.dir, "control.sock")
            .map_err(|error| AppError::io(format_args!("listen in {}", opening.dir.display()), &error))?,
        false => None,
    };
    let socket = control.as_ref().map(|control| control.path.clone());
    let holder = Holder { pid: std::process::id(), command: opening.command.to_owned(), socket };
    let write = |file: &mut File| {
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(serde_json::to_string(&holder).unwrap_or_default().as_bytes())
    };
    write(&mut file).map_err(|error| failed(&error))?;
    Ok(Locked::Here(file, control))
}

/// Commands end within a few milliseconds: a wait that nobody notices is not told.
const TELL_AFTER: Duration = Duration::from_millis(100);

fn holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().and_then(|()| file.take(8192).read_to_string(&mut text)).ok()?;
    serde_json::from_str(&text).ok()
}

/// `settings.toml` of the data directory. All members are optional.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct SettingsFile {
    conflict_exempt_above_50: Option<bool>,
    whfb_keys_sign_in: Option<bool>,
}

impl From<SettingsFile> for Settings {
    fn from(file: SettingsFile) -> Self {
        let default = Self::default();
        Self {
            conflict_exempt_above_50: file
                .conflict_exempt_above_50
                .unwrap_or(default.conflict_exempt_above_50),
            whfb_keys_sign_in: file.whfb_keys_sign_in.unwrap_or(default.whfb_keys_sign_in),
        }
    }
}

fn settings(path: &Path) -> Result<Settings, AppError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Settings::default()),
        Err(error) => return Err(AppError::io(format_args!("read {}", path.display()), &error)),
    };
    match toml::from_str::<SettingsFile>(&text) {
        Ok(file) => Ok(file.into()),
        Err(error) => Err(AppError::usage(
            format!("{}: {error}", path.display()),
            "the settings are conflict-exempt-above-50 and whfb-keys-sign-in, each true or false",
        )),
    }
}
