//! A folder to work in, with a data directory and options in files.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The page of every ceremony.
pub(crate) const ORIGIN: &str = "--origin https://rp.example";

/// A folder to work in.
pub(crate) struct Desk {
    folder: TempDir,
    transcript: String,
}

/// How a run ended.
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Desk {
    /// With `create.json` and `get.json` for an RP at `rp.example`.
    pub(crate) fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap(), transcript: String::new() };
        desk.write("create.json", &creation_options().to_string());
        desk.write("get.json", &request_options().to_string());
        desk
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    /// The binary with these arguments, in this folder, with nothing of the environment that it looks at.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = without_terminal(env!("CARGO_BIN_EXE_softhello"));
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command
            .current_dir(self.path())
            .env("SOFTHELLO_DATA", self.path().join("data"))
            .stdin(Stdio::null())
            .args(arguments.split_whitespace());
        command
    }

    pub(crate) fn run(&self, arguments: &str) -> Finished {
        finish(self.command(arguments).output().unwrap())
    }

    pub(crate) fn run_with(&self, stdin: &str, arguments: &str) -> Finished {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that fails before it reads is no fault of the test.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        finish(child.wait_with_output().unwrap())
    }

    /// Runs a command, seeded and with a fixed clock, and writes it down.
    pub(crate) fn show(&mut self, arguments: &str) {
        let finished = self.run(&format!("{arguments} {REPEATABLE}"));
        self.write_down(arguments, finished);
    }

    pub(crate) fn show_with(&mut self, stdin: &str, arguments: &str) {
        let finished = self.run_with(stdin, &format!("{arguments} {REPEATABLE}"));
        self.write_down(&format!("{arguments} <<< {stdin:?}"), finished);
    }

    fn write_down(&mut self, arguments: &str, Finished { code, stdout, stderr }: Finished) {
        let out = &mut self.transcript;
        writeln!(out, "$ softhello {arguments}").unwrap();
        let folder = self.folder.path().display().to_string();
        for (mark, text) in [("", stdout), ("! ", stderr)] {
            for line in text.replace(&folder, "FOLDER").lines() {
                if line != SEEDED {
                    writeln!(out, "{}", format!("{mark}{line}").trim_end()).unwrap();
                }
            }
        }
        if code != 0 {
            writeln!(out, "[exit {code}]").unwrap();
        }
        out.push('\n');
    }

    /// All that was shown.
    pub(crate) fn transcript(&self) -> &str {
        &self.transcript
    }
}

const REPEATABLE: &str = "--seed 00112233 --clock 2026-01-31T12:00:00Z";

/// The binary in a session of its own: on a developer's terminal it would ask there.
fn without_terminal(binary: &str) -> Command {
    if !cfg!(target_os = "linux") {
        return Command::new(binary);
    }
    let mut command = Command::new("setsid");
    command.arg(binary);
    command
}

/// Told at every run with a seed.
const SEEDED: &str = "warning: keys made from --seed are not secret";

fn finish(output: Output) -> Finished {
    Finished {
        code: output.status.code().expect("it ended by itself"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Finished {
    /// Fails unless the run succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{}{}", self.stdout, self.stderr);
        self
    }

    /// The one document on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {:?}", self.stdout))
    }

    /// The member of the response at this path, decoded from base64url.
    #[track_caller]
    pub(crate) fn bytes(&self, pointer: &str) -> Vec<u8> {
        let text = self.json();
        let text = text.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer}"));
        data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()
    }

    #[track_caller]
    pub(crate) fn client_data(&self) -> Value {
        serde_json::from_slice(&self.bytes("/response/clientDataJSON")).unwrap()
    }

    #[track_caller]
    pub(crate) fn sign_count(&self) -> u32 {
        let data = self.bytes("/response/authenticatorData");
        u32::from_be_bytes(data[33..37].try_into().unwrap())
    }

    /// What every failed run has: its exit code, an error and a hint as the last line.
    #[track_caller]
    pub(crate) fn is_error(&self, code: i32, parts: &[&str]) {
        let text = format!("{}{}", self.stdout, self.stderr);
        assert_eq!(self.code, code, "{text}");
        assert!(self.stderr.lines().any(|line| line.starts_with("error: ")), "{text}");
        let last = self.stderr.lines().last().unwrap();
        assert!(last.starts_with("hint: ") && last.len() > 10, "{text}");
        for part in parts {
            assert!(self.stderr.contains(part), "no {part:?} in {text}");
        }
        assert!(!text.contains("panicked"), "{text}");
    }
}

pub(crate) fn creation_options() -> Value {
    json!({
        "rp": { "id": "rp.example", "name": "An RP" },
        "user": { "id": "YWRh", "name": "ada@rp.example", "displayName": "Ada" },
        "challenge": "c29mdGhlbGxv",
        "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }],
    })
}

pub(crate) fn request_options() -> Value {
    json!({ "rpId": "rp.example", "challenge": "c29mdGhlbGxv" })
}
