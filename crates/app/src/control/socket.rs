//! Sockets in the data directory, as the control socket: how they are bound and found.

use std::{
    io,
    path::{Path, PathBuf},
};

#[cfg(unix)]
pub(crate) type Stream = std::os::unix::net::UnixStream;

/// Nothing is carried out elsewhere.
#[cfg(not(unix))]
pub(crate) enum Stream {}

/// A bound socket.
pub(crate) struct Listener {
    #[cfg(unix)]
    pub(crate) listener: std::os::unix::net::UnixListener,
    pub(crate) path: PathBuf,
    /// Made for a data directory whose path is too long.
    folder: Option<PathBuf>,
}

impl Listener {
    /// What has to be removed at the end, in this order.
    pub(crate) fn leftovers(&self) -> impl Iterator<Item = PathBuf> + use<> {
        std::iter::once(self.path.clone()).chain(self.folder.clone())
    }
}

/// A socket's address has room for 108 bytes on Linux and 104 elsewhere, with a zero at the end.
#[cfg(unix)]
const MAX_PATH: usize = 103;

/// Binds a socket of this data directory, whose lock this process has. One that is left of a crash is removed.
#[cfg(unix)]
pub(crate) fn bind(dir: &Path, name: &str) -> io::Result<Option<Listener>> {
    use std::os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _, net::UnixListener};

    let (mut path, mut folder) = (std::path::absolute(dir)?.join(name), None);
    if path.as_os_str().as_bytes().len() > MAX_PATH {
        let short = std::env::temp_dir();
        let short = if short.as_os_str().len() > 60 { Path::new("/tmp") } else { &short };
        // Nobody else may enter it.
        let mine = std::fs::Permissions::from_mode(0o700);
        let made = tempfile::Builder::new().prefix("softhello-").permissions(mine).tempdir_in(short)?.keep();
        (path, folder) = (made.join(name), Some(made));
    }
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // From its first moment on it is nobody else's. Other files made meanwhile are as private.
    let others = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o177));
    let listener = UnixListener::bind(&path);
    rustix::process::umask(others);
    let listener = listener?;
    listener.set_nonblocking(true)?;
    Ok(Some(Listener { listener, path, folder }))
}

#[cfg(unix)]
pub(crate) fn connect(path: &Path) -> io::Result<Stream> {
    let stream = Stream::connect(path)?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}

/// There are none here: others wait for the data directory.
#[cfg(not(unix))]
pub(crate) fn bind(_: &Path, _: &str) -> io::Result<Option<Listener>> {
    Ok(None)
}

#[cfg(not(unix))]
pub(crate) fn connect(_: &Path) -> io::Result<Stream> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn it_is_private_stale_ones_are_replaced_and_long_paths_go_elsewhere() {
        let folder = tempfile::tempdir().expect("a folder");
        let long = folder.path().join("x".repeat(120));
        fs::create_dir(&long).expect("a folder");
        for (dir, inside) in [(folder.path(), true), (long.as_path(), false)] {
            for _ in 0..2 {
                // The second time one is left of the first.
                let bound = bind(dir, "control.sock").expect("a socket").expect("a socket");
                assert_eq!(bound.path.starts_with(dir), inside);
                let mode = fs::metadata(&bound.path).expect("its file").permissions().mode();
                assert_eq!(mode & 0o777, 0o600);
                connect(&bound.path).expect("someone listens");
                let leftovers: Vec<_> = bound.leftovers().collect();
                assert_eq!(leftovers.len(), if inside { 1 } else { 2 });
                if let [socket, parent] = leftovers.as_slice() {
                    let mode = fs::metadata(parent).expect("its folder").permissions().mode();
                    assert_eq!(mode & 0o777, 0o700);
                    fs::remove_file(socket).and_then(|()| fs::remove_dir(parent)).expect("removed");
                }
            }
        }
        connect(&folder.path().join("control.sock")).expect_err("nobody listens any more");
    }
}
