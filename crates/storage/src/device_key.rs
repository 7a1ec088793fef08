//! The device key, which stands for a TPM: without it, a data directory cannot be read.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{StoreError, engine::sync_folder, seal::random};

/// Wraps the keys of all containers of a store. Wiped when dropped and never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DeviceKey([u8; 32]);

impl DeviceKey {
    /// The name of its file in the data directory.
    pub const FILE: &'static str = "device.key";

    /// A device key of these 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A new device key from the operating system's random number generator.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] if it gives none.
    pub fn random() -> Result<Self, StoreError> {
        let mut key = Self([0; 32]);
        random(&mut key.0)?;
        Ok(key)
    }

    /// Reads the device key of a data directory, or makes one for it, readable by its owner alone.
    ///
    /// Of two processes that do this at once, both get the key of one, if the file system has hard links.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] if the file can be neither read nor made, [`StoreError::Damaged`] if it is no device key,
    /// [`StoreError::UnknownVersion`] if a later version of this program made it.
    pub fn load_or_create(dir: &Path) -> Result<Self, StoreError> {
        let file = dir.join(Self::FILE);
        let what = |verb: &str| format!("{verb} the device key {}", file.display());
        match fs::read(&file) {
            Ok(text) => Self::parse(&file, &Zeroizing::new(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create_private_folder(dir)?;
                let key = Self::random()?;
                match key.create(dir, &file) {
                    Ok(()) => Ok(key),
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        let text = fs::read(&file).map_err(|error| StoreError::io(what("read"), error))?;
                        Self::parse(&file, &Zeroizing::new(text))
                    }
                    Err(error) => Err(StoreError::io(what("create"), error)),
                }
            }
            Err(error) => Err(StoreError::io(what("read"), error)),
        }
    }

    /// A whole key under the final name or none, and not over another key if the file system has links.
    fn create(&self, dir: &Path, file: &Path) -> io::Result<()> {
        let mut suffix = [0; 8];
        random(&mut suffix).map_err(io::Error::other)?;
        let draft = Draft(dir.join(format!("{}.{}.new", Self::FILE, HEXLOWER.encode(&suffix))));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = options.open(&draft.0)?;
        let digits = Zeroizing::new(HEXLOWER.encode(&self.0));
        for part in [FORMAT, "1\n", &digits, "\n"] {
            out.write_all(part.as_bytes())?;
        }
        out.sync_all()?;
        // A link, unlike a rename, refuses to replace. Some file systems have none; there, of two processes that start
        // at once, one may lose its key.
        match fs::hard_link(&draft.0, file) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists && !file.exists() => {
                fs::rename(&draft.0, file)?;
            }
            linked => linked?,
        }
        sync_folder(dir)
    }

    fn parse(file: &Path, text: &[u8]) -> Result<Self, StoreError> {
        let damaged =
            |reason: &str| StoreError::damaged(format!("the device key {}", file.display()), reason);
        let text = std::str::from_utf8(text).map_err(|_| damaged("it is no text"))?;
        let text = text.strip_prefix(FORMAT).ok_or_else(|| damaged("it does not begin like one"))?;
        let (version, digits) = text.split_once('\n').ok_or_else(|| damaged("it is cut off"))?;
        match version.parse() {
            Ok(1) => {}
            Ok(found) => return Err(StoreError::UnknownVersion { what: "the device key", found, known: 1 }),
            Err(_) => return Err(damaged("its version is no number")),
        }
        let bytes = HEXLOWER.decode(digits.trim_end().as_bytes()).map(Zeroizing::new);
        match bytes.as_ref().map(|bytes| <[u8; 32]>::try_from(bytes.as_slice())) {
            Ok(Ok(bytes)) => Ok(Self(bytes)),
            _ => Err(damaged("it has not 64 hexadecimal digits")),
        }
    }

    /// A key derived for one purpose.
    pub(crate) fn derive<const N: usize>(&self, purpose: &str) -> Zeroizing<[u8; N]> {
        derive(&self.0, purpose)
    }
}

/// HKDF-SHA-256 without salt.
pub(crate) fn derive<const N: usize>(secret: &[u8; 32], purpose: &str) -> Zeroizing<[u8; N]> {
    let mut out = Zeroizing::new([0; N]);
    Hkdf::<Sha256>::new(None, secret)
        .expand(purpose.as_bytes(), &mut *out)
        .expect("at most 255 blocks are asked for");
    out
}

/// Makes a folder that only its owner can read, if it is not there yet.
pub(crate) fn create_private_folder(dir: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let missing: Vec<&Path> = dir.ancestors().take_while(is_missing).collect();
    let create = || -> io::Result<()> {
        builder.create(dir)?;
        // The name of a folder is durable when its parent is; without it, a synced store may be gone after a power loss.
        missing.iter().rev().try_for_each(|folder| match folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
            _ => sync_folder(Path::new(".")),
        })
    };
    create().map_err(|error| StoreError::io(format!("create the folder {}", dir.display()), error))
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceKey(..)")
    }
}

/// A file that goes away with this value, whatever happened before.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove.
        let _ = fs::remove_file(&self.0);
    }
}

const FORMAT: &str = "softhello device key ";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_private_and_without_leftovers() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("new");
        let key = DeviceKey::load_or_create(&dir).unwrap();
        assert_eq!(DeviceKey::load_or_create(&dir).unwrap().0, key.0);
        let names: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [DeviceKey::FILE]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&dir), mode(&dir.join(DeviceKey::FILE))), (0o700, 0o600));
        }
    }

    #[test]
    fn folders_are_made_with_their_ancestors_and_again() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b/c");
        for _ in 0..2 {
            create_private_folder(&deep).unwrap();
            assert!(deep.is_dir());
        }
        fs::write(dir.path().join("file"), []).unwrap();
        assert!(create_private_folder(&dir.path().join("file/x")).is_err());
    }

    #[test]
    fn threads_that_race_get_one_key() {
        let dir = tempfile::tempdir().unwrap();
        let keys = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| DeviceKey::load_or_create(dir.path()).unwrap().0)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(keys.windows(2).all(|pair| pair.first() == pair.last()));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let zeros = "0".repeat(64);
        for (name, text, want) in [
            ("empty", String::new(), "does not begin like one"),
            ("another file", "hello\n".to_owned(), "does not begin like one"),
            ("cut off", format!("{FORMAT}1\n00"), "64 hexadecimal digits"),
            ("too long", format!("{FORMAT}1\n{zeros}00\n"), "64 hexadecimal digits"),
            ("version 2", format!("{FORMAT}2\n{zeros}\n"), "format version 2"),
        ] {
            fs::write(dir.path().join(DeviceKey::FILE), text).unwrap();
            let error = DeviceKey::load_or_create(dir.path()).unwrap_err().to_string();
            assert!(error.contains(want), "{name}: {error}");
        }
    }
}
