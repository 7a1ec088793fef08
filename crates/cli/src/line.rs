//! A line of the terminal, that need not be waited for.

use std::{io, sync::atomic::AtomicBool};

/// Asks and reads the answer; without `echo` it is not shown. [`io::ErrorKind::Other`] if the question is withdrawn.
#[cfg(unix)]
pub(crate) fn read(question: &str, echo: bool, withdrawn: &AtomicBool) -> io::Result<String> {
    use std::{
        io::{Read as _, Write as _},
        sync::{Mutex, PoisonError, atomic::Ordering},
    };

    use rustix::{
        event::{PollFd, PollFlags, Timespec, poll},
        termios::{QueueSelector, tcflush},
    };

    /// One question at a time.
    static TURN: Mutex<()> = Mutex::new(());
    /// How soon a withdrawn question ends.
    const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
    /// The longest answer.
    const MAX: usize = 4096;

    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut terminal = crate::prompt::terminal()?;
    // What was typed before the question answers nothing.
    tcflush(&terminal, QueueSelector::IFlush)?;
    let _silence = if echo { None } else { Some(silence::Silence::begin(&terminal)?) };
    write!(io::stderr(), "{question}")?;
    io::stderr().flush()?;
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        if withdrawn.load(Ordering::SeqCst) {
            writeln!(io::stderr(), "(no longer needed)")?;
            return Err(io::Error::other("the question was withdrawn"));
        }
        let mut waiting = [PollFd::new(&terminal, PollFlags::IN)];
        match poll(&mut waiting, Some(&PAUSE)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => continue,
            other => other?,
        };
        let mut part = [0; 1024];
        let read = terminal.read(&mut part)?;
        if read == 0 || line.len() > MAX {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.extend_from_slice(part.get(..read).unwrap_or_default());
    }
    if !echo {
        writeln!(io::stderr())?;
    }
    let text = String::from_utf8(line).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks and reads the answer; without `echo` it is not shown. A question cannot be withdrawn here.
#[cfg(not(unix))]
pub(crate) fn read(question: &str, echo: bool, _: &AtomicBool) -> io::Result<String> {
    use std::io::{BufRead as _, BufReader, Write as _};

    if !echo {
        return rpassword::prompt_password(question);
    }
    write!(io::stderr(), "{question}")?;
    io::stderr().flush()?;
    let mut line = String::new();
    match BufReader::new(crate::prompt::terminal()?).read_line(&mut line)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line.trim_end().to_owned()),
    }
}

#[cfg(unix)]
mod silence {
    use std::{
        fs::File,
        io,
        sync::{Mutex, PoisonError},
    };

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

    /// How the terminal was before it was silenced.
    static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

    /// The terminal shows nothing that is typed, as long as this lives.
    pub(super) struct Silence;

    impl Silence {
        pub(super) fn begin(terminal: &File) -> io::Result<Self> {
            let before = tcgetattr(terminal)?;
            let mut silent = before.clone();
            silent.local_modes.remove(LocalModes::ECHO);
            BEFORE.lock().unwrap_or_else(PoisonError::into_inner).replace(before);
            tcsetattr(terminal, OptionalActions::Flush, &silent)?;
            Ok(Self)
        }
    }

    impl Drop for Silence {
        fn drop(&mut self) {
            end();
        }
    }

    /// Gives the terminal back as it was.
    pub(crate) fn end() {
        let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let (Some(before), Ok(terminal)) = (before, crate::prompt::terminal()) {
            // There is nobody to tell, and nothing else to do.
            let _ = tcsetattr(&terminal, OptionalActions::Now, &before);
        }
    }
}

/// Gives the terminal back as it was before the question that is being asked.
#[cfg(unix)]
pub(crate) fn restore_terminal() {
    silence::end();
}

/// The library that asks restores it by itself.
#[cfg(not(unix))]
pub(crate) fn restore_terminal() {}
