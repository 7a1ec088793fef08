//! The browser extension, as it is put on the disk.

use std::{
    ffi::{OsStr, OsString},
    fmt, fs, io,
    path::Path,
};

use rust_embed::RustEmbed;
use serde::Serialize;

/// The files of the extension.
#[derive(RustEmbed)]
#[folder = "extension"]
#[exclude = "id.txt"]
#[exclude = "inject.js"]
struct Files;

/// The extension's id, which its `key` fixes: the first half of the key's SHA-256, with the letters a to p for digits.
pub(crate) fn id() -> &'static str {
    include_str!("../extension/id.txt").trim_ascii()
}

/// What the extension is told: which server, and which of its devices.
#[derive(Clone, Serialize)]
pub(crate) struct ExtensionConfig<'a> {
    pub(crate) server: &'a str,
    pub(crate) token: &'a str,
    pub(crate) path: &'a str,
    pub(crate) native: bool,
    /// A page that the extension opens as soon as it is the authenticator: one that the browser opens may come first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) open: Option<&'a str>,
}

/// Without the token.
impl fmt::Debug for ExtensionConfig<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtensionConfig")
            .field("server", &self.server)
            .field("path", &self.path)
            .field("native", &self.native)
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

/// Where it is off, browsers load extensions that their command line names.
const FEATURE: &str = "DisableLoadExtensionCommandLineSwitch";

/// The arguments of a browser that loads the extension of a folder and does what it was told before as well: of a switch
/// that is given twice a browser takes the last one alone, so that each is made one of all its values.
///
/// An argument that is no Unicode stays as it is, and is overruled by what follows it.
pub(crate) fn load(mut arguments: Vec<OsString>, folder: &Path) -> Vec<OsString> {
    for (switch, own) in [("load-extension", folder.as_os_str()), ("disable-features", OsStr::new(FEATURE))] {
        let mut values: Vec<OsString> = Vec::new();
        arguments.retain(|argument| {
            let value = value(argument, switch);
            values.extend(value.filter(|value| !value.is_empty()).map(OsString::from));
            value.is_none()
        });
        values.push(own.to_owned());
        let mut merged = OsString::from(format!("--{switch}="));
        merged.push(values.join(OsStr::new(",")));
        arguments.push(merged);
    }
    arguments
}

/// What an argument gives a switch. Drivers take switches without their dashes.
fn value<'a>(argument: &'a OsStr, switch: &str) -> Option<&'a str> {
    let argument = argument.to_str()?.trim_start_matches('-');
    argument.strip_prefix(switch)?.strip_prefix('=')
}

/// Writes the extension into a folder, with what it is told.
pub(crate) fn write(folder: &Path, config: Option<&ExtensionConfig<'_>>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for name in Files::iter() {
        let Some(file) = Files::get(&name) else { continue };
        fs::write(folder.join(name.as_ref()), file.data)?;
    }
    if let Some(config) = config {
        fs::write(folder.join("config.json"), serde_json::to_string(config)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_is_given_once_with_all_that_was_asked_for() {
        let feature = |others: &str| format!("--disable-features={others}{FEATURE}");
        let rows: &[(&[&str], &[&str])] = &[
            (&[], &["--load-extension=/x", &feature("")]),
            (&["--headless"], &["--headless", "--load-extension=/x", &feature("")]),
            (&["--load-extension=/mine"], &["--load-extension=/mine,/x", &feature("")]),
            (&["load-extension=/a,/b", "--x"], &["--x", "--load-extension=/a,/b,/x", &feature("")]),
            (&["--load-extension=", "--x"], &["--x", "--load-extension=/x", &feature("")]),
            (
                &["--disable-features=A,B", "--x", "--disable-features=C"],
                &["--x", "--load-extension=/x", &feature("A,B,C,")],
            ),
            // Neither of both.
            (
                &["--disable-features-of=A", "--disable-features", "https://load-extension=/y"],
                &[
                    "--disable-features-of=A",
                    "--disable-features",
                    "https://load-extension=/y",
                    "--load-extension=/x",
                    &feature(""),
                ],
            ),
        ];
        for (given, want) in rows {
            let made = load(given.iter().map(OsString::from).collect(), Path::new("/x"));
            let want: Vec<OsString> = want.iter().map(OsString::from).collect();
            assert_eq!(made, want, "{given:?}");
        }
    }

    #[test]
    fn the_token_is_not_printed() {
        let config =
            ExtensionConfig { server: "http://x", token: "secret", path: "/", native: false, open: None };
        assert!(!format!("{config:?}").contains("secret"));
    }

    #[test]
    fn its_id_is_what_its_key_makes_it() {
        let manifest = Files::get("manifest.json").expect("a manifest");
        let manifest: serde_json::Value = serde_json::from_slice(&manifest.data).expect("JSON");
        let key = manifest.get("key").and_then(|key| key.as_str()).expect("a key");
        let key = data_encoding::BASE64.decode(key.as_bytes()).expect("base64");
        let digest = <sha2::Sha256 as sha2::Digest>::digest(&key);
        let letter = |nibble: u8| char::from(b'a' + nibble);
        let made: String =
            digest.iter().take(16).flat_map(|byte| [letter(byte >> 4), letter(byte & 15)]).collect();
        assert_eq!(made, id());
    }
}
