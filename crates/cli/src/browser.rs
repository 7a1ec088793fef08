//! `softhello browser` and `softhello webdriver`: browsers with this authenticator.

use std::{
    ffi::OsString,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use softhello_app::{AppError, Devices, Event, Executor, ProfileChoice};
use softhello_server::{
    browser::{self, Installed, Launch},
    webdriver::{Proxy, ProxyConfig},
};

use crate::serve::Interruption;

#[derive(Subcommand, Debug)]
pub(crate) enum BrowserCommand {
    /// Starts Chromium with a throw-away profile and the extension, until it is closed
    #[command(after_help = "Needs `softhello serve` in another terminal, with the same data directory.

Examples:
  softhello browser launch                             the demonstration
  softhello browser launch https://rp.example
  softhello browser launch --headless --browser-arg=--remote-debugging-port=9222")]
    Launch {
        /// What it opens [default: the demonstration]
        url: Option<String>,
        /// The browser's program [default: a Chromium of PATH]
        #[arg(long, value_name = "PATH", env = "SOFTHELLO_BROWSER")]
        browser: Option<PathBuf>,
        /// Without a window
        #[arg(long)]
        headless: bool,
        /// A further argument of the browser; can be given several times
        #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
        browser_arg: Vec<OsString>,
        /// The extension asks over HTTP, without the native messaging host
        #[arg(long)]
        without_native: bool,
        /// The device of the server that the browser has [default: default]
        #[arg(long, value_name = "ID")]
        device: Option<String>,
    },
    /// Puts the native messaging host into the browsers of this account, and the extension where it can be loaded from
    Install,
    /// Removes both
    Uninstall,
}

#[derive(Args, Debug)]
pub(crate) struct WebdriverArguments {
    /// Where it listens; port 0 picks one
    #[arg(long, value_name = "ADDRESS", default_value_t = ProxyConfig::LISTEN)]
    listen: SocketAddr,
    /// The driver that it stands before
    #[arg(long, value_name = "URL")]
    driver: String,
}

/// What a command gives: a document for programs and a text for people.
pub(crate) type Answer = (Value, String);

/// This program, as a browser has to start it.
fn binary() -> Result<PathBuf, AppError> {
    std::env::current_exe().map_err(|error| AppError::io("find this program", &error))
}

/// Starts a browser and waits for its end. `started` hears of it.
pub(crate) async fn launch(
    launch: Launch,
    data: &Path,
    started: impl FnOnce(Answer) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let interruption = Interruption::listen()?;
    let launched = launch.start(data, &binary()?).await?;
    let (pid, url) = (launched.pid(), launched.url.clone());
    let json = json!({ "pid": pid, "url": url, "profile": launched.profile() });
    started((json, format!("the browser shows {url}; close it, or press Ctrl-C")))?;
    launched.wait(interruption.wait()).await
}

impl BrowserCommand {
    /// The browser to be started; none if something is installed or removed.
    pub(crate) fn launch(&self) -> Option<Launch> {
        match self {
            Self::Launch { url, browser, headless, browser_arg, without_native, device } => Some(Launch {
                url: url.clone(),
                browser: browser.clone(),
                headless: *headless,
                arguments: browser_arg.clone(),
                without_native: *without_native,
                device: device.clone(),
            }),
            Self::Install | Self::Uninstall => None,
        }
    }

    /// Installs or removes.
    pub(crate) fn install(&self, data: &Path) -> Result<Answer, AppError> {
        let directories = directories::BaseDirs::new().ok_or_else(|| {
            AppError::usage("this account has no home directory", "set HOME to a directory of yours")
        })?;
        let config = directories.config_dir();
        let document = |installed: &Installed| json!({ "manifests": installed.manifests, "extension": installed.extension });
        if matches!(self, Self::Uninstall) {
            let removed = browser::uninstall(config, data)?;
            let text = match removed.manifests.len() {
                0 => "nothing was installed".to_owned(),
                _ => "removed; take the extension out on chrome://extensions too".to_owned(),
            };
            return Ok((document(&removed), text));
        }
        let installed = browser::install(config, data, &binary()?)?;
        let text = format!(
            "the native messaging host is installed for Chromium, Chrome, Edge and Brave.\n\
             Open chrome://extensions, switch Developer mode on, choose \"Load unpacked\" and this folder:\n{}",
            installed.extension.display()
        );
        Ok((document(&installed), text))
    }
}

/// Stands before a driver until Ctrl-C. `ready` hears where it listens.
pub(crate) async fn webdriver(
    arguments: WebdriverArguments,
    profile: Option<ProfileChoice>,
    executor: Executor,
    events: &mut (dyn FnMut(Event) + Send),
    ready: impl FnOnce(Answer) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let interruption = Interruption::listen()?;
    let config = ProxyConfig { listen: arguments.listen, driver: arguments.driver, profile };
    let proxy = Proxy::bind(config).await?;
    let serve = |devices: std::sync::Arc<Devices>| async move {
        let (address, inspector) = (proxy.address(), proxy.inspector());
        let json = json!({ "address": address, "inspector": inspector });
        ready((json, format!("WebDriver: http://{address}\ninspector: {inspector}")))?;
        proxy.serve(devices, interruption.wait()).await
    };
    executor.host(1000, events, serve).await
}
