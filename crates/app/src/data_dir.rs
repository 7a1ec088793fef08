//! The data directory: one process at a time, its store and its settings.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use softhello_storage::{DeviceKey, EngineKind, Store};
use softhello_windows::Settings;

use crate::{AppError, Context, Event, Exit};

/// How long a process waits for another one.
const PATIENCE: Duration = Duration::from_secs(2);

/// An open data directory. Its lock ends with the process or when this is dropped.
pub(crate) struct DataDir {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) settings: Settings,
    _lock: Option<File>,
}

impl DataDir {
    pub(crate) fn open(context: &Context, events: &mut dyn FnMut(Event)) -> Result<Self, AppError> {
        if context.store == EngineKind::Memory {
            let store = softhello_storage::memory();
            return Ok(Self { store, settings: Settings::default(), _lock: None });
        }
        let dir = &context.data;
        let device_key = DeviceKey::load_or_create(dir)?;
        let lock = lock(&dir.join("lock"), &context.command, events)?;
        let settings = settings(&dir.join("settings.toml"))?;
        let store = softhello_storage::open(context.store, dir, device_key)?;
        Ok(Self { store, settings, _lock: Some(lock) })
    }
}

/// Who has the lock.
#[derive(Serialize, Deserialize)]
struct Holder {
    pid: u32,
    command: String,
}

fn lock(path: &Path, command: &str, events: &mut dyn FnMut(Event)) -> Result<File, AppError> {
    let failed = |error: &std::io::Error| AppError::io(format_args!("lock {}", path.display()), error);
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
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
        if begin.elapsed() >= PATIENCE {
            return Err(AppError::new(
                Exit::Storage,
                format!("the data directory is in use by {holder}"),
                "wait until it has ended, or choose another directory with --data",
            ));
        }
        if !told {
            told = true;
            events(Event::Waiting { holder });
        }
        thread::sleep(Duration::from_millis(20));
    }
    let holder = Holder { pid: std::process::id(), command: command.to_owned() };
    let write = |file: &mut File| {
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(serde_json::to_string(&holder).unwrap_or_default().as_bytes())
    };
    write(&mut file).map_err(|error| failed(&error))?;
    Ok(file)
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.take(4096).read_to_string(&mut text));
    match read.ok().and_then(|_| serde_json::from_str::<Holder>(&text).ok()) {
        Some(holder) => format!("process {} ({})", holder.pid, holder.command),
        None => "another process".to_owned(),
    }
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
