//! Putting the native messaging host into the browsers of an account, and the extension where it can be loaded from.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use softhello_app::AppError;

use super::{NATIVE_HOST, host_manifest};
use crate::extension;

/// What was installed, or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The manifests of the native messaging host, one for each browser.
    pub manifests: Vec<PathBuf>,
    /// The folder of the extension.
    pub extension: PathBuf,
}

/// The folders of browsers below the configuration directory that look for native messaging hosts.
///
/// Source: Chrome's documentation, "Native messaging", "native messaging host location".
#[cfg(not(target_os = "macos"))]
const BROWSERS: [&str; 4] = ["chromium", "google-chrome", "microsoft-edge", "BraveSoftware/Brave-Browser"];
#[cfg(target_os = "macos")]
const BROWSERS: [&str; 4] = ["Chromium", "Google/Chrome", "Microsoft Edge", "BraveSoftware/Brave-Browser"];

fn manifests(config: &Path) -> impl Iterator<Item = PathBuf> + '_ {
    let name = format!("{NATIVE_HOST}.json");
    BROWSERS.iter().map(move |browser| config.join(browser).join("NativeMessagingHosts").join(&name))
}

/// Installs for the browsers that keep their profiles in `config` (`~/.config`), with the extension in the data directory.
/// `binary` is this program.
///
/// # Errors
///
/// [`AppError`] if a file cannot be written, or on Windows, where browsers look into the registry.
pub fn install(config: &Path, data: &Path, binary: &Path) -> Result<Installed, AppError> {
    if cfg!(windows) {
        return Err(AppError::usage(
            "native messaging hosts are named in the registry here, which softhello leaves alone",
            "load the extension's folder and give it the server's address and token on its options page",
        ));
    }
    let folder = data.join("extension");
    extension::write(&folder, None).map_err(|error| AppError::io("write the extension", &error))?;
    let mut written = Vec::new();
    for path in manifests(config) {
        let write = || {
            fs::create_dir_all(path.parent().unwrap_or(config))?;
            fs::write(&path, format!("{:#}\n", host_manifest(binary)))
        };
        write().map_err(|error| AppError::io(format_args!("write {}", path.display()), &error))?;
        written.push(path);
    }
    Ok(Installed { manifests: written, extension: folder })
}

/// Removes what [`install`] wrote, and what of it was there.
///
/// # Errors
///
/// [`AppError`] if a file is there and cannot be removed.
pub fn uninstall(config: &Path, data: &Path) -> Result<Installed, AppError> {
    let mut removed = Vec::new();
    for path in manifests(config) {
        match fs::remove_file(&path) {
            Ok(()) => removed.push(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(AppError::io(format_args!("remove {}", path.display()), &error)),
        }
    }
    let folder = data.join("extension");
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(AppError::io(format_args!("remove {}", folder.display()), &error));
        }
        _ => {}
    }
    Ok(Installed { manifests: removed, extension: folder })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_installed_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let (config, data) = (folder.path().join("config"), folder.path().join("data"));
        let other = config.join("chromium/NativeMessagingHosts/other.json");
        fs::create_dir_all(other.parent().expect("a folder")).expect("made");
        fs::write(&other, "{}").expect("written");
        let installed = install(&config, &data, Path::new("/usr/bin/softhello")).expect("installed");
        assert_eq!(installed.manifests.len(), 4);
        assert!(installed.extension.join("manifest.json").is_file());
        let text = fs::read_to_string(installed.manifests.first().expect("one")).expect("a manifest");
        assert!(text.contains("/usr/bin/softhello") && text.contains(extension::id()), "{text}");
        assert_eq!(uninstall(&config, &data).expect("removed"), installed);
        assert_eq!(uninstall(&config, &data).expect("nothing").manifests, [] as [PathBuf; 0]);
        assert!(other.is_file() && !installed.extension.exists());
    }
}
