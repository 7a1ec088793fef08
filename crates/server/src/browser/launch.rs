//! Starting Chromium with a throw-away profile and the extension.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use softhello_app::AppError;
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::{sleep, timeout},
};

use super::{NATIVE_HOST, host_manifest};
use crate::{
    client::{Announced, http},
    extension::{self, ExtensionConfig},
};

/// A browser to be started.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// What it opens; the demonstration if absent.
    pub url: Option<String>,
    /// The browser's program; a Chromium that is found if absent.
    pub browser: Option<PathBuf>,
    /// Without a window.
    pub headless: bool,
    /// Further arguments of the browser.
    pub arguments: Vec<OsString>,
    /// The extension asks over HTTP alone.
    pub without_native: bool,
    /// The device of the server that the browser has, by its id.
    pub device: Option<String>,
}

/// A browser that runs.
#[derive(Debug)]
pub struct Launched {
    child: Child,
    /// What it opened.
    pub url: String,
    /// Its profile, which goes with it.
    profile: TempDir,
}

/// Where Chromium is looked for. Chrome of 137 and later loads no extension that is named on its command line.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "ungoogled-chromium", "brave-browser"];

impl Launch {
    /// Starts the browser with the server that runs in a data directory. `binary` is this program, which the browser
    /// starts as its native messaging host.
    ///
    /// # Errors
    ///
    /// [`AppError`] if no server runs there, no browser is found, or it cannot be started.
    pub async fn start(self, data: &Path, binary: &Path) -> Result<Launched, AppError> {
        let server = Announced::find(data, &http()).await.ok_or_else(|| {
            let reason = format!("no server runs in {}", data.display());
            AppError::usage(reason, "run `softhello serve` in another terminal first")
        })?;
        let browser = self.browser.clone().or_else(found).ok_or_else(|| {
            AppError::usage(
                "no Chromium is found",
                "install it (Debian: `apt-get install chromium`), or name it with --browser PATH",
            )
        })?;
        let failed = |what: &str| {
            let what = what.to_owned();
            move |error: std::io::Error| AppError::io(what, &error)
        };
        let profile = tempfile::Builder::new().prefix("softhello-browser-").tempdir();
        let profile = profile.map_err(failed("make a profile"))?;
        let device = self.device.as_deref().unwrap_or("default");
        let url = self.url.clone().unwrap_or_else(|| format!("{}/demo", server.server));
        let config = ExtensionConfig {
            server: &server.server,
            token: &server.token,
            path: &format!("/api/devices/{device}"),
            native: !self.without_native,
            open: Some(&url),
        };
        let folder = profile.path().join("softhello-extension");
        extension::write(&folder, Some(&config)).map_err(failed("write the extension"))?;
        let hosts = profile.path().join("NativeMessagingHosts");
        std::fs::create_dir_all(&hosts).map_err(failed("make a profile"))?;
        let manifest = host_manifest(binary).to_string();
        std::fs::write(hosts.join(format!("{NATIVE_HOST}.json")), manifest)
            .map_err(failed("write the native messaging host"))?;

        let mut command = Command::new(&browser);
        command
            .args(self.flags(profile.path(), &folder))
            // The native messaging host looks there.
            .env("SOFTHELLO_DATA", data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let child = command.spawn().map_err(failed(&format!("start {}", browser.display())))?;
        Ok(Launched { child, url, profile })
    }

    fn flags(&self, profile: &Path, folder: &Path) -> Vec<OsString> {
        let mut data = OsString::from("--user-data-dir=");
        data.push(profile);
        let mut flags = vec![data];
        let always = [
            "--no-first-run",
            "--no-default-browser-check",
            "--disable-sync",
            "--disable-background-networking",
            "--disable-component-update",
        ];
        flags.extend(always.map(OsString::from));
        if self.headless {
            flags.extend(["--headless=new", "--disable-gpu"].map(OsString::from));
        }
        if is_root() {
            // Chromium refuses to run as root with its sandbox.
            flags.push("--no-sandbox".into());
        }
        flags.extend_from_slice(&self.arguments);
        extension::load(flags, folder)
    }
}

impl Launched {
    /// The process id of the browser.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// The folder of its profile.
    pub fn profile(&self) -> &Path {
        self.profile.path()
    }

    /// Waits until the browser is closed, or ends it at `end`. Its profile is gone then.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the browser says that it failed, as where there is no display.
    pub async fn wait(mut self, end: impl Future<Output = ()>) -> Result<(), AppError> {
        let result = tokio::select! {
            ended = self.child.wait() => match ended {
                Ok(status) if !status.success() => Err(AppError::usage(
                    format!("the browser ended by itself ({status})"),
                    "without a display it needs --headless; run it by hand to see what it says",
                )),
                _ => Ok(()),
            },
            () = end => {
                self.interrupt().await;
                Ok(())
            }
        };
        remove(&self.profile.keep()).await;
        result
    }

    /// Ends the browser as Ctrl-C does, so that it takes its own files away; if it does not, at once.
    async fn interrupt(&mut self) {
        #[cfg(unix)]
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok())
            && let Some(pid) = rustix::process::Pid::from_raw(pid)
        {
            // It may have ended by itself.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
            if timeout(LAST_WORDS, self.child.wait()).await.is_ok() {
                return;
            }
        }
        let _ = self.child.kill().await;
    }
}

/// Removes a profile that processes of the browser may still write to for a moment.
async fn remove(profile: &Path) {
    for _ in 0..20 {
        match std::fs::remove_dir_all(profile) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => sleep(LAST_WORDS / 50).await,
            _ => return,
        }
    }
}

/// How long a browser may take to end.
const LAST_WORDS: Duration = Duration::from_secs(5);

fn found() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    NAMES.iter().find_map(|name| {
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
    })
}

fn is_root() -> bool {
    #[cfg(unix)]
    return rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_browser_is_told_besides_does_not_overrule_the_extension() {
        let arguments = ["--disable-features=Mine", "--load-extension=/mine"].map(OsString::from).to_vec();
        let flags = Launch { arguments, ..Launch::default() }.flags(Path::new("/p"), Path::new("/x"));
        let of = |switch: &str| -> Vec<&str> {
            flags.iter().filter_map(|flag| flag.to_str()?.strip_prefix(switch)).collect()
        };
        assert_eq!(of("--load-extension="), ["/mine,/x"]);
        assert_eq!(of("--disable-features="), ["Mine,DisableLoadExtensionCommandLineSwitch"]);
        assert_eq!(of("--user-data-dir="), ["/p"]);
    }
}
