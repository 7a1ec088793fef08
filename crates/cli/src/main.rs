//! The `softhello` binary: arguments in, output and an exit code out. Everything else is in `softhello-app`.
#![forbid(unsafe_code)]

mod arguments;
mod prompt;
mod style;

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use clap::{CommandFactory as _, Parser as _};
use softhello_app::{AppError, Event, Executor, Operation, Output};

use crate::{
    arguments::{Arguments, Task},
    prompt::Terminal,
    style::Style,
};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let style = Style::new(arguments.global.color);
    match run(arguments, style) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed { error, json }) => {
            if json {
                print(&error.to_json().to_string());
            }
            anstream::eprintln!("{}", style.error(&error));
            ExitCode::from(error.exit as u8)
        }
    }
}

struct Failed {
    error: AppError,
    json: bool,
}

fn run(arguments: Arguments, style: Style) -> Result<(), Failed> {
    let Arguments { global, command } = arguments;
    let json = global.json;
    let failed = |error| Failed { error, json };
    let context = global.context(&command).map_err(failed)?;
    let operation = match command.into_task().map_err(failed)? {
        Task::Completions(shell) => {
            let mut out = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "softhello", &mut out);
            print(String::from_utf8_lossy(&out).trim_end());
            return Ok(());
        }
        Task::Operation(operation) => operation,
    };
    let verbose = global.verbose;
    let mut executor = Executor::new(context).with_prompt(Box::new(Terminal));
    let closer = executor.closer();
    // Without a handler Ctrl-C still ends the process, only without returning the leased counts.
    let _ = ctrlc::set_handler(move || {
        closer.close();
        std::process::exit(130);
    });
    // What a demonstration tells is what was asked for; elsewhere it stands beside the answer.
    let telling = matches!(*operation, Operation::Demo) && !json;
    let mut show = |event: Event| match event {
        Event::Step { .. } if !verbose => {}
        event if telling => print(&style.event(&event)),
        event => anstream::eprintln!("{}", style.event(&event)),
    };
    let output = pollster::block_on(executor.run(*operation, &mut show)).map_err(failed)?;
    print(&shown(&output, json));
    Ok(())
}

/// The text of an output: people get a text where there is one, a terminal gets its JSON indented.
fn shown(output: &Output, json: bool) -> String {
    match &output.text {
        Some(text) if !json => text.clone(),
        _ if io::stdout().is_terminal() => format!("{:#}", output.json),
        _ => output.json.to_string(),
    }
}

/// Prints on standard output. A reader that went away, as `head`, is no error.
fn print(text: &str) {
    let mut out = anstream::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
