//! The `softhello` binary: arguments in, output and an exit code out. Everything else is in `softhello-app`.
#![forbid(unsafe_code)]

mod arguments;
mod browser;
mod global;
mod input;
mod line;
mod long;
mod prompt;
mod serve;
mod style;

use std::{
    ffi::OsStr,
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use clap::{ColorChoice, CommandFactory as _, Parser as _, error::ErrorKind};
use softhello_app::{AppError, Context, Event, Executor, Exit, Operation, Output};
use softhello_server::browser::{is_native_messaging, native_messaging};
use tokio::runtime::{Builder, Runtime};

use crate::{
    arguments::{Arguments, Command, Task},
    prompt::Terminal,
    style::Style,
};

fn main() -> ExitCode {
    if std::env::args_os().nth(1).as_deref().and_then(OsStr::to_str).is_some_and(is_native_messaging) {
        return native();
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // Help and the version are no errors.
        Err(error) if !error.use_stderr() => {
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        // No error is printed before the help, which says enough.
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            return ExitCode::from(Exit::Usage as u8);
        }
        Err(error) => {
            let json = std::env::args_os().any(|argument| argument == "--json");
            return fail(&Failed { error: usage(&error), json }, Style::new(ColorChoice::Auto));
        }
    };
    let style = Style::new(arguments.global.color);
    match run(arguments, style) {
        Ok(code) => code,
        Err(failed) => fail(&failed, style),
    }
}

fn fail(Failed { error, json }: &Failed, style: Style) -> ExitCode {
    if *json {
        // There is no better place to say that this failed too.
        let _ = print(&error.to_json().to_string());
    }
    anstream::eprintln!("{}", style.error(error));
    ExitCode::from(error.exit as u8)
}

/// Arguments that cannot be read, as every other error looks.
fn usage(error: &clap::Error) -> AppError {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let reason = text.split("\n\nFor more information").next().unwrap_or(text);
    AppError::usage(reason.trim_end(), "`--help` after the command shows what it takes")
}

/// The exit code of what was interrupted.
const INTERRUPTED: u8 = 130;

struct Failed {
    error: AppError,
    json: bool,
}

fn run(arguments: Arguments, style: Style) -> Result<ExitCode, Failed> {
    let Arguments { global, command } = arguments;
    let json = global.json;
    let failed = |error| Failed { error, json };
    let command = match command {
        Command::Serve(arguments) => {
            let config = arguments.config().map_err(failed)?;
            let command = Command::Serve(arguments);
            let context = global.or(&config).and_then(|global| global.context(&command)).map_err(failed)?;
            long::serve(config, Executor::new(context), json, style).map_err(failed)?;
            return Ok(ExitCode::from(INTERRUPTED));
        }
        Command::Browser(command) => {
            let data = global.data().map_err(failed)?;
            long::browser(&command, &data, json).map_err(failed)?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Webdriver(arguments) => {
            let profile = global.profile().map_err(failed)?;
            long::webdriver(arguments, profile, json, style).map_err(failed)?;
            return Ok(ExitCode::from(INTERRUPTED));
        }
        other => other,
    };
    if global.asks() && prompt::terminal().is_err() {
        let hint = "use --user approve, or run it on a terminal";
        return Err(failed(AppError::usage("there is no terminal to ask on", hint)));
    }
    let mut executor = Executor::new(global.context(&command).map_err(failed)?);
    if prompt::terminal().is_ok() {
        executor = executor.with_prompt(Box::new(Terminal));
    }
    let closer = executor.closer();
    // Without a handler Ctrl-C still ends the process, only without returning the leased counts.
    let _ = ctrlc::set_handler(move || {
        // Where a new PIN is asked for, that restores the terminal and ends the process.
        if !prompt::is_open() {
            line::restore_terminal();
            closer.close();
            std::process::exit(INTERRUPTED.into());
        }
    });
    let operation = match command.into_task(global.verbose).map_err(failed)? {
        Task::Completions(shell) => {
            let mut out = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "softhello", &mut out);
            print(String::from_utf8_lossy(&out).trim_end()).map_err(failed)?;
            return Ok(ExitCode::SUCCESS);
        }
        Task::Operation(operation) => operation,
    };
    let verbose = global.verbose;
    // What a demonstration tells is what was asked for; elsewhere it stands beside the answer.
    let telling = matches!(*operation, Operation::Demo) && !json;
    let mut show = |event: Event| match event {
        Event::Step { .. } if !verbose => {}
        Event::Ready { ref address, .. } => {
            let ready =
                if json { serde_json::json!({ "address": address }).to_string() } else { address.clone() };
            // Whoever waits for it may have gone; the device is there all the same.
            drop(print(&ready));
            anstream::eprintln!("{}", style.event(&event));
        }
        // If it cannot be told, the last line cannot either, and fails.
        event if telling => drop(print(&style.event(&event))),
        event => anstream::eprintln!("{}", style.event(&event)),
    };
    let runtime =
        runtime(operation.is_service()).map_err(|error| failed(AppError::io("start the runtime", &error)))?;
    let output = runtime.block_on(executor.run(*operation, &mut show));
    // A prompt that nobody answered need not be waited for.
    runtime.shutdown_background();
    let output = output.map_err(failed)?;
    print(&shown(&output, json)).map_err(failed)?;
    Ok(output.exit.map_or(ExitCode::SUCCESS, |exit| ExitCode::from(exit as u8)))
}

/// What a browser starts, which speaks to it on standard input and output.
fn native() -> ExitCode {
    let run = || {
        let data = global::data_of_environment()?;
        let context =
            Context { command: "softhello native messaging".to_owned(), ..Context::new(data.clone()) };
        let host = native_messaging(data, Executor::new(context));
        // It passes messages on, one after the other: a second thread would only have to be woken.
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| AppError::io("start the runtime", &error))?;
        let ended = runtime.block_on(host);
        // A thread that reads standard input waits for the browser, and would be waited for.
        runtime.shutdown_background();
        ended
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        // The browser writes it into its log.
        Err(error) => fail(&Failed { error, json: false }, Style::new(ColorChoice::Never)),
    }
}

/// Whatever goes on and on must not be held up by what others ask of it meanwhile.
fn runtime(is_service: bool) -> io::Result<Runtime> {
    let mut builder = if is_service { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    builder.worker_threads(2).enable_all().build()
}

/// The text of an output: people get a text where there is one, a terminal gets its JSON indented.
fn shown(output: &Output, json: bool) -> String {
    match &output.text {
        Some(text) if !json => text.clone(),
        _ if io::stdout().is_terminal() => format!("{:#}", output.json),
        _ => output.json.to_string(),
    }
}

/// Prints on standard output. A reader that went away, as `head`, is no error; an answer that is lost is one.
fn print(text: &str) -> Result<(), AppError> {
    let mut out = anstream::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(AppError::io("write to standard output", &error))
        }
        _ => Ok(()),
    }
}
