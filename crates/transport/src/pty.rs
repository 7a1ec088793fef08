//! CTAPHID in a pseudo-terminal: libfido2 opens any character device, and takes one whose HID requests fail for a device with
//! reports of 64 bytes.
//!
//! A host writes 65 bytes, the report number 0 first, and reads 64.

use std::{
    ffi::CString,
    fs, io,
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::fs::symlink,
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Mode, OFlags},
    pty::OpenptFlags,
    termios::{OptionalActions, QueueSelector, tcflush, tcgetattr, tcsetattr},
};
use softhello_ctap::hid::{BROADCAST, Options, REPORT_LEN, Report, command};
use softhello_device::SharedDevice;
use tokio::{
    io::unix::AsyncFd,
    time::{Duration, Instant, sleep},
};

use crate::hid::{Incoming, Outgoing, Received, serve};

/// A report with its number before it.
const FRAME: usize = REPORT_LEN + 1;

/// A frame that is not whole by then was left behind by a host that is gone.
const FRAME_TIMEOUT: Duration = Duration::from_millis(100);

/// So many bytes wait for a host at most: half of what a terminal's input queue holds.
const MAX_UNREAD: u64 = 2048;

/// How soon it is looked again whether the host has read.
const UNREAD_PAUSE: Duration = Duration::from_millis(1);

/// A device's pseudo-terminal.
#[derive(Debug)]
pub struct Terminal {
    ours: AsyncFd<OwnedFd>,
    /// Kept open: without it the terminal would hang up with every host that closes it.
    theirs: OwnedFd,
    path: PathBuf,
    link: Option<Link>,
}

impl Terminal {
    /// Opens a pseudo-terminal in raw mode. `link` becomes a symbolic link to it, in the place of an old one, and is removed
    /// when this is dropped.
    ///
    /// # Errors
    ///
    /// The system's; [`io::ErrorKind::AlreadyExists`] if `link` is something else.
    pub fn open(link: Option<&Path>) -> io::Result<Self> {
        let ours = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        rustix::pty::grantpt(&ours)?;
        rustix::pty::unlockpt(&ours)?;
        let name: CString = rustix::pty::ptsname(&ours, Vec::new())?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let theirs = rustix::fs::open(&*name, flags, Mode::empty())?;
        let mut attributes = tcgetattr(&theirs)?;
        attributes.make_raw();
        tcsetattr(&theirs, OptionalActions::Now, &attributes)?;
        rustix::io::ioctl_fionbio(&ours, true)?;
        let path = PathBuf::from(name.into_string().map_err(io::Error::other)?);
        let link = link.map(|link| Link::new(&path, link)).transpose()?;
        Ok(Self { ours: register(ours)?, theirs, path, link })
    }

    /// Where hosts find it: the link, or the terminal itself.
    pub fn path(&self) -> &Path {
        self.link.as_ref().map_or(&self.path, |link| &link.path)
    }

    /// Serves hosts, one at a time.
    ///
    /// # Errors
    ///
    /// The system's, if the terminal fails.
    pub async fn serve(self, device: &SharedDevice) -> io::Result<()> {
        let options = Options::of(&device.profile().ctap);
        serve(&mut Frames::new(&self), &&self, device, options).await
    }

    async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = |fd: &OwnedFd| Ok(rustix::io::read(fd, &mut *buffer)?);
        self.ours.async_io(tokio::io::Interest::READABLE, read).await
    }
}

#[expect(unsafe_code, reason = "the only way to have the runtime watch a descriptor of another kind")]
fn register(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is open and the same until it is dropped, and nobody here takes it out or exchanges it.
    Ok(unsafe { AsyncFd::register(fd)? })
}

/// A symbolic link that goes with its owner.
#[derive(Debug)]
struct Link {
    path: PathBuf,
    target: PathBuf,
}

impl Link {
    fn new(target: &Path, path: &Path) -> io::Result<Self> {
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_symlink() => fs::remove_file(path)?,
            Ok(_) => {
                let reason = format!("{} exists and is no symbolic link", path.display());
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, reason));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        symlink(target, path)?;
        Ok(Self { path: path.to_owned(), target: target.to_owned() })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Whoever took its place meanwhile keeps it; there is nobody to tell if it cannot be removed.
        if fs::read_link(&self.path).is_ok_and(|target| target == self.target) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Reads frames.
struct Frames<'a> {
    terminal: &'a Terminal,
    frame: [u8; FRAME],
    /// How much of it is there, and since when.
    filled: usize,
    since: Instant,
}

impl<'a> Frames<'a> {
    fn new(terminal: &'a Terminal) -> Self {
        Self { terminal, frame: [0; FRAME], filled: 0, since: Instant::now() }
    }
}

impl Incoming for Frames<'_> {
    type Peer = ();

    async fn receive(&mut self) -> io::Result<Received<()>> {
        loop {
            let room = self.frame.get_mut(self.filled..).unwrap_or_default();
            // Reading is the only await: what was read is kept before the next one.
            let mut part = [0; FRAME];
            let part = part.get_mut(..room.len()).unwrap_or_default();
            let read = self.terminal.read(part).await?;
            let now = Instant::now();
            if self.filled > 0 && now - self.since > FRAME_TIMEOUT {
                self.filled = 0;
            }
            self.since = now;
            for byte in part.iter().take(read) {
                if let Some(place) = self.frame.get_mut(self.filled) {
                    *place = *byte;
                    self.filled += 1;
                }
            }
            let Some((_, report)) = self.frame.split_first().filter(|_| self.filled == FRAME) else {
                continue;
            };
            self.filled = 0;
            let Ok(report) = Report::try_from(report) else { continue };
            if is_first(&report) {
                // What the last host did not read.
                tcflush(&self.terminal.theirs, QueueSelector::IFlush)?;
                return Ok(Received::First((), report));
            }
            return Ok(Received::Report((), report));
        }
    }
}

/// INIT on broadcast: the first that a host sends.
fn is_first(report: &Report) -> bool {
    let [a, b, c, d, packet, ..] = *report;
    u32::from_be_bytes([a, b, c, d]) == BROADCAST && packet == 0x80 | command::INIT
}

impl Outgoing<()> for &Terminal {
    async fn send(&self, (): (), report: &Report) -> io::Result<()> {
        // Far from full it takes a report whole: a part of one, left behind, would put the next host out of step.
        while rustix::io::ioctl_fionread(&self.theirs)? > MAX_UNREAD {
            sleep(UNREAD_PAUSE).await;
        }
        let write = |fd: &OwnedFd| Ok(rustix::io::write(fd.as_fd(), report)?);
        match self.ours.async_io(tokio::io::Interest::WRITABLE, write).await? {
            REPORT_LEN => Ok(()),
            _ => Err(io::Error::other("the terminal took a part of a report")),
        }
    }
}
