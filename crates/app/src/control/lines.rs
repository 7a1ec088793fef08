//! Messages as lines of JSON.

use std::io;

use serde::{Serialize, de::DeserializeOwned};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

/// The longest line: a document of all passkeys, each character of it escaped.
const MAX_LINE: u64 = 600 * 1024 * 1024;

/// Reads messages.
pub(super) struct Lines {
    reader: BufReader<OwnedReadHalf>,
    line: Vec<u8>,
}

impl Lines {
    pub(super) fn new(reader: OwnedReadHalf) -> Self {
        Self { reader: BufReader::new(reader), line: Vec::new() }
    }

    /// The next message; none when the other side has gone. Cancel-safe.
    pub(super) async fn next<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let room = MAX_LINE.saturating_sub(self.line.len() as u64);
        // What was read so far stays in the buffer if this is dropped.
        (&mut self.reader).take(room).read_until(b'\n', &mut self.line).await?;
        if self.line.last() != Some(&b'\n') {
            return match self.line.len() as u64 {
                MAX_LINE => Err(io::Error::new(io::ErrorKind::InvalidData, "a message is too long")),
                _ => Ok(None),
            };
        }
        let message = serde_json::from_slice(&self.line)?;
        self.line.clear();
        Ok(Some(message))
    }
}

/// Writes one message.
pub(super) async fn write(to: &mut OwnedWriteHalf, message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    to.write_all(&line).await
}
