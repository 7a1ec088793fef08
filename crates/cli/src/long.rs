//! Commands that go on until they are interrupted and are no operations: what they say, and the runtime that they need.

use std::path::Path;

use serde_json::json;
use softhello_app::{AppError, Context, EngineKind, Event, Executor, ProfileChoice};
use softhello_server::{Config, Server};
use tokio::runtime::{Builder, Runtime};

use crate::{
    browser::{self, BrowserCommand, WebdriverArguments},
    print, serve,
    style::Style,
};

pub(crate) fn runtime() -> Result<Runtime, AppError> {
    Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| AppError::io("start the runtime", &error))
}

/// Serves until it is interrupted.
pub(crate) fn serve(config: Config, executor: Executor, json: bool, style: Style) -> Result<(), AppError> {
    let ready = |server: &Server| {
        let (address, token, inspector) = (server.address(), server.token(), server.inspector());
        if json {
            let ready = json!({ "address": address, "token": token, "inspector": inspector });
            return print(&ready.to_string());
        }
        print(&format!("address:   {}\ntoken:     {token}\ninspector: {inspector}", server.url()))?;
        anstream::eprintln!(
            "`softhello browser launch` in another terminal opens a browser with this authenticator; Ctrl-C ends it"
        );
        Ok(())
    };
    let mut show = |event: Event| anstream::eprintln!("{}", style.event(&event));
    let runtime = runtime()?;
    let served = runtime.block_on(serve::run(config, executor, &mut show, ready));
    runtime.shutdown_background();
    served
}

fn say((document, text): browser::Answer, json: bool) -> Result<(), AppError> {
    if json { print(&document.to_string()) } else { print(&text) }
}

/// Starts a browser and waits for its end, or installs what one needs.
pub(crate) fn browser(command: &BrowserCommand, data: &Path, json: bool) -> Result<(), AppError> {
    let say = |answer| say(answer, json);
    match command.launch() {
        Some(launch) => runtime()?.block_on(browser::launch(launch, data, say)),
        None => say(command.install(data)?),
    }
}

/// Stands before a driver until it is interrupted.
pub(crate) fn webdriver(
    arguments: WebdriverArguments,
    profile: Option<ProfileChoice>,
    json: bool,
    style: Style,
) -> Result<(), AppError> {
    let say = |answer| say(answer, json);
    // Virtual authenticators are gone with their session.
    let context = Context {
        store: Some(EngineKind::Memory),
        command: "softhello webdriver".to_owned(),
        ..Context::default()
    };
    let mut show = |event: Event| anstream::eprintln!("{}", style.event(&event));
    let runtime = runtime()?;
    let executor = Executor::new(context);
    let served = runtime.block_on(browser::webdriver(arguments, profile, executor, &mut show, say));
    runtime.shutdown_background();
    served
}
