//! Browsers that have this authenticator: starting one with the extension, and putting it into those that are there.

mod install;
mod launch;
mod native;

pub use install::{Installed, install, uninstall};
pub use launch::{Launch, Launched};
#[cfg(target_os = "linux")]
pub(crate) use native::handover::{SOCKET, serve as serve_browsers};
pub use native::{is_native_messaging, native_messaging};

use std::path::Path;

use serde_json::{Value, json};

/// The name that the native messaging host has.
pub(crate) const NATIVE_HOST: &str = "org.softhello.host";

/// What tells a browser of the native messaging host.
///
/// Source: Chrome's documentation, "Native messaging", "native messaging host manifest".
fn host_manifest(binary: &Path) -> Value {
    json!({
        "name": NATIVE_HOST,
        "description": "softhello, a software authenticator for tests",
        "path": binary,
        "type": "stdio",
        "allowed_origins": [format!("chrome-extension://{}/", crate::extension::id())],
    })
}
