//! The `softhello` binary: arguments in, output and an exit code out. Everything else is in `softhello-app`.
#![forbid(unsafe_code)]

mod arguments;
mod prompt;
mod style;

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use clap::{ColorChoice, CommandFactory as _, Parser as _};
use softhello_app::{AppError, Event, Executor, Operation, Output};

use crate::{
    arguments::{Arguments, Task},
    prompt::Terminal,
    style::Style,
};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // Help and the version are no errors.
        Err(error) if !error.use_stderr() => {
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            let json = std::env::args_os().any(|argument| argument == "--json");
            return fail(&Failed { error: usage(&error), json }, Style::new(ColorChoice::Auto));
        }
    };
    let style = Style::new(arguments.global.color);
    match run(arguments, style) {
        Ok(()) => ExitCode::SUCCESS,
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

struct Failed {
    error: AppError,
    json: bool,
}

fn run(arguments: Arguments, style: Style) -> Result<(), Failed> {
    let Arguments { global, command } = arguments;
    let json = global.json;
    let failed = |error| Failed { error, json };
    if global.asks() && prompt::terminal().is_err() {
        let hint = "use --user approve, or run it on a terminal";
        return Err(failed(AppError::usage("there is no terminal to ask on", hint)));
    }
    let executor = Executor::new(global.context(&command).map_err(failed)?).with_prompt(Box::new(Terminal));
    let closer = executor.closer();
    // Without a handler Ctrl-C still ends the process, only without returning the leased counts.
    let _ = ctrlc::set_handler(move || {
        // A prompt restores the terminal first, and then cancels.
        if !prompt::is_open() {
            closer.close();
            std::process::exit(130);
        }
    });
    let operation = match command.into_task().map_err(failed)? {
        Task::Completions(shell) => {
            let mut out = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "softhello", &mut out);
            return print(String::from_utf8_lossy(&out).trim_end()).map_err(failed);
        }
        Task::Operation(operation) => operation,
    };
    let verbose = global.verbose;
    // What a demonstration tells is what was asked for; elsewhere it stands beside the answer.
    let telling = matches!(*operation, Operation::Demo) && !json;
    let mut show = |event: Event| match event {
        Event::Step { .. } if !verbose => {}
        // If it cannot be told, the last line cannot either, and fails.
        event if telling => drop(print(&style.event(&event))),
        event => anstream::eprintln!("{}", style.event(&event)),
    };
    let output = pollster::block_on(executor.run(*operation, &mut show)).map_err(failed)?;
    print(&shown(&output, json)).map_err(failed)
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
