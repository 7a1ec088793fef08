//! What commands read: files, standard input, and PINs.

use std::{
    fs,
    io::{self, IsTerminal as _, Read as _},
    path::Path,
};

use softhello_app::{AppError, ProfileChoice, ScenarioSource};

use crate::prompt;

/// The longest input in bytes: as long as a document of `passkeys export` may be.
const MAX_INPUT: u64 = 256 * 1024 * 1024;

/// Reads a file, or standard input for `-` and for nothing.
pub(crate) fn read(path: Option<&Path>, what: &str) -> Result<String, AppError> {
    let mut bytes = Vec::new();
    let read = match path.filter(|path| *path != Path::new("-")) {
        Some(path) => fs::File::open(path).and_then(|file| file.take(MAX_INPUT + 1).read_to_end(&mut bytes)),
        None => {
            if io::stdin().is_terminal() {
                anstream::eprintln!("reading {what} from the terminal, end with Ctrl-D …");
            }
            io::stdin().take(MAX_INPUT + 1).read_to_end(&mut bytes)
        }
    };
    let name = path.map_or_else(|| "standard input".to_owned(), |path| path.display().to_string());
    match read {
        Ok(len) if len as u64 > MAX_INPUT => {
            Err(AppError::usage(format!("{what} in {name} are longer than {MAX_INPUT} bytes"), "give less"))
        }
        Ok(_) => text(bytes).ok_or_else(|| {
            AppError::usage(format!("{what} in {name} are not UTF-8 text"), "save the file as UTF-8")
        }),
        Err(error) => Err(AppError::io(format_args!("read {what} from {name}"), &error)),
    }
}

/// Text in UTF-8, or in UTF-16 with the mark that Windows' tools begin it with.
fn text(bytes: Vec<u8>) -> Option<String> {
    let units = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16(&units).ok().filter(|_| rest.is_empty())
    };
    match bytes.as_slice() {
        [0xFF, 0xFE, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => units(rest, u16::from_be_bytes),
        _ => String::from_utf8(bytes).ok(),
    }
}

/// The PIN on standard input, or asked for twice.
pub(crate) fn pin(stdin: bool) -> Result<String, AppError> {
    if stdin {
        let text = read(None, "the PIN")?;
        return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
    }
    let asked = |question| match prompt::password(question) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => std::process::exit(130),
        Err(_) => Err(AppError::usage(
            "there is no terminal to ask for the PIN",
            "give it on standard input with --pin-stdin",
        )),
        Ok(pin) => Ok(pin),
    };
    let pin = asked("New PIN: ")?;
    if pin != asked("Again: ")? {
        return Err(AppError::usage("the two PINs are not the same", "type it again"));
    }
    Ok(pin)
}

/// A file if it looks like one, else a name.
pub(crate) fn profile(name: &str) -> Result<ProfileChoice, AppError> {
    let path = Path::new(name);
    if path.extension().is_some_and(|extension| extension == "toml") || path.components().count() > 1 {
        return Ok(ProfileChoice::Toml(read(Some(path), "the profile")?));
    }
    Ok(ProfileChoice::Name(name.to_owned()))
}

/// A name, unless it looks like a file; `-` is standard input.
pub(crate) fn scenario(name: String) -> Result<ScenarioSource, AppError> {
    if name == "-" {
        let toml = read(None, "the scenario")?;
        return Ok(ScenarioSource::File { name: "standard input".to_owned(), toml });
    }
    if !name.contains(['/', '\\', '.']) {
        return Ok(ScenarioSource::Name(name));
    }
    let toml = read(Some(Path::new(&name)), "the scenario")?;
    Ok(ScenarioSource::File { name, toml })
}
